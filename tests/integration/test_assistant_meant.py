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
from tests.assistant_desk import MIA, look
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


def test_what_is_to_be_changed_is_named_and_not_described(house: House) -> None:
    """“Stop the meetings campaign” stops none whose goal alone is a meeting."""
    assert key_meant(house, "first meetings")
    with pytest.raises(NotFound):
        key_meant(house, "first meetings", is_change=True)


def test_words_that_fit_several_campaigns_are_asked_back(tmp_path: Path) -> None:
    house = open_workspace(tmp_path / "w", contacts=1)
    for key, name in (("ops", "First meeting with operations leaders"), ("it", "First meetings with IT")):
        house.content.save_campaign(CAMPAIGN.model_copy(update={"id": key, "name": name}))
    with pytest.raises(Ambiguous, match="First meetings with IT"):
        key_meant(house, "meetings, the first")
    assert key_meant(house, "first meetings with operations leader") == "ops"
    house.close()


def test_who_unsubscribed_this_month_is_who_did_since_its_first_day_where_the_asker_is(house: House) -> None:
    asked = {"did": [{"event": "email_unsubscribed"}], "since": "2026-11-01"}
    answer = look(house, "contact_find", **asked)
    assert [row["record"] for row in answer.facts["contacts"]] == ["[contact:c_0001]"]
    assert "Asked: Email unsubscribed at least 1 time since 1 Nov 2026." in answer.words
    utc = MIA.model_copy(update={"zone": "UTC"})
    assert look(house, "contact_find", utc, **asked).facts["total"] == 0


@pytest.mark.parametrize(
    ("did", "wanted"),
    [
        ({"event": "email_unsubscribed"}, 2),
        ({"event": "email_complained"}, 1),
        ({"event": "email_bounced"}, 0),
        ({"event": "email_bounced", "within_days": None}, 1),
    ],
)
def test_people_are_found_by_what_stops_us_writing_to_them(
    house: House, did: dict[str, object], wanted: int
) -> None:
    assert look(house, "contact_find", did=[did]).facts["total"] == wanted


def test_since_a_day_says_nothing_of_so_many_days(house: House) -> None:
    did = [{"event": "email_bounced"}]
    assert look(house, "contact_find", did=did, since="2026-01-01").facts["total"] == 1
    assert look(house, "account_find", did=did, since="2026-01-01").facts["total"] == 0


def test_who_unsubscribed_is_no_less_quiet_for_it(house: House) -> None:
    assert look(house, "contact_find", quiet_days=1).facts["total"] == 6
