"""Every benchmark, one after the other: `make bench`."""

from __future__ import annotations

from evals.benchmarks import choice_speed, feature_rate, import_rate, run_cost, search_speed


def main() -> None:
    """Run them one after the other."""
    run_cost.main()
    import_rate.main()
    feature_rate.main()
    choice_speed.main()
    search_speed.main()


if __name__ == "__main__":
    main()
