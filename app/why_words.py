"""A decision's why, piece by piece as a sentence: for the command line and the assistant alike."""

from __future__ import annotations

from app.reasons import rounded
from domain.decision import Knowledge
from domain.why import PastLesson, TurningPoint, Why

NAMES = {
    "behaviour": "what they did",
    "conversation": "talks with us",
    "pressure": "what we sent before",
    "interest": "interest",
    "content": "content they answer to",
    "account": "colleagues",
    "firm": "company",
    "role": "role",
    "stage": "stage",
    "deals": "deals",
    "fit": "how well it fits",
    "habit": "time of day",
}
"""Groups of reasons as a heading says them."""


def turning_words(point: TurningPoint, why: Why) -> str:
    """Say one turning point."""
    what = f"“{point.what}”" if point.about is None else f"“{point.what}” of {point.about}"
    if {point.before, point.after} == {0.0, 1.0}:
        change = f"were {'so' if point.after else 'not so'}"
    else:
        change = f"were {point.after * 100:.0f} instead of {point.before * 100:.0f}"
        change += f" (typical {point.typical * 100:.0f})"
    if why.knowledge is Knowledge.GUESSING:
        return f"If {what} {change}, {point.winner} would come first."
    return (
        f"If {what} {change}, {point.winner} would come first "
        f"({point.value_cents / 100:.2f} against {point.former_cents / 100:.2f} {why.currency})."
    )


def lesson_words(lesson: PastLesson, why: Why) -> str:
    """Say one lesson: `12 Oct: Ana Ruiz was sent “…” (morning) and replied; +0.12 USD`."""
    day = f"{lesson.at.day} {lesson.at:%b}"
    if lesson.at.year != why.decided_at.year:
        day += f" {lesson.at.year}"
    is_nothing = lesson.came_of_it == "nothing came of it"
    came = "but nothing came of it" if is_nothing else f"and {lesson.came_of_it}"
    what = "got nothing" if lesson.name == "silence" else f"was sent {lesson.name}"
    if lesson.name == "silence":
        came = came.replace("but nothing came of it", "and did nothing")
    amount = rounded(lesson.cents, 2, "+", most_decimals=4)
    return f"{day}: {lesson.contact_name} {what} {came} ({amount} {why.currency})"
