"""`attune handoff` and `attune churn`: whom to pass to sales now, and which accounts may leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.amounts import whole_money
from app.cli.doors import doors
from app.cli.screen import AsJson, heading, line, money, print_json
from app.kept_lists import kept_lists
from app.lead_words import judgement
from domain.leads import MOST_WINDOW_DAYS, ChurnList, HandOffList, Likelihood

if TYPE_CHECKING:
    from app.wiring import House


def handoff(
    capacity: Annotated[int, typer.Option(min=1, help="How many leads sales can take now.")] = 20,
    window: Annotated[
        int, typer.Option(min=1, max=MOST_WINDOW_DAYS, help="Days in which a hand-off has to work out.")
    ] = 30,
    as_json: AsJson = False,
) -> None:
    """Say which MQLs to pass to sales now: how likely, worth what, why, and what would raise it."""
    from app.handoff import whom_to_hand_off

    house = doors.house()
    found = whom_to_hand_off(
        house.lead_reader, house.clock(), house.rules.addresses, capacity=capacity, window_days=window
    )
    if as_json:
        print_json(found)
        return
    _top(found, "Hand-off to sales")
    for place, lead in enumerate(found.leads, 1):
        at = f" at {lead.account}" if lead.account else ""
        worth = f", expected {whole_money(lead.expected_cents, lead.currency)}" if lead.expected_cents else ""
        heading(f"{place}. {lead.name}{at}  ({lead.contact_id})")
        line(f"  {lead.likelihood.probability:.0%} within {found.window_days} days{worth}")
        _why(lead.likelihood, "would raise it to")
    _beside_kept(house)


def churn(
    window: Annotated[
        int, typer.Option(min=1, max=MOST_WINDOW_DAYS, help="Days in which leaving counts.")
    ] = 60,
    as_json: AsJson = False,
) -> None:
    """Say which accounts are at elevated risk of leaving this week: how likely, why, and what would lower it."""
    from app.churn import who_may_leave

    house = doors.house()
    found = who_may_leave(house.lead_reader, house.clock(), window_days=window)
    if as_json:
        print_json(found)
        return
    _top(found, "Accounts at risk")
    for risk in found.accounts:
        worth = f", contract {money(risk.value_cents, risk.currency)}" if risk.value_cents else ""
        heading(f"{risk.name}  ({risk.account_id})")
        line(f"  {risk.likelihood.probability:.0%}, {risk.lift:.1f} times the average{worth}")
        _why(risk.likelihood, "would lower it to")
    _beside_kept(house)


def _beside_kept(house: House) -> None:
    """Say how old the list is that everybody else looks at, so that nobody wonders why numbers differ."""
    if (kept := kept_lists(house)) is not None:
        line(
            f"  Reckoned just now. Pages and the assistant show what was reckoned {kept.made_at:%Y-%m-%d %H:%M} UTC; "
            "`attune serve` does so once a day.",
            style="dim",
        )


def _top(found: HandOffList | ChurnList, title: str) -> None:
    heading(title)
    line(f"  {found.text}")
    if found.skill.has_skill:
        line(f"  {judgement(found.skill, found.calibration_error)}", style="dim")


def _why(likelihood: Likelihood, would: str) -> None:
    for reason in likelihood.reasons:
        mark = "+" if reason.log_odds > 0 else "−"
        line(f"  {mark} {reason.text}")
    for lever in likelihood.levers:
        line(
            f"    {lever.text} {would} {lever.probability:.0%}, going by what happened to others", style="dim"
        )
