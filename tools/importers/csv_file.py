"""Any delimited file through a mapping file: one row may become several records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from domain.errors import AttuneError, ImportRefused
from domain.events import EventKind
from domain.people import ConsentBasis, ConsentGround, Seniority
from domain.records import ContactRow, Place, RejectedRow, Row, SkippedRow
from tools.importers import Progress, cells, countries, stops, titles, vocabulary
from tools.importers.mapping import NOUNS, FieldSource, Mapping, Output, load_mapping
from tools.importers.tabular import MOST_SHOWN_CHARS, Line, Table, open_table

_SLOT = re.compile(r"\{([^{}]+)\}")
_DATES = ("created_at", "opted_out_at", "bounced_at", "consent_at", "stage_since", "at", "entered_at")
_FLAGS = (
    *("is_opted_out", "is_bounced", "is_deleted", "is_closed", "is_won", "is_machine"),
    "consent_opt_out_offered",
)
_DECISIVE = frozenset({"is_deleted"})
"""Fields much hangs on: an unreadable cell rejects the row."""

_STOPS = {
    "is_opted_out": ("is_opted_out", "opted_out_at", "opted out"),
    "opted_out_at": ("is_opted_out", "opted_out_at", "opted out"),
    "suppression_reason": ("is_opted_out", "opted_out_at", "opted out"),
    "is_bounced": ("is_bounced", "bounced_at", "bounced"),
    "bounced_at": ("is_bounced", "bounced_at", "bounced"),
}
"""Fields a person's refusal may stand in: the flag each raises, its time, and what an unclear cell is taken for."""

_WRITABLE = frozenset({"active", "ok", "valid"})
"""Words of a status column, in lower case, that stop nobody."""

_KEPT = (
    "email",
    "external_id",
    "is_opted_out",
    "opted_out_at",
    "is_bounced",
    "bounced_at",
    "suppression_reason",
)
"""What is kept of a contact's row that stops somebody and cannot be stored."""

_cached = lru_cache(maxsize=1_000)
"""For fields of few different words; bounded, because a file may hold anything."""

Take = Callable[[list[str]], str]
Parse = Callable[[str], Any]


class CsvImporter:
    """Reads a delimited file as its mapping says."""

    def __init__(self, mapping: Mapping | Path) -> None:
        self.mapping = load_mapping(mapping) if isinstance(mapping, Path) else mapping

    @property
    def name(self) -> str:
        """The mapping's source."""
        return self.mapping.source

    def recognises(self, path: Path) -> bool:
        """Tell whether the file has every column the mapping names."""
        try:
            self._outputs(open_table(path))
        except (AttuneError, OSError):
            return False
        return True

    def rows(self, path: Path, progress: Progress | None = None) -> Iterator[Row]:
        """Yield the outputs of every row; a row for which no output is meant is skipped."""
        table = open_table(path)
        outputs = self._outputs(table)
        for line in table.lines(progress):
            place = Place(file=table.name, row=line.row)
            if line.problem is not None:
                yield RejectedRow(place=place, reason=line.problem, cells=table.named(line))
                continue
            is_meant = False
            for output in outputs:
                if not output.when or output.is_meant(line.cells):
                    is_meant = True
                    yield output.record(place, line.cells)
            if not is_meant:
                yield SkippedRow(place=place, reason="the mapping's `when` leaves this row out")

    def _outputs(self, table: Table) -> list[_CompiledOutput]:
        return [_compiled(output, self.mapping, table) for output in self.mapping.outputs]


@dataclass(frozen=True)
class _CompiledField:
    name: str
    take: Take
    parse: Parse
    is_decisive: bool
    is_stop: bool


