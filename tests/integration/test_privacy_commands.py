"""`attune privacy`, `attune consent` and `attune audit` as a person types them."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli.doors import doors
from app.cli.main import app as command_line
from app.doctor import examine
from app.wiring import House
from domain.errors import AttuneError, NotFound
from policies.suppression import refuses
from tests.settled import settle

ANA = "person0@co0.example"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    house = settle(tmp_path / "ws", 2)
    monkeypatch.setattr(doors, "_house", house)
    monkeypatch.setattr(doors, "close", lambda: None)
    monkeypatch.chdir(tmp_path)
    yield house
    house.close()


def attune(*words: str) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = command_line(list(words), standalone_mode=False)
    assert not code, (code, said.getvalue())
    return said.getvalue()


def as_json(*words: str) -> Any:
    return json.loads(attune(*words, "--json"))


def test_a_consent_is_recorded_with_its_proof_and_seen(house: House) -> None:
    words = (
        "--basis",
        "express",
        "--source",
        "trade fair",
        "--proof",
        "scan 17",
        "--wording",
        "Write to me.",
    )
    added = as_json("consent", "add", ANA, *words, "--at", "2026-11-02")
    assert (added["is_granted"], added["recorded_at"]) == (True, "2026-11-02T00:00:00Z")
    newest = as_json("consent", "list", ANA)[0]
    assert (newest["source"], newest["proof"], newest["wording"], newest["missing"]) == (
        "trade fair",
        "scan 17",
        "Write to me.",
        [],
    )
    with pytest.raises(AttuneError, match="stands already"):
        attune("consent", "add", ANA, *words, "--at", "2026-11-02")
    assert [line.kind for line in house.audit.lines(limit=1_000)].count("consent") == 1


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--wording", " "), "--wording is empty"),
        (("--wording", "Yes.", "--at", "2027-01-01"), "lies in the future"),
    ],
)
def test_a_consent_nobody_can_prove_is_refused(house: House, words: tuple[str, ...], problem: str) -> None:
    before = len(as_json("consent", "list", ANA))
    with pytest.raises(AttuneError, match=problem):
        attune("consent", "add", ANA, "--basis", "express", "--source", "call", "--proof", "note", *words)
    assert len(as_json("consent", "list", ANA)) == before


def test_a_no_needs_no_wording_and_voids_what_was_before(house: House) -> None:
    attune("consent", "add", ANA, "--no", "--basis", "express", "--source", "call", "--proof", "note 4")
    assert as_json("consent", "list", ANA)[0]["answer"] == "no"


def test_requests_are_listed_by_deadline_and_the_doctor_raises_the_alarm(house: House) -> None:
    attune("privacy", "ask", ANA, "access", "--received", "2026-10-01")
    attune("privacy", "ask", "person1@co0.example", "erasure")
    first, second = as_json("privacy", "list", "--open")
    assert first["alarm"].startswith("overdue by 8 days")  # 45 days in the United States
    assert second["alarm"] == ""
    found = [finding for finding in examine_at_noon(house) if finding.what == "privacy"]
    assert [finding.state for finding in found] == ["missing"]
    attune("privacy", "export", ANA, "--to", "out.zip")
    assert [one["kind"] for one in as_json("privacy", "list", "--open")] == ["erasure"]
    with pytest.raises(AttuneError, match="future"):
        attune("privacy", "ask", ANA, "access", "--received", "2027-01-01")


def examine_at_noon(house: House) -> Any:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("app.wiring.open_house", lambda _settings: house)
        patched.setattr(House, "close", lambda _self: None)
        return examine(house.settings)


def test_an_export_goes_to_the_screen_a_folder_or_a_zip(house: House, tmp_path: Path) -> None:
    told = json.loads(attune("privacy", "export", ANA, "--json"))
    assert told["What we know of you"][0]["email"] == ANA
    attune("privacy", "export", ANA, "--to", "folder")
    assert (tmp_path / "folder" / "index.html").is_file()
    attune("privacy", "export", ANA)
    assert list(tmp_path.glob("c_*-export.zip"))


def test_an_erasure_asks_first_and_then_says_what_it_did(house: House) -> None:
    with pytest.raises(AttuneError, match="--yes"):
        attune("privacy", "erase", ANA)
    assert house.crm.contact_by(ANA)
    done = as_json("privacy", "erase", ANA, "--yes")
    assert done["removed"]["contacts"] == 1
    assert done["leftovers"] == []
    with pytest.raises(NotFound):
        house.crm.contact_by(ANA)
    assert "Erased" in attune("privacy", "known", ANA)
    assert as_json("audit", "verify")["first_broken"] is None
    assert as_json("privacy", "list")[0]["who"].startswith("(erased")


def test_a_file_a_person_wrote_that_names_the_erased_is_left_and_named(house: House) -> None:
    own = house.workspace.campaigns / "mine.yaml"
    own.write_text(f"# ask {ANA}\n")
    assert command_line(["privacy", "erase", ANA, "--yes"], standalone_mode=False) == 1
    assert own.read_text() == f"# ask {ANA}\n"


def test_an_objection_is_recorded_and_told(house: House) -> None:
    done = as_json("privacy", "object", ANA, "--wording", "No profiling.")
    assert done["request"]["kind"] == "objection"
    assert as_json("consent", "list", ANA)[0]["wording"] == "No profiling."


def test_prune_says_how_much_it_deleted(house: House) -> None:
    assert as_json("privacy", "prune") == {
        "checkpoints": 0,
        "drafts": 0,
        "rejects": 0,
        "mails": 0,
        "webhooks": 0,
        "conversations": 0,
    }


def test_the_chain_is_listed_verified_and_its_head_printed(house: House) -> None:
    attune("consent", "add", ANA, "--no", "--basis", "express", "--source", "call", "--proof", "note 4")
    assert as_json("audit", "list")[-1]["kind"] == "consent"
    head = attune("audit", "head").strip()
    assert "unbroken" in attune("audit", "verify", "--head", head)
    with pytest.raises(AttuneError, match="NUMBER:SHA256"):
        attune("audit", "verify", "--head", "nonsense")


@pytest.mark.parametrize("kind", ["objection", "erasure"])
def test_who_asked_to_be_left_alone_gets_nothing_from_then_on(house: House, kind: str) -> None:
    assert may_contact_now(house)
    attune("privacy", "ask", ANA, kind)
    assert not may_contact_now(house)
    (asked,) = as_json("privacy", "list")
    assert bool(asked["done_at"]) == (kind == "objection")


def may_contact_now(house: House) -> bool:
    contact = house.crm.contact_by(ANA)
    return refuses(contact, house.crm.standing(contact.id).suppressions, house.clock()) is None
