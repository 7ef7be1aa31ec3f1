"""What the assistant's questions mean in a house: campaigns by words for them, and people since a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.assistant.campaign_meant import key_meant
from app.wiring import House
from domain.campaign import Outcome
from domain.errors import Ambiguous, NotFound
from domain.events import Event, EventKind
from tests.learning_workspace import CAMPAIGN, event, open_workspace, write

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
BERLIN_MIDNIGHT = datetime(2026, 10, 31, 23, tzinfo=UTC)
"""When November begins where Mia is."""

CAMPAIGNS = {
    "trial-to-meeting": ("From interest to a first meeting", Outcome.MEETING),
    "renewal-care": ("Care before renewal", Outcome.RENEWED),
    "wake-quiet": ("Wake quiet accounts", Outcome.REPLY),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("meant") / "w"
    house = open_workspace(folder, contacts=6, at=AT)
    for key, (name, outcome) in CAMPAIGNS.items():
        goal = CAMPAIGN.goal.model_copy(update={"outcome": outcome})
        house.content.save_campaign(CAMPAIGN.model_copy(update={"id": key, "name": name, "goal": goal}))
    write(house.engine, _events())
    yield house
    house.close()


def _events() -> list[Event]:
    return [
        event(EventKind.EMAIL_UNSUBSCRIBED, "c_0000", BERLIN_MIDNIGHT - timedelta(minutes=1)),
        event(EventKind.EMAIL_UNSUBSCRIBED, "c_0001", BERLIN_MIDNIGHT),
        event(EventKind.EMAIL_COMPLAINED, "c_0002", AT - timedelta(days=2)),
        event(EventKind.EMAIL_BOUNCED, "c_0003", AT - timedelta(days=200)),
    ]


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("first meetings", "trial-to-meeting"),
        ("the first meeting campaign", "trial-to-meeting"),
        ("Meetings", "trial-to-meeting"),
        ("renewals", "renewal-care"),
        ("our renewal campaign", "renewal-care"),
        ("waking quiet accounts", "wake-quiet"),
        ("quiet account", "wake-quiet"),
        ("replies", "wake-quiet"),
        ("[campaign:renewal-care]", "renewal-care"),
    ],
)
def test_a_campaign_is_named_by_words_of_its_name_or_goal(house: House, said: str, key: str) -> None:
    assert key_meant(house, said) == key


@pytest.mark.parametrize(
    "said", ["silence", "first meetings in Germany", "the campaign", "our", "meet the team"]
)
def test_a_word_that_stands_nowhere_names_no_campaign(house: House, said: str) -> None:
    with pytest.raises(NotFound, match="From interest to a first meeting"):
        key_meant(house, said)


def test_words_that_fit_several_campaigns_are_asked_back(tmp_path: Path) -> None:
    house = open_workspace(tmp_path / "w", contacts=1)
    for key, name in (("ops", "First meeting with operations leaders"), ("it", "First meetings with IT")):
        house.content.save_campaign(CAMPAIGN.model_copy(update={"id": key, "name": name}))
    with pytest.raises(Ambiguous, match="First meetings with IT"):
        key_meant(house, "meetings, the first")
    assert key_meant(house, "first meetings with operations leader") == "ops"
    house.close()
