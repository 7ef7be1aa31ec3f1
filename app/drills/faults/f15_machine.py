"""F-15: any order of acts on outbox, proposals, stops and campaign states: a machine tries them, and counts.

The machine acts on the stores themselves, through an outside world that takes what it is handed; whatever order
hypothesis thinks of, a message arrives once, approved, and never after a stop.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.drills.faults.f11_opt_out import _entry, _prepare
from app.drills.faults.seen import Fault, Seen
from domain.base import utc_now
from domain.dossier import Standing
from domain.message import Finding, OutboxEntry, OutboxStatus, Receipt, Severity, Verdict
from domain.people import Suppression, SuppressionReason
from domain.schedule import CampaignStanding, CampaignState, Pace
from evals.crowd import NOON
from memory.crm import codec
from memory.crm.controls import ControlStore
from memory.crm.engine import open_engine
from memory.crm.migrate import upgrade
from memory.crm.outbox import OutboxStore
from memory.crm.statements import OUTBOX, SUPPRESSIONS, insert_new, writing
from policies.suppression import refuses

PEOPLE = st.sampled_from(["c_0", "c_1", "c_2"])
WORKERS = st.sampled_from(["one", "two"])
MOST_A_DAY = 5


class SendingMachine(RuleBasedStateMachine):
    """Workers that reserve, send, die and come back; people who stop, pause, hold, approve and settle."""

    @initialize()
    def begin(self) -> None:
        """Three contacts, each with an approved message that is due."""
        self.folder = TemporaryDirectory(prefix="attune-machine-")
        self.engine = open_engine(f"sqlite:///{Path(self.folder.name) / 'crm.db'}")
        upgrade(self.engine)
        self.now = NOON
        self.outbox = OutboxStore(self.engine, self.clock)
        self.controls = ControlStore(self.engine)
        _prepare(self.engine, ["c_0", "c_1", "c_2"], self.outbox)
        self.arrived: Counter[str] = Counter()
        self.stopped: set[str] = set()
        self.held_back = False
        self.in_hand: dict[tuple[str, str], OutboxEntry] = {}
        self.settled_unsent: set[str] = set()

    def clock(self) -> datetime:
        """The machine's time."""
        return self.now

    @rule(who=WORKERS, contact=PEOPLE)
    def reserve(self, who: str, contact: str) -> None:
        """A worker reserves; nothing reserved belongs to a stopped person or a held campaign."""
        pace = Pace(
            name="team", starts_at=NOON, most=MOST_A_DAY, resets_at=NOON + timedelta(days=1), why="full"
        )
        entry = self.outbox.reserve(f"o_{contact}", _check, self.now, [pace])
        if entry is not None:
            assert contact not in self.stopped
            assert not self.held_back
            assert entry.approved_sha256 == entry.message.sha256
            self.in_hand[who, contact] = entry

    @rule(
        who=WORKERS,
        contact=PEOPLE,
        fate=st.sampled_from(["taken", "taken", "refused for now", "refused", "unsure"]),
    )
    def send(self, who: str, contact: str, fate: str) -> None:
        """It hands over what it holds, unless others settled it meanwhile: then its token is worth nothing."""
        entry = self.in_hand.pop((who, contact), None)
        if entry is None:
            return
        current = self.outbox.get(entry.id)
        has_lease = current.status is OutboxStatus.SENDING and current.fencing_token == entry.fencing_token
        if not has_lease:
            # `agents/dispatch.py` does not hand over after its lease; here the others' act ended it.
            after = self.outbox.confirm(entry.id, entry.fencing_token, self._receipt(contact))
            assert after == current
            return
        if fate == "taken":
            self.arrived[contact] += 1
            self.outbox.confirm(entry.id, entry.fencing_token, self._receipt(contact))
        elif fate == "unsure":
            self.arrived[contact] += 1
            self.outbox.lose(entry.id, entry.fencing_token, "cut off")
        else:
            retry_at = self.now if fate == "refused for now" else None
            self.outbox.release(entry.id, entry.fencing_token, "no", retry_at=retry_at)

    @rule(who=WORKERS, contact=PEOPLE, had_arrived=st.booleans())
    def die_while_sending(self, who: str, contact: str, had_arrived: bool) -> None:
        """The worker is killed between reserve and confirm; the next start finds that nobody can tell."""
        entry = self.in_hand.pop((who, contact), None)
        if entry is None:
            return
        current = self.outbox.get(entry.id)
        if current.fencing_token != entry.fencing_token or current.status is not OutboxStatus.SENDING:
            return
        self.arrived[contact] += had_arrived
        for left in self.outbox.recover(self.now, timedelta(0)):
            if left.id == entry.id:
                self.outbox.settle_unknown(left.id, None, fencing_token=left.fencing_token, detail="cut off")

    @rule(contact=PEOPLE)
    def look_up(self, contact: str) -> None:
        """A person finds out what became of an unknown send, truly."""
        entry = self.outbox.get(f"o_{contact}")
        if entry.status is OutboxStatus.UNKNOWN:
            was_sent = self.arrived[contact] > 0
            self.outbox.settle_unknown(
                entry.id, was_sent, fencing_token=entry.fencing_token, detail="a person"
            )

    @rule(contact=PEOPLE)
    def opt_out(self, contact: str) -> None:
        """Somebody wants nothing more."""
        reason = SuppressionReason.UNSUBSCRIBED
        stop = Suppression(address=f"{contact}@x.example", reason=reason, source="machine", since=self.now)
        with writing(self.engine) as connection:
            insert_new(connection, SUPPRESSIONS, [codec.suppression_row(stop)])
        self.stopped.add(contact)

    @rule(state=st.sampled_from([CampaignState.PAUSED, CampaignState.ACTIVE, CampaignState.TRIPPED]))
    def steer(self, state: CampaignState) -> None:
        """A person, or the breaker, changes the campaign's state."""
        self.controls.set(CampaignStanding(campaign_id="crowd", state=state, by="ann", since=self.now))
        self.held_back = state is not CampaignState.ACTIVE

    @rule(contact=PEOPLE, act=st.sampled_from(["hold", "let_go", "withdraw", "tamper"]))
    def meddle(self, contact: str, act: str) -> None:
        """People hold, release and withdraw; somebody changes the words after they were approved."""
        entry_id = f"o_{contact}"
        if act == "hold":
            self.outbox.hold(entry_id, "late")
        elif act == "let_go":
            self.outbox.let_go(entry_id, "", self.now)
        elif act == "withdraw":
            self.outbox.withdraw(entry_id, "no more")
        elif self.outbox.get(entry_id).status is OutboxStatus.APPROVED:
            other = _entry(contact).message.model_copy(update={"text": "Other words"})
            with writing(self.engine) as connection:
                changed: dict[str, Any] = {"message": other.model_dump(mode="json")}
                connection.execute(OUTBOX.update().where(OUTBOX.c.id == entry_id).values(**changed))

    @rule(hours=st.integers(1, 30))
    def pass_time(self, hours: int) -> None:
        """Time goes by."""
        self.now += timedelta(hours=hours)

    @invariant()
    def at_most_once_and_nothing_lost(self) -> None:
        """What arrived, arrived once; what the outbox says and what arrived fit each other."""
        for contact in ("c_0", "c_1", "c_2"):
            assert self.arrived[contact] <= 1, f"{contact} got {self.arrived[contact]} copies"
            status = self.outbox.get(f"o_{contact}").status
            if self.arrived[contact]:
                assert status in {OutboxStatus.SENT, OutboxStatus.UNKNOWN}, status
            else:
                assert status is not OutboxStatus.SENT

    def teardown(self) -> None:
        """Close and remove the database."""
        if hasattr(self, "engine"):
            self.engine.dispose()
            self.folder.cleanup()

    def _receipt(self, contact: str) -> Receipt:
        return Receipt(provider="world", provider_message_id=contact, accepted_at=self.now)


def _check(standing: Standing, _entry: OutboxEntry) -> Verdict:
    refused = refuses(standing.contact, standing.suppressions, utc_now())
    found = Finding(rule_id="C-19", severity=Severity.BLOCK, reason=refused.reason) if refused else None
    return Verdict(findings=(found,) if found else ())


def attempt(trials: int, folder: Path, seed: int) -> Seen:
    """Try `trials` sequences of up to 40 acts."""
    del folder, seed
    chosen = settings(
        max_examples=trials,
        stateful_step_count=40,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    seen = Seen(trials=trials)
    try:
        run_state_machine_as_test(SendingMachine, settings=chosen)
    except Exception as failure:
        seen.problems.append(f"a sequence broke an invariant: {failure!r}"[:600])
    return seen


FAULT = Fault("F-15", "any order of acts (state machine)", 1_000, 10, attempt)
