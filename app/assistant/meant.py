"""What somebody means by their words: a company, a topic. Contacts are `app.finding.contact_meant`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.errors import Ambiguous, NotFound
from domain.people import Account
from domain.search import AccountSearch
from memory.crm.cards import fold

if TYPE_CHECKING:
    from app.wiring import House

MOST_NAMED = 5
MOST_CHARS = 200


def account_meant(house: House, said: str) -> Account:
    """Return the one company that is meant: by its id, its whole name or web domain, else a part that fits one only.

    Raises:
        NotFound: none fits.
        Ambiguous: several do; it names them.
    """
    words = said.strip()[:MOST_CHARS]
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
        f"{line.name} ({', '.join(part for part in (line.account_id, line.domain) if part)})"
        for line in lines
    ]
    raise Ambiguous("account", said, named, total)


def topic_meant(house: House, said: str) -> str:
    """Return the topic of our content that is meant by words such as “the pricing page”; else the words themselves."""
    topics = sorted({topic for asset in house.crm.assets() for topic in asset.topics})
    if said in topics:
        return said
    words = set(fold(said).split())
    fitting = [topic for topic in topics if set(fold(topic).replace("-", " ").split()) <= words]
    return fitting[0] if len(fitting) == 1 else said.strip()
