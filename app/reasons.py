"""What a draw rests on, in a marketer's words, and never more precise than what is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, log10

from domain.content import ContentAsset
from domain.decision import Action, Arm, Contribution, Knowledge, chance_words

DIGITS = {Knowledge.GUESSING: 1, Knowledge.LEARNING: 2, Knowledge.CONFIDENT: 3}
"""Significant digits of an amount that are worth saying."""

MOST_SAID = 4
LEAST_SAID_CENTS = 1.0
LEAST_SAID_SHARE = 0.01
"""Reasons smaller than a cent, or than so much of the value, are not said in one line."""

ARM_WORDS = {
    Arm.LEARNED: "The learner chose: an action is drawn the more often the likelier it is to be the best one, "
    "by what was believed then. Of its doubt only a part counts (boldness), so most get what looks best.",
    Arm.EXPLORE: "In the exploring share: drawn without looking at what was believed, to find out what works.",
    Arm.USUAL: "Usual practice decided, to be compared with; the learner had no say.",
    Arm.HOLDOUT: "Held out: nothing is sent, so that it can be told what sending brings.",
    Arm.ASKED: "A member asked for this one message; the learner drew nothing, and learns nothing from it.",
}

SILENCE_NAME = "silence"
NOTHING = "worth nothing"

KNOWLEDGE_WORDS = {
    Knowledge.GUESSING: "still guessing: the doubt is larger than the value",
    Knowledge.LEARNING: "learning: the doubt is more than half the value",
    Knowledge.CONFIDENT: "confident: the doubt is at most half the value",
}


def worth(cents: float, currency: str, knowledge: Knowledge, sign: str = "") -> str:
    """Say an amount with as many digits as are known: `about 1 USD`, `1.2 USD`, `1.15 USD`."""
    said = rounded(cents, DIGITS[knowledge], sign)
    return f"{'about ' if knowledge is Knowledge.GUESSING and not sign else ''}{said} {currency}"


def rounded(cents: float, digits: int, sign: str = "", most_decimals: int = 2) -> str:
    """Say cents as units of the currency, to so many significant digits and at most so many decimals."""
    amount = cents / 100
    if abs(amount) < 0.5 * 10**-most_decimals:
        return "0"
    magnitude = floor(log10(abs(amount)))
    places = digits - 1 - magnitude
    amount = round(amount, min(places, most_decimals))
    return f"{amount:{sign},.{max(0, min(places, most_decimals))}f}"


def name_of(action: Action, assets: Mapping[str, ContentAsset]) -> str:
    """Say an action: `“Title” (morning)`, or `silence`."""
    if action.asset_id is None:
        return SILENCE_NAME
    asset = assets.get(action.asset_id)
    return f"“{asset.title if asset else action.asset_id}” ({action.slot.value if action.slot else 'now'})"


def silent(chance: float, possible: int) -> str:
    """Say that silence was drawn, where it is worth nothing."""
    return f"Silence, drawn among {possible} possible actions (chance {chance_words(chance)}). It is worth nothing."


def is_nothing(cents: float) -> bool:
    """Tell whether an amount would be said as nothing."""
    return rounded(cents, 2) == "0"


def option_worth(
    *, is_silence: bool, cents: float, doubt: float | None, currency: str, knowledge: Knowledge
) -> str:
    """Say what one action is expected to be worth, with its doubt once more is known than a guess.

    Silence that is worth nothing is so by what is taught (docs/decisions/0016): there is no doubt about it to tell.
    """
    if is_silence and is_nothing(cents):
        return NOTHING
    said = worth(cents, currency, knowledge)
    return said if doubt is None or knowledge is Knowledge.GUESSING else f"{said} ± {rounded(doubt, 2)}"


def opening(
    *,
    is_silence: bool,
    chance: float,
    possible: int,
    value: float,
    doubt: float,
    knowledge: Knowledge,
    currency: str,
) -> str:
    """Say the draw, and what it is expected to be worth."""
    what = "Silence, drawn" if is_silence else "Drawn"
    drawn = f"{what} among {possible} possible actions (chance {chance_words(chance)})"
    said, off = worth(value, currency, knowledge), rounded(doubt, DIGITS[knowledge])
    if knowledge is Knowledge.GUESSING:
        return f"{drawn}. Expected worth: still a guess, {said}, and it may well be {off} {currency} off."
    still = "; still learning" if knowledge is Knowledge.LEARNING else ""
    return f"{drawn}. Expected worth {said}, give or take {off} {currency}{still}."


def exploring(chance: float, name: str, its_chance: float) -> str:
    """Say that something unlikely was drawn, and why that is done."""
    return (
        f"Exploration: chance drew this at {chance_words(chance)} to keep learning; by what is believed, {name} "
        f"({its_chance:.1%}) is better."
    )


def odds(rate: float, gain_cents: float, knowledge: Knowledge, currency: str, cost_cents: float = 0.0) -> str:
    """Say how likely something comes of it, what that is worth, and what sending takes of it."""
    gain = worth(gain_cents, currency, knowledge)
    off = (
        f" Sending takes {rounded(cost_cents, 2)} {currency} of it, in cost and attention."
        if cost_cents
        else ""
    )
    if knowledge is Knowledge.GUESSING:
        return f"Taken to lead to something {_one_in(rate)}, and to be worth {gain} then.{off}"
    return f"About {max(rate, 0):.0%} likely to lead to something, worth {gain} when it does.{off}"


def for_and_against(
    strongest: Sequence[Contribution], value: float, knowledge: Knowledge, currency: str
) -> tuple[str, ...]:
    """Say the strongest reasons of a value in cents, those that raise it first."""
    least = max(LEAST_SAID_CENTS, LEAST_SAID_SHARE * abs(value))
    strong = [part for part in strongest if abs(part.cents) >= least][:MOST_SAID]
    if not strong:
        return (
            "About as much as for a typical contact of this audience: nothing about this one stands out.",
        )
    said = []
    for begins, parts in (
        ("Speaks for it", [part for part in strong if part.cents > 0]),
        ("Speaks against it", [part for part in strong if part.cents < 0]),
    ):
        if parts:
            listed = "; ".join(
                f"{part.label} ({worth(part.cents, currency, knowledge, '+')})" for part in parts
            )
            said.append(f"{begins}: {listed}.")
    return tuple(said)


def beside(name: str, value: float, taken: float, doubt: float, knowledge: Knowledge, currency: str) -> str:
    """Say how the best of the others compares with what was taken."""
    said = worth(value, currency, knowledge)
    if name == SILENCE_NAME and is_nothing(value):
        if value <= taken:
            return "Runner-up: silence, which is worth nothing."
        if value - taken <= doubt:
            return "Silence, which is worth nothing, may be better: which of the two is cannot be told yet."
        return (
            "Silence, which is worth nothing, is expected to be better; now and then chance takes another, to keep "
            "learning."
        )
    if value <= taken:
        near = " as far as can be told yet" if knowledge is Knowledge.GUESSING else ""
        return f"Runner-up: {name}, {said}{near}."
    if value - taken <= doubt:
        return (
            f"{name[:1].upper()}{name[1:]} may be worth more, {said}, but that is within the doubt: which of the two "
            "is better cannot be told yet."
        )
    return (
        f"{name} is expected to be worth more, {said}; now and then chance takes another, to keep learning."
    )


def silence_beside(
    value: float | None,
    silence: float | None,
    knowledge: Knowledge,
    currency: str,
    told: Sequence[str] = (),
) -> str:
    """Say what silence was expected to be worth, beside a worth below zero, which alone says little; else nothing.

    Nothing is said either where one of the sentences `told` says it already.
    """
    if value is None or silence is None or value >= 0:
        return ""
    said = worth(silence, currency, knowledge)
    if any(said in one and "silence" in one.lower() for one in told):
        return ""
    if said == worth(value, currency, knowledge):
        return f"Silence is expected to be worth the same, {said}."
    near = " as far as can be told yet" if knowledge is Knowledge.GUESSING else ""
    return f"Silence is expected to be worth {said}, {'more' if silence > value else 'less'} than this{near}."


def _one_in(rate: float) -> str:
    if rate <= 0.005:
        return "hardly ever"
    return f"about one time in {round(1 / rate)}" if rate < 0.66 else "mostly"
