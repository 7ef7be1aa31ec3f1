"""How a decision's why is printed: what it adds up from, what else was possible, what would have changed it."""

from __future__ import annotations

from app.cli.screen import heading, line
from app.reasons import KNOWLEDGE_WORDS, is_nothing, option_worth, rounded, silence_beside, worth
from app.why_words import NAMES, lesson_words, turning_words
from domain.decision import SILENCE, Arm, Knowledge
from domain.why import Option, Why

SMALL = 0.5
"""Cents: a smaller reason would print as nothing, and counts among everything else."""

_GUESSED = (
    "The learner is still guessing: the doubt is larger than the sum, which may as well have the other sign."
)
_ASSUMED = "The learner is still guessing: these are the assumptions it starts from."


def print_why(why: Why) -> None:
    """Print everything a `Why` says; parts that do not apply are left out."""
    heading(f"Decision {why.decision_id}: {why.action_name}")
    line(f"  {why.arm_words}")
    for reason in why.summary:
        line(f"  {reason}")
    print_silence(why)
    _print_sum(why)
    if why.arm is not Arm.HOLDOUT and len(why.options) > 1:
        heading("What was possible, and how likely")
        print_options(why)
    if why.is_recomputed:
        _print_turning_points(why)
        _print_lessons(why)
    _print_belief(why)


def print_silence(why: Why) -> None:
    """Print what silence was expected to be worth, where what was done is worth less than nothing."""
    value, silence = why.value_cents, why.silence_cents
    if said := silence_beside(value, silence, why.knowledge, why.currency, why.summary):
        line(f"  {said}")


def print_options(why: Why, most: int = 8) -> None:
    """Print what was possible, most likely first, the one taken among them."""
    if why.arm is Arm.HOLDOUT or len(why.options) < 2:
        return
    first = list(why.options[:most])
    # Silence always: what a worth below zero is to be compared with.
    first += [o for o in why.options[most:] if o.is_taken or o.action_key == SILENCE.key]
    for option in first:
        _print_option(option, why)
    rest = [option for option in why.options if option not in first]
    if rest:
        line(f"    {_share(sum(option.probability for option in rest)):>6}  {len(rest)} more", style="dim")


def _share(chance: float) -> str:
    """A chance in a column of six."""
    return "<0.1%" if 0 < chance < 0.0005 else f"{chance:.1%}"


def _print_option(option: Option, why: Why) -> None:
    bar = "█" * round(option.probability * 20) or "▏"
    told = ""
    if option.value_cents is not None:
        said = option_worth(
            is_silence=option.action_key == SILENCE.key,
            cents=option.value_cents,
            doubt=option.uncertainty_cents,
            currency=why.currency,
            knowledge=why.knowledge,
        )
        told = f", {said}"
    mark = "→" if option.is_taken else " "
    line(
        f"  {mark} {_share(option.probability):>6}  {bar} {option.name}{told}",
        style="" if option.is_taken else "dim",
        hang=14,
    )


def _print_sum(why: Why) -> None:
    if why.base_cents is None or _is_plain_silence(why):
        return
    heading("What the expected worth adds up from")
    if why.knowledge is Knowledge.GUESSING:
        line(f"  {_ASSUMED if why.outcomes == 0 else _GUESSED}", style="dim")
    shown = [group for group in why.groups if any(abs(part.cents) >= SMALL for part in group.reasons)]
    parts = [abs(part.cents) for group in shown for part in group.reasons]
    rest = why.rest_cents + sum(group.cents for group in why.groups if group not in shown)
    most = max([abs(group.cents) for group in shown] + parts + [abs(rest), SMALL])
    _print_amount("for a typical contact of this run", why.base_cents, None, sign="")
    for group in shown:
        only = group.reasons[0] if len(group.reasons) == 1 else None
        name = NAMES.get(group.name, group.name)
        _print_amount(f"{name}: {only.label}" if only else name, group.cents, most)
        for part in () if only else group.reasons:
            if abs(part.cents) >= SMALL:
                _print_amount(f"  {part.label}", part.cents, most, style="dim")
    _print_amount("everything else together", rest, most)
    total = why.base_cents + sum(group.cents for group in why.groups) + why.rest_cents
    line(f"  {total / 100:9.2f}  {why.currency} expected worth", style="bold")


