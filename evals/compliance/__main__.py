"""`python -m evals.compliance`: recall by rule, false stops, a confusion table."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

from evals.compliance.scores import Results, Tally, run
from learning.funnel import wilson


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it and print; exit 1 where a deterministic rule missed a fault or false blocks exceed 1 %."""
    parser = argparse.ArgumentParser(prog="python -m evals.compliance", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--scenes", type=int, default=5, help="scenes each fault and near miss is put in")
    parser.add_argument("--clean", type=int, default=600, help="clean messages asked")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    results = run(chosen.seed, chosen.scenes, chosen.clean)
    if chosen.json:
        sys.stdout.write(json.dumps(as_record(results), indent=2, ensure_ascii=False) + "\n")
    else:
        _print(results)
    return 0 if is_good(results) else 1


def is_good(results: Results) -> bool:
    """Every planted fault found at every door, and at most one clean message in a hundred blocked."""
    missed = any(tally.missed for tally in results.rules.values())
    return not missed and len(results.false_blocks) + len(results.near_blocks) <= 0.01 * (
        results.clean + results.near_misses
    )


def as_record(results: Results) -> dict[str, object]:
    """The results as JSON."""
    return {
        "seed": results.seed,
        "rules": {rule_id: vars(tally) for rule_id, tally in sorted(results.rules.items())},
        "reading": {rule_id: vars(tally) for rule_id, tally in sorted(results.reading.items())},
        "doors": {rule_id: dict(counts) for rule_id, counts in sorted(results.doors.items())},
        "confusion": {rule_id: dict(counts) for rule_id, counts in sorted(results.confused.items())},
        "clean": results.clean,
        "false_blocks": results.false_blocks,
        "false_holds": results.false_holds,
        "near_misses": results.near_misses,
        "near_blocks": results.near_blocks,
        "near_holds": results.near_holds,
        "held_out": {rule_id: vars(tally) for rule_id, tally in sorted(results.held_out.items())},
        "held_out_near": [results.unseen, results.unseen_blocks, results.unseen_holds],
    }


def _print(results: Results) -> None:
    print(f"seed {results.seed}\n\nRecall [95 % interval], one planted fault a message")
    print(f"{'rule':<6}{'messages':>9}  {'at draft':<24}{'in the send transaction':<26}{'hidden ones':<12}")
    for rule_id, tally in sorted(results.rules.items()):
        if tally.asked:
            hidden = f"{tally.hidden_found}/{tally.hidden}" if tally.hidden else "-"
            print(
                f"{rule_id:<6}{tally.asked:>9}  {_share(tally.at_draft, tally.asked):<24}"
                f"{_share(tally.at_send, tally.asked):<26}{hidden:<12}"
            )
    _print_words(
        "Faults that need reading, found by code alone (a model or a person reads them as well)",
        results.reading,
    )
    _print_words("Held-out wordings, found by code alone: no rule was mended with them", results.held_out)
    print("\nOther doors: of the bad, stopped; of the good, passed")
    for rule_id, counts in sorted(results.doors.items()):
        bad = counts["bad stopped"] + counts["bad passed"]
        good = counts["good stopped"] + counts["good passed"]
        print(f"{rule_id:<6}{_share(counts['bad stopped'], bad):<26}{_share(counts['good passed'], good)}")
    print("\nFalse stops [95 % interval]")
    for what, many, blocks, holds in (
        ("clean", results.clean, results.false_blocks, results.false_holds),
        ("near misses", results.near_misses, results.near_blocks, results.near_holds),
        ("held out", results.unseen, results.unseen_blocks, results.unseen_holds),
    ):
        print(f"{what:<12}{many:>6}  blocked {_share(len(blocks), many):<24} held {_share(len(holds), many)}")
    _print_confusion(results.confused)
    for rule_id, tally in sorted(results.rules.items()):
        for name, many in Counter(tally.missed).items():
            print(f"missed {rule_id} {many}x: {name}")
    stopped = (*results.false_blocks, *results.near_blocks, *results.false_holds, *results.near_holds)
    for name in list(dict.fromkeys(stopped))[:40]:
        print(f"false stop: {name}")


def _print_words(title: str, tallies: Mapping[str, Tally]) -> None:
    print(f"\n{title}")
    for rule_id, tally in sorted(tallies.items()):
        print(f"{rule_id:<6}{tally.asked:>9}  {_share(tally.at_send, tally.asked)}")


def _print_confusion(confused: Mapping[str, Counter[str]]) -> None:
    print("\nWhich rules spoke (rows: planted; in the send transaction, warnings left out)")
    for rule_id, counts in sorted(confused.items()):
        print(f"{rule_id:<6}" + "  ".join(f"{other} {many}" for other, many in counts.most_common()))


def _share(hits: int, many: int) -> str:
    if not many:
        return "-"
    share = wilson(hits, many)
    return f"{hits / many:.1%} [{share.low or 0:.1%}, {share.high or 0:.1%}]"


if __name__ == "__main__":
    raise SystemExit(main())
