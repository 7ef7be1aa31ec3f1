"""`attune metrics`: what worked, told only where the data can show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.amounts import whole_money
from app.cli.days import Since, read_since
from app.cli.doors import doors
from app.cli.screen import AsJson, heading, line, listing, money, print_json
from app.lift_words import ARM_NAMES, OTHERS, WHAT_NAMES, counted, is_worth_a_line, sentence
from domain.decision import Arm

if TYPE_CHECKING:
    from app.funnels import Funnel
    from app.metrics import ArmLine, CampaignMetrics


def metrics(
    campaign: Annotated[
        str | None, typer.Argument(help="A campaign's id, as in its file; all that were run if left out.")
    ] = None,
    since: Annotated[
        Since | None,
        typer.Option(
            parser=read_since,
            metavar="<day, time or days>",
            help="Contacts first decided about, stages entered and deals closed since: 2026-09-01 or 90d.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what worked: arms against the holdout, lift with its certainty, the funnel and the pipeline."""
    house = doors.house()
    now = house.clock()
    start = since.on(now) if since else None

    from app.campaign_shelf import ran
    from app.funnels import funnel_of
    from app.metrics import NothingDecided, metrics_of

    chosen = (ran(house, campaign),) if campaign else house.crm.campaigns(limit=1_000)
    found, undecided = [], []
    for one in chosen:
        try:
            found.append(metrics_of(house, one, now, start))
        except NothingDecided:
            if campaign:
                raise
            undecided.append(one.id)
    funnel = funnel_of(house, now, start)
    if as_json:
        print_json({"campaigns": found, "undecided": undecided, "funnel": funnel})
        return
    if start is not None and start >= now:
        line(f"{start:%Y-%m-%d %H:%M} UTC is not past, so nobody was decided about since then.")
        return
    for told in found:
        if told.contacts:
            _print_campaign(told)
        else:
            line(
                f"Nobody was first decided about in {told.campaign_id} since {start:%Y-%m-%d %H:%M} UTC. "
                f"Its whole story: `attune metrics {told.campaign_id}`."
            )
    if undecided:
        names = ", ".join(undecided)
        line(f"Nothing decided yet, so nothing to tell: {names}. `attune run {undecided[0]}` runs it.")
    elif not found:
        line("No campaign has been run yet, so nothing can be compared. `attune run CAMPAIGN` starts one.")
    _print_funnel(funnel)


def _print_campaign(found: CampaignMetrics) -> None:
    heading(f"{found.name}  ({found.campaign_id})")
    learned_from = found.value_learned_from
    worths = (
        f"What early signs are worth was learned from {learned_from:,} contacts."
        if learned_from
        else "What early signs are worth is a documented default until outcomes mature."
    )
    line(
        f"  Goal: {found.goal.value} within {found.window_days} days. {found.contacts:,} contacts. {worths}",
        style="dim",
    )
    listing(
        [
            {
                "arm": ARM_NAMES[arm.arm.value],
                "contacts": arm.contacts,
                "written": arm.written_to,
                "closed": arm.closed_windows,
                "replies": arm.reached["reply"],
                "meetings": arm.reached["meeting"],
                "mql": arm.reached["mql"],
                "sql": arm.reached["sql"],
                "opportunities": arm.reached["opportunity"],
                "won": arm.reached["won"] + arm.reached["renewed"],
                "reward": _reward(arm, found.currency),
            }
            for arm in found.arms
        ],
        {
            "arm": "Arm",
            "contacts": "Contacts>",
            "written": "Written to>",
            "closed": "Window closed>",
            "replies": "Replies>",
            "meetings": "Meetings>",
            "mql": "MQL>",
            "sql": "SQL>",
            "opportunities": "Opp.>",
            "won": "Won>",
            "reward": "Reward each>",
        },
        as_json=False,
        empty="  Nothing was decided in this time.",
    )
    line(f"  {counted(found)}", style="dim")
    _print_lifts(found)
    _print_revenue(found)


def _reward(arm: ArmLine, currency: str) -> str | None:
    """What a contact of an arm was worth, never without its doubt."""
    if arm.reward_cents_per_contact is None or arm.reward_give_or_take is None:
        return None
    worth, doubt = round(arm.reward_cents_per_contact), round(arm.reward_give_or_take)
    return f"{money(worth, currency)} ± {money(doubt, currency).removesuffix(f' {currency}')}"


