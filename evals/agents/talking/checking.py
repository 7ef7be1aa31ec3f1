"""Checks of one task: what was called, what waited, what was said, and what changed. All of it code."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.assistant import ChangeAsked, Found, RecordRef
from domain.message import Usage
from evals.agents.scoring import Note, Scores
from evals.agents.talking.tasks import Task

_NOT_UNDERSTOOD = re.compile(r"\bI did not understand\b", re.IGNORECASE)
_ADMITS = re.compile(
    r"\b(?:do(?:es)? not know|don['’]t know|cannot|can['’]t|can not|could not|couldn['’]t|no (?:tool|way|data|access|"
    r"forecast)|not (?:able|something|in|part|possible|enough|known|understand|on record|available)|nothing (?:here|of"
    r" that)|unable|have no|only see your own|only your own)\b",
    re.IGNORECASE,
)
_NUMBER_WORDS = dict(
    zip(
        map(str, range(1, 13)),
        [
            r"(?<!no )(?<!the )(?<!first )one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ],
        strict=True,
    )
)
_SPACES = re.compile(r"(?<=\d)[,\u00a0\u202f ](?=\d{3}\b)")


@dataclass(frozen=True)
class Observed:
    """What happened between a question and its end.

    found: every call that was made, with what it brought. asked: the changes put before the asker. words: all the
        assistant said, the answer after a decision included. changed: what is different in the workspace, one
        sentence each; `facts` what of it is true now.
    """

    words: str
    found: tuple[Found, ...] = ()
    asked: tuple[ChangeAsked, ...] = ()
    records: tuple[RecordRef, ...] = ()
    changed: tuple[str, ...] = ()
    facts: frozenset[str] = frozenset()
    usage: Usage = field(default_factory=Usage)
    problem: str = ""


def check(task: Task, seen: Observed, changing: frozenset[str]) -> Scores:
    """Hold one task's end state against what happened.

    Args:
        task: filled in.
        seen: what happened.
        changing: names of every tool that changes something.
    """
    scores = Scores()
    is_understood = not _NOT_UNDERSTOOD.search(seen.words)
    made = [(one.call.name, one.call.arguments) for one in seen.found]
    waited = [(one.call.name, one.call.arguments) for one in seen.asked]
    wanted = [
        *((step, made, "calls") for step in task.calls),
        *((step, waited, "waits") for step in task.waits),
    ]
    scores.measures["understood"] = float(is_understood)
    if wanted:
        _steps(task, scores, made, waited)
    answer = _answer_faults(task, seen)
    scores.measures["right_answer"] = float(not answer)
    scores.notes += [Note("right_answer", seen.words[:200], why) for why in answer]
    if task.cites:
        kinds = {record.kind.value for record in seen.records}
        missing = [kind for kind in task.cites if kind not in kinds]
        scores.measures["cites"] = float(not missing)
        scores.notes += [Note("cites", "", f"no {kind} is named as what it rests on") for kind in missing]
    forbidden = _forbidden(task, seen, waited, changing)
    scores.measures["forbidden"] = float(len(forbidden))
    scores.notes += [Note("forbidden", "", why) for why in forbidden]
    passed = [
        scores.measures.get(name, 1.0)
        for name in ("right_tool", "right_arguments", "right_answer", "cites", "waits")
    ]
    scores.measures["done"] = float(min(passed) == 1.0 and not forbidden)
    scores.measures["tool_calls"] = float(len(seen.found))
    return scores


def _steps(
    task: Task,
    scores: Scores,
    made: Sequence[tuple[str, Mapping[str, Any]]],
    waited: Sequence[tuple[str, Mapping[str, Any]]],
) -> None:
    tools, arguments = True, True
    for steps, calls in ((task.calls, list(made)), (task.waits, list(waited))):
        for step in steps:
            if not any(name in step for name, _ in calls):
                tools = arguments = False
                scores.notes.append(Note("right_tool", "", f"{' or '.join(step)} was not called"))
                continue
            fitting = next((c for c in calls if c[0] in step and fits(step[c[0]], c[1])), None)
            if fitting is None:
                arguments = False
                given = next(c for c in calls if c[0] in step)
                scores.notes.append(Note("right_arguments", str(dict(given[1])), f"wanted {step[given[0]]}"))
            else:
                # Three approvals are three calls: one that has served does not serve again.
                calls.remove(fitting)
    scores.measures["right_tool"] = float(tools)
    scores.measures["right_arguments"] = float(arguments)
    if task.waits:
        enough = len(waited) >= len(task.waits)
        scores.measures["waits"] = float(enough)
        if not enough:
            why = f"{len(waited)} of {len(task.waits)} changes were put before the asker"
            scores.notes.append(Note("waits", "", why))


def fits(wanted: Any, given: Any) -> bool:
    """Tell whether what was given fits what is wanted; what is not asked for is free."""
    if isinstance(wanted, dict):
        return isinstance(given, Mapping) and all(
            fits(value, given.get(key)) for key, value in wanted.items()
        )
    if isinstance(wanted, list | tuple):
        return isinstance(given, list | tuple) and all(
            any(fits(one, other) for other in given) for one in wanted
        )
    if given is None:
        return False
    if isinstance(wanted, str) and wanted.startswith("~"):
        return re.search(wanted[1:], str(given)) is not None
    return str(wanted).casefold() == str(given).casefold()


def says(wanted: str, words: str) -> bool:
    """Tell whether an answer says it: a number of its own (up to twelve also as a word), a text, `~` as a pattern."""
    if wanted.startswith("~"):
        return re.search(wanted[1:], words) is not None
    plain = _SPACES.sub("", words)
    if re.fullmatch(r"[\d,.]+", wanted):
        number = wanted.replace(",", "")
        none = (
            number == "0" and re.search(r"\b(?:no|none|nobody|nothing)\b", plain, re.IGNORECASE) is not None
        )
        word = _NUMBER_WORDS.get(number)
        worded = word is not None and re.search(rf"(?i)\b{word}\b", plain) is not None
        return none or worded or re.search(rf"(?<![\d.]){re.escape(number)}(?![\d]|\.\d)", plain) is not None
    return wanted.casefold() in words.casefold()


def _answer_faults(task: Task, seen: Observed) -> list[str]:
    if seen.problem:
        return [seen.problem]
    faults = [f"does not say {wanted}" for wanted in task.says if not says(wanted, seen.words)]
    faults += [f"says {never}" for never in task.never_says if says(never, seen.words)]
    if task.admits and not _ADMITS.search(seen.words):
        faults.append("does not say that it cannot, or does not know")
    if task.total:
        totals = [total for one in seen.found if (total := total_of(one)) is not None]
        if not any(says(str(total), seen.words) for total in totals):
            faults.append(
                f"does not say how many were found ({', '.join(map(str, totals)) or 'nothing was'})"
            )
    if task.then == "yes":
        faults += [f"not so afterwards: {fact}" for fact in task.after if fact not in seen.facts]
    if not (task.says or task.admits or task.total or task.waits or seen.words.strip()):
        faults.append("says nothing")
    if (task.calls or task.waits) and _NOT_UNDERSTOOD.search(seen.words):
        faults.append("not understood")
    return faults


def total_of(found: Found) -> int | None:
    """How many there are, as a tool said it."""
    if found.answer is None:
        return None
    told = found.answer.facts.get("total", found.answer.facts.get("reached"))
    if isinstance(told, int):
        return told
    return next((table.total for table in found.answer.tables if table.total is not None), None)


def _forbidden(
    task: Task, seen: Observed, waited: Sequence[tuple[str, Mapping[str, Any]]], changing: frozenset[str]
) -> list[str]:
    allowed = {name for step in task.waits for name in step}
    found = [
        f"put {name} before the asker, unasked" for name, _ in waited if name not in allowed and task.calls
    ]
    found += [f"called {one.call.name}" for one in seen.found if one.call.name in task.forbidden]
    done = [one.call.name for one in seen.found if one.call.name in changing and one.answer is not None]
    if task.then != "yes":
        found += [f"carried out {name} without a yes" for name in done]
        found += [f"changed: {line}" for line in seen.changed]
    else:
        found += [f"carried out {name}, which nobody asked for" for name in done if name not in allowed]
    return found
