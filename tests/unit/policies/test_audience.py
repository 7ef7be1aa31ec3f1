from __future__ import annotations

from typing import Any

import pytest

from domain.campaign import Audience, EventCondition, FieldCondition
from domain.events import EventKind
from domain.people import Account, Contact, LifecycleStage
from policies.audience import matches, validate_fields

CONTACT = Contact(
    id="c_1",
    country="DE",
    lifecycle_stage=LifecycleStage.MQL,
    attributes={"origin": "Paid_Search", "score": "42"},
)
ACCOUNT = Account(id="a_1", name="Northwind", employees=240, industry="Software", attributes={"plan": "free"})


def holds(field: str, account: Account | None = ACCOUNT, **asked: Any) -> bool:
    condition = FieldCondition.model_validate({"field": field, **asked})
    return matches(Audience(all=(condition,)), CONTACT, account, lambda _: 0)


@pytest.mark.parametrize(
    ("field", "asked", "expected"),
    [
        ("lifecycle_stage", {"in": ["lead", "mql"]}, True),
        ("country", {"not_in": ["DE"]}, False),
        ("country", {"in": ["de"]}, True),
        ("account.employees", {"at_least": 200, "at_most": 300}, True),
        ("account.employees", {"at_least": 300}, False),
        ("account.industry", {"in": ["software"]}, True),
        ("attributes.origin", {"in": ["paid_search"]}, True),
        ("attributes.score", {"at_least": 40}, True),
        ("attributes.origin", {"at_least": 1}, False),
        ("account.attributes.plan", {"in": ["free"]}, True),
        ("job_title", {"is_known": False}, True),
        ("job_title", {"is_known": True}, False),
        ("job_title", {"not_in": ["CEO"]}, False),
        ("seniority", {"is_known": True}, False),
    ],
)
def test_a_field_condition_holds_only_for_what_is_known(
    field: str, asked: dict[str, Any], expected: bool
) -> None:
    assert holds(field, **asked) is expected


def test_a_contact_without_account_fits_no_account_condition() -> None:
    assert not holds("account.employees", account=None, at_least=1)


def test_none_excludes_and_events_are_counted() -> None:
    viewed = EventCondition(event=EventKind.PAGE_VIEWED, at_least=2, at_most=5)
    left = EventCondition(event=EventKind.CUSTOMER_LOST, at_least=1)
    counts = {EventKind.PAGE_VIEWED: 3, EventKind.CUSTOMER_LOST: 0}
    audience = Audience(all=(viewed,), none=(left,))
    assert matches(audience, CONTACT, ACCOUNT, lambda c: counts[c.event])
    counts[EventKind.CUSTOMER_LOST] = 1
    assert not matches(audience, CONTACT, ACCOUNT, lambda c: counts[c.event])
    counts |= {EventKind.CUSTOMER_LOST: 0, EventKind.PAGE_VIEWED: 6}
    assert not matches(audience, CONTACT, ACCOUNT, lambda c: counts[c.event])


def test_an_unknown_field_is_named_with_its_nearest() -> None:
    audience = Audience(all=(FieldCondition.model_validate({"field": "account.employes", "at_least": 1}),))
    with pytest.raises(ValueError, match=r"'account\.employes'.*Did you mean 'account\.employees'"):
        validate_fields(audience)
    with pytest.raises(ValueError, match="unknown audience field"):
        matches(audience, CONTACT, ACCOUNT, lambda _: 0)


def test_known_fields_and_own_columns_are_valid() -> None:
    fields = ("country", "account.industry", "attributes.origin", "account.attributes.plan")
    conditions = tuple(FieldCondition.model_validate({"field": f, "is_known": True}) for f in fields)
    validate_fields(Audience(all=conditions))
