"""One person's rights on a whole workspace: see everything, be gone from everything, be left alone."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from app import loop
from app.curriculum import lesson_of
from app.importing import bring_in, importer_named
from app.privacy import export
from app.privacy.erasing import erase_person
from app.privacy.objection import object_to
from app.privacy.requests import pressing, register
from app.privacy.retention import prune
from app.remembering import catch_up
from app.reviews import review
from app.runs import begin, carry_on
from app.steering import pause
from app.teaching import teach
from app.wiring import House
from app.workspace import Workspace
from domain.assistant import Asker, Door
from domain.campaign import Autonomy
from domain.errors import AttuneError, NotFound
from domain.events import EventKind
from domain.message import OutboxStatus
from domain.people import SuppressionReason
from domain.records import ContactRow, EventRow, Place, RejectedRow, Row
from domain.review import Review, ReviewAct
from domain.rights import RequestKind
from domain.run import ContactOutcome
from domain.staff import Role
from evals.crowd import NOON, campaign
from memory.crm.erasure import FORGOTTEN
from memory.history.store import ChromaHistory
from tests.fakes.talks import said
from tests.settled import settle

EMAIL = "zinaida.quirkenstein@co0.example"
NAME = "Zinaida Quirkenstein"
NOTE = "prefers-marmalade-over-jam-7731"
NO_MAIL = {"mails": 0, "webhooks": 0}
PLACE = Place(file="more", row=2)


def told() -> Iterator[ContactRow | EventRow | RejectedRow]:
    """One person with everything a source can say of her, and a colleague's note that names her."""
    yield ContactRow(
        place=PLACE,
        source="crowd",
        external_id="zq",
        email=EMAIL,
        account_external_id="co0",
        first_name="Zinaida",
        last_name="Quirkenstein",
        job_title="Planning Lead",
        country="US",
        time_zone="America/New_York",
        phone="+1 555 0101",
        attributes={"hobby": NOTE},
    )
    for number, (kind, text) in enumerate(
        ((EventKind.NOTE_ADDED, NOTE), (EventKind.EMAIL_REPLIED, f"It is me, {NAME}: {NOTE}"))
    ):
        yield EventRow(
            place=PLACE,
            source="crowd",
            provider_id=f"zq:{number}",
            kind=kind,
            at=NOON - timedelta(days=5 + number),
            contact_external_id="zq",
            topic="pricing",
            text=text,
        )
    yield EventRow(
        place=PLACE,
        source="crowd",
        provider_id="p0:note",
        kind=EventKind.NOTE_ADDED,
        at=NOON - timedelta(days=4),
        contact_external_id="p0",
        text=f"Ask {NAME} ({EMAIL}) first.",
    )
    yield RejectedRow(place=PLACE, reason="too many cells", cells={"email": EMAIL, "name": NAME})


def approve(house: House, contact_id: str) -> None:
    (waiting,) = house.proposals.proposals(contact_id=contact_id)
    for act, words in ((ReviewAct.EDIT, f"For {NAME}"), (ReviewAct.APPROVE, None)):
        waiting = house.proposals.get(waiting.id)
        given = Review(
            proposal_id=waiting.id,
            act=act,
            reviewer="rita",
            message_sha256=waiting.message_sha256,
            subject=words,
            at=NOON,
        )
        loop.run(review(house, given))


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A workspace where she was written to once (reviewed, edited, sent), and decided about a second time; closed."""
    house = settle(tmp_path_factory.mktemp("furnished") / "ws", 3)
    house.intake.take(told(), source_name="crowd", rejects_path=house.workspace.rejects / "more.csv")
    catch_up(house)
    asking = campaign().model_copy(update={"autonomy": Autonomy.ASSIST})
    run, _ = begin(house, asking, is_dry_run=False)
    loop.run(carry_on(house, run))
    zina = house.crm.contact_by(EMAIL)
    approve(house, zina.id)
    second = campaign().model_copy(update={"id": "second", "autonomy": Autonomy.SHADOW})
    run, _ = begin(house, second, is_dry_run=True)
    loop.run(carry_on(house, run))
    ann = Asker(member_id="m_ann", name="Ann", role=Role.MARKETER, door=Door.WEB)
    talk = house.conversations.begin(ann, f"Why {NAME} got nothing")
    house.conversations.note(talk.id, contact_ids=[zina.id])
    loop.run(
        said(house, talk, f"Tell me about {NAME} <{EMAIL}>", f"{zina.id}: {NOTE}", f"{NOTE}, says {NAME}")
    )
    (house.workspace.folder / "attune-fault.log").write_text(f"could not write to {EMAIL}\n")
    house.close()
    return house


@pytest.fixture
def house(tmp_path: Path, furnished: House) -> Iterator[House]:
    """A copy of it of one's own."""
    folder = tmp_path / "ws"
    shutil.copytree(furnished.workspace.folder, folder)
    settings = furnished.settings.model_copy(update={"workspace": folder})
    house = House(settings=settings, workspace=Workspace(folder), clock=lambda: NOON)
    yield house
    house.close()


