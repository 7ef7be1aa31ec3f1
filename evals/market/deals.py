"""Deals of the sample market: purchases under way, contracts, renewals that come up."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.people import BuyingRoleKind, DealKind, LifecycleStage, Seniority
from domain.records import DealRow, DealStageRow, RoleRow
from evals.market.chance import SOURCE, place, stream
from evals.market.people import Company, Person

STAGES = ("Discovery", "Evaluation", "Proposal", "Negotiation", "Closed")
_NEAR_RENEWALS = 18
_LARGE_DEALS = 3
_INVOLVED = {LifecycleStage.SQL, LifecycleStage.OPPORTUNITY, LifecycleStage.CUSTOMER}


@dataclass(frozen=True)
class Purchase:
    """A deal with its history and the people in it."""

    row: DealRow
    stages: tuple[tuple[str, datetime], ...]
    roles: tuple[tuple[Person, BuyingRoleKind], ...]


def purchases(
    seed: int, now: datetime, known: Sequence[Company], staff: Mapping[str, Sequence[Person]]
) -> list[Purchase]:
    """Draw the deals of each company by where it stands with us."""
    draft = _Draft(seed, now, staff)
    customers = [company for company in known if company.status == "customer"]
    evaluating = [company for company in known if company.status == "evaluating"]
    for order, company in enumerate(customers):
        draft.contract(company, is_near=order < _NEAR_RENEWALS)
    for order, company in enumerate(evaluating):
        draft.open_deal(company, is_large=order < _LARGE_DEALS)
    for company in known:
        if company.status == "prospect" and draft.rng(company).random() < 0.06:
            draft.lost_deal(company)
    return draft.found


class _Draft:
    """Collects deals and numbers them."""

    def __init__(self, seed: int, now: datetime, staff: Mapping[str, Sequence[Person]]) -> None:
        self._seed, self._now, self._staff = seed, now, staff
        self.found: list[Purchase] = []

    def rng(self, company: Company) -> random.Random:
        return stream(self._seed, "deals", company.id)

    def contract(self, company: Company, *, is_near: bool) -> None:
        """A customer: the purchase it made, the renewal to come, sometimes an expansion."""
        rng = self.rng(company)
        amount = rng.randrange(70, 420) * 10_000
        signed = self._now - timedelta(days=rng.uniform(200, 700))
        asked = signed - timedelta(days=rng.uniform(30, 120))
        self._add(company, rng, DealKind.NEW, 4, amount, asked, closes=signed, is_won=True)
        closes = self._now + timedelta(days=rng.uniform(8, 60) if is_near else rng.uniform(100, 330))
        begun = self._now - timedelta(days=rng.uniform(5, 40))
        self._add(company, rng, DealKind.RENEWAL, 1 if is_near else 0, amount, begun, closes=closes)
        if rng.random() < 0.15:
            closes = self._now + timedelta(days=rng.uniform(30, 120))
            self._add(company, rng, DealKind.EXPANSION, 2, amount // 3, begun, closes=closes)

    def open_deal(self, company: Company, *, is_large: bool) -> None:
        """A company that is deciding."""
        rng = self.rng(company)
        amount = rng.randrange(620, 1_900) * 10_000 if is_large else rng.randrange(60, 480) * 10_000
        begun = self._now - timedelta(days=rng.uniform(12, 85))
        closes = self._now + timedelta(days=rng.uniform(10, 90))
        self._add(company, rng, DealKind.NEW, rng.randrange(4), amount, begun, closes=closes)

    def lost_deal(self, company: Company) -> None:
        """A company that decided against us."""
        rng = self.rng(company)
        ended = self._now - timedelta(days=rng.uniform(15, 200))
        begun = ended - timedelta(days=rng.uniform(20, 90))
        self._add(
            company, rng, DealKind.NEW, 4, rng.randrange(60, 480) * 10_000, begun, closes=ended, is_won=False
        )

    def _add(
        self,
        company: Company,
        rng: random.Random,
        kind: DealKind,
        reached: int,
        amount_cents: int,
        begun: datetime,
        *,
        closes: datetime,
        is_won: bool | None = None,
    ) -> None:
        number = len(self.found) + 1
        until = closes if is_won is not None else self._now - timedelta(days=1)
        step = max((until - begun) / max(reached + 1, 1), timedelta(0))
        stages = tuple((STAGES[i], begun + step * i) for i in range(reached + 1))
        roles = self._roles(company, rng)
        name = (company.row.name or company.id) + {DealKind.NEW: "", DealKind.RENEWAL: " renewal"}.get(
            kind, " expansion"
        )
        row = DealRow(
            place=place("deals", number),
            source=SOURCE,
            external_id=f"deal-{number:04}",
            name=name,
            kind=kind,
            pipeline="Sales" if kind is DealKind.NEW else "Customers",
            stage=STAGES[reached],
            amount_cents=amount_cents,
            currency=company.row.currency,
            is_closed=is_won is not None,
            is_won=bool(is_won),
            closes_on=closes.date(),
            owner=company.row.owner,
            created_at=begun,
            account_external_id=company.id,
            contact_external_ids=tuple(person.id for person, _ in roles),
        )
        self.found.append(Purchase(row=row, stages=stages, roles=roles))

    def _roles(self, company: Company, rng: random.Random) -> tuple[tuple[Person, BuyingRoleKind], ...]:
        likely = [p for p in self._staff[company.id] if p.row.lifecycle_stage in _INVOLVED]
        return tuple((p, _role(p)) for p in rng.sample(likely, k=min(len(likely), 3)))


def _role(person: Person) -> BuyingRoleKind:
    if person.row.seniority is Seniority.EXECUTIVE:
        return BuyingRoleKind.ECONOMIC_BUYER
    if person.buyer.name == "champion":
        return BuyingRoleKind.CHAMPION
    if person.row.seniority is Seniority.DIRECTOR:
        return BuyingRoleKind.DECISION_MAKER
    return BuyingRoleKind.USER if person.row.department == "Logistics" else BuyingRoleKind.INFLUENCER


def rows_of(found: Sequence[Purchase]) -> Iterator[DealRow | DealStageRow | RoleRow]:
    """Yield the deals, then their stages, then who plays which part."""
    yield from (purchase.row for purchase in found)
    stages = ((p.row.external_id, stage, at) for p in found for stage, at in p.stages)
    for number, (deal_id, stage, at) in enumerate(stages, 1):
        yield DealStageRow(
            place=place("deal stages", number),
            source=SOURCE,
            deal_external_id=deal_id,
            stage=stage,
            entered_at=at,
        )
    roles = ((p.row.external_id, person, kind) for p in found for person, kind in p.roles)
    for number, (deal_id, person, kind) in enumerate(roles, 1):
        yield RoleRow(
            place=place("roles", number),
            source=SOURCE,
            contact_external_id=person.id,
            deal_external_id=deal_id,
            kind=kind,
        )
