"""Campaigns and runs for whoever asks the assistant: looks only.

Over 400 lines on purpose: a campaign is told with its runs and a run with its campaign, by the same facts and tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.amounts import money
from app.assistant.campaign_meant import key_meant
from app.assistant.meant import bare
from app.assistant.words import (
    PAGE_ROWS,
    columns,
    contact_ref,
    day,
    first_row,
    known,
    label,
    moment,
    page_words,
    paged,
    record,
    table,
    unique,
)
from app.audience_form import audience_says
from app.audience_size import lacks, narrowed
from app.campaign_board import CampaignCard, CampaignPage, RunLine, campaign_cards, campaign_page, run_line
from app.campaign_form import AUTONOMY_WORDS, OUTCOME_WORDS
from app.run_board import RunPage, contacts_of, run_page
from app.story_words import title_of
from domain.assistant import AnswerTable, AnswerText, Asker, RecordKind, RecordRef, ToolAnswer
from domain.campaign import Audience, Autonomy, Campaign, Goal, Outcome
from domain.errors import NotFound
from domain.run import ContactOutcome, Run, RunStatus
from memory.crm.cards import fold
from tools.campaigns import CampaignCount, CampaignList, CampaignShow, RunList, RunShow

if TYPE_CHECKING:
    from app.wiring import House

BASE_CHARS = 12
MOST_FILE_CHARS = 10_000
"""Of a campaign's file, for a model: more than any file but a very long one; a cut one is not to be saved back."""

MOST_NAMED = 5
MOST_RUNS = 1_000
MOST_MISSED = 5_000

RUN_COLUMNS = columns(
    ("Run", "record"), ("Began", "moment"), "Kind", "Stands", ("Contacts", "number"), "What came of it"
)


def campaign_ref(key: str, name: str | None = None) -> RecordRef:
    """A campaign as a record."""
    return record(RecordKind.CAMPAIGN, key, name)


def run_ref(run: Run, name: str, asker: Asker) -> RecordRef:
    """A run as a record: people know it by its campaign and its day."""
    kind = "dry run" if run.is_dry_run else "run"
    return record(RecordKind.RUN, run.id, f"{label(name, 40)}, {kind} of {day(run.started_at, asker)}")


def rule_ref(rule_id: str, house: House) -> RecordRef:
    """A rule as a record."""
    return record(RecordKind.RULE, rule_id, title_of(rule_id, house.rules) or f"Rule {rule_id}")


