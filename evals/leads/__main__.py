"""Prints how good hand-off and churn are: `python -m evals.leads [--quick] [--only hand-off churn controls]`."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator

from evals.leads import churn, controls, hand_off
from evals.leads.funnel import ROOT


def main() -> None:
    """Run what was asked for; exits 1 with a reason where the data are absent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer repeats and seeds: for a look, not for a claim"
    )
    parser.add_argument("--only", nargs="+", choices=("hand-off", "churn", "controls"))
    asked = parser.parse_args()
    if not ROOT.is_dir():
        sys.exit(
            f"No evaluation data at {ROOT}. Set ATTUNE_SHARED_DATA to the folder that holds olist_funnel/."
        )
    # Peers warn about words they did not see in training; that is their business.
    warnings.simplefilter("ignore")
    parts: dict[str, Callable[[], Iterator[str]]] = {
        "hand-off": hand_off.lines,
        "churn": lambda: churn.lines(1 if asked.quick else 5),
        "controls": lambda: controls.lines(2 if asked.quick else 20),
    }
    for name in asked.only or parts:
        for line in parts[name]():
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
