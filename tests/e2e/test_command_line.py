"""The command line as a newcomer meets it: the demo, reviews, explanations, and clear words when things are wrong."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from app.cli.main import app
from app.runs import begin
from evals.crowd import campaign
from tests.e2e.command_line import ATTUNE, ROOT, as_json, attune, attune_anew
from tests.settled import settle

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo as `attune demo` leaves it: made once for all workers of a test run, and copied for this one."""
    folder = tmp_path_factory.mktemp("demo")
    is_one_of_many = "PYTEST_XDIST_WORKER" in os.environ
    shared = tmp_path_factory.getbasetemp().parent / "shared-demo" if is_one_of_many else folder / "made"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "done").exists():
            said = attune_anew("demo", "demo", "--weeks", "3", folder=shared)
            assert "Living week 3 of 3" in said, "who keeps what it prints in a file sees where it is, too"
            (shared / "done").touch()
    shutil.copytree(shared / "demo", folder / "demo")
    return folder


def test_the_demo_is_labelled_and_leaves_proposals_and_reasons(demo: Path) -> None:
    run, *_ = as_json("-w", "demo", "runs", "list", folder=demo)
    assert run["status"] == "finished"
    lines = as_json("-w", "demo", "runs", "show", run["id"], "--limit", "5000", folder=demo)
    outcomes = {line["outcome"] for line in lines}
    assert {"waiting", "silent", "held_out", "refused"} <= outcomes
    assert outcomes & {"sent", "scheduled"}
    assert not outcomes & {"queued", "parked", "unknown"}
    assert all(
        line["reason"] for line in lines if line["outcome"] in {"refused", "silent", "held_out", "waiting"}
    )
    assert "Generated sample market" in (demo / "demo" / "sample-market.txt").read_text()


def test_a_proposal_can_be_looked_at_edited_approved_and_then_no_more(demo: Path) -> None:
    proposal, *_ = as_json("-w", "demo", "review", "list", folder=demo)
    shown = as_json("-w", "demo", "review", "show", proposal["id"], folder=demo)
    assert shown["proposal"]["evidence"]
    assert abs(sum(a["probability"] for a in shown["decision"]["alternatives"]) - 1) < 1e-9
    text = attune("-w", "demo", "review", "show", proposal["id"], folder=demo)
    assert "Why a person decides" in text
    (edited,) = as_json(
        "-w", "demo", "review", "edit", proposal["id"], "--subject", "A question", folder=demo
    )
    assert edited["version"] == 2
    refused = attune("-w", "demo", "review", "approve", proposal["approve"], folder=demo, expect=7)
    assert "has changed" in refused
    now = as_json("-w", "demo", "review", "show", proposal["id"], folder=demo)["proposal"]
    named = f"{proposal['id']}@{now['message_sha256'][:12]}"
    (approved,) = as_json("-w", "demo", "review", "approve", named, folder=demo)
    assert approved["outcome"] in {"sent", "scheduled"}
    again = attune("-w", "demo", "review", "approve", named, folder=demo, expect=7)
    assert "already" in again


def test_an_approval_without_the_words_it_is_for_is_refused(demo: Path) -> None:
    proposal, *_ = as_json("-w", "demo", "review", "list", folder=demo)
    blind = attune("-w", "demo", "review", "approve", proposal["id"], folder=demo, expect=7)
    assert "PROPOSAL@SHA" in blind
    short = f"{proposal['id']}@{proposal['message_sha256'][:4]}"
    assert "too short" in attune("-w", "demo", "review", "approve", short, folder=demo, expect=2)
    assert (
        as_json("-w", "demo", "review", "show", proposal["id"], folder=demo)["proposal"]["status"]
        == "waiting"
    )


