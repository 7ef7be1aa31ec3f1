"""`attune demo`: a sample market, one campaign, proposals to review."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.panel import Panel
from rich.text import Text

from app.cli.doors import doors
from app.cli.screen import AsJson, err, heading, line, money, next_steps, out, print_json, shown
from domain.run import ContactOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress

    from app.twelve_weeks import ArmWeek
    from app.wiring import House
    from domain.review import DraftRecord


def demo(
    folder: Annotated[Path, typer.Argument(help="Where to make the demo workspace.")] = Path("demo"),
    with_model: Annotated[
        bool, typer.Option("--with-model", help="Let the configured model write; else the understudy does.")
    ] = False,
    again: Annotated[
        bool,
        typer.Option("--again", help="Replace an earlier demo in that folder, and all that was done in it."),
    ] = False,
    weeks: Annotated[
        int,
        typer.Option("--weeks", min=1, max=12, help="Live so many weeks: fewer are faster, and show less."),
    ] = 12,
    as_json: AsJson = False,
) -> None:
    """Make a sample market, live twelve weeks of a campaign fast, run it today, leave proposals to review.

    No key, no server. The weeks are lived with real decisions and simulated people.
    """
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from app.campaign_file import read_campaign
    from app.cli.reviewing import approval_name
    from app.cli.running import as_record, print_report, run_to_the_end
    from app.demo import CAMPAIGN, SEED, furnish, pair_of_colleagues
    from app.kept_lists import reckon_if_old
    from app.twelve_weeks import MovedClock, curve, first_day, live
    from app.wiring import open_house
    from domain.base import utc_now
    from evals.market.living import LivingMarket

    start = first_day(utc_now(), weeks)
    clock = MovedClock(start)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=out,
        transient=True,
        disable=as_json or not out.is_terminal,
    ) as progress:
        tell = _teller(progress)
        tell("Making a sample market")
        settings, summary = furnish(
            doors.settings(),
            folder,
            with_model=with_model,
            again=again,
            tell=tell,
            clock=clock,
        )
        past = open_house(settings, clock)
        try:
            campaign = read_campaign(past.workspace.campaigns / f"{CAMPAIGN}.yaml")
            live(
                past,
                clock,
                campaign,
                LivingMarket(SEED, start),
                utc_now(),
                lambda week: tell(f"Living week {week} of {weeks}"),
                weeks,
            )
        finally:
            past.close()
    doors.use(open_house(settings))
    house = doors.house()
    if not as_json:
        counts = house.crm.counts()
        line(house.label, style="bold yellow")
        line(
            f"{counts['accounts']:,} accounts, {counts['contacts']:,} contacts, {counts['events']:,} events, "
            f"{counts['assets']} content assets, {counts['deals']:,} deals: in {folder}/"
        )
    report = run_to_the_end(house, campaign, is_dry_run=False, autonomy=None, quiet=as_json)
    reckon_if_old(house)  # or the pages of leads and accounts would say that nobody has reckoned yet
    lived = curve(house, campaign, start)
    if as_json:
        told = [{**vars(week), "arm": week.arm.value} for week in lived]
        print_json({"label": house.label, "import": summary, "weeks": told, **as_record(report)})
        return
    print_report(report)
    _print_curve(lived, weeks, campaign.goal.currency, campaign.goal.contact_cents)
    if pair := pair_of_colleagues(house, report.run.id):
        heading("Two people at one company, two messages")
        for record in pair:
            _print_letter(house, record)
    waiting = house.proposals.waiting(limit=1)
    prefix = f"attune -w {folder}"
    steps = {
        f"{prefix} serve": "the same in a browser: it prints a link that signs you in",
        f"{prefix} review list": "what waits for you, and why",
    }
    if waiting:
        steps |= {
            f"{prefix} review show {waiting[0].id}": "one message, its evidence, its findings",
            f"{prefix} review approve {approval_name(waiting[0])}": "send it, exactly as it stands",
        }
    steps |= {
        f"{prefix} explain {_someone_refused(house, report.run.id)}": "why someone did not get a message",
        f"ls {folder}/mailbox": "the messages that went out, as .eml files",
        f"{prefix} audit verify": "every step, in a chain nobody can quietly change",
    }
    next_steps(steps)


_ARMS = {
    "learned": "the learner decides",
    "usual": "usual practice",
    "explore": "drawn at random",
    "holdout": "nothing is sent",
}
_BLOCKS = "▁▂▃▄▅▆▇█"


def _teller(progress: Progress) -> Callable[[str], None]:
    """Return what tells how far it is: by the bar, or by lines where nobody sees a bar, as in a log."""
    task = progress.add_task("")

    def tell(words: str) -> None:
        progress.update(task, description=words)
        if not out.is_terminal:
            err.print(f"{words} …")

    return tell


def _print_curve(weeks: list[ArmWeek], many: int, currency: str, contact_cents: float) -> None:
    """One line an arm: messages answered, week by week, and the expected worth of a decision."""
    span = "Twelve weeks" if many == 12 else f"{many} week{'' if many == 1 else 's'}"
    heading(f"{span}, lived fast: messages answered within a week, by who decided")
    most = max((week.answered / max(week.messages, 1) for week in weeks), default=0.0) or 1.0
    for arm, words in _ARMS.items():
        own = [week for week in weeks if week.arm.value == arm]
        if not own:
            continue
        decided = sum(week.decisions for week in own)
        cents = sum(week.cents * week.decisions for week in own) / decided
        if messages := sum(week.messages for week in own):
            bars = "".join(
                _BLOCKS[min(7, int(week.answered / max(week.messages, 1) / most * 7.99))] for week in own
            )
            half = len(own) // 2
            told = (
                f"{bars:<12} {_answered(own[:half]):>6} → {_answered(own[half:]):>6} of {messages:,} messages"
            )
        else:
            told = "no message, to compare with"
        line(f"  {words:<20} {told}", style="bold" if arm == "learned" else "")
        line(
            f"  {'':<20} expected worth {cents / 100:+.2f} {currency} a decision, {decided:,} decisions",
            style="dim",
        )
    line(
        "  Answered: clicked, replied or booked a meeting within a week. First half → second half of the weeks whose "
        "signals are in. Expected worth is what the answers are expected to bring, less unsubscribes and "
        f"{money(round(contact_cents), currency)} of attention a message takes: what the learner is taught. Saying "
        "nothing is worth 0. What came of deals in the end is told by `attune metrics`.",
        style="dim",
    )
    line(
        "  The people are simulated, draws differ from one demo to the next, and in so small a market chance is large: "
        "`attune metrics` says what can be told from it.",
        style="dim",
    )


def _answered(weeks: list[ArmWeek]) -> str:
    messages = sum(week.messages for week in weeks)
    return f"{sum(week.answered for week in weeks) / messages:.1%}" if messages else "none"


def _someone_refused(house: House, run_id: str) -> str:
    lines = house.runs.ledger(run_id, outcome=ContactOutcome.REFUSED, limit=1)
    return lines[0].contact_id if lines else "CONTACT"


def _print_letter(house: House, record: DraftRecord) -> None:
    contact, draft = house.crm.contact(record.contact_id), record.draft
    if draft is None:
        return
    facts = {fact.id: fact for fact in record.evidence}
    used = dict.fromkeys(facts[i].text for s in draft.sentences for i in s.evidence if i in facts)
    body = Text.assemble(
        (shown(draft.subject), "bold"), "\n\n", shown(draft.body), "\n\n", ("It rests on", "dim")
    )
    for fact in used:
        body.append(f"\n  • {shown(fact)}", style="dim")
    title = shown(f"{contact.name}, {contact.job_title}")
    out.print(Panel(body, title=title, title_align="left", width=min(out.width, 96)))
