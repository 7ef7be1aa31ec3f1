"""Drafts a mapping file from a table's header and its first rows, for a person to correct."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import islice
from pathlib import Path

import yaml

from domain.errors import ImportRefused
from tools.importers import vocabulary
from tools.importers.sheet import normalised
from tools.importers.tabular import open_table

_SAMPLE_ROWS = 200
_SHOWN_VALUES = 3
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_DAY_FIRST = re.compile(r"(1[3-9]|2\d|3[01])/\d{1,2}/\d{4}.*")

_CONTACT = {
    "external_id": "id contact_id record_id lead_id user_id external_id customer_id prospect_id uuid",
    "email": "email e_mail email_address mail work_email emailaddress e_mail_adresse courriel",
    "first_name": "first_name firstname given_name vorname prenom nome fname",
    "last_name": "last_name lastname surname family_name nachname nom sobrenome lname",
    "job_title": "title job_title jobtitle position role funktion",
    "department": "department abteilung",
    "account_name": "company company_name account account_name organization organisation firma empresa entreprise",
    "account_domain": "website company_domain domain company_website company_domain_name",
    "country": "country country_region land pays pais country_code mailing_country",
    "region": "state region province bundesland state_region",
    "city": "city town ort ville cidade stadt",
    "phone": "phone phone_number telephone mobile telefon mobile_phone",
    "language": "language locale sprache langue",
    "time_zone": "time_zone timezone tz",
    "lifecycle_stage": "lifecycle_stage stage lead_status lifecyclestage",
    "owner": "owner contact_owner sales_rep account_manager",
    "created_at": "created_at create_date created createdate created_date date_added signup_date registered_at",
    "is_opted_out": "unsubscribed opted_out opt_out email_opt_out optout has_opted_out_of_email "
    "unsubscribed_from_all_email do_not_email",
    "opted_out_at": "unsubscribed_at opted_out_at unsubscribe_date",
    "is_bounced": "bounced hard_bounced is_email_bounced email_bounced",
    "consent_basis": "consent_basis",
    "consent_at": "consent_at consent_date consented_at",
    "consent_source": "consent_source",
    "consent_wording": "consent_wording consent_text",
    "suppression_reason": "status subscription_status email_status action subscription",
}
_DEAL = {
    "external_id": "deal_id opportunity_id id record_id",
    "name": "deal_name opportunity_name name deal opportunity",
    "stage": "stage deal_stage stage_name status",
    "pipeline": "pipeline",
    "amount_cents": "amount value deal_value revenue",
    "closes_on": "close_date closedate closed_at won_date expected_close_date closing_date",
    "created_at": "created_at create_date created created_date",
    "owner": "owner deal_owner opportunity_owner",
    "account_external_id": "company_id account_id",
    "contact_external_ids": "contact_id contact_ids",
}
_OF_DEALS = frozenset(
    {"deal_id", "opportunity_id", "deal_name", "opportunity_name", "deal_stage", "deal_value"}
)
"""Columns only a table of deals has: with one of them, an e-mail address is the deal's contact's."""

_EVENT = {
    "provider_id": "activity_id event_id engagement_id id record_id uuid",
    "kind": "event event_type event_name activity activity_type engagement_type type action kind",
    "at": "timestamp occurred_at happened_at event_time event_date activity_date activity_time date time datetime "
    "created_at create_date",
    "email": _CONTACT["email"] + " contact_email recipient recipient_email user_email",
    "contact_external_id": "contact_id user_id customer_id person_id lead_id",
    "subject": "subject title email_subject",
    "text": "notes note body comments comment description message",
    "topic": "topic category",
    "asset_id": "asset asset_id content_id",
}
_MOST_KINDS = 40
"""A column with more different values than this names no kinds of events."""


_NEEDED = {"deals": ("external_id",), "contacts": ("email",), "events": ("at",)}


def suggest(path: Path) -> str:
    """Return a commented mapping file for a table: what is plain is mapped, the rest is offered.

    Raises:
        ImportRefused: if the file is not a table, or nothing in it looks like a contact, a deal or an activity.

    """
    table = open_table(path)
    rows = [line.cells for line in islice(table.lines(), _SAMPLE_ROWS) if line.problem is None]
    columns = {name: [row[number].strip() for row in rows] for number, name in enumerate(table.header)}
    noun, found = _guess(columns)
    if not found:
        raise ImportRefused(
            f"{path.name}: no column looks like an e-mail address, a name, a deal or an activity. "
            "Write the mapping by hand; an example is in the importers' README."
        )
    source = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:40] or "csv"
    out = [
        f"# Drafted from {path.name}: check every line, then import with it.",
        "# A field is a column's name, or {column: ..., map: {...}}, {constant: ...}, {template: ...}.",
        f"source: {_quoted(source)}  # names where the ids come from: keep it the same for later files of this system",
        "time_zone: UTC  # what times without an offset are meant in",
        f"day_first: {'true' if _is_day_first(columns) else 'false'}  # 03/04/2024 is 3 April if true",
        "# currency: EUR",
        "outputs:",
        f"  - noun: {noun}",
    ]
    if noun == "events":
        out += _kinds_kept(found["kind"], columns[found["kind"]])
    out.append("    fields:")
    for field, column in found.items():
        out += _field_lines(field, column, columns[column])
    if noun == "events" and "provider_id" not in found:
        who = found.get("email") or found["contact_external_id"]
        same = "-".join(f"{{{column}}}" for column in (who, found["at"], found["kind"]))
        out.append(
            f"      provider_id: {{template: {_quoted(same)}}}  # no column tells rows apart: these do"
        )
    needed = [field for field in _NEEDED[noun] if field in found]
    if needed:
        out.append(f"    required: [{', '.join(needed)}]  # a row without it is rejected and listed")
    rest = [column for column in columns if column not in found.values()]
    if rest:
        out.append(
            "    attributes:  # kept as they are, for conditions and evidence; drop what you do not need"
        )
        out += [f"      - {_quoted(column)}{_samples(columns[column])}" for column in rest]
    return "\n".join(out) + "\n"


def _guess(columns: dict[str, list[str]]) -> tuple[str, dict[str, str]]:
    contact, deal = _matched(columns, _CONTACT), _matched(columns, _DEAL)
    by_value = next((name for name, cells in columns.items() if _are_addresses(cells)), None)
    if "email" not in contact and by_value:
        contact = {"email": by_value, **{field: name for field, name in contact.items() if name != by_value}}
    unique = (
        name for name, cells in columns.items() if normalised(name).endswith("id") and _are_unique(cells)
    )
    if "external_id" not in contact and (column := next(unique, None)):
        contact = {
            "external_id": column,
            **{field: name for field, name in contact.items() if name != column},
        }
    if "suppression_reason" in contact and not _speaks_of_stops(columns[contact["suppression_reason"]]):
        del contact["suppression_reason"]
    event = _matched(columns, _EVENT)
    if _is_of_events(event, columns):
        if "provider_id" in event and not _are_unique(columns[event["provider_id"]]):
            del event["provider_id"]
        return "events", event
    is_named = bool(_OF_DEALS & {normalised(name) for name in columns})
    if "external_id" not in deal and is_named and "name" in deal and _are_unique(columns[deal["name"]]):
        # Nothing else tells its rows apart.
        deal = {"external_id": deal["name"], **deal}
    is_deal = ("email" not in contact or is_named) and {"external_id"} < set(deal)
    return ("deals", deal) if is_deal and {"amount_cents", "stage"} & set(deal) else ("contacts", contact)


def _is_of_events(event: dict[str, str], columns: dict[str, list[str]]) -> bool:
    """Tell whether rows say what somebody did when: a time, a person, and kinds of which we know one."""
    if not {"kind", "at"} <= set(event) or not {"email", "contact_external_id"} & set(event):
        return False
    kinds = {cell for cell in columns[event["kind"]] if cell}
    return len(kinds) <= _MOST_KINDS and any(vocabulary.act(kind) for kind in kinds)


def _kinds_kept(column: str, cells: Sequence[str]) -> list[str]:
    """Rows of kinds we do not know are left out until somebody names them."""
    known = [cell for cell in sorted({cell for cell in cells if cell}) if vocabulary.act(cell)]
    others = _shown(sorted(cell for cell in cells if cell and not vocabulary.act(cell)))
    left_out = f"  # left out, no kind of ours: {', '.join(others)}" if others else ""
    return ["    when:", f"      {_quoted(column)}: [{', '.join(map(_quoted, known))}]{left_out}"]


def _matched(columns: dict[str, list[str]], names: dict[str, str]) -> dict[str, str]:
    by_name = {normalised(column): column for column in reversed(columns)}
    joined = {name.replace("_", ""): column for name, column in by_name.items()}
    found: dict[str, str] = {}
    for field, candidates in names.items():
        for candidate in candidates.split():
            column = by_name.get(candidate) or joined.get(candidate.replace("_", ""))
            if column and column not in found.values():
                found[field] = column
                break
    return found


_MAPPED: dict[str, Callable[[str], StrEnum | None]] = {
    "suppression_reason": vocabulary.stop,
    "lifecycle_stage": vocabulary.stage,
    "kind": vocabulary.act,
}
"""Fields whose cells are words of the source, and what each is in ours."""


def _field_lines(field: str, column: str, cells: Sequence[str]) -> list[str]:
    if field not in _MAPPED:
        return [f"      {field}: {_quoted(column)}{_samples(cells)}"]
    lines = [f"      {field}:", f"        column: {_quoted(column)}", "        map:"]
    for value in sorted({cell for cell in cells if cell})[:20]:
        ours = _MAPPED[field](value)
        note = "" if ours else "  # says nothing; name one of our words if it does"
        lines.append(f"          {_quoted(value)}: {_quoted(ours.value) if ours else 'null'}{note}")
    return lines if len(lines) > 3 else lines[:2]


def _are_addresses(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and sum(1 for cell in filled if _EMAIL.fullmatch(cell)) * 2 > len(filled)


def _are_unique(cells: Sequence[str]) -> bool:
    return bool(cells) and "" not in cells and len(set(cells)) == len(cells)


def _speaks_of_stops(cells: Sequence[str]) -> bool:
    return any(vocabulary.stop(cell) for cell in cells if cell)


def _is_day_first(columns: dict[str, list[str]]) -> bool:
    return any(_DAY_FIRST.fullmatch(cell) for cells in columns.values() for cell in cells)


def _samples(cells: Sequence[str]) -> str:
    shown = _shown(cells)
    return f"  # e.g. {', '.join(shown)}" if shown else ""


def _shown(cells: Sequence[str]) -> list[str]:
    """A few different cells, short and on one line."""
    short = (
        "".join(mark for mark in " ".join(cell.split())[:30] if mark.isprintable()) for cell in cells if cell
    )
    return list(dict.fromkeys(short))[:_SHOWN_VALUES]


def _quoted(word: str) -> str:
    written: str = yaml.safe_dump(word, allow_unicode=True, default_style='"', width=10_000)
    return written.strip()