class Campaigns:
    """Does the tools of `tools/campaigns.py` that only look."""

    def __init__(self, house: House) -> None:
        self._house = house

    def campaign_list(self, asker: Asker, given: CampaignList) -> ToolAnswer:
        """List campaigns."""
        wanted = fold(given.words)
        cards = [one for one in campaign_cards(self._house) if wanted in fold(f"{one.name} {one.key}")]
        shown = cards[first_row(given.page) : first_row(given.page) + PAGE_ROWS]
        head = columns(
            ("Campaign", "record"), "Stands", ("Next run", "moment"), ("Waiting", "number"), "Last run"
        )
        rows = [
            (campaign_ref(one.key, one.name), one.state, one.next_run, one.proposals, _last(one))
            for one in shown
        ]
        return ToolAnswer(
            words=page_words(len(cards), given.page, "campaign"),
            facts=paged("campaigns", [_card_facts(one, asker) for one in shown], len(cards), given.page),
            tables=(table("Campaigns", head, rows, len(cards), given.page),),
            records=unique(
                (
                    *(campaign_ref(one.key, one.name) for one in shown),
                    *(run_ref(one.last_run.run, one.name, asker) for one in shown if one.last_run),
                )
            ),
        )

    def campaign_show(self, asker: Asker, given: CampaignShow) -> ToolAnswer:
        """Show one campaign."""
        page = campaign_page(self._house, key_meant(self._house, given.campaign))
        card, text = page.card, page.text
        facts = {**_card_facts(card, asker), **_page_facts(self._house, page, asker)}
        tables = [_runs_table("Last runs", page.runs, {card.key: card.name}, asker)] if page.runs else []
        if card.campaign:
            says = audience_says(card.campaign.audience)
            rows = [(words, "must hold" if holds else "must not hold") for words, holds in says]
            tables.insert(0, table("Whom it is for", columns("Condition", "How"), rows))
        why = f" ({card.why})" if card.why else ""
        nexts = f" Next run: {moment(card.next_run, asker)}." if card.next_run else ""
        return ToolAnswer(
            words=f"{card.name} is {card.state}{why}.{nexts}",
            facts=facts,
            tables=tuple(one for one in tables if one.rows),
            texts=(AnswerText(title=text.file, text=text.text, kind="yaml"),) if text else (),
            records=unique(
                (
                    campaign_ref(card.key, card.name),
                    *(run_ref(one.run, card.name, asker) for one in page.runs[:MOST_NAMED]),
                    *(run_ref(one.run, card.name, asker) for one in (card.last_run,) if one),
                )
            ),
        )

    def campaign_count(self, asker: Asker, given: CampaignCount) -> ToolAnswer:
        """Count an audience, condition by condition."""
        house = self._house
        campaign = _asked(given)
        if given.campaign is not None:
            found = campaign_page(house, key_meant(house, given.campaign)).card
            if found.campaign is None:
                raise NotFound("campaign that can be read", found.key, found.problem)
            campaign = found.campaign
        steps = narrowed(house, campaign, house.clock())
        said = ("Everybody", *(_condition(*one) for one in audience_says(campaign.audience)))
        rows = [(words, step.left) for words, step in zip(said, steps, strict=True)]
        told = f"{campaign.name} reaches" if given.campaign else "These conditions hold for"
        return ToolAnswer(
            words=f"{told} {steps[-1].left:,} of {steps[0].left:,} contacts. Rules and the holdout take more away "
            "in a run.",
            facts={
                "steps": [{"condition": words, "left": left} for words, left in rows],
                "reached": steps[-1].left,
            },
            tables=(table("How many are left", columns("Condition", ("Contacts", "number")), rows),),
            records=(campaign_ref(campaign.id, campaign.name),) if given.campaign else (),
        )

    def run_list(self, asker: Asker, given: RunList) -> ToolAnswer:
        """List runs."""
        house = self._house
        key = key_meant(house, given.campaign) if given.campaign else None
        every = house.runs.runs(key, limit=MOST_RUNS)
        shown = every[first_row(given.page) : first_row(given.page) + PAGE_ROWS]
        lines = [run_line(house, one) for one in shown]
        names = {one.campaign_id: _campaign_name(house, one.campaign_id) for one in shown}
        return ToolAnswer(
            words=page_words(len(every), given.page, "run"),
            facts=paged("runs", [_run_facts(one, names, asker) for one in lines], len(every), given.page),
            tables=(_runs_table("Runs", lines, names, asker, len(every), given.page),),
            records=unique(
                ref
                for one in shown
                for ref in (
                    run_ref(one, names[one.campaign_id], asker),
                    campaign_ref(one.campaign_id, names[one.campaign_id]),
                )
            ),
        )

    def run_show(self, asker: Asker, given: RunShow) -> ToolAnswer:
        """Show one run."""
        house = self._house
        page = run_page(house, self._run_meant(given).id)
        progress, run = page.progress, page.progress.run
        tables = [_stages_table(page), *_refusals_tables(house, page)]
        texts: list[AnswerText] = []
        for sample in page.samples[:3]:
            if sample.made.message:
                body = f"Subject: {sample.made.message.subject}\n\n{sample.made.message.text}"
                texts.append(AnswerText(title=f"To {sample.contact}", text=body))
        rules = [(rule_ref(rule, house), many) for rule, many in page.refusals[:10]]
        missed = self._why_not_reached(run)
        records = [
            run_ref(run, page.campaign_name, asker),
            campaign_ref(run.campaign_id, page.campaign_name),
            *(ref for ref, _ in rules),
        ]
        facts = {
            **_run_facts(run_line(house, run), {run.campaign_id: page.campaign_name}, asker),
            "stages": {one.word: one.many for one in progress.stages},
            "kept_back_by_rule": [
                {"rule": ref.mark, "title": ref.label, "contacts": many} for ref, many in rules
            ],
            **known(why_not_reached=missed),
            "model_calls": page.usage.calls,
        }
        if given.outcome:
            shown = contacts_of(house, run.id, given.outcome, None, "", PAGE_ROWS)
            rows = [
                (
                    contact_ref(line.contact_id, name),
                    rule_ref(line.rule_id, house) if line.rule_id else None,
                    line.reason,
                )
                for line, name in shown
            ]
            tables.append(
                table(
                    f"Contacts that ended {given.outcome.value}",
                    columns(("Contact", "record"), ("Rule", "record"), "Reason"),
                    rows,
                )
            )
            facts["contacts"] = [
                known(
                    contact=contact_ref(line.contact_id).mark,
                    name=label(name),
                    rule=f"[rule:{line.rule_id}]" if line.rule_id else None,
                )
                for line, name in shown
            ]
            records += [contact_ref(line.contact_id, name) for line, name in shown]
            records += [rule_ref(line.rule_id, house) for line, _ in shown if line.rule_id]
        kind = "Dry run" if run.is_dry_run else "Run"
        return ToolAnswer(
            words=f"{kind} of {page.campaign_name}, begun {moment(run.started_at, asker)}: {progress.says}"
            f"{_stages_words(page)}{_missed_words(missed)}",
            facts=facts,
            tables=tuple(one for one in tables if one.rows),
            texts=tuple(texts),
            records=unique(records),
        )

    def _why_not_reached(self, run: Run) -> dict[str, int]:
        """Why contacts were not reached, the commonest reason first; of the first so many where a run is long."""
        lines = self._house.runs.ledger(run.id, outcome=ContactOutcome.NOT_REACHED, limit=MOST_MISSED)
        # C-26's own words name the other message, which is another for each contact.
        said = Counter(
            (title_of(one.rule_id, self._house.rules) if one.rule_id else "") or one.reason for one in lines
        )
        return dict(said.most_common(MOST_NAMED))

    def _run_meant(self, given: RunShow) -> Run:
        if bare(given.run) != "last":
            return self._house.runs.get(bare(given.run))
        key = key_meant(self._house, given.campaign) if given.campaign else None
        found = self._house.runs.runs(key, limit=1)
        if not found:
            raise NotFound("run", given.run, "Nothing ran yet.")
        return found[0]