def at_a_terminal(*words: str, folder: Path, answer: str) -> str:
    """Run the command as a person at a terminal would, who gives one answer, and return what the screen said."""
    ours, its = pty.openpty()
    started = subprocess.Popen(
        [*ATTUNE, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    os.write(ours, answer.encode())
    said = b""
    # The kernel ends a terminal nobody holds any more with an error instead of an end of file.
    with contextlib.suppress(OSError):
        while part := os.read(ours, 4096):
            said += part
    os.close(ours)
    assert started.wait() == 0, said.decode()
    return said.decode()


def test_a_person_at_a_terminal_is_shown_the_words_before_they_approve_them(demo: Path) -> None:
    proposal = as_json("-w", "demo", "review", "list", folder=demo)[0]
    approve = ("-w", "demo", "review", "approve", proposal["id"])
    declined = at_a_terminal(*approve, folder=demo, answer="n\n")
    assert proposal["subject"] in declined
    assert (
        as_json("-w", "demo", "review", "show", proposal["id"], folder=demo)["proposal"]["status"]
        == "waiting"
    )
    at_a_terminal(*approve, folder=demo, answer="y\n")
    assert (
        as_json("-w", "demo", "review", "show", proposal["id"], folder=demo)["proposal"]["status"]
        == "approved"
    )


def test_a_rejection_is_remembered_as_a_lesson(demo: Path) -> None:
    proposal = as_json("-w", "demo", "review", "list", folder=demo)[-1]
    attune("-w", "demo", "review", "reject", proposal["id"], "--reason", "wrong product line", folder=demo)
    recalled = as_json(
        "-w",
        "demo",
        "memory",
        "recall",
        proposal["contact_id"],
        "wrong product line",
        "--kind",
        "lesson",
        folder=demo,
    )
    assert any("wrong product line" in item["text"] for item in recalled)


def test_explain_says_why_someone_got_nothing(demo: Path) -> None:
    run, *_ = as_json("-w", "demo", "runs", "list", folder=demo)
    refused, *_ = as_json("-w", "demo", "runs", "show", run["id"], "--outcome", "refused", folder=demo)
    told = attune("-w", "demo", "explain", refused["contact_id"], folder=demo)
    assert refused["rule_id"] in told
    held, *_ = as_json("-w", "demo", "runs", "show", run["id"], "--outcome", "held_out", folder=demo)
    assert "Held out" in attune("-w", "demo", "explain", held["decision_id"], folder=demo)


def test_a_dry_run_sends_nothing_and_asks_nobody(demo: Path) -> None:
    before = as_json("-w", "demo", "outbox", "list", "--limit", "5000", folder=demo)
    report = as_json("-w", "demo", "run", "wake-quiet-accounts", "--dry-run", folder=demo)
    assert set(report["counts"]) <= {"shadowed", "silent", "held_out", "refused", "blocked", "not_reached"}
    assert as_json("-w", "demo", "outbox", "list", "--limit", "5000", folder=demo) == before


def test_the_audit_chain_is_whole_until_someone_touches_it(demo: Path) -> None:
    assert as_json("-w", "demo", "audit", "verify", folder=demo)["first_broken"] is None


@pytest.mark.parametrize(
    "words",
    [
        "contact list",
        "content list",
        "campaign list",
        "runs list",
        "review list",
        "outbox list",
        "policy list",
        "audit list",
    ],
)
def test_every_listing_prints_json_for_programs(demo: Path, words: str) -> None:
    rows = as_json("-w", "demo", *words.split(), folder=demo)
    assert len(rows) > 1 or words == "runs list"
    assert all(isinstance(row, dict) for row in rows)


def test_doctor_on_the_demo_finds_nothing_missing(demo: Path) -> None:
    found = as_json("-w", "demo", "doctor", folder=demo)
    assert {finding["state"] for finding in found} <= {"ok", "note"}


def test_a_second_demo_replaces_the_first_but_never_a_folder_of_yours(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    said = attune("demo", "mine", folder=tmp_path, expect=1)
    assert "not an earlier demo" in said
    assert (tmp_path / "mine" / "letter.txt").read_text() == "keep me"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("review", "list"), 5, "attune init"),
        (("-w", "ws", "run", "nowhere.yaml"), 4, "no such campaign file"),
        (("-w", "ws", "import", "hubspot", "nowhere.csv"), 4, "no file or folder"),
        (("-w", "ws", "import", "csv", "broken.csv"), 4, "--suggest"),
        (("-w", "ws", "import", "csv", "sheet.csv", "--suggest"), 4, "sheet.csv"),
        (("-w", "ws", "contact", "show", "nobody@example.com"), 3, "nobody@example.com"),
        (("-w", "ws", "review", "show", "p_nothing"), 3, "p_nothing"),
        (("-w", "ws", "explain", "d_nothing"), 3, "d_nothing"),
        (("-w", "ws", "policy", "explain", "C-99"), 3, "C-99"),
        (("-w", "ws", "content", "import", "broken.csv"), 4, "broken.csv"),
        (("-w", "ws", "run", "bad.yaml"), 4, "nearest"),
        (("-w", "ws", "doctor"), 1, "postal address"),
        (("nonsense",), 2, "nonsense"),
        (("-w", "ws", "campaign", "check", "ws"), 4, "is a folder"),
        (("-w", "ws", "content", "import", "ws"), 4, "is a folder"),
        (("-w", "ws", "runs", "resume"), 2, "attune runs resume --help"),
        (("-w", "ws", "runs", "resume", "r_none"), 3, "attune -w ws runs list"),
        (("-w", "ws", "review", "approve", "p_none@0123456789ab"), 3, "attune -w ws review list"),
        (("-w", "ws", "outbox", "settle", "m_none", "--sent"), 3, "attune -w ws outbox list"),
        (("-w", "ws", "import", "salesforce", "broken.csv"), 4, "does not look like"),
    ],
)
def test_bad_input_gets_one_clear_line_and_its_own_exit_code(
    words: tuple[str, ...], code: int, told: str, empty: Path
) -> None:
    said = attune(*words, folder=empty, expect=code)
    if told != "nearest":
        assert told in said.replace("\n", " ")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh workspace `ws` and some files that are not what they should be."""
    folder = tmp_path_factory.mktemp("empty")
    attune_anew("init", "ws", folder=folder)
    (folder / "broken.csv").write_text("Email,Name\nann@example.com,Ann\n")
    (folder / "sheet.csv").write_bytes(b"PK\x03\x04" + b"\0" * 60)
    (folder / "bad.yaml").write_text(
        "id: bad\nname: Bad\ngoal: {outcome: reply, worth_cents: 1}\n"
        "audience: {all: [{field: account.employes, at_least: 3}]}\n"
    )
    return folder


def test_the_example_campaign_becomes_a_file_as_the_readme_says(empty: Path) -> None:
    example = attune("campaign", "explain", folder=empty)
    (empty / "ws" / "campaigns" / "first.yaml").write_text(example)
    assert as_json("-w", "ws", "campaign", "check", "first", folder=empty)["id"] == "trial-to-meeting"


def test_every_hint_names_a_command_that_exists() -> None:
    hinted = {
        words
        for file in ROOT.glob("[a-z]*/**/*.py")
        if file.is_relative_to(ROOT / "tests") is False
        for words in re.findall(r"`attune ([a-z]+(?: [a-z]+)?)", file.read_text(encoding="utf-8"))
    }
    known = commands(get_command(app))
    assert {"runs resume", "review show"} <= hinted
    groups = {words.split()[0] for words in known if " " in words}
    assert {words for words in hinted if not ({words, words.split()[0]} & known or words in groups)} == set()


def commands(group: Any, before: str = "") -> set[str]:
    """Every command that does something by itself, as it is typed."""
    found: set[str] = set()
    for name, command in group.commands.items():
        inner = getattr(command, "commands", None)
        found |= commands(command, f"{name} ") if inner else {before + name}
    return found


def test_an_error_about_a_file_does_not_let_the_file_steer_the_terminal(empty: Path) -> None:
    (empty / "sly.yaml").write_text('id: "\\e[2Jgone"\nname: x\n')
    said = attune("-w", "ws", "campaign", "check", "sly.yaml", folder=empty, expect=4)
    assert "\x1b" not in said
    assert "\x1b" not in attune("-w", "ws", "contact", "show", "\x1b[2J", folder=empty, expect=3)


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [*ATTUNE, "doctor"],
        cwd=tmp_path,
        env={
            **os.environ,
            "ATTUNE_SMTP_PORT": "ninety",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "ATTUNE_SMTP_PORT" in done.stderr


@pytest.fixture
def broken_off(tmp_path: Path) -> tuple[Path, str]:
    """A workspace `ws` with a run that was broken off when it had decided for three contacts."""
    house = settle(tmp_path / "ws", 3)
    run, _ = begin(house, campaign(), is_dry_run=False)
    house.close()
    return tmp_path, run.id


def test_a_broken_off_run_can_be_resumed_by_name(broken_off: tuple[Path, str]) -> None:
    folder, run_id = broken_off
    report = as_json("-w", "ws", "runs", "resume", run_id, folder=folder)
    assert report["run"]["status"] == "finished"
    assert set(report["counts"]) <= {"sent", "scheduled"}
    assert sum(report["counts"].values()) == 3


def test_a_broken_off_run_can_be_given_up_and_the_campaign_run_anew(broken_off: tuple[Path, str]) -> None:
    folder, run_id = broken_off
    changed = folder / "ws" / "campaigns" / "crowd.yaml"
    changed.write_text(changed.read_text().replace("freight", "cargo"))
    refused = attune("-w", "ws", "run", "crowd", "--dry-run", folder=folder, expect=9)
    assert f"attune -w ws runs stop {run_id}" in refused
    assert as_json("-w", "ws", "runs", "stop", run_id, folder=folder)["status"] == "stopped"
    assert as_json("-w", "ws", "run", "crowd", "--dry-run", folder=folder)["counts"] == {"shadowed": 3}


def test_metrics_say_what_is_missing_where_nothing_can_be_told_yet(demo: Path) -> None:
    said = as_json("-w", "demo", "metrics", folder=demo)
    (campaign,) = said["campaigns"]
    assert {arm["arm"] for arm in campaign["arms"]} == {"learned", "explore", "usual", "holdout"}
    gated = [lift for lift in campaign["lifts"] if lift["estimate"] is None]
    assert gated
    assert all(lift["more_contacts"] > 0 for lift in gated)
    shown = " ".join(attune("-w", "demo", "metrics", "trial-to-meeting", folder=demo).split())
    assert "cannot tell (none seen yet); about" in shown
    assert "is not a day such as" in attune("-w", "demo", "metrics", "--since", "soon", folder=demo, expect=2)
    attune("-w", "demo", "metrics", "nonesuch", folder=demo, expect=3)