def files_that_hold(folder: Path, *words: str) -> dict[str, list[str]]:
    """Every file under the folder, of any kind, by the words it holds in whatever letters."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            held = path.read_bytes().lower()
            for word in words:
                forms = {word.lower().encode(), json.dumps(word)[1:-1].lower().encode()}
                if any(form in held for form in forms):
                    found.setdefault(word, []).append(str(path.relative_to(folder)))
    return found


def test_nothing_in_any_file_of_the_workspace_names_an_erased_person(house: House) -> None:
    zina = house.crm.contact_by(EMAIL)
    folder = house.workspace.folder
    before = files_that_hold(folder, EMAIL, NAME, NOTE, zina.id)
    # The test could not fail if nothing of her were there to begin with.
    assert set(before) == {EMAIL, NAME, NOTE, zina.id}
    stores = {Path(name).parts[0] for name in before[EMAIL]}
    assert {"mailbox", "rejects", "attune-fault.log"} <= stores, before
    assert any(name.startswith("checkpoints.db") for name in before[NOTE]), before
    assert any(name.startswith("attune.db") for name in stores), before
    assert house.learners.versions()

    done = loop.run(erase_person(house, EMAIL))
    house.close()
    assert done.leftovers == ()
    assert files_that_hold(folder, EMAIL, NAME, NOTE, zina.id) == {}
    assert done.removed["contacts"] == 1
    assert done.removed["mailbox files"] == 1
    assert done.removed["conversations"] == 1
    assert house.conversations.ids() == frozenset()
    assert done.removed["events, blanked"] >= 1


def test_checkpoints_of_a_waiting_proposal_go_with_the_person(tmp_path: Path) -> None:
    house = settle(tmp_path / "ws", 2)
    run, _ = begin(house, campaign().model_copy(update={"autonomy": Autonomy.ASSIST}), is_dry_run=False)
    loop.run(carry_on(house, run))
    person = house.crm.contact_by("person1@co0.example")
    held = "checkpoints.db"
    assert any(
        name.startswith(held) for name in files_that_hold(house.workspace.folder, person.id)[person.id]
    )
    loop.run(erase_person(house, person.id))
    house.close()
    assert files_that_hold(house.workspace.folder, person.id, "person1@co0.example") == {}
    assert len(house.proposals.waiting()) == 1


def test_a_reason_to_pause_that_names_an_erased_person_is_blanked(house: House) -> None:
    pause(house, "crowd", "ann", f"{EMAIL} asked for a pause")
    report = loop.run(erase_person(house, EMAIL))
    assert house.controls.standing("crowd").reason == "[erased] asked for a pause"
    assert report.leftovers == ()
    assert EMAIL not in "".join(str(line.detail) for line in house.audit.lines(limit=1_000))


def test_the_audit_chain_is_whole_after_an_erasure_and_tells_of_it(house: House) -> None:
    loop.run(erase_person(house, EMAIL))
    assert house.audit.verify() is None
    last = [line for line in house.audit.lines(limit=1_000) if line.detail.get("act") == "erasure"]
    assert len(last) == 1
    assert last[0].detail["removed"]["contacts"] == 1


def test_others_keep_what_is_theirs(house: House) -> None:
    before = house.crm.dossier(house.crm.contact_by("person0@co0.example").id)
    loop.run(erase_person(house, EMAIL))
    after = house.crm.dossier(before.contact.id)
    assert after.contact == before.contact
    assert len(after.events) == len(before.events)
    assert any(event.text == "Ask [erased] ([erased]) first." for event in after.events)
    assert isinstance(house.history, ChromaHistory)
    assert house.history.recall(before.contact.id, "", now=NOON)


def test_an_erased_person_is_not_brought_back_by_id_or_address(house: House) -> None:
    loop.run(erase_person(house, EMAIL))
    contacts = house.crm.counts()["contacts"]
    again: list[Row] = [
        ContactRow(place=PLACE, source="crowd", external_id="zq", first_name="Zinaida"),
        ContactRow(place=PLACE, source="other", external_id="77", email=EMAIL.upper()),
        EventRow(
            place=PLACE,
            source="web",
            provider_id="w1",
            kind=EventKind.EMAIL_UNSUBSCRIBED,
            at=NOON,
            email=EMAIL,
        ),
        RejectedRow(place=PLACE, reason="too many cells", cells={"email": EMAIL}),
    ]
    path = house.workspace.rejects / "again.csv"
    summary = house.intake.take(again, source_name="other", rejects_path=path)
    assert summary.rejected == 4
    assert house.crm.counts()["contacts"] == contacts
    assert path.read_text(encoding="utf-8-sig").count("\n") == 5
    house.close()
    assert files_that_hold(house.workspace.folder, EMAIL, "Zinaida") == {}
    assert house.erased.knows(address=f" {EMAIL.title()} ")
    assert house.erased.knows(identity=("crowd", "zq"))
    assert not house.erased.knows(address="person0@co0.example")


def test_a_csv_with_an_erased_person_lists_the_row_without_its_cells(house: House, tmp_path: Path) -> None:
    loop.run(erase_person(house, EMAIL))
    (tmp_path / "list.csv").write_text(f"Mail,First\n{EMAIL},Zinaida\nnew@co9.example,Nina\n")
    mapping = tmp_path / "map.yaml"
    mapping.write_text(
        "source: list\noutputs:\n- noun: contacts\n  fields: {email: Mail, first_name: First}\n"
    )
    summary = bring_in(house, importer_named("csv", mapping), tmp_path / "list.csv")
    assert (summary.added, summary.rejected) == (1, 1)
    house.close()
    assert files_that_hold(house.workspace.folder, EMAIL) == {}


def test_an_address_that_is_no_contact_can_be_erased_too(house: House) -> None:
    loop.run(erase_person(house, "stranger@else.example"))
    assert house.erased.knows(address="stranger@else.example")
    house.close()
    assert files_that_hold(house.workspace.folder, "stranger@else.example") == {}
    with pytest.raises(NotFound):
        loop.run(erase_person(house, "nobody"))


def test_learners_are_taught_anew_without_the_erased(house: House) -> None:
    house.close()
    later = House(settings=house.settings, workspace=house.workspace, clock=lambda: NOON + timedelta(days=40))
    teach(later, campaign(), later.clock())
    zina = later.crm.contact_by(EMAIL)
    assert {"bandit-2(1"} <= {v.version.partition(":")[0] for v in later.learners.versions("crowd")}
    assert zina.id in lesson_of(later, campaign(), later.clock()).contact_ids
    loop.run(erase_person(later, zina.id))
    assert zina.id not in lesson_of(later, campaign(), later.clock()).contact_ids
    assert [v.version.partition(":")[0] for v in later.learners.versions("crowd")] == ["bandit-2(0"]
    later.close()


def test_an_objection_stops_messages_scoring_features_and_learning(house: House) -> None:
    zina = house.crm.contact_by(EMAIL)
    house.close()
    later = House(settings=house.settings, workspace=house.workspace, clock=lambda: NOON + timedelta(days=40))
    assert zina.id in lesson_of(later, campaign(), later.clock()).contact_ids
    object_to(later, zina, "Stop profiling me.")
    assert zina.id not in lesson_of(later, campaign(), later.clock()).contact_ids
    assert zina.id in later.lead_reader.objectors()
    assert zina.id not in later.outlooks
    book = later.features.book(later.crm.assets(), later.clock())
    vector = book.matrix(book.rows([zina.id]), later.clock())
    stranger = book.matrix(book.rows([later.crm.contact_by("person0@co0.example").id]), later.clock())
    assert (abs(vector) > 0).sum() < (abs(stranger) > 0).sum()
    run, _ = begin(later, campaign().model_copy(update={"id": "third"}), is_dry_run=True)
    line = later.runs.line(run.id, zina.id)
    assert line is not None
    assert (line.outcome, line.rule_id) == (ContactOutcome.REFUSED, "C-13")
    stops = later.crm.standing(zina.id).suppressions
    assert [(stop.reason, stop.channel) for stop in stops] == [(SuppressionReason.OBJECTION, "all")]
    assert any(c.wording == "Stop profiling me." for c in later.crm.consents(zina.id))
    later.close()


def test_an_objection_withdraws_what_waits_for_a_person(tmp_path: Path) -> None:
    house = settle(tmp_path / "ws", 1)
    run, _ = begin(house, campaign().model_copy(update={"autonomy": Autonomy.ASSIST}), is_dry_run=False)
    loop.run(carry_on(house, run))
    (waiting,) = house.proposals.waiting()
    _, stopped = object_to(house, house.crm.contact(waiting.contact_id))
    assert stopped == 1
    assert house.proposals.waiting() == ()
    given = Review(
        proposal_id=waiting.id,
        act=ReviewAct.APPROVE,
        reviewer="rita",
        message_sha256=waiting.message_sha256,
        at=NOON,
    )
    with pytest.raises(AttuneError, match="expired already"):
        loop.run(review(house, given))
    assert not list(house.workspace.mailbox.glob("*.eml"))
    house.close()


def test_an_export_holds_everything_and_nothing_of_a_colleague(house: House, tmp_path: Path) -> None:
    zina = house.crm.contact_by(EMAIL)
    sections = export.gather(house, zina.id)
    path = export.write(house, zina.id, sections, tmp_path / "zina.zip")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        page = archive.read("index.html").decode()
        record = json.loads(archive.read("everything.json"))
    assert {"index.html", "everything.json"} <= set(names)
    assert sum(name.endswith(".eml") for name in names) == 1
    assert {name for name, rows in record.items() if rows} >= {
        "What we know of you",
        "What happened",
        "Decisions about you, with their reasons",
        "Messages to you",
        "What reviewers did with messages to you",
    }
    assert NOTE in page
    assert "person0@co0.example" not in page
    with pytest.raises(AttuneError, match="already"):
        export.write(house, zina.id, sections, path)


def test_a_request_raises_its_alarm_before_it_is_due(house: House) -> None:
    zina = house.crm.contact_by(EMAIL)
    assert zina.country == "US"  # 45 days
    asked = register(house, zina.id, RequestKind.ACCESS, NOON - timedelta(days=39))
    register(house, zina.id, RequestKind.EXPORT, NOON - timedelta(days=30))
    assert [request.id for request, _ in pressing(house)] == [asked.id]
    assert not asked.is_overdue(NOON)
    assert asked.is_overdue(NOON + timedelta(days=8))


def test_an_objection_is_due_on_the_day_it_was_made(house: House) -> None:
    zina = house.crm.contact_by(EMAIL)
    asked = register(house, zina.id, RequestKind.OBJECTION, NOON - timedelta(days=1))
    assert [request.id for request, _ in pressing(house)] == [asked.id]
    assert asked.is_overdue(NOON)


def test_pruning_takes_what_is_old_and_leaves_what_waits(tmp_path: Path) -> None:
    house = settle(tmp_path / "ws", 2)
    run, _ = begin(house, campaign().model_copy(update={"autonomy": Autonomy.ASSIST}), is_dry_run=False)
    loop.run(carry_on(house, run))
    rejected = house.workspace.rejects / "old.csv"
    rejected.write_text("x")
    os.utime(rejected, (0, 0))
    first, second = house.proposals.waiting()
    object_to(house, house.crm.contact(first.contact_id))
    assert loop.run(prune(house)) == {
        "checkpoints": 0,
        "conversations": 0,
        "drafts": 0,
        "rejects": 1,
        **NO_MAIL,
    }
    later = House(
        settings=house.settings, workspace=house.workspace, clock=lambda: NOON + timedelta(days=400)
    )
    assert loop.run(prune(later)) == {
        "checkpoints": 1,
        "conversations": 0,
        "drafts": 1,
        "rejects": 0,
        **NO_MAIL,
    }
    assert [proposal.id for proposal in later.proposals.waiting()] == [second.id]
    assert later.archive.made_for(second.decision_id) is not None
    assert later.archive.made_for(first.decision_id) is None
    house.close()
    later.close()


def test_every_table_says_how_it_forgets() -> None:
    assert set(SQLModel.metadata.tables) <= set(FORGOTTEN)


def test_an_erasure_that_breaks_off_has_stopped_all_sending_and_going_on_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = settle(tmp_path / "ws", 3)
    person = house.crm.contact_by("person1@co0.example")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken, pytest.raises(OSError, match="No space"):
        broken.setattr("app.privacy.stores.forget_mail", full)
        loop.run(erase_person(house, person.id))
    run, _ = begin(house, campaign(), is_dry_run=False)
    loop.run(carry_on(house, run))
    line = house.runs.line(run.id, person.id)
    assert line is not None
    assert (line.outcome, line.rule_id) == (ContactOutcome.REFUSED, "C-03")
    assert len(list(house.workspace.mailbox.glob("*.eml"))) == 2

    assert loop.run(erase_person(house, person.id)).leftovers == ()
    house.close()
    assert files_that_hold(house.workspace.folder, "person1@co0.example", person.id) == {}


def test_an_objection_withdraws_a_message_that_was_held_back(tmp_path: Path) -> None:
    house = settle(tmp_path / "ws", 1)
    early = House(settings=house.settings, workspace=house.workspace, clock=lambda: NOON - timedelta(hours=6))
    run, _ = begin(early, campaign(), is_dry_run=False)
    loop.run(carry_on(early, run))
    (entry,) = early.outbox.entries()
    assert early.outbox.hold(entry.id, "H-21").status is OutboxStatus.HELD
    early.close()
    _, stopped = object_to(house, house.crm.contact(entry.contact_id))
    assert (stopped, house.outbox.get(entry.id).status) == (1, OutboxStatus.WITHDRAWN)
    house.close()
