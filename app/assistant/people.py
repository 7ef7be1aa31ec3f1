"""Finding contacts, and one contact on record, for whoever asks the assistant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.amounts import money
from app.assistant.meant import account_meant, among, conditions_meant, contact_of
from app.assistant.words import (
    PAGE_ROWS,
    account_ref,
    columns,
    contact_ref,
    day,
    day_begins,
    first_row,
    found_words,
    known,
    label,
    moment,
    paged,
    plain_label,
    record,
    table,
    unique,
)
from app.contact_view import ContactFacts, ContactHead, facts_of, head_of
from domain.assistant import AnswerTable, Asker, Cell, RecordKind, RecordRef, ToolAnswer
from domain.people import Consent, Deal, Suppression
from domain.search import ContactLine, ContactSearch
from memory.crm.finder import MOST_ORDERED
from tools.people import ContactFind, ContactShow

if TYPE_CHECKING:
    from app.wiring import House

MOST_COUNTED = MOST_ORDERED
"""Lists that are counted by stage or country besides: of longer ones that would take long."""

MOST_NAMED = 5
"""Deals, consents and stops told in facts; tables hold all."""

CONTACT_COLUMNS = columns(
    ("Contact", "record"),
    "Job title",
    ("Company", "record"),
    "E-mail",
    "Country",
    "Stage",
    "Owner",
    ("Last own act", "moment"),
    "Stopped",
)


class People:
    """Does the tools of `tools/people.py`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def contact_find(self, asker: Asker, given: ContactFind) -> ToolAnswer:
        """Find contacts."""
        owners = among(given.owners, self._house.finder.choices().owners if given.owners else (), "owner")
        search = ContactSearch(
            words=given.words,
            stages=given.stages,
            countries=given.countries,
            owners=owners.values,
            account_id=account_meant(self._house, given.account).id if given.account else None,
            did=conditions_meant(self._house, given),
            since=day_begins(given.since, asker),
            quiet_days=given.quiet_days,
        )
        if owners.fits_nothing:
            return ToolAnswer(words=f"No contact. {owners.missed}", facts={"total": 0})
        is_newest_first = not search.words
        lines, total = self._house.finder.contacts(
            search, PAGE_ROWS, first_row(given.page), newest_first=is_newest_first
        )
        by_stage = self._house.finder.stages(search) if PAGE_ROWS < total <= MOST_COUNTED else {}
        said = found_words(
            total, given.page, "contact", search.did, search.quiet_days, day(search.since, asker)
        )
        counted = ", ".join(f"{many:,} {stage}" for stage, many in by_stage.items())
        return ToolAnswer(
            words=" ".join(
                part for part in (said, f"By stage: {counted}." if counted else "", owners.missed) if part
            ),
            facts=paged("contacts", [contact_row(line, asker) for line in lines], total, given.page)
            | known(by_stage=by_stage, ordered_by=order_words(total, is_newest_first)),
            tables=(table("Contacts", CONTACT_COLUMNS, map(contact_cells, lines), total, given.page),),
            records=unique(contact_ref(line.contact_id, line.name) for line in lines),
        )

    def contact_show(self, asker: Asker, given: ContactShow) -> ToolAnswer:
        """Show what is on record of a contact."""
        contact_id = contact_of(self._house, given.who).id
        head, on_record = head_of(self._house, contact_id), facts_of(self._house, contact_id)
        return ToolAnswer(
            words=_may_be_written_to(head, asker),
            facts=_facts(head, on_record, asker),
            tables=tuple(one for one in _tables(on_record) if one.rows),
            records=unique(
                (
                    contact_ref(contact_id, head.contact.name),
                    account_ref(head.account.id, head.account.name) if head.account else None,
                    _rule_ref(head),
                    *(deal_ref(deal) for deal in on_record.deals[:MOST_NAMED]),
                )
            ),
        )


def order_words(total: int, is_newest_first: bool) -> str:
    """How a list is ordered."""
    return "last own act, newest first" if is_newest_first and total <= MOST_COUNTED else "name"


def contact_row(line: ContactLine, asker: Asker) -> dict[str, Any]:
    """A contact of a list as facts."""
    return known(
        record=contact_ref(line.contact_id).mark,
        name=label(line.name),
        job_title=label(line.job_title),
        account=label(line.account),
        country=line.country,
        stage=line.stage.value,
        owner=label(line.owner, 30),
        last_own_act=day(line.last_act_at, asker) or "never",
        stopped="a stop holds" if line.is_stopped else None,
    )


def contact_cells(line: ContactLine) -> tuple[Cell, ...]:
    """A contact of a list as a row people see."""
    return (
        contact_ref(line.contact_id, line.name),
        line.job_title,
        account_ref(line.account_id, line.account) if line.account_id else line.account,
        line.email,
        line.country,
        line.stage.value,
        line.owner,
        line.last_act_at,
        "stopped" if line.is_stopped else None,
    )


def deal_ref(deal: Deal) -> RecordRef:
    """A deal as a record."""
    return record(RecordKind.DEAL, deal.id, deal.name)


