"""HubSpot: the tables a connector writes, and the files its web pages export.

Both name the same things differently (`property_hs_email_optout`, "Unsubscribed from all email"); the
names in hubspot_names.py cover both. E-mail events are read in hubspot_events.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from domain.errors import AttuneError, ImportRefused
from domain.events import EventKind
from domain.records import AccountRow, ContactRow, DealRow, DealStageRow, EventRow, MergeRow, RoleRow, Row
from tools.importers import Progress, cells, titles, vocabulary
from tools.importers.folder import Folder, full_name, labels, plain_rows
from tools.importers.hubspot_events import email_events
from tools.importers.hubspot_names import COMPANY, CONTACT, DEAL, LINK, TOUCH
from tools.importers.pairs import Pairs
from tools.importers.sheet import Names, Record, Sheet, Unreadable
from tools.importers.tabular import open_table

_TOUCHES = {
    "note": EventKind.NOTE_ADDED,
    "call": EventKind.CALL_HELD,
    "meeting": EventKind.MEETING_HELD,
    "email": EventKind.EMAIL_SENT,
    "task": EventKind.TASK_ADDED,
    "communication": EventKind.NOTE_ADDED,
}
_NOT_HELD = frozenset({"scheduled", "no_show", "no show", "canceled", "cancelled", "rescheduled"})
Translate = Callable[[Record], Iterator[Row]]


class HubspotImporter:
    """Reads a folder of connector tables or one exported file."""

    name = "hubspot"

    def recognises(self, path: Path) -> bool:
        """Tell whether there is a contact, company or deal table, or a file with a HubSpot record id."""
        try:
            folder = Folder(path)
            return _is_connector(folder) or (bool(folder.files) and all(map(_page_kind, folder.files)))
        except (AttuneError, OSError):
            return False

    def rows(self, path: Path, progress: Progress | None = None) -> Iterator[Row]:
        """Yield companies, contacts, merges, deals, stages, roles and events, in this order."""
        folder = Folder(path)
        folder.check(path.name)
        if _is_connector(folder):
            yield from _Reading(folder, progress).connector_tables()
            return
        kinds = sorted(
            ((kind, file) for file in folder.files if (kind := _page_kind(file))), key=lambda pair: pair[0]
        )
        if len(kinds) < len(folder.files):
            raise ImportRefused(
                f"{path.name} is not a HubSpot export: neither contact, company and deal tables of a connector "
                "nor files with the columns `Record ID` and `Email`, `Company name` or `Deal Name`."
            )
        reading = _Reading(folder, progress)
        translate: dict[str, tuple[Names, Translate]] = {
            "1_company": (COMPANY, reading.company),
            "2_contact": (CONTACT, reading.contact),
            "3_deal": (DEAL, reading.deal),
        }
        for kind, file in kinds:
            yield from reading.records(file, *translate[kind])


def _is_connector(folder: Folder) -> bool:
    """Tell whether one of the tables has a name and columns as a connector writes them."""
    found = (folder.table(name) for name in ("contact", "company", "deal", "email_event"))
    headers = (open_table(file).header for file in found if file)
    return any(column.startswith(("property_", "portal_id")) for header in headers for column in header)


def _page_kind(path: Path) -> str | None:
    header = set(open_table(path).header)
    if "Record ID" not in header:
        return None
    if "Deal Name" in header:
        return "3_deal"
    return "2_contact" if "Email" in header or "First Name" in header else "1_company"


class _Reading:
    """One pass over an export, with its small reference tables in memory."""

    def __init__(self, folder: Folder, progress: Progress | None) -> None:
        self._folder = folder
        self._progress = progress
        self._used: set[Path] = set()
        self._owners = labels(folder.table("owner", "owners"), lambda row: (row["owner_id"], full_name(row)))
        self._pipelines = labels(
            folder.table("deal_pipeline"),
            lambda row: (row["pipeline_id"], row.get("label") or row["pipeline_id"]),
        )
        stages = folder.table("deal_pipeline_stage")
        self._stages = {row["stage_id"]: row for row in plain_rows(stages)} if stages else {}
        self._forms = labels(folder.table("form"), lambda row: (row["guid"], row.get("name") or row["guid"]))

    def connector_tables(self) -> Iterator[Row]:
        yield from self._table(("company",), COMPANY, self.company)
        yield from self._table(("contact",), CONTACT, self.contact)
        yield from self._table(("contact_merge_audit",), LINK, self._merge)
        with Pairs() as pairs:
            for table in ("deal_company", "engagement_contact", "engagement_company", "engagement_deal"):
                key = "deal_id" if table == "deal_company" else "engagement_id"
                if file := self._folder.table(table):
                    told = f"{table.rpartition('_')[2]}_id"
                    pairs.load(table, ((row[key], row[told]) for row in plain_rows(file)))
            yield from self._table(("deal",), DEAL, lambda record: self.deal(record, pairs))
            yield from self._table(("deal_stage",), LINK, self._stage)
            yield from self._table(("deal_contact",), LINK, self._role)
            yield from self._table(("contact_form_submission",), LINK, self._form)
            for kind in _TOUCHES:
                yield from self._table(
                    (f"engagement_{kind}",),
                    TOUCH,
                    lambda record, kind=kind: self._touch(record, kind, pairs),  # type: ignore[misc]
                )
        yield from email_events(self._folder, self._progress)
        self._used |= {
            file for file in self._folder.files if self._folder.name_of(file).startswith("email_event")
        }
        for file in self._folder.files:
            if file not in self._used:
                reason = (
                    f"{self._folder.name_of(file)} is a reference table: used for its labels or not at all"
                )
                yield from self.records(file, {}, lambda record, reason=reason: iter([record.skip(reason)]))  # type: ignore[misc]

    def records(self, file: Path, names: Names, translate: Translate) -> Iterator[Row]:
        """Yield what every row of one file becomes; one where much hangs on an unreadable cell is rejected."""
        self._used.add(file)
        sheet = Sheet(open_table(file), names)
        for record in sheet.records(self._folder.reading(file, self._progress)):
            if not isinstance(record, Record):
                yield record
                continue
            try:
                yield from translate(record)
            except Unreadable as error:
                yield record.reject(str(error))

    def _table(self, names: tuple[str, ...], fields: Names, translate: Translate) -> Iterator[Row]:
        if file := self._folder.table(*names):
            yield from self.records(file, fields, translate)

    def company(self, record: Record) -> Iterator[Row]:
        external_id = record.text("id")
        if external_id is None:
            yield record.reject("a company without an id")
            return
        yield AccountRow(
            place=record.place,
            source="hubspot",
            external_id=external_id,
            name=record.text("name"),
            domain=cells.domain(record.text("domain") or ""),
            industry=record.text("industry"),
            employees=record.people("employees"),
            annual_revenue_cents=record.cents("revenue"),
            country=record.country("country"),
            region=record.text("region"),
            city=record.text("city"),
            owner=self._owner(record),
            created_at=record.moment("created_at"),
            is_deleted=record.must_flag("deleted") or False,
            attributes=record.attributes("company_type"),
        )

    def contact(self, record: Record) -> Iterator[Row]:
        external_id = record.text("id")
        opted_out, stage = record.stop("opted_out", "opted out"), record.text("stage")
        if opted_out.is_stop is None:
            opted_out = record.stop("opted_out_at", "opted out")
        quarantined = record.stop("quarantined", "bounced")
        is_deleted = record.stop("deleted", "deleted").is_stop or False
        title = record.text("job_title")
        account_ids = record.texts("account_id")
        yield ContactRow(
            place=record.place,
            source="hubspot",
            external_id=external_id,
            other_external_ids=tuple(one for one in record.texts("merged") if one != external_id),
            email=record.text("email"),
            account_external_id=account_ids[0] if account_ids else None,
            account_name=record.text("account_name"),
            first_name=record.text("first_name"),
            last_name=record.text("last_name"),
            job_title=title,
            department=record.text("department"),
            seniority=titles.seniority(title) if title else None,
            country=record.country("country", "country_name"),
            region=record.text("region"),
            city=record.text("city"),
            time_zone=record.text("time_zone"),
            language=record.text("language"),
            phone=record.text("phone"),
            lifecycle_stage=vocabulary.stage(stage) if stage else None,
            owner=self._owner(record),
            created_at=record.moment("created_at"),
            is_opted_out=opted_out.is_stop,
            opted_out_at=record.moment("opted_out_at") or opted_out.since,
            is_bounced=bool(record.text("hard_bounce")) or quarantined.is_stop or None,
            bounced_at=quarantined.since,
            is_deleted=is_deleted,
            attributes=record.attributes(
                "lead_status", "original_source", "legal_basis", "lead_score", "hard_bounce"
            ),
            doubts=record.doubts,
        )

    def deal(self, record: Record, pairs: Pairs | None = None) -> Iterator[Row]:
        external_id = record.text("id")
        if external_id is None:
            yield record.reject("a deal without an id")
            return
        stage_id, pipeline_id, kind = record.text("stage"), record.text("pipeline"), record.text("kind")
        known = self._stages.get(stage_id or "", {})
        stage = known.get("label") or stage_id
        word = (stage or "").lower().replace(" ", "")
        is_won = record.flag("won")
        if is_won is None:
            is_won = cells.flag(known.get("closed_won", "")) if known else "closedwon" in word or None
        is_closed = record.flag("closed")
        if is_closed is None:
            is_closed = cells.flag(known.get("is_closed", "")) if known else word.startswith("closed") or None
        account_ids = record.texts("account_id") or (pairs.of("deal_company", external_id) if pairs else ())
        yield DealRow(
            place=record.place,
            source="hubspot",
            external_id=external_id,
            name=record.text("name"),
            kind=vocabulary.deal_kind(kind or record.text("name") or ""),
            pipeline=self._pipelines.get(pipeline_id or "", pipeline_id),
            stage=stage,
            amount_cents=record.cents("amount"),
            currency=_currency(record.text("currency")),
            is_closed=is_closed or is_won,
            is_won=is_won,
            closes_on=record.day("closes_on"),
            owner=self._owner(record),
            created_at=record.moment("created_at"),
            account_external_id=account_ids[0] if account_ids else None,
            contact_external_ids=record.texts("contacts"),
            is_deleted=record.must_flag("deleted") or False,
            attributes=record.attributes(),
        )

    def _merge(self, record: Record) -> Iterator[Row]:
        kept, merged = record.text("kept"), record.text("merged")
        if not kept or not merged:
            yield record.reject("a merge without both ids")
            return
        yield MergeRow(place=record.place, source="hubspot", kept_external_id=kept, merged_external_id=merged)

    def _stage(self, record: Record) -> Iterator[Row]:
        deal, stage_id, entered_at = record.text("deal"), record.text("stage"), record.moment("at")
        if not deal or not stage_id or entered_at is None:
            yield record.reject("a stage without its deal, its name or its time")
            return
        stage = self._stages.get(stage_id, {}).get("label") or stage_id
        yield DealStageRow(
            place=record.place, source="hubspot", deal_external_id=deal, stage=stage, entered_at=entered_at
        )

    def _role(self, record: Record) -> Iterator[Row]:
        contact, deal = record.text("contact"), record.text("deal")
        if not contact or not deal:
            yield record.reject("a deal's contact without both ids")
            return
        yield RoleRow(
            place=record.place,
            source="hubspot",
            contact_external_id=contact,
            deal_external_id=deal,
            kind=vocabulary.role(record.text("label") or ""),
        )

    def _form(self, record: Record) -> Iterator[Row]:
        contact, at = record.text("contact"), record.moment("at")
        if not contact or at is None:
            yield record.reject("a form submission without its contact or its time")
            return
        form = record.text("form") or ""
        title = self._forms.get(form, form)
        unique = record.text("conversion") or f"{form}:{at.isoformat()}"
        yield EventRow(
            place=record.place,
            source="hubspot",
            provider_id=f"form:{contact}:{unique}",
            kind=EventKind.FORM_SUBMITTED,
            at=at,
            contact_external_id=contact,
            topic=title or None,
            subject=title or None,
            properties={"page": page} if (page := record.text("page")) else {},
        )

    def _touch(self, record: Record, kind: str, pairs: Pairs) -> Iterator[Row]:
        touch_id, at = record.text("id"), record.moment("at")
        if touch_id is None or at is None:
            yield record.reject(f"a {kind} without its id or its time")
            return
        event = _TOUCHES[kind]
        outcome = (record.text("outcome") or "").lower()
        if kind == "email" and "INCOMING" in (record.text("direction") or "").upper():
            event = EventKind.EMAIL_REPLIED
        if kind == "meeting" and outcome in _NOT_HELD:
            event = EventKind.MEETING_BOOKED
        of_company = pairs.of("engagement_company", touch_id)
        of_deal = pairs.of("engagement_deal", touch_id)
        # Several people at one meeting: each has it on the timeline, the first under its plain id.
        for number, contact in enumerate(pairs.of("engagement_contact", touch_id) or (None,)):
            yield EventRow(
                place=record.place,
                source="hubspot",
                provider_id=f"engagement:{touch_id}" + (f":{contact}" if number else ""),
                kind=event,
                at=at,
                contact_external_id=contact,
                account_external_id=of_company[0] if of_company else None,
                deal_external_id=of_deal[0] if of_deal else None,
                subject=record.text("subject"),
                text=record.text("text"),
                properties={"outcome": outcome} if outcome else {},
            )

    def _owner(self, record: Record) -> str | None:
        owner = record.text("owner")
        return self._owners.get(owner, owner) if owner else None


def _currency(written: str | None) -> str | None:
    code = (written or "").strip().upper()
    return code if len(code) == 3 and code.isalpha() else None