def _print_amount(label: str, cents: float, most: float | None, *, sign: str = "+", style: str = "") -> None:
    bar = "" if most is None else ("█" if cents > 0 else "▒") * round(abs(cents) / most * 12)
    amount = f"{cents / 100 + 0.0:{sign}.2f}"
    line(f"  {amount:>9}  {bar:<12} {label}", style=style, hang=26)


def _print_turning_points(why: Why) -> None:
    heading("What would have changed it")
    if why.leader != why.action_name:
        line(f"  {why.leader} had the highest expected worth; chance drew {why.action_name}.")
        line("  It would have come first itself:" if why.turning_points else f"  {_NO_ONE}")
    elif not why.turning_points:
        line(f"  {_NO_ONE}")
    for point in why.turning_points:
        line(f"  • {turning_words(point, why)}")
    if why.turning_points:
        line(
            "  On a scale of 0 (none) to 100 (most); one number was moved alone, within what this run's contacts show.",
            style="dim",
        )


_NO_ONE = "Nothing single: no one number, moved alone within what this run's contacts show, would have."


def _print_lessons(why: Why) -> None:
    heading("Which past outcomes taught it")
    if not why.outcomes:
        line("  None yet: nothing had come back when this was decided, so it rests on the house's defaults.")
        return
    for tried in () if _is_plain_silence(why) else why.tried:
        if not tried.times:
            line(f"  Of {tried.what} nothing was known: not tried yet.")
        else:
            line(
                f"  Tried by then: {tried.what}, {_times(tried.times)}; {tried.led_to_something} led to something."
            )
    for title, lessons in (("For it", why.lessons_for), ("Against it", why.lessons_against)):
        for lesson in lessons:
            line(f"  {title:<10} {lesson_words(lesson, why)}")
    if not why.lessons_for and not why.lessons_against:
        line(
            "  Nothing comes of silence."
            if _is_plain_silence(why)
            else "  No single outcome moved it noticeably."
        )
    else:
        line(
            "  For it: without that outcome the worth would be lower. Against it: higher.",
            style="dim",
        )


def _is_plain_silence(why: Why) -> bool:
    """Tell whether silence was taken, and is worth nothing: there is nothing to add up and nothing to be sure of."""
    is_silence = any(option.is_taken and option.action_key == SILENCE.key for option in why.options)
    return is_silence and why.value_cents is not None and is_nothing(why.value_cents)


def _times(times: int) -> str:
    return "once" if times == 1 else f"{times:,} times"


def _print_belief(why: Why) -> None:
    heading("What was believed then")
    told = f"{why.learner_version}, {why.features_version}"
    if _is_plain_silence(why):
        line(
            "  Silence is worth nothing, and there is no doubt about that: what answers would bring is what is learned."
        )
    elif why.value_cents is not None and why.uncertainty_cents is not None:
        width = why.uncertainty_cents / max(abs(why.value_cents), 1e-9)
        line(
            f"  {KNOWLEDGE_WORDS[why.knowledge].capitalize()} ({worth(why.value_cents, why.currency, why.knowledge)} "
            f"± {rounded(why.uncertainty_cents, 2)}, a doubt of {width:.1f} times the value)."
        )
    if why.outcomes is not None:
        told += f"; learned from {why.outcomes:,} outcome{'' if why.outcomes == 1 else 's'}"
    line(f"  {told}; decided {why.decided_at:%Y-%m-%d %H:%M} UTC", style="dim")
    if why.note:
        line(f"  {why.note}")
