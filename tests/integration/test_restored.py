"""An older database stands here: nothing leaves by any door until a person has looked and resumed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from app import loop
from app.deliver import deliver_due, release, withdraw
from app.gaps import hold_after_a_gap, own_a_restore, seen_now
from app.heads import read_heads, verify
from app.reviews import review
from app.runs import begin, carry_on
from app.schedules import claim_due
from app.steering import resume
from app.wiring import House
from domain.campaign import Autonomy, Schedule
from domain.errors import CampaignHeld
from domain.review import ProposalStatus, Review, ReviewAct
from domain.schedule import CampaignState, ScheduledState
from evals.crowd import NOON, campaign
from tests.settled import settle

CROWD = 2


class Place:
    """A workspace, its clock, and a backup of its databases."""

    def __init__(self, folder: Path) -> None:
        self.now: datetime = NOON - timedelta(minutes=1)
        first = settle(folder / "ws", CROWD)
        self._settings, self._workspace, self._backup = first.settings, first.workspace, folder / "backup"
        first.close()
        self.house = self._open()

    def _open(self) -> House:
        return House(settings=self._settings, workspace=self._workspace, clock=lambda: self.now)

    def write_schedule(self) -> None:
        plan = campaign().model_copy(update={"schedule": Schedule(cron="0 * * * *")})
        text = yaml.safe_dump(plan.model_dump(mode="json", exclude_none=True))
        (self._workspace.campaigns / "crowd.yaml").write_text(text, encoding="utf-8")

    def back_up(self) -> None:
        self.house.close()
        self._backup.mkdir()
        for file in self._workspace.folder.glob("*.db*"):
            shutil.copy(file, self._backup / file.name)
        self.house = self._open()

    def restore(self) -> None:
        """As if the newest act were one the backup does not know."""
        self.house.audit.append("stop", "someone", {})
        seen_now(self.house)
        self.house.close()
        for file in self._workspace.folder.glob("*.db*"):
            file.unlink()
        for file in self._backup.iterdir():
            shutil.copy(file, self._workspace.folder / file.name)
        self.house = self._open()

    def mails(self) -> int:
        return len(list(self._workspace.mailbox.glob("*.eml")))

    def approve(self, proposal_id: str) -> None:
        proposal = self.house.proposals.get(proposal_id)
        act = Review(
            proposal_id=proposal_id,
            act=ReviewAct.APPROVE,
            reviewer="rita",
            message_sha256=proposal.message_sha256,
            at=NOON,
        )
        loop.run(review(self.house, act))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.house.close()


def test_a_campaign_without_a_run_waits_as_well_until_a_person_resumes_it(place: Place) -> None:
    place.write_schedule()
    assert claim_due(place.house, "one") == []
    place.back_up()
    place.restore()
    hold_after_a_gap(place.house, nobody_watches=True)
    hold_after_a_gap(place.house, nobody_watches=True)
    assert place.house.controls.standing("crowd").state is CampaignState.TRIPPED
    place.now = NOON + timedelta(seconds=3)
    assert claim_due(place.house, "one") == []
    newest = place.house.controls.newest("crowd")
    assert newest is not None
    assert newest.state is ScheduledState.SKIPPED
    resume(place.house, "crowd", "ann", "asked the provider")
    place.now += timedelta(hours=1)
    hold_after_a_gap(place.house, nobody_watches=True)
    assert len(claim_due(place.house, "one")) == 1


def test_a_run_by_hand_is_refused_once_and_goes_after_a_resume(place: Place) -> None:
    place.now = NOON
    place.back_up()
    place.restore()
    with pytest.raises(CampaignHeld, match="restored from a backup"):
        begin(place.house, campaign(), is_dry_run=False)
    resume(place.house, "crowd", "ann", "asked the provider")
    run, _ = begin(place.house, campaign(), is_dry_run=False)
    loop.run(carry_on(place.house, run))
    assert place.mails() == CROWD


def test_what_was_approved_and_sent_after_the_backup_is_not_sent_by_approving_it_again(place: Place) -> None:
    place.now = NOON
    asking = campaign().model_copy(update={"autonomy": Autonomy.ASSIST})
    run, _ = begin(place.house, asking, is_dry_run=False)
    loop.run(carry_on(place.house, run))
    first, *_ = place.house.proposals.waiting()
    place.back_up()
    place.approve(first.id)
    loop.run(deliver_due(place.house))
    assert place.mails() == 1
    for mail in place.house.workspace.mailbox.glob("*.eml"):
        mail.unlink()  # as with a provider that cannot be asked
    place.restore()
    assert place.house.proposals.get(first.id).status is ProposalStatus.WAITING
    place.approve(first.id)
    loop.run(deliver_due(place.house))
    assert place.mails() == 0
    assert place.house.controls.standing("crowd").state is CampaignState.TRIPPED


def outbox_of(place: Place, run_id: str) -> dict[str, str]:
    entries = place.house.outbox.entries(limit=100)
    return {entry.contact_id: entry.status.value for entry in entries if entry.run_id == run_id}


def test_an_approval_given_after_the_restore_sends_nothing_until_somebody_looked(place: Place) -> None:
    place.now = NOON
    asking = campaign().model_copy(update={"autonomy": Autonomy.ASSIST})
    run, _ = begin(place.house, asking, is_dry_run=False)
    loop.run(carry_on(place.house, run))
    first, second = place.house.proposals.waiting()
    place.back_up()
    place.approve(first.id)
    assert place.mails() == 1
    for mail in place.house.workspace.mailbox.glob("*.eml"):
        mail.unlink()
    place.restore()
    place.now += timedelta(minutes=5)
    with pytest.raises(CampaignHeld):
        begin(place.house, asking.model_copy(update={"id": "other"}), is_dry_run=False)
    resume(place.house, "crowd", "ann", "asked the provider")
    for proposal in (first, second):
        place.approve(proposal.id)
    loop.run(deliver_due(place.house))
    assert place.mails() == 0
    assert outbox_of(place, run.id) == {first.contact_id: "held", second.contact_id: "held"}
    (entry,) = [one for one in place.house.outbox.entries() if one.contact_id == second.contact_id]
    assert "may have gone out before" in entry.detail
    # The provider has the first and not the second.
    withdraw(
        place.house, next(e.id for e in place.house.outbox.entries() if e.contact_id == first.contact_id)
    )
    release(place.house, entry.id)
    loop.run(deliver_due(place.house))
    assert outbox_of(place, run.id) == {first.contact_id: "withdrawn", second.contact_id: "sent"}
    assert place.mails() == 1


def test_a_run_that_was_under_way_in_the_backup_drafts_and_sends_nothing_by_itself(place: Place) -> None:
    place.now = NOON
    run, _ = begin(place.house, campaign(), is_dry_run=False)
    place.back_up()
    loop.run(carry_on(place.house, run))
    assert place.mails() == CROWD
    for mail in place.house.workspace.mailbox.glob("*.eml"):
        mail.unlink()
    place.restore()
    place.now += timedelta(minutes=5)
    hold_after_a_gap(place.house, nobody_watches=True)
    resume(place.house, "crowd", "ann", "asked the provider")
    loop.run(carry_on(place.house, place.house.runs.get(run.id)))
    loop.run(deliver_due(place.house))
    assert place.mails() == 0
    assert set(outbox_of(place, run.id).values()) == {"held"}


def test_what_begins_after_the_restore_goes_out_as_ever(place: Place) -> None:
    place.now = NOON
    place.back_up()
    place.restore()
    hold_after_a_gap(place.house, nobody_watches=True)
    resume(place.house, "crowd", "ann", "asked the provider")
    place.now += timedelta(minutes=5)
    run, _ = begin(place.house, campaign(), is_dry_run=False)
    loop.run(carry_on(place.house, run))
    assert place.mails() == CROWD


def test_the_chain_is_unsound_after_a_restore_until_a_person_says_that_there_was_one(place: Place) -> None:
    place.back_up()
    place.restore()
    (lost,) = read_heads(place.house.workspace.heads)
    assert "was cut" in verify(place.house).why
    assert own_a_restore(place.house, "ann") == 1
    assert own_a_restore(place.house, "ann") == 0
    assert verify(place.house).is_sound
    assert place.house.audit.lines(subject="audit")[-1].detail == {
        "by": "ann",
        "lost": [f"{lost[0]}:{lost[1]}"],
    }


def test_a_restore_that_was_only_looked_at_stays_in_the_verdict(place: Place) -> None:
    place.back_up()
    place.restore()
    hold_after_a_gap(place.house)
    assert not verify(place.house).is_sound


def test_owning_a_restore_holds_the_campaigns_first(place: Place) -> None:
    place.write_schedule()
    place.back_up()
    place.restore()
    own_a_restore(place.house, "ann")
    assert place.house.controls.standing("crowd").state is CampaignState.TRIPPED


def test_the_newest_head_is_kept_and_one_of_each_day_before(place: Place) -> None:
    for _ in range(3):
        place.house.audit.append("act", "x", {})
        seen_now(place.house)
    first = place.house.audit.tip()
    assert read_heads(place.house.workspace.heads) == [first]
    place.now += timedelta(days=1)
    place.house.audit.append("act", "x", {})
    seen_now(place.house)
    assert read_heads(place.house.workspace.heads) == [first, place.house.audit.tip()]
