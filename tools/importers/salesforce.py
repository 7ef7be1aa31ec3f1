"""Salesforce: connector tables, Data Loader and weekly exports, and reports.

Leads that were converted and contacts that were merged are the same person as the contact that is left;
reports write ids of 15 characters, everything else the same ids with 18: both become 18.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from domain.errors import AttuneError, ImportRefused
from domain.events import EventKind
from domain.people import LifecycleStage
from domain.records import AccountRow, ContactRow, DealRow, DealStageRow, EventRow, MergeRow, RoleRow, Row
from tools.importers import Progress, cells, titles, vocabulary
from tools.importers.folder import Folder, full_name, labels
from tools.importers.salesforce_names import ACCOUNT, ACTIVITY, CONTACT, DEAL, LEAD, ROLE, STAGE
from tools.importers.sheet import Names, Record, Sheet, Unreadable, normalised
from tools.importers.tabular import open_table

_SHORT_ID = re.compile(r"[a-zA-Z0-9]{15}")
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ACCOUNT_ID, _DEAL_ID = "001", "006"
_PREFIXES = ("sf_", "salesforce_")
_KEYS = {
    "opportunity_id": "opportunity",
    "lead_id": "lead",
    "contact_id": "contact",
    "account_id": "account",
}
"""What a report is about, by the id column it has; the first that fits, because a contact has an account id."""


class SalesforceImporter:
    """Reads a folder of tables or one exported file."""

    name = "salesforce"

    def recognises(self, path: Path) -> bool:
        """Tell whether there are Salesforce tables, or a file whose columns only Salesforce writes."""
        try:
            if not path.is_dir():
                return _kind_of(path, _Reading(Folder(path, _PREFIXES), None)) is not None
            folder = Folder(path, _PREFIXES)
            reading = _Reading(folder, None)
            return any(_kind_of(file, reading) for file in folder.files)
        except (AttuneError, OSError):
            return False

    def rows(self, path: Path, progress: Progress | None = None) -> Iterator[Row]:
        """Yield accounts, contacts, leads, deals, stages, roles and events, in this order."""
        folder = Folder(path, _PREFIXES)
        folder.check(path.name)
        reading = _Reading(folder, progress)
        kinds = {file: _kind_of(file, reading) for file in folder.files}
        if not any(kinds.values()):
            raise ImportRefused(
                f"{path.name} is not a Salesforce export: no account, contact, lead or opportunity table, "
                "and no report with a Contact ID, Lead ID, Account ID or Opportunity ID."
            )
        for kind, (names, translate) in reading.tables.items():
            for file in folder.files:
                if kinds[file] == kind:
                    yield from reading.records(file, names, translate)
        for file in folder.files:
            if kinds[file] is None:
                yield from reading.references(file)


def _kind_of(file: Path, reading: _Reading) -> str | None:
    """The table a file is, by its name and columns, or by a report's columns alone."""
    columns = {normalised(column) for column in open_table(file).header}
    name = reading.name_of(file)
    if name in reading.tables and _looks_like(name, columns):
        return name
    if name in reading.others:
        return None
    if columns & {"hasoptedoutofemail", "isemailbounced"} and "id" in columns:
        return "lead" if "isconverted" in columns else "contact"
    if "stagename" in columns and "id" in columns:
        return "opportunity"
    return next((kind for key, kind in _KEYS.items() if key in columns and _is_report(kind, columns)), None)


def _looks_like(name: str, columns: set[str]) -> bool:
    needed = {"contact": CONTACT, "lead": LEAD, "account": ACCOUNT, "opportunity": DEAL}.get(name, {})
    is_own = bool(
        columns & {"is_deleted", "isdeleted", "owner_id", "ownerid", "system_modstamp", "createddate"}
    )
    return is_own or (not needed and name not in ("task", "event"))


def _is_report(kind: str, columns: set[str]) -> bool:
    speaking = {
        "contact": {"email_opt_out", "account_name", "mailing_country", "contact_owner", "title"},
        "lead": {"lead_status", "company_account", "lead_owner", "converted"},
        "account": {"account_name", "account_owner", "billing_country"},
        "opportunity": {"opportunity_name", "stage", "opportunity_owner"},
    }
    return len(columns & speaking[kind]) >= 2 and "record_id" not in columns


def to_18(short: str | None) -> str | None:
    """Return the 18-character form of a Salesforce id; anything else stays as it is.

    The last three characters say which of the fifteen are capitals, so that ids survive where case does not.
    """
    if short is None or not _SHORT_ID.fullmatch(short):
        return short
    parts = (short[start : start + 5] for start in (0, 5, 10))
    return short + "".join(
        _CHECK[sum(1 << n for n, mark in enumerate(part) if mark.isupper())] for part in parts
    )


