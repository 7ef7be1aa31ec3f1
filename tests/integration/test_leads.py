"""Hand-off and churn on a CRM whose truth is known: meetings make SQLs, and tickets make customers leave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from app.churn import who_may_leave
from app.handoff import whom_to_hand_off
from app.leads import Past
from app.outlook import outlooks
from domain.errors import WrongUsage
from domain.events import Event, EventKind
from domain.leads import HandOffList
from domain.people import Account, Contact, Deal, DealKind, Suppression, SuppressionReason
from memory.crm import codec
from memory.crm.engine import open_engine
from memory.crm.journal import Journal
from memory.crm.leads import LeadReader
from memory.crm.statements import ACCOUNTS, CONTACTS, DEALS, SUPPRESSIONS, insert_all, writing
from policies.rulebook import load_rulebook
from tests.schema_template import upgrade

RULES = load_rulebook().addresses
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
DAY = timedelta(days=1)
WEEKS = 40
MANY = 240


class Crm:
    """One contact an account; half are leads and half are customers. Weekly: a meeting, or a ticket, or neither."""

    def __init__(self, path: Path, *, is_true: bool) -> None:
        self.engine: Engine = open_engine(f"sqlite:///{path}")
        upgrade(self.engine)
        self.events: list[Event] = []
        self.deals: list[Deal] = []
        self.rng = np.random.default_rng(5)
        for number in range(MANY):
            self.happen(number, EventKind.PAGE_VIEWED, WEEKS * 7 - 1)
            (self._lead if number % 2 else self._customer)(number, is_true)
        self._store()

    def happen(self, number: int, kind: EventKind, days_ago: float, **told: str) -> None:
        self.events.append(
            Event(
                id=f"crm:{len(self.events)}",
                kind=kind,
                at=NOW - days_ago * DAY,
                source="crm",
                contact_id=f"c_{number:03}",
                properties=dict(told),
            )
        )

    def _lead(self, number: int, is_true: bool) -> None:
        began = int(self.rng.integers(2, WEEKS))
        self.happen(number, EventKind.STAGE_CHANGED, 7 * began, to="mql", **{"from": "lead"})
        for week in range(began, 1, -1):
            met = self.rng.random() < 0.1
            if met:
                self.happen(number, EventKind.MEETING_BOOKED, 7 * week - 1)
            if self.rng.random() < ((0.7 if met else 0.02) if is_true else 0.1):
                self.happen(number, EventKind.STAGE_CHANGED, 7 * week - 12, to="sql", **{"from": "mql"})
                return

    def _customer(self, number: int, is_true: bool) -> None:
        self.deals.append(
            Deal(
                id=f"d_{number:03}",
                account_id=f"a_{number:03}",
                name="Contract",
                stage="Closed",
                kind=DealKind.NEW,
                amount_cents=1_000_000,
                is_closed=True,
                is_won=True,
                created_at=NOW - 400 * DAY,
                closes_on=(NOW - 300 * DAY).date(),
            )
        )
        for week in range(WEEKS - 1, 1, -1):
            vexed = self.rng.random() < 0.05
            if vexed:
                self.happen(number, EventKind.TICKET_OPENED, 7 * week - 1)
            if self.rng.random() < ((0.5 if vexed else 0.001) if is_true else 0.02):
                self.happen(number, EventKind.CUSTOMER_LOST, 7 * week - 12)
                return

    def _store(self) -> None:
        ids = range(MANY)
        with writing(self.engine) as connection:
            accounts = [Account(id=f"a_{i:03}", name=f"Company {i}", employees=50 + i) for i in ids]
            insert_all(connection, ACCOUNTS, [codec.account_row(account) for account in accounts])
            people = [
                Contact(id=f"c_{i:03}", account_id=f"a_{i:03}", last_name=str(i), created_at=NOW - 500 * DAY)
                for i in ids
            ]
            insert_all(connection, CONTACTS, [codec.contact_row(person) for person in people])
            insert_all(connection, DEALS, [codec.deal_row(deal) for deal in self.deals])
        Journal(self.engine, lambda: NOW).append(self.events)

    @property
    def reader(self) -> LeadReader:
        return LeadReader(self.engine, lambda: NOW)


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crm]:
    made = Crm(tmp_path_factory.mktemp("true") / "crm.db", is_true=True)
    yield made
    made.engine.dispose()


@pytest.fixture(scope="module")
def five(crm: Crm) -> HandOffList:
    return whom_to_hand_off(crm.reader, NOW, RULES, capacity=5, window_days=14)


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crm]:
    made = Crm(tmp_path_factory.mktemp("noise") / "crm.db", is_true=False)
    yield made
    made.engine.dispose()


def test_those_who_booked_a_meeting_are_passed_on_as_many_as_sales_can_take(five: HandOffList) -> None:
    found = five
    assert found.skill.has_skill, found.text
    assert len(found.leads) == 5
    first = found.leads[0]
    assert first.likelihood.reasons[0].signal == "meeting_booked"
    assert first.expected_cents == pytest.approx(
        (first.value_cents or 0) * first.likelihood.probability, abs=1
    )
    assert found.expected is not None
    assert found.expected.picked == 5
    assert "Expect" in found.text


def test_a_capacity_beyond_all_takes_all(crm: Crm) -> None:
    found = whom_to_hand_off(crm.reader, NOW, RULES, capacity=10_000, window_days=14)
    assert len(found.leads) == found.considered
    lagging = [lead for lead in found.leads if lead.likelihood.probability < 0.3]
    assert {lead.likelihood.levers[0].text for lead in lagging if lead.likelihood.levers} == {
        "A meeting booked"
    }


@pytest.fixture
def mailboxes(crm: Crm) -> Iterator[Crm]:
    """The same people; every address is one of a team."""
    with writing(crm.engine) as connection:
        connection.execute(CONTACTS.update().values(email="Support@" + CONTACTS.c.id + ".example"))
    yield crm
    with writing(crm.engine) as connection:
        connection.execute(CONTACTS.update().values(email=None))


def test_a_shared_mailbox_is_nobody_sales_can_call(mailboxes: Crm, five: HandOffList) -> None:
    first = five.leads[0].contact_id
    with writing(mailboxes.engine) as connection:
        others = CONTACTS.update().where(CONTACTS.c.id != first)
        connection.execute(others.values(email="p.jones@" + CONTACTS.c.id + ".example"))
    found = whom_to_hand_off(mailboxes.reader, NOW, RULES, capacity=10_000, window_days=14)
    assert (found.considered, found.shared) == (five.considered - 1, 1)
    assert first not in {lead.contact_id for lead in found.leads}
    assert found.text.endswith("Left out: 1 shared mailbox, where no one person reads.")


def test_where_all_are_shared_mailboxes_it_says_so(mailboxes: Crm, five: HandOffList) -> None:
    found = whom_to_hand_off(mailboxes.reader, NOW, RULES, window_days=14)
    assert (found.leads, found.considered, found.shared) == ((), 0, five.considered)
    assert f"Left out: {five.considered} shared mailboxes" in found.text


def test_accounts_with_tickets_are_at_risk_and_their_people_ask_for_a_person(
    crm: Crm, five: HandOffList
) -> None:
    found = who_may_leave(crm.reader, NOW, window_days=30)
    assert found.skill.has_skill, found.text
    assert found.average is not None
    assert 0 < len(found.accounts) < found.considered / 2
    risk = found.accounts[0]
    assert risk.likelihood.reasons[0].signal == "ticket_opened"
    assert risk.lift >= 1.5
    said = outlooks(five, found, {"c_x": risk.account_id, "c_y": None})
    assert said.keys() == {"c_x"}
    assert said["c_x"].churn_lift == risk.lift


@pytest.mark.parametrize("question", ["hand-off", "churn"])
def test_where_outcomes_follow_nothing_there_is_no_list_and_it_says_so(noise: Crm, question: str) -> None:
    if question == "hand-off":
        leads = whom_to_hand_off(noise.reader, NOW, RULES, window_days=14)
        assert (leads.leads, leads.expected) == ((), None)
        text = leads.text
    else:
        accounts = who_may_leave(noise.reader, NOW, window_days=30)
        assert accounts.accounts == ()
        text = accounts.text
    assert text.startswith("Cannot be told yet")
    assert "a coin is right 50 %" in text


def test_a_window_the_history_is_too_short_for_says_so_and_which_fits(crm: Crm) -> None:
    # 279 days of history; customers settle 30 days after their window.
    leaves = who_may_leave(crm.reader, NOW, window_days=365).text
    assert leaves == (
        "Cannot be told yet: the history is 279 days long, and to judge a window of 365 days takes about 919; "
        "`--window 80` or less fits."
    )
    passed_on = whom_to_hand_off(crm.reader, NOW, RULES, window_days=3_000).text
    assert passed_on.startswith("Cannot be told yet: the history is 279 days long")
    assert "`--window 110` or less fits." in passed_on
    assert Past(crm.reader, NOW).too_short(110) == ""
    early = Past(crm.reader, NOW - 250 * DAY)
    assert early.too_short(30).endswith("no window fits yet.")


@pytest.mark.parametrize("days", [0, 3_651, 1_000_000])
def test_a_window_nobody_can_judge_is_refused_in_one_line(crm: Crm, days: int) -> None:
    for ask in (
        lambda: who_may_leave(crm.reader, NOW, window_days=days),
        lambda: whom_to_hand_off(crm.reader, NOW, RULES, window_days=days),
    ):
        with pytest.raises(WrongUsage, match=f"A window may be 1 to 3,650 days; {days:,} was asked for"):
            ask()


def test_an_earlier_moment_sees_what_was_to_be_seen_then_and_no_more(crm: Crm) -> None:
    then = NOW - 60 * DAY
    early = Past(crm.reader, then)
    moments = early.moments(30)
    now = Past(crm.reader, NOW).leads().cases(moments, 30)
    before = early.leads().cases(moments, 30)
    np.testing.assert_array_equal(before[0].numbers, now[0].numbers)
    np.testing.assert_array_equal(before[1], now[1])
    assert max(act.at for act in early.acts) <= then


def test_whoever_asks_twice_a_day_is_taught_by_the_same_cases(crm: Crm) -> None:
    morning, evening, next_day = (
        NOW.replace(hour=hour) + day * DAY for hour, day in ((7, 0), (22, 0), (7, 1))
    )
    same = Past(crm.reader, morning).moments(30)
    np.testing.assert_array_equal(same, Past(crm.reader, evening).moments(30))
    assert same[-1] != Past(crm.reader, next_day).moments(30)[-1]


def test_who_objected_is_neither_scored_nor_learned_from(noise: Crm) -> None:
    before = Past(noise.reader, NOW).leads()
    [who, *_] = [
        Past(noise.reader, NOW).people[i].id for i in before.mqls(np.datetime64("2026-11-23T08:00:00"))
    ]
    stop = Suppression(
        address="x@objector.example",
        reason=SuppressionReason.OBJECTION,
        source="mail",
        since=NOW,
        contact_id=who,
    )
    with writing(noise.engine) as connection:
        insert_all(connection, SUPPRESSIONS, [codec.suppression_row(stop)])
    after = Past(noise.reader, NOW)
    assert who not in {person.id for person in after.people}
    assert who not in {act.contact_id for act in after.acts}


def test_a_renewal_that_fell_due_and_was_not_won_is_a_lost_customer(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'crm.db'}")
    upgrade(engine)
    due = Deal(
        id="d", account_id="a", name="Renewal", kind=DealKind.RENEWAL, stage="open", created_at=NOW - 90 * DAY,
        closes_on=(NOW - 40 * DAY).date(),
    )  # fmt: skip
    won = due.model_copy(
        update={"id": "d0", "kind": DealKind.NEW, "is_closed": True, "is_won": True}
        | {"closes_on": (NOW - 400 * DAY).date()}
    )
    with writing(engine) as connection:
        insert_all(connection, ACCOUNTS, [codec.account_row(Account(id="a", name="A"))])
        insert_all(connection, DEALS, [codec.deal_row(due), codec.deal_row(won)])
    customers = Past(LeadReader(engine, lambda: NOW), NOW).customers()
    moments = np.array(
        [NOW.replace(tzinfo=None) - 60 * DAY, NOW.replace(tzinfo=None) - 30 * DAY], dtype="datetime64[s]"
    )
    table, outcomes = customers.cases(moments, 30, 60)
    assert (len(table), outcomes.tolist()) == (1, [1.0])
    engine.dispose()
