"""The API's own OpenAPI description, tried by schemathesis over the real tools: a few requests for each operation.

`python -m app.drills.api_schema` tries as many as one likes.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from schemathesis.core.failures import Failure, FailureGroup

from app.drills.api_schema import ApiTrial, settle_with_proposals, trial_of
from app.web.api.of_tools import EVERYONE, PATHS
from app.wiring import House

pytestmark = pytest.mark.slow

EXAMPLES = 3
"""Requests that fit, for each operation; as many as that again do not."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = settle_with_proposals(tmp_path_factory.mktemp("api") / "ws", 9)
    yield house
    house.close()


def test_every_operation_answers_as_it_says(house: House) -> None:
    trial: ApiTrial = trial_of(house)
    found = []
    for name in trial.operations:
        try:
            trial.try_one(name, EXAMPLES)
        except (FailureGroup, Failure) as failure:
            found.append(f"{name}: {failure}")
    assert not found, "\n".join(found)
    assert set(trial.tried.by_operation) == set(trial.operations)
    assert trial.tried.done > 0


def test_every_tool_has_an_address_of_its_own_and_takes_no_seal(house: House) -> None:
    cards = house.toolset.cards(EVERYONE)
    assert {card.name for card in cards} == set(PATHS)
    assert not [card.name for card in cards if "seal" in card.arguments.model_fields]
