"""`python -m evals.replay`: coverage on synthetic logs, and the Open Bandit logs asked about each other."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from evals.replay.coverage import Covered, Hits, cover, together, worlds
from evals.replay.crossing import Crossing, cross
from evals.replay.open_bandit import folder

SEED, SCOUT_SEED = 31_000, 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m evals.replay", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="40 logs a world, 10 bootstrap samples")
    parser.add_argument("--logs", type=int, default=300, help="synthetic logs a world")
    parser.add_argument("--decisions", type=int, default=4_000, help="decisions a synthetic log")
    parser.add_argument("--scout", action="store_true", help="the worlds the refusal's bounds were set on")
    parser.add_argument("--only", choices=("synthetic", "open-bandit"))
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    wanted = parser.parse_args(arguments)
    seed = SCOUT_SEED if wanted.scout else SEED
    logs = 40 if wanted.quick else wanted.logs
    told: list[Covered] = []
    if wanted.only != "open-bandit":
        for number, world in enumerate(worlds(wanted.decisions)):
            told.append(cover(world, logs, seed + number))
            if not wanted.json:
                print_world(told[-1], is_first=number == 0)
    crossings: list[Crossing] = []
    root = folder()
    if wanted.only != "synthetic" and root is not None:
        crossings = cross(root, 10 if wanted.quick else 30, SEED)
    if wanted.json:
        print(json.dumps({"synthetic": [_as_json(one) for one in told], "open_bandit": _crossed(crossings)}))
        return 0
    if told:
        print_together(told)
    if crossings:
        print_crossings(crossings)
    elif root is None:
        print("\nOpen Bandit logs are not here (ATTUNE_SHARED_DATA): skipped.", file=sys.stderr)
    return 0


def print_world(one: Covered, *, is_first: bool) -> None:
    """Print one line a world."""
    if is_first:
        print(
            f"{'world':<31}{'ESS':>7}{'rewarded':>9}{'refused':>8}  {'candidate within, of answered':<32}"
            f"{'difference within':<28}{'above':>6}   RMSE / truth"
        )
    given, gap = (one.answered.get(name, Hits()) for name in ("candidate", "difference"))
    errors = " ".join(f"{name} {error:.2f}" for name, error in one.errors.items())
    size = f"{one.world.name} n {one.world.decisions // 1_000}k"
    print(
        f"{size:<31}{one.ess:>7,.0f}{one.rewarded:>9.0f}{one.refused:>8.0%}  {_share(given):<32}"
        f"{_share(gap):<28}{gap.above / gap.of if gap.of else 0:>6.1%}   {errors}",
        flush=True,
    )


def print_together(told: Sequence[Covered]) -> None:
    """Print coverage over all worlds."""
    print("\nAll worlds, nominal 95 %:")
    for which, name, what in (
        ("answered", "candidate", "candidate, where answered"),
        ("answered", "difference", "difference, where answered"),
        ("whole", "candidate", "candidate, refusals overruled"),
        ("whole", "difference", "difference, refusals overruled"),
        ("whole", "Student", "  the same estimate, Student's interval"),
        ("whole", "skew", "  the same estimate, skew-corrected on seen terms"),
        ("whole", "EL", "  the same estimate, empirical likelihood"),
    ):
        hits = together(told, which, name)
        print(f"  {what:<52}{_share(hits):<30}wholly above the truth {hits.above / max(hits.of, 1):.1%}")


def print_crossings(crossings: Sequence[Crossing]) -> None:
    """Print what each Open Bandit log says of the other chooser."""
    print(
        "\nOpen Bandit logs, clicks per 1,000 impressions; errors are |estimate - truth| / truth (mean ± sd)"
    )
    for one in crossings:
        own, said = one.truth_interval, one.found.candidate.interval
        word = "refused: " + one.thin.lack.value if one.thin else "answered"
        print(
            f"{one.campaign:<6}{one.direction:<15} truth {1e3 * one.truth:.2f} [{1e3 * own.low:.2f}, "
            f"{1e3 * own.high:.2f}]  DR {1e3 * one.found.candidate.value:.2f} [{1e3 * said.low:.2f}, "
            f"{1e3 * said.high:.2f}]  {'meet' if one.meets else 'DO NOT MEET'}; truth "
            f"{'within' if one.truth in said else 'outside'}; {word}; "
            f"ESS {one.overlap.ess_kish:,.0f}, rewarded {one.overlap.ess_rewarded:.0f}, "
            f"max weight {one.overlap.max_weight:.0f}"
        )
        for name, (mean, spread) in one.errors.items():
            print(f"          {name:<10} {mean:.3f} ± {spread:.3f}")


def _share(hits: Hits) -> str:
    if not hits.of:
        return "none answered"
    low, high = hits.bounds
    return f"{hits.share:.1%} [{low:.1%}, {high:.1%}] of {hits.of}"


def _as_json(one: Covered) -> dict[str, Any]:
    return {
        "world": one.world.__dict__,
        "truth_cents": one.truth,
        "gain_cents": one.gain,
        "ess": one.ess,
        "refused": one.refused,
        "lacks": dict(one.refusals),
        "answered": {name: _counts(hits) for name, hits in one.answered.items()},
        "whole": {name: _counts(hits) for name, hits in one.whole.items()},
        "rmse": one.errors,
    }


def _counts(hits: Hits) -> dict[str, int]:
    return {"within": hits.within, "above": hits.above, "of": hits.of}


def _crossed(crossings: Sequence[Crossing]) -> list[dict[str, Any]]:
    return [
        {
            "campaign": one.campaign,
            "direction": one.direction,
            "truth": one.truth,
            "estimate": one.found.candidate.value,
            "interval": [one.found.candidate.interval.low, one.found.candidate.interval.high],
            "errors": one.errors,
        }
        for one in crossings
    ]


if __name__ == "__main__":
    raise SystemExit(main())
