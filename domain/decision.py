"""What was decided for one contact, out of what, with which probability, and why."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from domain.base import Noun, UtcDatetime
from domain.campaign import SendSlot


class Action(Noun):
    """One thing we could do: an asset over a channel in a send slot, or silence."""

    asset_id: str | None = None
    channel: str | None = None
    slot: SendSlot | None = None

    @property
    def is_silence(self) -> bool:
        """Tell whether this action is to stay silent."""
        return self.asset_id is None

    @property
    def key(self) -> str:
        """A stable name: `asset|channel|slot`, or `silence`."""
        if self.asset_id is None:
            return "silence"
        return f"{self.asset_id}|{self.channel}|{self.slot.value if self.slot else ''}"


SILENCE = Action()


def action_of(key: str) -> Action:
    """The action a key names."""
    if key == SILENCE.key:
        return SILENCE
    asset_id, channel, slot = key.rsplit("|", 2)
    return Action(asset_id=asset_id, channel=channel, slot=SendSlot(slot) if slot else None)


class Arm(StrEnum):
    """Which experiment arm a decision belongs to.

    LEARNED: the learner chose. EXPLORE: drawn without looking at what is believed (the random arm).
    USUAL: the team's usual practice chose. HOLDOUT: nothing was sent. ASKED: a member asked for this one message;
    it was no draw, nothing is learned from it, and it is compared with nothing.
    """

    EXPLORE = "explore"
    LEARNED = "learned"
    USUAL = "usual"
    HOLDOUT = "holdout"
    ASKED = "asked"


class Knowledge(StrEnum):
    """How sure the learner is, from the width of what it believes."""

    GUESSING = "guessing"
    LEARNING = "learning"
    CONFIDENT = "confident"


def chance_words(chance: float) -> str:
    """A chance in percent, as a person reads it; what can happen has one, however small."""
    return f"{chance:.1%}" if chance >= 0.0005 or chance == 0 else "under 0.1%"


class Alternative(Noun):
    """One action that was possible, and how likely it was to be drawn."""

    action_key: str
    probability: float = Field(ge=0, le=1)
    value_cents: float | None = None
    uncertainty_cents: float | None = None


class Contribution(Noun):
    """One reason for a value, in words and cents: what this about the contact, or about the fit, adds.

    `group` says what kind of reason it is ("interest", "pressure", …).
    """

    label: str
    group: str
    cents: float


class Decision(Noun):
    """One decision, complete enough to replay: the draw, its propensity, everything else possible.

    `propensity` is the probability, before the draw, of the action taken; `alternatives` holds every
    allowed action with its probability, summing to one. A held-out contact has no alternatives.
    `contributions` sum to the value of the action taken, the first being what it is worth for a typical
    contact; empty where nothing was believed. `unit_cents` is what a unit of reward was worth for this contact when
    it was decided (`learning/units.py`); None where nobody reckoned it.
    """

    id: str
    run_id: str
    campaign_id: str
    contact_id: str
    arm: Arm
    action: Action
    propensity: float = Field(gt=0, le=1)
    alternatives: tuple[Alternative, ...] = ()
    reasons: tuple[str, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    knowledge: Knowledge = Knowledge.GUESSING
    learner_version: str
    features_version: str
    decided_at: UtcDatetime
    unit_cents: float | None = Field(default=None, gt=0)

    @property
    def value_cents(self) -> float | None:
        """What the action taken was expected to be worth; None where nothing was believed."""
        taken = next((a for a in self.alternatives if a.action_key == self.action.key), None)
        return taken.value_cents if taken else None

    @property
    def silence_cents(self) -> float | None:
        """What silence was expected to be worth beside it; None where it was taken, or nothing was believed."""
        found = next((a for a in self.alternatives if a.action_key == SILENCE.key), None)
        return None if found is None or self.action.is_silence else found.value_cents


class Refusal(Noun):
    """A contact a run may not write to, and the rule that says so."""

    contact_id: str
    rule_id: str
    reason: str