@dataclass(frozen=True)
class _CompiledOutput:
    output: Output
    source: str
    table: Table
    fields: tuple[_CompiledField, ...]
    required: tuple[str, ...]
    extra: tuple[tuple[str, int], ...]
    extra_field: str
    when: tuple[tuple[int, frozenset[str]], ...]
    given: dict[str, Any]
    dates: cells.DateReader

    def is_meant(self, row: list[str]) -> bool:
        return all(row[number].strip().casefold() in wanted for number, wanted in self.when)

    def record(self, place: Place, row: list[str]) -> Row:
        values: dict[str, Any] = {"place": place, "source": self.source, **self.given}
        extra: dict[str, str] = {}
        doubts: list[str] = []
        problem = self._read(row, values, extra, doubts)
        if problem:
            return self._refuse(place, row, problem, values, doubts)
        if self.output.noun == "contacts" and "seniority" not in values and "job_title" in values:
            values["seniority"] = titles.seniority(values["job_title"])
        for name, number in self.extra:
            if cell := row[number].strip():
                extra[name] = cell[:MOST_SHOWN_CHARS]
        if extra and self.extra_field:
            values[self.extra_field] = extra
        if doubts:
            values["doubts"] = tuple(doubts)
        try:
            return NOUNS[self.output.noun](**values)
        except ValidationError as error:
            first = error.errors()[0]
            reason = f"{first['loc'][0] if first['loc'] else 'row'}: {first['msg']}"
            return self._refuse(place, row, reason, values, doubts)

    def _read(self, row: list[str], values: dict[str, Any], extra: dict[str, str], doubts: list[str]) -> str:
        """Read the row's fields into `values`; return why the row cannot be taken, or nothing."""
        problem = ""
        for field in self.fields:
            cell = field.take(row)
            if not cell:
                continue
            try:
                value = field.parse(cell)
            except ValueError as error:
                if field.is_stop:
                    doubts += self._stop(values, field.name, cell)
                elif field.is_decisive:
                    problem = problem or f"{field.name}: {error}"
                else:
                    extra[f"unread_{field.name}"] = cell[:MOST_SHOWN_CHARS]
                continue
            if value is not None:
                values[field.name] = value
        if self.output.noun == "contacts":
            _raise_flags(values)
        missing = next((name for name in self.required if name not in values), None)
        return problem or (f"no {missing}, which this import needs" if missing else "")

    def _stop(self, values: dict[str, Any], field: str, cell: str) -> list[str]:
        """Raise the flag of a cell that is not plainly yes or no; return the doubt, if it is one."""
        flag, since, treated_as = _STOPS[field]
        if field == "suppression_reason" and cell.strip().lower() in _WRITABLE:
            return []
        said = stops.stop(cell, self.dates, field, treated_as)
        values[flag] = values.get(flag) or said.is_stop
        if said.since:
            values.setdefault(since, said.since)
        return [said.doubt] if said.doubt else []

    def _refuse(
        self, place: Place, row: list[str], reason: str, values: dict[str, Any], doubts: list[str]
    ) -> Row:
        """The row as rejected; a contact's refusal in it is kept by a record that stops and stores nothing else."""
        kept = {name: values[name] for name in _KEPT if name in values}
        is_stopped = any(values.get(name) for name in ("is_opted_out", "is_bounced", "suppression_reason"))
        if self.output.noun != "contacts" or not is_stopped or not {"email", "external_id"} & set(kept):
            return self._reject(place, row, reason)
        return ContactRow(
            place=place,
            source=self.source,
            is_deleted=True,
            doubts=(*doubts, f"{reason}; its stop is kept, the rest is treated as left out"),
            **kept,
        )

    def _reject(self, place: Place, row: list[str], reason: str) -> RejectedRow:
        return RejectedRow(place=place, reason=reason, cells=self.table.named(Line(place.row, row)))


def _compiled(output: Output, mapping: Mapping, table: Table) -> _CompiledOutput:
    row = NOUNS[output.noun]
    numbers = {name: number for number, name in enumerate(table.header)}
    by_case = {name.casefold(): number for name, number in reversed(numbers.items())}

    def number_of(column: str) -> int:
        number = numbers.get(column, by_case.get(column.casefold()))
        if number is None:
            known = ", ".join(table.header[:12]) + (", …" if len(table.header) > 12 else "")
            raise ImportRefused(
                f"{table.name} has no column {column!r}, which the mapping names. It has: {known}. "
                "Correct the mapping, or draft one with `attune import csv FILE --suggest`."
            )
        return number

    needed = {name for name, field in row.model_fields.items() if field.is_required()} - {"place", "source"}
    must = needed | set(output.required)
    parsers = _parsers(mapping, output.noun)
    constants = {
        name: _constant(mapping, name, parsers.get(name, cells.text), origin.constant)
        for name, origin in output.fields.items()
        if origin.constant is not None
    }
    fields = tuple(
        _CompiledField(
            name,
            _take(origin, number_of),
            parsers.get(name, cells.text),
            name in must or name in _DECISIVE,
            output.noun == "contacts" and name in _STOPS,
        )
        for name, origin in output.fields.items()
        if origin.constant is None
    )
    has_currency = "currency" in row.model_fields and "currency" not in output.fields
    return _CompiledOutput(
        output=output,
        source=mapping.source,
        table=table,
        fields=fields,
        required=tuple(sorted(must)),
        extra=tuple((column, number_of(column)) for column in output.attributes),
        extra_field=next((name for name in ("attributes", "properties") if name in row.model_fields), ""),
        when=tuple(
            (number_of(column), frozenset(part.strip().casefold() for part in wanted))
            for column, wanted in output.when.items()
        ),
        given=constants | ({"currency": mapping.currency} if has_currency and mapping.currency else {}),
        dates=_dates(mapping),
    )


