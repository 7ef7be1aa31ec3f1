"""Addresses of lists and stories: what they ask is understood, what makes no sense asks nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.web.searches import account_search, contact_search, place_asked, place_told
from domain.campaign import EventCondition
from domain.events import EventKind
from domain.people import LifecycleStage
from domain.search import ContactSearch
from domain.story import StoryKind, StoryPlace


def test_an_address_asks_for_who_went_quiet_after_the_pricing_page() -> None:
    asked = {
        "q": " ada ",
        "stage": "mql",
        "country": "DE",
        "did": "page_viewed",
        "topic": "pricing",
        "quiet": "14",
    }
    looked = EventCondition(event=EventKind.PAGE_VIEWED, topic="pricing", within_days=90, at_least=1)
    assert contact_search(asked) == ContactSearch(
        words="ada", stages=(LifecycleStage.MQL,), countries=("DE",), did=(looked,), quiet_days=14
    )


@given(
    st.dictionaries(
        st.sampled_from(["q", "stage", "country", "owner", "industry", "did", "topic", "within", "quiet"]),
        st.text(max_size=300),
    )
)
def test_whatever_an_address_says_is_a_search(asked: dict[str, str]) -> None:
    contact_search(asked)
    account_search(asked)


@given(st.text(), st.sampled_from(list(StoryKind)))
def test_a_place_in_a_story_survives_its_address(key: str, kind: StoryKind) -> None:
    place = StoryPlace(at=datetime(2026, 3, 10, 12, 0, 0, 123456, tzinfo=UTC), kind=kind, id=key)
    assert place_asked(place_told(place)) == place


@given(st.text())
def test_what_is_no_place_is_none(told: str) -> None:
    found = place_asked(told)
    assert found is None or isinstance(found, StoryPlace)
