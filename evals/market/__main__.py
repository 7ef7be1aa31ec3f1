"""Prints what the sample market holds: `python -m evals.market --summary [--seed 7]`."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

from evals.market.census import Census
from evals.market.sample import SAMPLE_LABEL, sample_assets, sample_campaigns, sample_market
from policies.rulebook import load_rulebook


def main() -> None:
    """Count rows, people and events, and tell whom each campaign means and the rules refuse."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--summary", action="store_true", help="print the counts (the default)")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    now = datetime.now(UTC)
    census = Census(now).take(sample_market(asked.seed, now))
    rules = load_rulebook()
    print(SAMPLE_LABEL)
    _table("rows", census.row_kinds)
    _table("country", Counter(row.country or "unknown" for row in census.contacts))
    _table("stage", Counter(str(row.lifecycle_stage) for row in census.contacts))
    _table("seniority", Counter(str(row.seniority) for row in census.contacts))
    _table("events", Counter(event.kind.value for events in census.events.values() for event in events))
    claims = sum(len(asset.claims) for asset in sample_assets())
    print(f"content    {len(sample_assets())} assets with {claims} approved claims")
    _table("refused", _by_rule(census.refusals(rules)))
    for campaign in sample_campaigns():
        refusals = census.refusals(rules, campaign)
        total = sum(refusals.values())
        print(f"campaign {campaign.id}: {total} meant, {refusals['']} may be written to")
        _table("  refused", _by_rule(refusals))


def _by_rule(refusals: Counter[str]) -> Counter[str]:
    return Counter({rule_id: count for rule_id, count in refusals.items() if rule_id})


def _table(name: str, counts: Mapping[str, int]) -> None:
    told = ", ".join(f"{key} {count:,}" for key, count in Counter(counts).most_common())
    print(f"{name:<10} {told}")


if __name__ == "__main__":
    main()