def _raise_flags(values: dict[str, Any]) -> None:
    """A time of opting out or bouncing says that it happened, unless the row plainly says it did not."""
    for flag, since, _ in _STOPS.values():
        if values.get(since) is not None:
            values.setdefault(flag, True)


def _dates(mapping: Mapping) -> cells.DateReader:
    return cells.DateReader(_zone(mapping.time_zone), mapping.date_formats, mapping.day_first)


def _constant(mapping: Mapping, name: str, parse: Parse, written: str) -> Any:
    try:
        return parse(written)
    except ValueError as error:
        raise ImportRefused(f"mapping {mapping.source!r}, {name}: {error}. Correct the constant.") from None


def _take(origin: FieldSource, number_of: Callable[[str], int]) -> Take:
    """A function from a row's cells to the field's text, with the mapping's words translated."""
    if origin.template is not None:
        take = _filled(origin.template, number_of)
    else:
        number = number_of(origin.column or "")
        take = lambda row: row[number].strip()  # noqa: E731
    if origin.map is None and origin.default is None:
        return take
    words = {key.strip().casefold(): value or "" for key, value in (origin.map or {}).items()}
    default = origin.default

    def translated(row: list[str]) -> str:
        cell = take(row)
        found = words.get(cell.casefold())
        if found is not None:
            return found
        return default if default is not None and (not cell or words) else cell

    return translated


def _filled(template: str, number_of: Callable[[str], int]) -> Take:
    """Fill a template; where one of its columns is empty the whole is empty."""
    numbers = {slot: number_of(slot) for slot in _SLOT.findall(template)}

    def filled(row: list[str]) -> str:
        found = {slot: row[number].strip() for slot, number in numbers.items()}
        return _SLOT.sub(lambda match: found[match[1]], template) if all(found.values()) else ""

    return filled


def _parsers(mapping: Mapping, noun: str) -> dict[str, Parse]:
    dates = _dates(mapping)
    parsers: dict[str, Parse] = dict.fromkeys(_DATES, dates.moment)
    parsers |= dict.fromkeys(_FLAGS, cells.flag)
    parsers |= dict.fromkeys(("other_external_ids", "contact_external_ids"), cells.parts)
    parsers |= dict.fromkeys(("domain", "account_domain"), cells.domain)
    parsers |= {
        name: lambda cell: cells.cents(cell, mapping.decimal)
        for name in ("amount_cents", "annual_revenue_cents")
    }
    parsers["closes_on"] = dates.day
    parsers["employees"] = cells.people
    parsers["country"] = countries.country
    parsers["lifecycle_stage"] = _known(vocabulary.stage, "a lifecycle stage")
    parsers["suppression_reason"] = _known(vocabulary.stop, "a reason not to write")
    parsers["seniority"] = _cached(lambda cell: vocabulary.word(Seniority, cell))
    parsers["consent_ground"] = _cached(lambda cell: vocabulary.word(ConsentGround, cell))
    parsers["consent_basis"] = _cached(lambda cell: vocabulary.word(ConsentBasis, cell))
    if noun == "events":
        parsers["kind"] = _cached(lambda cell: vocabulary.word(EventKind, cell))
    elif noun == "deals":
        parsers["kind"] = _known(vocabulary.deal_kind, "a kind of deal")
    elif noun == "roles":
        parsers["kind"] = vocabulary.role
    return parsers


def _zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)


def _known(find: Callable[[str], Any], what: str) -> Parse:
    def parse(cell: str) -> Any:
        found = find(cell)
        if found is None:
            raise ValueError(f"{cell[:60]!r} is not {what}")
        return found

    return _cached(parse)
