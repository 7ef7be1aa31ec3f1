"""What an address asks of a list of contacts or accounts. A value nobody offered asks nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import ValidationError

from domain.campaign import EventCondition
from domain.events import EventKind
from domain.people import LifecycleStage
from domain.search import OWN_ACTS, AccountSearch, ContactSearch
from domain.story import StoryKind, StoryPlace

MOST_CHARS = 200
MOST_DAYS = 3_650
WITHIN_DAYS = 90

STAGES = tuple(
    (stage.value, stage.value.upper() if stage.value in {"mql", "sql"} else stage.value.capitalize())
    for stage in LifecycleStage
)
DID = tuple((kind.value, kind.value.replace("_", " ").capitalize()) for kind in OWN_ACTS)
QUIET = (("7", "a week"), ("14", "two weeks"), ("30", "a month"), ("90", "three months"))
WITHIN = (("30", "the last 30 days"), ("90", "the last 90 days"), ("365", "the last year"))

Asked = Mapping[str, str]


def contact_search(asked: Asked) -> ContactSearch:
    """The contacts an address asks for."""
    stage = asked.get("stage", "")
    return ContactSearch(
        words=_words(asked),
        stages=(LifecycleStage(stage),) if stage in set(LifecycleStage) else (),
        countries=_country(asked),
        owners=(asked["owner"],) if asked.get("owner") else (),
        did=_did(asked),
        quiet_days=_days(asked, "quiet"),
    )


def account_search(asked: Asked) -> AccountSearch:
    """The accounts an address asks for."""
    return AccountSearch(
        words=_words(asked),
        industries=(asked["industry"],) if asked.get("industry") else (),
        countries=_country(asked),
        owners=(asked["owner"],) if asked.get("owner") else (),
        did=_did(asked),
        quiet_days=_days(asked, "quiet"),
    )


def place_asked(told: str) -> StoryPlace | None:
    """The place in a story an address names (`TIME|KIND|ID`), or None where it names none."""
    at, _, rest = told.partition("|")
    kind, _, key = rest.partition("|")
    try:
        return StoryPlace(at=datetime.fromisoformat(at), kind=StoryKind(kind), id=key)
    except (ValueError, ValidationError):
        return None


def place_told(place: StoryPlace) -> str:
    """A place in a story as an address names it."""
    return f"{place.at.isoformat()}|{place.kind.value}|{place.id}"


def _words(asked: Asked) -> str:
    return asked.get("q", "").strip()[:MOST_CHARS]


def _country(asked: Asked) -> tuple[str, ...]:
    country = asked.get("country", "")
    is_code = len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()
    return (country,) if is_code else ()


def _days(asked: Asked, name: str) -> int | None:
    told = asked.get(name, "")
    days = int(told) if told.isascii() and told.isdigit() and len(told) < 6 else 0
    return days if 0 < days <= MOST_DAYS else None


def _did(asked: Asked) -> tuple[EventCondition, ...]:
    kind = asked.get("did", "")
    if kind not in {act.value for act in OWN_ACTS}:
        return ()
    topic = asked.get("topic", "").strip()[:MOST_CHARS] or None
    within = _days(asked, "within") or WITHIN_DAYS
    return (EventCondition(event=EventKind(kind), topic=topic, within_days=within, at_least=1),)