def _condition(words: str, holds: bool) -> str:
    return words if holds else f"not: {words}"


def _asked(given: CampaignCount) -> Campaign:
    """Conditions as an audience; the rest of a campaign is not looked at."""
    return Campaign(
        id="asked",
        name="asked",
        goal=Goal(outcome=Outcome.REPLY, worth_cents=1),
        audience=Audience(all=given.all, none=given.none),
    )


def _last(card: CampaignCard) -> str:
    return _told(card.last_run) if card.last_run else "never ran"


def _told(line: RunLine) -> str:
    return ", ".join(f"{many:,} {word}" for word, many in line.told) or "nobody got a message"


def _card_facts(card: CampaignCard, asker: Asker) -> dict[str, Any]:
    return known(
        campaign=campaign_ref(card.key).mark,
        name=label(card.name),
        state=card.state,
        since=moment(card.standing.since, asker),
        next_run=moment(card.next_run, asker),
        waiting_for_a_person=card.proposals,
        approved_not_sent=card.approved,
        last_run=known(
            run=f"[run:{card.last_run.run.id}]",
            began=moment(card.last_run.run.started_at, asker),
            did=_told(card.last_run),
        )
        if card.last_run
        else None,
        under_way=card.open_run.id if card.open_run else None,
        problem=card.problem,
    )


