"""Prints what the sample market holds: `python -m evals.market`."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from domain.records import ContactRow, EventRow
from evals.market.sample import SAMPLE_LABEL, sample_assets, sample_market


def main() -> None:
    """Count the rows by kind, contacts by country and stage, events by kind."""
    rows = list(sample_market(7, datetime.now(UTC)))
    contacts = [row for row in rows if isinstance(row, ContactRow)]
    events = [row for row in rows if isinstance(row, EventRow)]
    print(SAMPLE_LABEL)
    print("rows     ", dict(Counter(type(row).__name__ for row in rows)))
    print("countries", dict(Counter(str(row.country) for row in contacts).most_common()))
    print("stages   ", dict(Counter(str(row.lifecycle_stage) for row in contacts).most_common()))
    print("seniority", dict(Counter(str(row.seniority) for row in contacts).most_common()))
    print("events   ", dict(Counter(row.kind.value for row in events).most_common()))
    print(
        "assets   ",
        len(sample_assets()),
        "with",
        sum(len(a.claims) for a in sample_assets()),
        "approved claims",
    )


if __name__ == "__main__":
    main()
