"""What somebody means by their words: a contact, a company, a topic.

A record may be named as tools' answers name it, `[contact:c-42]`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.assistant.words import label
from app.finding import contact_meant
from domain.campaign import EventCondition
from domain.errors import Ambiguous, NotFound
from domain.people import Account, Contact
from domain.search import AccountSearch
from memory.crm.cards import fold
from tools.people import Finding

if TYPE_CHECKING:
    from app.wiring import House

MOST_NAMED = 5
MOST_CHOICES = 10
MOST_CHARS = 200

_MARK = re.compile(r"\[?[a-z]+:([^\]\s]+)\]?")


def bare(said: str) -> str:
    """What was said, or the id of a record where it was named by its mark."""
    words = said.strip()[:MOST_CHARS]
    marked = _MARK.fullmatch(words)
    return marked[1] if marked else words


def contact_of(house: House, said: str) -> Contact:
    """Return the one contact that is meant. Raises as `app.finding.contact_meant`."""
    return contact_meant(house, bare(said))


def account_meant(house: House, said: str) -> Account:
    """Return the one company that is meant: by its id, its whole name or web domain, else a part that fits one only.

    Raises:
        NotFound: none fits.
        Ambiguous: several do; it names them.
    """
    words = bare(said)
    try:
        return house.crm.account(words)
    except NotFound:
        if not words:
            raise
    lines, total = house.finder.accounts(AccountSearch(words=words), limit=MOST_NAMED)
    if total == 0:
        raise NotFound("account", said, "Part of its name or its web domain is enough.")
    exact = [line for line in lines if fold(words) in {fold(line.name), fold(line.domain or "")}]
    if total == 1 or len(exact) == 1:
        return house.crm.account((exact or lines)[0].account_id)
    named = [
        f"{label(line.name)} ({', '.join(part for part in (line.account_id, line.domain) if part)})"
        for line in lines
    ]
    raise Ambiguous("account", said, named, total)


@dataclass(frozen=True)
class Among:
    """What is meant of a field's values: those that fit, and in words what fits none."""

    values: tuple[str, ...] = ()
    missed: str = ""

    @property
    def fits_nothing(self) -> bool:
        """Something was asked for and is nowhere: the list is empty, and says why."""
        return bool(self.missed) and not self.values


def among(said: Sequence[str], there: Sequence[str], noun: str) -> Among:
    """Return which of a field's values are meant, by letters of any case; a part will do where it fits one only.

    Args:
        said: what was asked for; any of it.
        there: the values there are.
        noun: what they are called, such as "industry".

    """
    values: list[str] = []
    missed: list[str] = []
    for words in said:
        wanted = fold(words.strip())
        exact = [one for one in there if fold(one.strip()) == wanted]
        part = [one for one in there if wanted and wanted in fold(one)]
        fitting = exact or (part if len(part) == 1 else [])
        values += fitting
        missed += [] if fitting else [words.strip()]
    if not missed:
        return Among(tuple(dict.fromkeys(values)))
    named = ", ".join(label(one) or "?" for one in there[:MOST_CHOICES])
    rest = len(there) - MOST_CHOICES
    known = f"There are: {named}{f' and {rest:,} more' if rest > 0 else ''}." if there else "None is known."
    asked = " or ".join(f"“{one}”" for one in missed)
    return Among(tuple(dict.fromkeys(values)), f"No {noun} is called {asked}. {known}")


def conditions_meant(house: House, given: Finding) -> tuple[EventCondition, ...]:
    """Conditions as campaigns know them, topics as our content calls them; of so many days where no day is given."""
    return tuple(
        one.condition.model_copy(
            update={
                "topic": topic_meant(house, one.topic) if one.topic else None,
                "within_days": None if given.since else one.within_days,
            }
        )
        for one in given.did
    )


def topic_meant(house: House, said: str) -> str:
    """Return the topic of our content that is meant by words such as “the pricing page”; else the words themselves."""
    topics = sorted({topic for asset in house.crm.assets() for topic in asset.topics})
    if said in topics:
        return said
    words = set(fold(said).split())
    fitting = [topic for topic in topics if set(fold(topic).replace("-", " ").split()) <= words]
    return fitting[0] if len(fitting) == 1 else said.strip()
