"""What a reader should know before repeating a number: what is missing, late, mixed, or not what it looks like."""

from __future__ import annotations

from app.amounts import money
from app.results.campaign import CampaignResults


def notes_of(results: CampaignResults, label: str | None) -> tuple[str, ...]:
    """Return what could mislead about these results, the weightiest first; `label` is a sample workspace's."""
    found, said = results.metrics, []
    heard = results.freshness.heard_at
    if results.is_stale:
        since = "never" if heard is None else f"on {heard.day} {heard:%B %Y}"
        said.append(
            f"Nothing was heard from the CRM or the mail provider lately (last {since}). What happened since is "
            "missing, so every count may be too low. Import again, or look at the webhooks: `attune doctor`."
        )
    if results.open_windows:
        said.append(
            f"{results.open_windows:,} of {found.contacts:,} contacts are still within {found.window_days} days of "
            "their first decision. They count in no share and no lift until then, so these numbers will move."
        )
    if results.credit.left_out:
        said.append(
            f"Not in any revenue here, because only amounts in {found.currency} are added and nothing is converted: "
            f"{_left_out(results)}."
        )
    if results.costs.model_currency != found.currency and results.costs.model_cents:
        said.append(
            f"Models are paid in {results.costs.model_currency}, the goal is in {found.currency}: the cost of one more "
            "outcome holds the messages alone."
        )
    if results.costs.is_unpriced:
        said.append(
            f"{results.costs.model_calls:,} calls to models have no known price, so they count as nothing. Name a "
            "price list in ATTUNE_PRICES."
        )
    said.append(
        "Attributed revenue counts purchases that had a message before them, whatever brought them about; only the "
        "comparison with the holdout says what would not have come anyway."
    )
    if not found.value_learned_from:
        said.append("What early signs are worth is a documented default until outcomes mature.")
    if label:
        said.append(
            "The people in it are simulated. Messages of past weeks were not drafted, so nobody was asked about them."
        )
    return tuple(said)


def _left_out(results: CampaignResults) -> str:
    return ", ".join(
        f"{one.deals:,} without an amount"
        if one.currency is None
        else f"{money(one.cents, one.currency)} in {one.deals:,} deal{'' if one.deals == 1 else 's'}"
        for one in results.credit.left_out
    )