class _Reading:
    """One pass over an export, with the names of its users in memory."""

    def __init__(self, folder: Folder, progress: Progress | None) -> None:
        self._folder = folder
        self._progress = progress
        self.tables: dict[str, tuple[Names, Callable[[Record], Iterator[Row]]]] = {
            "account": (ACCOUNT, self._account),
            "contact": (CONTACT, self._contact),
            "lead": (LEAD, self._lead),
            "opportunity": (DEAL, self._deal),
            "opportunity_history": (STAGE, self._stage),
            "opportunity_contact_role": (ROLE, self._role),
            "task": (ACTIVITY, self._task),
            "event": (ACTIVITY, self._meeting),
        }
        self._joined = {name.replace("_", ""): name for name in self.tables}
        self.others = frozenset(folder.name_of(file) for file in folder.files) - set(self.tables)
        self.others = frozenset(
            name for name in self.others if "history" in name or name in ("user", "order")
        )
        self._users = labels(
            folder.table("user"), lambda row: (row.get("id") or row.get("Id") or "", full_name(_lower(row)))
        )

    def name_of(self, file: Path) -> str:
        name = self._folder.name_of(file)
        return self._joined.get(name, name)

    def records(
        self, file: Path, names: Names, translate: Callable[[Record], Iterator[Row]]
    ) -> Iterator[Row]:
        """Yield what every row of one file becomes; one where much hangs on an unreadable cell is rejected."""
        for record in Sheet(open_table(file), names).records(self._folder.reading(file, self._progress)):
            if not isinstance(record, Record):
                yield record
                continue
            try:
                if record.flag("active") is False:
                    yield record.skip("an obsolete version of another row")
                else:
                    yield from translate(record)
            except Unreadable as error:
                yield record.reject(str(error))

    def references(self, file: Path) -> Iterator[Row]:
        """Yield every row of a table that is used for its labels or not at all."""
        reason = f"{self._folder.name_of(file)} is a reference table: used for its labels or not at all"
        return self.records(file, {}, lambda record: iter([record.skip(reason)]))

    def _account(self, record: Record) -> Iterator[Row]:
        if record.text("id") is None:
            yield record.reject("an account without an id")
            return
        yield AccountRow(
            place=record.place,
            source="salesforce",
            external_id=to_18(record.text("id")),
            name=record.text("name"),
            domain=cells.domain(record.text("domain") or ""),
            industry=record.text("industry"),
            employees=record.people("employees"),
            annual_revenue_cents=record.cents("revenue"),
            currency=_currency(record.text("currency")),
            country=record.country("country", "country_name"),
            region=record.text("region"),
            city=record.text("city"),
            owner=self._owner(record),
            created_at=record.moment("created_at"),
            is_deleted=record.must_flag("deleted") or False,
            attributes=record.attributes("account_type", "rating"),
        )

    def _contact(self, record: Record) -> Iterator[Row]:
        external_id, master = to_18(record.text("id")), to_18(record.text("master"))
        row = self._person(record, external_id, ())
        if master is None or external_id is None:
            yield row
        elif row.is_opted_out:
            # What the merged record refused holds for the person and for the address it had.
            yield row.model_copy(
                update={
                    "external_id": master,
                    "other_external_ids": (external_id,),
                    "email": None,
                    "is_deleted": False,
                }
            )
            yield row.model_copy(update={"is_deleted": True, "doubts": ()})
        else:
            yield MergeRow(
                place=record.place,
                source="salesforce",
                kept_external_id=master,
                merged_external_id=external_id,
            )

    def _lead(self, record: Record) -> Iterator[Row]:
        lead_id, contact_id = to_18(record.text("id")), to_18(record.text("contact"))
        status = record.text("status")
        stage = vocabulary.stage(status) if status else None
        if record.flag("is_converted"):
            stage = LifecycleStage.OPPORTUNITY if record.text("deal") else LifecycleStage.SQL
        row = self._person(record, contact_id or lead_id, (lead_id,) if contact_id and lead_id else ())
        yield row.model_copy(
            update={
                "lifecycle_stage": stage or LifecycleStage.LEAD,
                "stage_since": record.moment("converted_at"),
                "account_domain": cells.domain(record.text("website") or ""),
                "attributes": row.attributes | record.attributes("status", "industry", "rating"),
            }
        )

    def _person(self, record: Record, external_id: str | None, others: tuple[str, ...]) -> ContactRow:
        title = record.text("job_title")
        opted_out, bounced = record.stop("opted_out", "opted out"), record.stop("is_bounced", "bounced")
        is_bounced = bounced.is_stop or bool(record.text("bounced_at") or record.text("bounce_reason"))
        is_deleted = record.stop("deleted", "deleted").is_stop or False
        return ContactRow(
            place=record.place,
            source="salesforce",
            external_id=external_id,
            other_external_ids=others,
            email=record.text("email"),
            account_external_id=to_18(record.text("account_id")),
            account_name=record.text("account_name"),
            first_name=record.text("first_name"),
            last_name=record.text("last_name"),
            job_title=title,
            department=record.text("department"),
            seniority=titles.seniority(title) if title else None,
            country=record.country("country", "country_name"),
            region=record.text("region"),
            city=record.text("city"),
            phone=record.text("phone"),
            owner=self._owner(record),
            created_at=record.moment("created_at"),
            is_opted_out=opted_out.is_stop,
            opted_out_at=opted_out.since,
            is_bounced=is_bounced or None,
            bounced_at=record.moment("bounced_at") or bounced.since,
            is_deleted=is_deleted,
            attributes=record.attributes("lead_source", "do_not_call", "score", "grade", "bounce_reason"),
            doubts=record.doubts,
        )

    def _deal(self, record: Record) -> Iterator[Row]:
        external_id, stage, name = to_18(record.text("id")), record.text("stage"), record.text("name")
        if external_id is None:
            yield record.reject("an opportunity without an id")
            return
        word = re.sub(r"[^a-z]", "", (stage or "").lower())
        is_won, is_closed = record.flag("won"), record.flag("closed")
        kind = record.text("kind") or record.text("record_type")
        is_won = word == "closedwon" or None if is_won is None else is_won
        is_closed = word.startswith("closed") or None if is_closed is None else is_closed
        contact = to_18(record.text("contact"))
        yield DealRow(
            place=record.place,
            source="salesforce",
            external_id=external_id,
            name=name,
            kind=vocabulary.deal_kind(kind or name or ""),
            stage=stage,
            amount_cents=record.cents("amount"),
            currency=_currency(record.text("currency")),
            is_closed=is_closed or is_won,
            is_won=is_won,
            closes_on=record.day("closes_on"),
            owner=self._owner(record),
            created_at=record.moment("created_at"),
            account_external_id=to_18(record.text("account_id")),
            contact_external_ids=(contact,) if contact else (),
            is_deleted=record.must_flag("deleted") or False,
            attributes=record.attributes("lead_source", "forecast", "account_name"),
        )

    def _stage(self, record: Record) -> Iterator[Row]:
        deal, stage, entered_at = to_18(record.text("deal")), record.text("stage"), record.moment("at")
        if record.flag("deleted"):
            yield record.skip("deleted in Salesforce")
        elif deal is None or stage is None or entered_at is None:
            yield record.reject("a stage without its opportunity, its name or its time")
        else:
            yield DealStageRow(
                place=record.place,
                source="salesforce",
                deal_external_id=deal,
                stage=stage,
                entered_at=entered_at,
            )

    def _role(self, record: Record) -> Iterator[Row]:
        contact, deal = to_18(record.text("contact")), to_18(record.text("deal"))
        if record.flag("deleted"):
            yield record.skip("deleted in Salesforce")
        elif contact is None or deal is None:
            yield record.reject("an opportunity's contact without both ids")
        else:
            yield RoleRow(
                place=record.place,
                source="salesforce",
                contact_external_id=contact,
                deal_external_id=deal,
                kind=vocabulary.role(record.text("role") or ""),
            )

    def _task(self, record: Record) -> Iterator[Row]:
        words = {(record.text("subtype") or "").lower(), (record.text("type") or "").lower()}
        is_done = record.flag("is_closed") or (record.text("status") or "").lower() == "completed"
        kind = EventKind.TASK_ADDED
        if is_done and "call" in words:
            kind = EventKind.CALL_HELD
        elif is_done and words & {"email", "listemail", "e-mail"}:
            kind = EventKind.EMAIL_SENT
        elif is_done and "meeting" in words:
            kind = EventKind.MEETING_HELD
        yield from self._activity(record, "task", kind)

    def _meeting(self, record: Record) -> Iterator[Row]:
        kind = (
            EventKind.CALL_HELD if (record.text("type") or "").lower() == "call" else EventKind.MEETING_HELD
        )
        yield from self._activity(
            record, "event", EventKind.MEETING_BOOKED if record.flag("no_show") else kind
        )

    def _activity(self, record: Record, table: str, kind: EventKind) -> Iterator[Row]:
        activity_id, at = to_18(record.text("id")), record.moment("at")
        what = to_18(record.text("what")) or ""
        if record.flag("deleted"):
            yield record.skip("deleted in Salesforce")
        elif activity_id is None or at is None:
            yield record.reject(f"{table}: no id or no time")
        else:
            account = what if what.startswith(_ACCOUNT_ID) else to_18(record.text("account"))
            yield EventRow(
                place=record.place,
                source="salesforce",
                provider_id=f"{table}:{activity_id}",
                kind=kind,
                at=at,
                contact_external_id=to_18(record.text("who")),
                account_external_id=account,
                deal_external_id=what if what.startswith(_DEAL_ID) else None,
                subject=record.text("subject"),
                text=record.text("text"),
            )

    def _owner(self, record: Record) -> str | None:
        owner = record.text("owner")
        return self._users.get(to_18(owner) or "", owner) if owner else None


def _currency(written: str | None) -> str | None:
    code = (written or "").strip().upper()
    return code if len(code) == 3 and code.isalpha() else None


def _lower(row: dict[str, str]) -> dict[str, str]:
    return {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower(): cell for name, cell in row.items()}
