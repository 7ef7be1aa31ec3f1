"""Who a campaign considers: conditions over fields and events, with no code in the campaign file.

What is unknown satisfies no condition but `is_known: false`, so nobody enters an audience by a gap.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from enum import Enum

from domain.campaign import Audience, EventCondition, FieldCondition, Scalar
from domain.people import Account, Contact

CONTACT_FIELDS = (
    "country",
    "department",
    "email_status",
    "job_title",
    "language",
    "lifecycle_stage",
    "owner",
    "region",
    "seniority",
    "time_zone",
)
ACCOUNT_FIELDS = (
    "annual_revenue_cents",
    "city",
    "country",
    "currency",
    "domain",
    "employees",
    "industry",
    "name",
    "owner",
    "region",
)
FIELDS = (*CONTACT_FIELDS, *(f"account.{name}" for name in ACCOUNT_FIELDS))
_OPEN_PREFIXES = ("attributes.", "account.attributes.")

COUNTRY_FIELDS = ("country", "account.country")
"""Where somebody is: the contact's own country, and the company's."""

Count = Callable[[EventCondition], int]


def in_countries(codes: Sequence[str]) -> tuple[FieldCondition, ...]:
    """Conditions for an audience's `none`: “nothing to Germany” spares people there and people of companies there.

    Either country is enough, because of many contacts only the company's is known. Every door that reads a country
    to leave out from a sentence makes its conditions here.

    Args:
        codes: two letters each; none makes no condition.
    """
    if not codes:
        return ()
    return tuple(FieldCondition.model_validate({"field": name, "in": list(codes)}) for name in COUNTRY_FIELDS)


def matches(audience: Audience, contact: Contact, account: Account | None, count_of: Count) -> bool:
    """Tell whether every condition in `all` holds and none in `none`.

    Args:
        audience: the campaign's conditions; their fields are valid (see `validate_fields`).
        contact: who is judged.
        account: the contact's company, if known.
        count_of: how many events of this contact an event condition is about.

    """

    def holds(condition: FieldCondition | EventCondition) -> bool:
        if isinstance(condition, EventCondition):
            return event_holds(condition, count_of(condition))
        return field_holds(condition, _value(condition.field, contact, account))

    return all(holds(c) for c in audience.all) and not any(holds(c) for c in audience.none)


def validate_fields(audience: Audience) -> None:
    """Check that every field named exists.

    Raises:
        ValueError: naming the unknown field and the nearest known one.

    """
    for problem in field_problems(audience):
        raise ValueError(problem)


def field_problems(audience: Audience) -> tuple[str, ...]:
    """Every unknown field the audience names, each with the nearest known one."""
    return tuple(
        said
        for condition in (*audience.all, *audience.none)
        if isinstance(condition, FieldCondition) and (said := unknown_field(condition.field))
    )


def unknown_field(field: str) -> str:
    """Say that there is no such field, and the nearest there is; `` for a field that exists."""
    if _is_known_field(field):
        return ""
    near = difflib.get_close_matches(field, FIELDS, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known fields: {', '.join(FIELDS)}."
    return (
        f"The audience names an unknown field {field!r}. {hint} "
        "A column of your own is 'attributes.NAME' or 'account.attributes.NAME'."
    )


def _is_known_field(field: str) -> bool:
    return field in FIELDS or any(
        field.startswith(prefix) and len(field) > len(prefix) for prefix in _OPEN_PREFIXES
    )


def _value(field: str, contact: Contact, account: Account | None) -> Scalar | None:
    if not _is_known_field(field):
        raise ValueError(f"unknown audience field {field!r}; run validate_fields first")
    owner: Contact | Account | None = contact
    name = field
    if field.startswith("account."):
        owner, name = account, field.removeprefix("account.")
    if owner is None:
        return None
    if name.startswith("attributes."):
        value: Scalar | Enum | None = owner.attributes.get(name.removeprefix("attributes."))
    else:
        value = getattr(owner, name)
    if isinstance(value, Enum):
        value = str(value.value)
    return value


def field_holds(condition: FieldCondition, value: Scalar | None) -> bool:
    """Tell whether a condition on a field holds for its value; empty words and `unknown` are no value."""
    if value in ("", "unknown"):
        value = None
    if condition.is_known is not None and condition.is_known != (value is not None):
        return False
    asked = (condition.is_in, condition.is_not_in, condition.at_least, condition.at_most)
    if all(part is None for part in asked):
        return True
    if value is None:
        return False
    if condition.is_in is not None and not _is_among(value, condition.is_in):
        return False
    if condition.is_not_in is not None and _is_among(value, condition.is_not_in):
        return False
    return _is_between(value, condition.at_least, condition.at_most)


def _is_among(value: Scalar, wanted: tuple[Scalar, ...]) -> bool:
    return str(value).casefold() in {str(one).casefold() for one in wanted}


def _is_between(value: Scalar, least: float | None, most: float | None) -> bool:
    if least is None and most is None:
        return True
    try:
        number = float(value)
    except ValueError:
        return False
    return (least is None or number >= least) and (most is None or number <= most)


def event_holds(condition: EventCondition, count: int) -> bool:
    """Tell whether a condition on what a contact did holds for so many events."""
    if condition.at_least is not None and count < condition.at_least:
        return False
    return condition.at_most is None or count <= condition.at_most
