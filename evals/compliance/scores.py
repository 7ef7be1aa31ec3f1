"""Asks every rule every question and counts: recall by rule, false stops, what was found instead."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from domain.message import Finding, Severity
from evals.compliance.elsewhere import questions
from evals.compliance.planted import HELD_OUT, Fault, held_out_faults, message_faults
from evals.compliance.scenes import VOICES, Scene, clean_scene
from evals.compliance.standing_faults import contact_faults, contact_pairs
from policies.rulebook import RuleBook, load_rulebook

ONLY_AT_SEND = frozenset({"C-18", "H-06", "H-07"})
"""Asked where the message leaves; when it is written another door keeps watch (the send slot, the choice)."""


@dataclass
class Tally:
    """What came of one rule's questions."""

    asked: int = 0
    at_draft: int = 0
    at_send: int = 0
    hidden: int = 0
    hidden_found: int = 0
    missed: list[str] = field(default_factory=list)


@dataclass
class Results:
    """Everything counted. `confused` counts, by planted rule, which other rules spoke as well."""

    seed: int
    rules: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    reading: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    held_out: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    doors: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    confused: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    clean: int = 0
    false_blocks: list[str] = field(default_factory=list)
    false_holds: list[str] = field(default_factory=list)
    near_misses: int = 0
    near_blocks: list[str] = field(default_factory=list)
    near_holds: list[str] = field(default_factory=list)
    unseen: int = 0
    unseen_blocks: list[str] = field(default_factory=list)
    unseen_holds: list[str] = field(default_factory=list)


def run(seed: int, scenes_per_fault: int, clean_scenes: int, rules: RuleBook | None = None) -> Results:
    """Plant every fault in so many scenes, and ask so many clean ones and every near miss."""
    book = rules or load_rulebook()
    rng = random.Random(seed)
    results = Results(seed)
    for fault in (*message_faults(), *contact_faults(), *held_out_faults()):
        for _ in range(scenes_per_fault):
            scene = fault.plant(clean_scene(rng, book, with_offer=fault.needs_offer), rng)
            _count(fault, scene, results)
    for number in range(clean_scenes):
        scene = clean_scene(rng, book, with_offer=number % 4 == 0)
        results.clean += 1
        _judge_clean(scene, f"clean {number}: {scene.draft.body}", results.false_blocks, results.false_holds)
    for name, scene in _near_misses(rng, book, scenes_per_fault):
        results.near_misses += 1
        _judge_clean(scene, name, results.near_blocks, results.near_holds)
    for text in HELD_OUT["near_misses"]:
        results.unseen += 1
        scene = clean_scene(rng, book).saying(text)
        _judge_clean(scene, f"held out: {text}", results.unseen_blocks, results.unseen_holds)
    for question in questions(rng, book):
        right = "stopped" if question.stopped else "passed"
        results.doors[question.rule_id][f"{'bad' if question.should_stop else 'good'} {right}"] += 1
        if question.should_stop != question.stopped:
            results.rules[question.rule_id].missed.append(question.name)
    return results


def _near_misses(rng: random.Random, rules: RuleBook, each: int) -> Iterator[tuple[str, Scene]]:
    for rule_id, sentences in VOICES["hard_negatives"].items():
        for text in sentences:
            for with_offer in (False, True) if rule_id == "C-05" else (False,):
                for _ in range(each):
                    yield (
                        f"{rule_id} near: {text}",
                        clean_scene(rng, rules, with_offer=with_offer).saying(text),
                    )
    for rule_id, name, plant in contact_pairs():
        for _ in range(each):
            yield f"{rule_id} near: {name}", plant(clean_scene(rng, rules), rng)


def _count(fault: Fault, scene: Scene, results: Results) -> None:
    found = {"draft": scene.at_draft(), "send": scene.at_send()}
    by_kind = {"reading": results.reading, "held out": results.held_out}
    tally = by_kind.get(fault.kind, results.rules)[fault.rule_id]
    tally.asked += 1
    caught = {door: _names(fault, findings) for door, findings in found.items()}
    tally.at_draft += caught["draft"]
    tally.at_send += caught["send"]
    is_caught = caught["send"] and (caught["draft"] or fault.rule_id in ONLY_AT_SEND or _is_late(fault))
    if fault.kind == "hidden":
        tally.hidden += 1
        tally.hidden_found += is_caught
    if not is_caught:
        tally.missed.append(f"{fault.name} ({'draft' if not caught['draft'] else 'send'})")
    named = {finding.rule_id for finding in found["send"] if finding.severity is not Severity.WARN}
    if fault.kind != "held out":
        results.confused[fault.rule_id].update(named or {"nothing"})


def _is_late(fault: Fault) -> bool:
    """A rival counts where a place is taken, a recipient where the message leaves."""
    return "rival" in fault.name or fault.name == "other recipient"


def _names(fault: Fault, findings: Sequence[Finding]) -> bool:
    return any(
        finding.rule_id in fault.accepted and finding.severity is not Severity.WARN for finding in findings
    )


def _judge_clean(scene: Scene, name: str, blocks: list[str], holds: list[str]) -> None:
    findings = (*scene.at_draft(), *scene.at_send())
    stopped = [f for f in findings if f.severity is Severity.BLOCK]
    held = [f for f in findings if f.severity is Severity.HOLD]
    if stopped:
        blocks.append(f"{stopped[0].rule_id} {stopped[0].reason} “{stopped[0].span}” in {name}")
    elif held:
        holds.append(f"{held[0].rule_id} {held[0].reason} “{held[0].span}” in {name}")
