"""Campaign files as text: a new one means what was asked for; a changed one keeps its writer's comments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.campaign_file import judge_campaign
from app.campaign_text import difference, rewritten, written
from domain.campaign import (
    Audience,
    Autonomy,
    Campaign,
    Caps,
    EventCondition,
    FieldCondition,
    Goal,
    Outcome,
    Schedule,
    SendSlot,
)
from domain.events import EventKind

COMMENTED = """\
# Why this campaign is there.
id: trial-to-meeting   # never change it
name: From interest to a meeting
goal:
  outcome: meeting     # what we are after
  worth_cents: 40000   # 400 USD
audience:
  all:
    - {field: lifecycle_stage, in: [lead, mql]}   # not customers
    # people who did something lately
    - {event: page_viewed, within_days: 30, at_least: 1}
caps: {messages: 60}
# As much as we dare.
autonomy: assist
brief: Offer help.
"""


def read(text: str) -> Campaign:
    campaign, mistakes = judge_campaign(text)
    assert campaign is not None, [mistake.in_words for mistake in mistakes]
    return campaign


BEFORE = read(COMMENTED)


def test_a_changed_value_changes_its_line_and_no_other() -> None:
    goal = BEFORE.goal.model_copy(update={"worth_cents": 55000})
    text = rewritten(COMMENTED, BEFORE.model_copy(update={"goal": goal}))
    assert text == COMMENTED.replace("worth_cents: 40000 ", "worth_cents: 55000 ")


@pytest.mark.parametrize(
    "changes",
    [
        {"autonomy": Autonomy.GUARDED},
        {"caps": Caps(messages=5, minutes=3)},
        {"caps": Caps()},
        {"schedule": Schedule(cron="0 9 * * 1", time_zone="Europe/London")},
        {"audience": Audience()},
        {
            "audience": Audience(
                all=BEFORE.audience.all[:1],
                none=(FieldCondition.model_validate({"field": "country", "in": ["DE", "NO"]}),),
            )
        },
        {"assets": ("one", "two"), "slots": (SendSlot.NOW,)},
        {"name": "\xa0", "brief": "A\xa0"},
        {"name": "yes: no # \"quoted\" 'twice'", "brief": "two\nlines: and a colon"},
    ],
)
def test_a_rewritten_file_means_what_was_asked_for_and_keeps_the_comments(changes: dict[str, object]) -> None:
    wanted = BEFORE.model_copy(update=changes)
    text = rewritten(COMMENTED, wanted)
    assert read(text) == wanted
    for comment in (
        "# Why this campaign is there.",
        "# never change it",
        "# 400 USD",
        "# As much as we dare.",
    ):
        assert comment in text
    assert rewritten(text, wanted) == text


def test_nothing_changed_is_no_difference() -> None:
    assert difference(COMMENTED, rewritten(COMMENTED, BEFORE), "f.yaml") == ()


def test_a_file_in_flow_style_is_written_anew() -> None:
    flow = "{id: a, name: b, goal: {outcome: reply, worth_cents: 5}}\n"
    wanted = read(flow).model_copy(update={"name": "c"})
    assert read(rewritten(flow, wanted)) == wanted


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=30)
conditions = st.one_of(
    st.builds(
        FieldCondition,
        field=st.sampled_from(["country", "account.employees", "attributes.plan"]),
        **{"in": st.lists(words, min_size=1, max_size=3).map(tuple)},
    ),
    st.builds(
        EventCondition,
        event=st.sampled_from(EventKind),
        topic=st.none() | words,
        within_days=st.none() | st.integers(1, 400),
        at_least=st.integers(0, 9),
    ),
)
campaigns = st.builds(
    Campaign,
    id=st.from_regex(r"\A[a-z0-9][a-z0-9-]{0,20}\Z"),
    name=words,
    goal=st.builds(Goal, outcome=st.sampled_from(Outcome), worth_cents=st.integers(1, 10**9)),
    audience=st.builds(
        Audience,
        all=st.lists(conditions, max_size=3).map(tuple),
        none=st.lists(conditions, max_size=2).map(tuple),
    ),
    caps=st.builds(Caps, messages=st.none() | st.integers(1, 500)),
    autonomy=st.sampled_from(Autonomy),
    schedule=st.none() | st.just(Schedule(cron="0 9 * * 1")),
    brief=words,
)


@given(campaigns)
def test_a_new_file_means_the_campaign_it_was_written_from(campaign: Campaign) -> None:
    assert read(written(campaign)) == campaign


@given(campaigns)
def test_any_campaign_can_be_written_over_another(campaign: Campaign) -> None:
    assert read(rewritten(COMMENTED, campaign)) == campaign
