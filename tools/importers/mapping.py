"""The mapping file: which column of any CSV means what. Written by a person, checked before a row is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator

from domain.base import CurrencyCode, Noun
from domain.errors import InvalidFile
from domain.records import AccountRow, ContactRow, DealRow, DealStageRow, EventRow, RoleRow

MappedRow = AccountRow | ContactRow | DealRow | DealStageRow | RoleRow | EventRow

NOUNS: dict[str, type[MappedRow]] = {
    "accounts": AccountRow,
    "contacts": ContactRow,
    "deals": DealRow,
    "stages": DealStageRow,
    "roles": RoleRow,
    "events": EventRow,
}
_GIVEN = frozenset({"place", "source", "attributes", "properties"})

SourceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]


class FieldSource(Noun):
    """Where a field's value comes from: a column, a constant or a template over columns.

    `map` translates what stands there (letters' case does not count; a value mapped to nothing is
    nothing), `default` stands in for a value `map` lacks or for an empty cell.
    """

    column: str | None = None
    constant: str | None = None
    template: str | None = None
    map: dict[str, str | None] | None = None
    default: str | None = None

    @field_validator("constant", "default", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return _as_written(value)

    @field_validator("map", mode="before")
    @classmethod
    def _plain_map(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {_as_written(key): _as_written(kept) for key, kept in value.items()}

    @model_validator(mode="after")
    def _one_origin(self) -> FieldSource:
        if sum(part is not None for part in (self.column, self.constant, self.template)) != 1:
            raise ValueError("give exactly one of column, constant or template")
        return self


class Output(Noun):
    """What one row of the file becomes. `when` keeps the output to rows whose columns hold these values."""

    noun: Literal["accounts", "contacts", "deals", "stages", "roles", "events"]
    fields: dict[str, FieldSource]
    required: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    when: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("fields", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: {"column": part} if isinstance(part, str) else part for name, part in value.items()}

    @field_validator("when", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            column: tuple(_as_written(part) for part in (wanted if isinstance(wanted, list) else [wanted]))
            for column, wanted in value.items()
        }

    @model_validator(mode="after")
    def _known_fields(self) -> Output:
        row = NOUNS[self.noun]
        known = set(row.model_fields) - _GIVEN
        if unknown := sorted(set(self.fields) - known):
            raise ValueError(f"{self.noun} have no field {unknown[0]!r}; known: {', '.join(sorted(known))}")
        needed = {name for name, field in row.model_fields.items() if field.is_required()} - _GIVEN
        if missing := sorted(needed - set(self.fields)):
            raise ValueError(f"{self.noun} need the field {missing[0]!r}")
        if stray := sorted(set(self.required) - set(self.fields)):
            raise ValueError(f"required names {stray[0]!r}, which is not among the fields")
        if self.attributes and not {"attributes", "properties"} & set(row.model_fields):
            raise ValueError(f"{self.noun} have no attributes")
        return self


class Mapping(Noun):
    """One mapping file. `source` names where the ids come from; two files of one system share it."""

    source: SourceName
    outputs: Annotated[tuple[Output, ...], Field(min_length=1)]
    time_zone: str = "UTC"
    date_formats: tuple[str, ...] = ()
    day_first: bool = False
    decimal: Literal[".", ","] | None = None
    currency: CurrencyCode | None = None

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} is not a time zone such as Europe/Berlin") from None
        return value


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file.

    Raises:
        InvalidFile: naming the line and the field that is wrong.

    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidFile(
            path, f"the mapping cannot be read ({error}).", "Give a UTF-8 YAML file."
        ) from error
    try:
        written = yaml.safe_load(text)
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f"line {where.line + 1}: " if where else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise InvalidFile(path, f"{line}this is not valid YAML ({problem}).") from error
    if not isinstance(written, dict):
        raise InvalidFile(path, "the mapping is empty.", "Draft one with `attune import csv FILE --suggest`.")
    try:
        return Mapping.model_validate(written)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "mapping"
        reason = first["msg"].removeprefix("Value error, ")
        raise InvalidFile(path, f"line {_line(tree, first['loc'])}, {name}: {reason}.") from error


def _line(tree: yaml.Node | None, place: tuple[int | str, ...]) -> int:
    """The line of the deepest written node on the way to `place`."""
    node, line = tree, tree.start_mark.line if tree else 0
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
        else:
            break
    return line + 1


def _as_written(value: Any) -> Any:
    """YAML reads `no` and `1` as values; in a mapping file they are what a cell holds."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value
