"""Which contact somebody means: an id, an address, a CRM id, else a name or a part of either where it fits one only.

A whole name that one contact alone has means that one, though parts of it stand in others' records too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.errors import Ambiguous, NotFound
from domain.people import Contact
from domain.search import ContactLine, ContactSearch

if TYPE_CHECKING:
    from app.wiring import House

MOST_NAMED = 5
MOST_LOOKED_AT = 50
"""Of so many who fit, one may be the only one with exactly this name."""
MOST_CHARS = 200

_NO_MARKS = str.maketrans(dict.fromkeys("();", " "))
"""These set one of several apart from the next, so no name, job or company may hold them."""


def contact_meant(house: House, said: str) -> Contact:
    """Return the one contact that is meant.

    Raises:
        NotFound: nobody fits.
        Ambiguous: several do; it names them.
    """
    try:
        return house.crm.contact_by(said)
    except NotFound:
        words = said.strip()[:MOST_CHARS]
        if not words:
            raise
    lines, total = house.finder.contacts(ContactSearch(words=words), limit=MOST_LOOKED_AT)
    if total == 0:
        raise NotFound("contact", said, "See `attune contact list`, which takes part of a name.")
    if total == 1:
        return house.crm.contact(lines[0].contact_id)
    whole = [line for line in lines if (line.name or "").casefold() == words.casefold()]
    if len(whole) == 1 and total <= MOST_LOOKED_AT:
        return house.crm.contact(whole[0].contact_id)
    raise Ambiguous("contact", said, [_told_apart(line) for line in lines[:MOST_NAMED]], total)


def _told_apart(line: ContactLine) -> str:
    """A name with id, job and company, and no addresses: what is told here reaches models, too."""
    # Heavy to import, and most commands name nobody twice.
    from app.assistant.words import label

    parts = [
        (label(part) or "").translate(_NO_MARKS).strip() for part in (line.name, line.job_title, line.account)
    ]
    name, *known = ["" if "@" in part else part for part in parts]
    return f"{name or 'without a name'} ({', '.join(part for part in (line.contact_id, *known) if part)})"
