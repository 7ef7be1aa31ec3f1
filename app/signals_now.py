"""What the evidence says of one contact: the brief of the latest draft as it was kept, or all evidence read anew.

Read anew by the understudy, which is local and answers at once; both hold our own words only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from agents import understudy
from agents.briefing import in_own_words
from agents.facts import gather
from domain.base import Noun, UtcDatetime
from domain.content import ContentAsset
from domain.dossier import Dossier
from domain.errors import NothingToSay
from domain.message import Evidence, SignalBrief

if TYPE_CHECKING:
    from app.wiring import House

MOST_DECISIONS = 20
RECALLED = 6
"""Memories beside the record, as many as a draft has."""


@dataclass(frozen=True)
class _Read:
    now: datetime
    dossier: Dossier
    asset: ContentAsset
    evidence: tuple[Evidence, ...]


class SignalsNow(Noun):
    """A brief, what it rests on, as of when; `decision_id` of the draft it was made for, None where read anew."""

    brief: SignalBrief
    evidence: tuple[Evidence, ...]
    at: UtcDatetime
    decision_id: str | None = None


def kept_signals(house: House, contact_id: str) -> SignalsNow | None:
    """Return the brief of the latest draft, or None where none was made."""
    for decision in house.crm.decisions(contact_id, limit=MOST_DECISIONS):
        made = None if decision.action.is_silence else house.archive.made_for(decision.id)
        if made is not None and made.brief is not None:
            brief = in_own_words(made.brief, made.evidence)
            return SignalsNow(brief=brief, evidence=made.evidence, at=made.kept_at, decision_id=decision.id)
    return None


def read_signals(house: House, contact_id: str) -> SignalsNow:
    """Read everything known now, memory included, and say what it means.

    Raises:
        NotFound: there is no such contact.
        NothingToSay: there is no content at all, so nothing to hold the evidence against.
    """
    now, dossier = house.clock(), house.crm.dossier(contact_id)
    asset = next((one for one in house.crm.assets() if one.is_active), None)
    if asset is None:
        raise NothingToSay(contact_id, "any", "the content library is empty.")
    about = ". ".join(asset.topics)
    recalled = house.remembered.recall(contact_id, about, now=now, limit=RECALLED)
    evidence = gather(dossier, recalled, asset, now)
    brief = understudy.analyse(_Read(now, dossier, asset, evidence))
    return SignalsNow(brief=in_own_words(brief, evidence), evidence=evidence, at=now)
