"""What decisions are told in, put the way a marketer says it: “send nothing”, not “silence”."""

from __future__ import annotations

import re
from collections.abc import Sequence

from domain.decision import Arm
from domain.why import Why

MOST_SPEAKING = 3
OF_THEIRS = frozenset(
    {"behaviour", "conversation", "interest", "deals", "stage", "role", "account", "firm", "content"}
)
"""Groups of reasons that are about the person or their company, not about the message or the time of day."""

WHO_DECIDED = {
    Arm.LEARNED: "Attune chose by what answers to earlier messages are expected to bring; to send nothing is worth "
    "nothing. The better something looks, the more often it is chosen.",
    Arm.EXPLORE: "It was drawn at random, more often what fits their interests, to keep learning.",
    Arm.USUAL: "Your usual practice decided, to be compared with.",
    Arm.HOLDOUT: "Chance put them among those who get nothing, so that it can be told what sending brings.",
    Arm.ASKED: "A member asked for this one message.",
}

_PLAIN = (
    (r"\bSilence, drawn\b", "To send nothing was drawn"),
    (r"\bdifferent arms\b", "different groups, by chance"),
    (r"\bstayed silent\b", "was sent nothing, as decided"),
    (r"\ban earlier silence still held\b", "an earlier decision to send nothing still held"),
    (r"\bthat silence\b", "that decision to send nothing"),
    (r"“silence”|\bsilence\b", "send nothing"),
    (r"\bSilence\b", "Send nothing"),
    (
        r"In the exploring share: drawn without looking at what was believed, to find out what works",
        "Drawn at random to keep learning",
    ),
    (
        r"\bExploration: chance drew this at (\S+) to keep learning; by what is believed, ",
        r"Drawn at random (\1) to keep learning; by what was learned so far, ",
    ),
    (r"\bwhat (?:is|was) believed(?: then)?\b", "what was learned so far"),
    (r"\bthe learner had no say\b", "nothing learned had a say"),
    (r"\b[Tt]he learner chose: every action\b", "Attune chose: everything possible"),
)


def plainly(words: str | None) -> str:
    """Return words about a decision as a marketer says them; nothing where there are none."""
    words = words or ""
    for pattern, instead in _PLAIN:
        words = re.sub(pattern, instead, words)
    return words


def all_plainly(said: Sequence[str]) -> list[str]:
    """Return each of them so."""
    return [plainly(one) for one in said]


def speaks_for_it(why: Why) -> str:
    """Say what about the person speaks for what was chosen, the strongest first; that nothing does; or nothing at all.

    Only of what was chosen by what had been learned: nothing speaks for what chance drew.
    """
    if why.arm is not Arm.LEARNED:
        return ""
    parts = [
        part for group in why.groups if group.name in OF_THEIRS for part in group.reasons if part.cents > 0
    ]
    best = sorted(parts, key=lambda part: -part.cents)[:MOST_SPEAKING]
    if not best:
        return "Nothing on record of them speaks for it more than for others."
    return f"What speaks for it: {'; '.join(plainly(part.label) for part in best)}."