def _print_lifts(found: CampaignMetrics) -> None:
    lines = sorted((*found.lifts, *found.contests), key=lambda told: told.arm is not Arm.LEARNED)
    for arm, against in dict.fromkeys((told.arm, told.against) for told in lines):
        heading(f"{ARM_NAMES[arm.value]} against {OTHERS[against.value]}")
        for told in lines:
            if (told.arm, told.against) == (arm, against) and is_worth_a_line(told, found):
                style = "" if told.estimate is not None else "dim"
                line(
                    f"  {WHAT_NAMES.get(told.what, told.what):<26}{sentence(told, found.currency)}",
                    style=style,
                    hang=28,
                )
    for words in told_sooner_of(found):
        line(f"  {words}")
    if found.lifts:
        line(
            "  Intervals hold at 95 % however often you look. 'More contacts' is what showing a difference of a "
            "fifth takes; a larger difference, or a larger holdout, shows sooner.",
            style="dim",
        )


def told_sooner_of(found: CampaignMetrics) -> tuple[str, ...]:
    """What a list of this size can tell sooner than its goal, of the arm the headline speaks of."""
    lines = [told for told in found.lifts if told.what == found.goal.value]
    goal = next((one for one in lines if one.arm is Arm.LEARNED), lines[0] if lines else None)
    if goal is None or goal.estimate is not None or goal.reason == "no_holdout":
        return ()
    from app.results.headline import PLURALS
    from app.results.sooner import told_sooner

    return told_sooner(found, goal, PLURALS)


def _print_revenue(found: CampaignMetrics) -> None:
    heading("Revenue and time")
    attributed = money(found.attributed_revenue_cents, found.currency)
    line(
        f"  Attributed   {attributed} of won deals had a message of this campaign before them, "
        "windows still open included",
        hang=15,
    )
    if found.incremental_revenue_cents is None:
        line("  Incremental  cannot tell yet how much of it would not have come anyway", hang=15)
    else:
        middle, low, high = (money(cents, found.currency) for cents in found.incremental_revenue_cents)
        line(f"  Incremental  {middle} would not have come without it, between {low} and {high}", hang=15)
    engaged = found.engagement
    if engaged.median_days is None:
        line(
            f"  Engagement   {engaged.engaged:,} of {engaged.written_to:,} written to; fewer than half so far",
            hang=15,
        )
    else:
        high_days = "later" if engaged.high_days is None else f"{engaged.high_days:.1f}"
        line(
            f"  Engagement   half engage within {engaged.median_days:.1f} days of the first message "
            f"(between {engaged.low_days or 0:.1f} and {high_days})",
            hang=15,
        )


def _print_funnel(funnel: Funnel) -> None:
    listing(
        [
            {
                "step": f"{step.stage.value} to {step.next_stage.value}",
                "entered": step.entered,
                "converted": step.converted,
                "share": _percent(step.share, step.low, step.high),
            }
            for step in funnel.conversions
        ],
        {"step": "Stage", "entered": "Entered>", "converted": "Converted>", "share": "Within 90 days>"},
        as_json=False,
        title="\nFunnel of everyone",
    )
    listing(
        [
            {
                "currency": one.currency,
                "open": one.open_deals,
                "rate": _percent(one.win_rate, one.win_rate_low, one.win_rate_high),
                "value": whole_money(one.value_cents, one.currency),
                "cycle": None if one.cycle_days is None else f"{one.cycle_days:.0f} days",
                "velocity": "cannot tell yet"
                if one.cents_per_day is None
                else f"{whole_money(one.cents_per_day, one.currency)} a day"
                + (
                    ""
                    if one.cents_per_day_low is None
                    else f" ({whole_money(one.cents_per_day_low, one.currency)} – "
                    f"{whole_money(one.cents_per_day_high, one.currency)})"
                ),
            }
            for one in funnel.pipeline
        ],
        {
            "currency": "Pipeline",
            "open": "Open deals>",
            "rate": "Won of closed>",
            "value": "Mean value>",
            "cycle": "Cycle>",
            "velocity": "Velocity>",
        },
        as_json=False,
        title="\nPipeline",
        empty="\nNo deals yet.",
    )


def _percent(share: float | None, low: float | None, high: float | None) -> str:
    if share is None:
        return "cannot tell yet"
    ends = "" if low is None or high is None else f" ({low:.0%} – {high:.0%})"
    return f"{share:.0%}{ends}"
