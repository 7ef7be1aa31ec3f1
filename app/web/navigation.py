"""The places of the web app: one is shown when its pages are there and this person may look at them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from app.web.guard import Caller
from domain.base import Noun
from domain.staff import Act


class Place(Noun):
    """One entry of the navigation; `key` goes there after `g`."""

    name: str
    path: str
    key: str
    act: Act = Act.READ
    also: tuple[str, ...] = ()
    is_here: bool = False
    waiting: int = 0


PLACES = (
    Place(name="Inbox", path="/inbox", key="i"),
    Place(name="Results", path="/results", key="r", also=("/learning",)),
    Place(name="Campaigns", path="/campaigns", key="c", also=("/runs",)),
    Place(name="Contacts", path="/contacts", key="p"),
    Place(name="Accounts", path="/accounts", key="a"),
    Place(name="Leads", path="/leads", key="l"),
    Place(name="Content", path="/content", key="o"),
    Place(name="Rules", path="/rules", key="u"),
    Place(name="Autonomy", path="/autonomy", key="y"),
    Place(name="Chat", path="/chat", key="t", act=Act.CHAT),
    Place(name="Team", path="/team", key="m", act=Act.ADMIN),
)


def places_of(
    paths: Collection[str],
    caller: Caller,
    current: str,
    counters: Mapping[str, Callable[[Caller], int]],
) -> list[Place]:
    """The places this person can go to.

    Args:
        paths: every path of the built app.
        caller: who asks.
        current: the path of the page that is being shown.
        counters: by path, how many things wait there.
    """
    shown = []
    for place in PLACES:
        if place.path not in paths or not caller.may(place.act):
            continue
        is_here = any(current == path or current.startswith(f"{path}/") for path in (place.path, *place.also))
        counter = counters.get(place.path)
        waiting = counter(caller) if counter else 0
        shown.append(place.model_copy(update={"is_here": is_here, "waiting": waiting}))
    return shown


def home_of(paths: Collection[str], caller: Caller) -> str:
    """Where a person begins: the first place there is, else their own account."""
    return next((place.path for place in places_of(paths, caller, "", {})), "/me")
