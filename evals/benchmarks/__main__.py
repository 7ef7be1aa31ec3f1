"""Runs every benchmark with its own defaults: `make bench`. Takes some minutes; leave the machine alone."""

from __future__ import annotations

from evals.benchmarks import choice_speed, import_rate, run_cost


def main() -> None:
    """Run them one after the other."""
    run_cost.main()
    import_rate.main()
    choice_speed.main()


if __name__ == "__main__":
    main()