def _page_facts(house: House, page: CampaignPage, asker: Asker) -> dict[str, Any]:
    campaign, text = page.card.campaign, page.text
    facts: dict[str, Any] = known(
        base=text.sha256[:BASE_CHARS] if text else None,
        **_file_facts(text.text if text else ""),
        dry_run_went_by_it=page.is_rehearsed,
        next_runs=[moment(at, asker) for at in page.next_runs],
        lacks=[words.partition(".")[0] for words in lacks(house)],
    )
    if campaign is None:
        return facts
    goal = campaign.goal
    return facts | known(
        goal=f"{OUTCOME_WORDS[goal.outcome][0]}, worth {money(goal.worth_cents, goal.currency)} each, "
        f"within {goal.window_days} days",
        audience=[_condition(*one) for one in audience_says(campaign.audience)],
        content=list(campaign.assets) or "the whole active library",
        autonomy=f"{campaign.autonomy.value}: {autonomy_words(campaign.autonomy)}",
        holdout=f"{campaign.holdout_share:.0%}",
        schedule=campaign.schedule.cron if campaign.schedule else "none: it runs when somebody says so",
        caps={name: value for name, value in campaign.caps.model_dump().items() if value},
        daily_caps={name: value for name, value in campaign.daily.model_dump().items() if value},
    )


def _file_facts(text: str) -> dict[str, Any]:
    """The team's own file, which a change sends back whole; a cut one says so, as saving it would lose the rest."""
    if len(text) <= MOST_FILE_CHARS:
        return known(file=text)
    return {
        "file": text[:MOST_FILE_CHARS],
        "file_is_cut": f"The file has {len(text):,} characters; these are the first {MOST_FILE_CHARS:,}. Do not save "
        "it from here: it is changed in the editor of the web app.",
    }


def autonomy_words(autonomy: Autonomy) -> str:
    """What may leave without a person."""
    return AUTONOMY_WORDS[autonomy][1]


def _campaign_name(house: House, key: str) -> str:
    try:
        return house.crm.campaign(key).name
    except NotFound:
        return key


def _stages_words(page: RunPage) -> str:
    said = ", ".join(f"{one.many:,} {one.word}" for one in page.progress.stages)
    return f" Contacts: {said}." if said else ""


def _missed_words(missed: Mapping[str, int]) -> str:
    said = "; ".join(f"{many:,}: {reason.rstrip('.')}" for reason, many in missed.items())
    return f" Why some were not reached: {said}." if said else ""


def _run_facts(line: RunLine, names: Mapping[str, str], asker: Asker) -> dict[str, Any]:
    return known(
        run=f"[run:{line.run.id}]",
        campaign=campaign_ref(line.run.campaign_id).mark,
        campaign_name=label(names[line.run.campaign_id]),
        kind="dry run" if line.run.is_dry_run else "run",
        status=line.run.status.value,
        began=moment(line.run.started_at, asker),
        contacts=line.considered,
        did=_told(line),
    )


def _runs_table(
    title: str,
    lines: Sequence[RunLine],
    names: Mapping[str, str],
    asker: Asker,
    total: int | None = None,
    page: int = 1,
) -> AnswerTable:
    rows = [
        (
            run_ref(line.run, names[line.run.campaign_id], asker),
            line.run.started_at,
            "dry run" if line.run.is_dry_run else "run",
            "under way"
            if line.run.status in {RunStatus.DECIDING, RunStatus.RUNNING}
            else line.run.status.value,
            line.considered,
            _told(line),
        )
        for line in lines
    ]
    return table(title, RUN_COLUMNS, rows, total, page)


def _stages_table(page: RunPage) -> AnswerTable:
    rows = [(one.word, one.many, one.means) for one in page.progress.stages]
    return table("Where contacts stand", columns("Outcome", ("Contacts", "number"), "Meaning"), rows)


def _refusals_tables(house: House, page: RunPage) -> list[AnswerTable]:
    rules = [(rule_ref(rule, house), rule, many) for rule, many in page.refusals[:PAGE_ROWS]]
    parked = [(contact_ref(one.contact_id, one.contact), one.reason) for one in page.parked[:PAGE_ROWS]]
    return [
        table("Kept back by rules", columns(("Rule", "record"), "Id", ("Contacts", "number")), rules),
        table("Failed three times", columns(("Contact", "record"), "Reason"), parked),
    ]
