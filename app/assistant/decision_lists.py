"""Decisions in lists: of one contact over all runs, of one run over all contacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.assistant.campaign_meant import key_meant
from app.assistant.campaigns import rule_ref, run_ref
from app.assistant.plain import plainly
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
from app.contact_view import RunLine, decisions_of
from app.reasons import name_of
from app.story_words import OUTCOME_WORDS, title_of
from domain.assistant import Asker, Cell, RecordKind, RecordRef, ToolAnswer
from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.errors import NotFound
from domain.people import Contact
from domain.run import ContactOutcome, Run
from tools.decisions import DecisionList

if TYPE_CHECKING:
    from app.wiring import House

_LIST = columns(
    ("Contact", "record"),
    "How it ended",
    "What was decided",
    ("Decision", "record"),
    ("Rule", "record"),
    "Reason",
)


def campaign_meant(house: House, said: str) -> Campaign:
    """Return the one campaign that is meant, as it was last run. Raises as `key_meant`, and for one that never ran."""
    key = key_meant(house, said)
    try:
        return house.crm.campaign(key)
    except NotFound:
        raise NotFound("run of", key, "Nothing was decided in this campaign yet.") from None


def decisions_about(house: House, asker: Asker, contact: Contact, given: DecisionList) -> ToolAnswer:
    """What each run decided for a contact, the newest first."""
    lines = decisions_of(house, contact.id)
    if given.campaign:
        wanted = campaign_meant(house, given.campaign).id
        lines = tuple(line for line in lines if line.campaign_id == wanted)
    total = len(lines)
    page = lines[first_row(given.page) : first_row(given.page) + PAGE_ROWS]
    return ToolAnswer(
        words=f"{label(contact.name)}: {page_words(total, given.page, 'run')} Newest first.",
        facts={"record": contact_ref(contact.id).mark, "name": label(contact.name)}
        | paged("runs", [_run_row(line, asker) for line in page], total, given.page),
        tables=(
            table(
                f"Decisions about {label(contact.name)}",
                columns(
                    ("When", "moment"),
                    ("Campaign", "record"),
                    "How it ended",
                    "What was decided",
                    ("Decision", "record"),
                    "Why",
                ),
                (_run_cells(line) for line in page),
                total,
                given.page,
            ),
        ),
        records=unique(
            (
                contact_ref(contact.id, contact.name),
                *(
                    _decision_ref(line.decision.id, contact.name, plainly(line.decided))
                    for line in page
                    if line.decision
                ),
                *(
                    record(
                        RecordKind.PROPOSAL, line.proposal_id, f"{label(contact.name, 40)}: {line.decided}"
                    )
                    for line in page
                    if line.proposal_id
                ),
                *(record(RecordKind.RULE, line.rule.rule_id, line.rule.title) for line in page if line.rule),
                *(record(RecordKind.CAMPAIGN, line.campaign_id, line.campaign) for line in page),
            )
        ),
    )


def decisions_in(house: House, asker: Asker, run: Run, given: DecisionList) -> ToolAnswer:
    """What one run decided, contact by contact, with counts by outcome and rule."""
    counts, by_rule = house.runs.counts(run.id), house.runs.counts_by_rule(run.id)
    total = by_rule.get(given.rule, 0) if given.rule else sum(counts.values())
    total = counts.get(given.outcome, 0) if given.outcome else total
    upto = given.page * PAGE_ROWS
    lines = house.runs.ledger(run.id, outcome=given.outcome, rule_id=given.rule, limit=upto)
    lines = lines[first_row(given.page) :]
    assets = {asset.id: asset for asset in house.crm.assets()}
    names = {line.contact_id: _name_of(house, line.contact_id) for line in lines}
    decided = {line.decision_id: _got(house, line.decision_id, assets) for line in lines if line.decision_id}
    kind = "dry run" if run.is_dry_run else "run"
    campaign = house.crm.campaign(run.campaign_id)
    ended = ", ".join(
        f"{many:,} {plainly(OUTCOME_WORDS[ContactOutcome(one)])}" for one, many in counts.items()
    )
    return ToolAnswer(
        words=f"The {kind} of {campaign.name} of {moment(run.started_at, asker)}: {ended}. "
        f"{page_words(total, given.page, 'contact')}",
        facts=known(
            run=f"[run:{run.id}]",
            campaign=f"[campaign:{campaign.id}]",
            campaign_name=label(campaign.name),
            began=day(run.started_at, asker),
            is_dry_run=run.is_dry_run or None,
            by_outcome={one.value: many for one, many in counts.items()},
            by_rule={
                f"[rule:{rule}]": f"{many}: {title_of(rule, house.rules)}" for rule, many in by_rule.items()
            },
        )
        | paged(
            "contacts",
            [
                known(
                    record=contact_ref(line.contact_id).mark,
                    name=label(names[line.contact_id], 40),
                    outcome=line.outcome.value,
                    rule=f"[rule:{line.rule_id}]" if line.rule_id else None,
                    decided=decided.get(line.decision_id or ""),
                    decision=f"[decision:{line.decision_id}]" if line.decision_id else None,
                )
                for line in lines
            ],
            total,
            given.page,
        ),
        tables=(
            table(
                f"{campaign.name}, {kind} of {day(run.started_at, asker)}",
                _LIST,
                (
                    (
                        contact_ref(line.contact_id, names[line.contact_id]),
                        plainly(OUTCOME_WORDS[line.outcome]),
                        decided.get(line.decision_id or ""),
                        _decision_ref(line.decision_id, names[line.contact_id], decided[line.decision_id])
                        if line.decision_id
                        else None,
                        rule_ref(line.rule_id, house) if line.rule_id else None,
                        line.reason,
                    )
                    for line in lines
                ),
                total,
                given.page,
            ),
        ),
        records=unique(
            (
                run_ref(run, campaign.name, asker),
                record(RecordKind.CAMPAIGN, campaign.id, campaign.name),
                *(contact_ref(line.contact_id, names[line.contact_id]) for line in lines),
                *(
                    _decision_ref(line.decision_id, names[line.contact_id], decided[line.decision_id])
                    for line in lines
                    if line.decision_id
                ),
                *(rule_ref(rule, house) for rule in by_rule),
            )
        ),
    )


def _decision_ref(decision_id: str, name: str, decided: str) -> RecordRef:
    return record(RecordKind.DECISION, decision_id, f"{label(name, 30)}: {decided}")


def _name_of(house: House, contact_id: str) -> str:
    try:
        return house.crm.contact(contact_id).name
    except NotFound:
        return "someone erased since"


def _got(house: House, decision_id: str, assets: Mapping[str, ContentAsset]) -> str:
    return plainly(name_of(house.crm.decision(decision_id).action, assets))


def _run_row(line: RunLine, asker: Asker) -> dict[str, Any]:
    return known(
        on=day(line.at, asker),
        campaign=f"[campaign:{line.campaign_id}]",
        campaign_name=label(line.campaign, 40),
        outcome=plainly(line.outcome_words),
        decided=plainly(line.decided),
        decision=f"[decision:{line.decision.id}]" if line.decision else None,
        rule=f"[rule:{line.rule.rule_id}] {line.rule.title}" if line.rule else None,
        proposal=f"[proposal:{line.proposal_id}]" if line.proposal_id else None,
        is_dry_run=line.is_dry_run or None,
        the_same_in_earlier_runs=line.earlier or None,
    )


def _run_cells(line: RunLine) -> tuple[Cell, ...]:
    reasons = line.decision.reasons if line.decision else ()
    return (
        line.at,
        record(RecordKind.CAMPAIGN, line.campaign_id, line.campaign),
        f"{plainly(line.outcome_words)}{' (dry run)' if line.is_dry_run else ''}",
        plainly(line.decided),
        record(RecordKind.DECISION, line.decision.id, plainly(line.decided)) if line.decision else None,
        line.reason or plainly(" ".join(reasons[:1])),
    )