def deal_row(deal: Deal, asker: Asker) -> dict[str, Any]:
    """A deal as facts."""
    state = ("won" if deal.is_won else "lost") if deal.is_closed else "open"
    return known(
        record=deal_ref(deal).mark,
        name=label(deal.name),
        kind=deal.kind.value,
        state=state,
        stage=plain_label(deal.stage) if not deal.is_closed else None,
        amount=money(deal.amount_cents, deal.currency) if deal.amount_cents is not None else None,
        closes=f"{deal.closes_on.day} {deal.closes_on:%b %Y}" if deal.closes_on else None,
    )


def deal_table(deals: Sequence[Deal]) -> AnswerTable:
    """Deals as people see them."""
    return table(
        "Deals",
        columns(("Deal", "record"), "Kind", "Stage", "State", "Amount", "Closes", "Owner"),
        (
            (
                deal_ref(deal),
                deal.kind.value,
                deal.stage,
                ("won" if deal.is_won else "lost") if deal.is_closed else "open",
                money(deal.amount_cents, deal.currency),
                deal.closes_on.isoformat() if deal.closes_on else None,
                deal.owner,
            )
            for deal in deals
        ),
    )


def _may_be_written_to(head: ContactHead, asker: Asker) -> str:
    name = label(head.contact.name)
    if head.refusal:
        mend = f" {head.refusal.mend}" if head.refusal.mend else ""
        return f"{name} may not be written to now: {label(head.refusal.reason, 300)} ({head.refusal.rule_id}).{mend}"
    opens = f" House hours let a message arrive from {moment(head.opens_at, asker)}." if head.opens_at else ""
    if head.messages_open:
        many = head.messages_open > 1
        opens += " Messages to them are on the way" if many else " A message to them is on the way"
        opens += (
            f" already, or wait{'' if many else 's'} for a person, and no second one is written meanwhile."
        )
    return f"{name} may be written to now.{opens}"


def _rule_ref(head: ContactHead) -> RecordRef | None:
    return record(RecordKind.RULE, head.refusal.rule_id, head.refusal.title) if head.refusal else None


def _facts(head: ContactHead, on_record: ContactFacts, asker: Asker) -> dict[str, Any]:
    contact, refusal = head.contact, head.refusal
    parts = {role.deal_id: role.kind.value.replace("_", " ") for role in on_record.roles}
    return known(
        record=contact_ref(contact.id).mark,
        name=label(contact.name),
        job_title=label(contact.job_title),
        seniority=contact.seniority.value,
        account=label(head.account.name) if head.account else None,
        account_record=account_ref(head.account.id).mark if head.account else None,
        country=contact.country,
        time_zone=label(contact.time_zone),
        language=label(contact.language, 20),
        owner=label(contact.owner),
        stage=contact.lifecycle_stage.value,
        stage_since=day(contact.stage_since, asker),
        email=contact.email_status.value,
        may_be_written_to=head.may_be_written_to,
        rule=known(
            record=f"[rule:{refusal.rule_id}]",
            title=refusal.title,
            reason=label(refusal.reason, 300),
            mend=refusal.mend,
        )
        if refusal
        else None,
        house_hours_from=moment(head.opens_at, asker),
        last_message_from_us=moment(head.last_message_at, asker) or "none yet",
        messages_on_their_way=head.messages_open,
        hand_off=label(head.hand_off.words, 300),
        deals=[
            known(**deal_row(deal, asker), part=parts.get(deal.id)) for deal in on_record.deals[:MOST_NAMED]
        ],
        deals_total=len(on_record.deals),
        consents=[_consent_row(one, asker) for one in on_record.consents[:MOST_NAMED]],
        stops=[_stop_row(one, asker) for one in on_record.stops[:MOST_NAMED]],
    )


def _consent_row(one: Consent, asker: Asker) -> dict[str, Any]:
    return known(
        channel=plain_label(one.channel),
        answer="yes" if one.is_granted else "no",
        basis=one.basis.value.replace("_", " "),
        on=day(one.recorded_at, asker),
        expires=day(one.expires_at, asker),
    )


def _stop_row(one: Suppression, asker: Asker) -> dict[str, Any]:
    return known(
        reason=one.reason.value.replace("_", " "),
        channel=plain_label(one.channel),
        since=day(one.since, asker),
        until=day(one.until, asker),
    )


def _tables(on_record: ContactFacts) -> tuple[AnswerTable, ...]:
    return (
        table(
            "On record",
            columns("Field", "Value", "From", ("As of", "moment")),
            ((one.name, one.value, one.source, one.at) for one in (*on_record.facts, *on_record.company)),
        ),
        deal_table(on_record.deals),
        table(
            "Consents",
            columns("Channel", "Answer", "Basis", ("Recorded", "moment"), "From", "Wording", "Proof"),
            (
                (
                    one.channel,
                    "yes" if one.is_granted else "no",
                    one.basis.value.replace("_", " "),
                    one.recorded_at,
                    one.source,
                    one.wording,
                    one.proof,
                )
                for one in on_record.consents
            ),
        ),
        table(
            "Stops",
            columns("Reason", "Channel", ("Since", "moment"), ("Until", "moment"), "From"),
            (
                (one.reason.value.replace("_", " "), one.channel, one.since, one.until, one.source)
                for one in on_record.stops
            ),
        ),
    )
