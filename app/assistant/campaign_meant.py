"""Which campaign somebody means: by its id or name, a part of either, or words that stand in its name or goal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.assistant.meant import bare
from app.campaign_board import CampaignCard, campaign_cards
from app.campaign_form import OUTCOME_WORDS
from domain.campaign import Campaign
from domain.errors import Ambiguous, NotFound, ToolRefused
from memory.crm.cards import fold

if TYPE_CHECKING:
    from app.wiring import House

MOST_NAMED = 5

_NO_SENSE = frozenset(
    ["a", "an", "and", "campaign", "campaigns", "for", "from", "in", "my", "of", "our", "the", "to", "with"]
)
"""Words that stand in many names and tell none apart."""


def key_meant(house: House, said: str, *, is_change: bool = False) -> str:
    """Return the key of the campaign that is meant, with a file or only runs.

    By id, name, or a part of either; else by words, each of which stands in the name or the goal in some form:
    “first meetings” is “From interest to a first meeting”. Not so where something is to be changed: there only an id, a
    name or a part of either names a campaign.

    Raises:
        NotFound: none fits.
        Ambiguous: several do; it names them.
    """
    words, cards = bare(said), campaign_cards(house)
    if any(card.key == words for card in cards):
        return words
    wanted = fold(words)
    exact = [card for card in cards if fold(card.name) == wanted]
    part = [card for card in cards if wanted and wanted in f"{fold(card.name)} {card.key}"]
    sense = _stems(words)
    fitting = exact or part
    if not fitting and not is_change:
        fitting = [card for card in cards if sense and sense <= _sense_of(card)]
    if not fitting:
        there = "; ".join(f"{card.name} ({card.key})" for card in cards[:MOST_NAMED])
        raise NotFound("campaign", said, f"Campaigns: {there}." if there else "There is none yet.")
    if len(fitting) > 1:
        named = [f"{card.name} ({card.key})" for card in fitting[:MOST_NAMED]]
        raise Ambiguous("campaign", said, named, len(fitting))
    return fitting[0].key


def campaign_that_ran(house: House, said: str) -> Campaign:
    """Return the campaign that is meant, as it was last run. Raises as `key_meant`, and for one that never ran."""
    key = key_meant(house, said)
    try:
        return house.crm.campaign(key)
    except NotFound:
        raise ToolRefused(f"{key} never ran, so there is nothing to tell of it yet.") from None


def _sense_of(card: CampaignCard) -> frozenset[str]:
    goal = card.campaign.goal.outcome if card.campaign else None
    aim = f"{goal.value} {OUTCOME_WORDS[goal][0]}" if goal else ""
    return _stems(f"{card.name} {card.key} {aim}")


def _stems(words: str) -> frozenset[str]:
    """The words that carry a sense, without endings: “meetings” and “meeting” are one."""
    return frozenset(_stem(word) for word in re.findall(r"\w+", fold(words)) if word not in _NO_SENSE)


def _stem(word: str) -> str:
    singular = re.sub(r"(?<=\w\w)ies$", "y", word)
    singular = re.sub(r"(?<=\w\w[^s])s$", "", singular) if singular == word else singular
    return re.sub(r"(?<=\w\w\w)(?:ing|e)$", "", singular)
