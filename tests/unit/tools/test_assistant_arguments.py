"""What the assistant's tools take: schemas as models see them, conditions as campaigns know them."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from domain.events import EventKind
from domain.search import OWN_ACTS, STOPPING_ACTS
from tools.decisions import DecisionList, DecisionSuppose, WhatIf
from tools.people import ContactFind, Did, OwnAct, StoppingAct


def test_own_acts_are_the_domains() -> None:
    assert get_args(OwnAct) == tuple(kind.value for kind in OWN_ACTS)
    assert get_args(StoppingAct) == tuple(kind.value for kind in STOPPING_ACTS)


def test_did_without_a_count_means_at_least_once() -> None:
    assert Did(event="page_viewed").condition.at_least == 1
    never = Did(event="page_viewed", at_most=0).condition
    assert (never.event, never.at_least, never.at_most) == (EventKind.PAGE_VIEWED, None, 0)


@pytest.mark.parametrize(
    "given",
    [
        {"did": [{"event": "email_opened"}]},
        {"countries": ["Germany"]},
        {"page": 0},
        {"quiet_days": 0},
        {"since": "2026-11-01"},
        {"colour": "blue"},
        {"words": "x" * 201},
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ContactFind.model_validate(given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"run": "r", "outcome": "sent", "rule": "C-09"},
        {"who": "Ana", "outcome": "sent"},
    ],
)
def test_a_list_of_decisions_is_of_one_thing(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DecisionList.model_validate(given)


@pytest.mark.parametrize(
    "given",
    [{}, {"stage": "mql", "event": "page_viewed"}, {"what": "open deals"}, {"stage": "mql", "number": 3}],
)
def test_one_thing_is_supposed_an_entry(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WhatIf.model_validate(given)


def test_a_decision_is_named_or_a_contact_and_never_both() -> None:
    what = ({"stage": "mql"},)
    assert DecisionSuppose.model_validate({"who": "Ana", "supposed": what}).supposed[0].stage is not None
    for given in ({"supposed": what}, {"who": "Ana", "decision": "d_1", "supposed": what}):
        with pytest.raises(ValidationError):
            DecisionSuppose.model_validate(given)
