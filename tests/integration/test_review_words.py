"""`attune review` at the command line: what it refuses, what it shows, and what it says when there is nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app import loop
from app.runs import begin, carry_on
from domain.campaign import Autonomy
from evals.crowd import campaign
from tests.integration.shell import Shell
from tests.settled import settle


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose run of three asked a person about each of them."""
    folder = tmp_path_factory.mktemp("reviewed") / "ws"
    house = settle(folder, 3)
    run, _ = begin(house, campaign().model_copy(update={"autonomy": Autonomy.ASSIST}), is_dry_run=False)
    loop.run(carry_on(house, run))
    house.close()
    return folder


def first(shell: Shell, folder: Path) -> str:
    code, said = shell("-w", str(folder), "review", "list", "--json")
    assert code == 0
    return str(json.loads(said)[0]["id"])


def test_an_edit_with_a_held_subject_is_shown_and_not_approved(shell: Shell, waiting: Path) -> None:
    proposal = first(shell, waiting)
    edit = (
        "-w",
        str(waiting),
        "review",
        "edit",
        proposal,
        "--subject",
        "Cheapest in the market",
        "--approve",
    )
    code, said = shell(*edit)
    assert code == 7
    assert "'Cheapest' in the subject is a claim nobody approved" in said
    assert f"{proposal} was changed and not approved: C-07 stands against it" in said
    assert f"review approve {proposal}@" in said
    _, now = shell("-w", str(waiting), "review", "show", proposal, "--json")
    assert json.loads(now)["proposal"]["status"] == "waiting"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("reject", "{id}", "--reason", " "), 2, "A rejection needs a reason"),
        (("answer", "{id}", ""), 2, "An answer needs its text"),
        (("edit", "{id}", "--body", ""), 2, "The new body is empty. Nothing was changed."),
        (
            ("edit", "{id}", "--body-file", "/nonexistent.txt"),
            4,
            "/nonexistent.txt: the new body cannot be read",
        ),
        (("edit", "{id}"), 7, "An editor needs a terminal, and this is none. Nothing was changed."),
        (("list", "--limit", "-3"), 2, "Invalid value for '--limit'"),
        (("list", "--limit", "0"), 2, "Invalid value for '--limit'"),
        (("list", "--skip", "-1"), 2, "Invalid value for '--skip'"),
        (("list", "--campaign", "nope"), 3, "No campaign 'nope' here."),
        (("list", "--campaign", "crowds"), 3, "Did you mean crowd?"),
        (("list", "--skip", "1000"), 0, "3 are waiting; --skip 1000 goes past the last one."),
        (("list", "--limit", "2"), 0, "1–2 of 3. More: --skip 2."),
    ],
)
def test_a_wrong_word_gets_one_clear_line(
    shell: Shell, waiting: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    proposal = first(shell, waiting)
    given = (word.replace("{id}", proposal) for word in words)
    found, said = shell("-w", str(waiting), "review", *given)
    assert (found, says in " ".join(said.split())) == (code, True), said
    assert "fault in Attune" not in said


def test_a_decided_proposal_is_listed_with_who_said_what(shell: Shell, tmp_path: Path) -> None:
    house = settle(tmp_path / "ws", 1)
    run, _ = begin(house, campaign().model_copy(update={"autonomy": Autonomy.ASSIST}), is_dry_run=False)
    loop.run(carry_on(house, run))
    house.close()
    ws = ("-w", str(tmp_path / "ws"))
    assert (
        shell(*ws, "review", "reject", first(shell, tmp_path / "ws"), "--reason", "Too soon", "--as", "rita")[
            0
        ]
        == 0
    )
    code, said = shell(*ws, "review", "list", "--status", "rejected")
    assert code == 0
    assert "Too soon" in said
    assert "rita" in said
    (listed,) = json.loads(shell(*ws, "review", "list", "--status", "rejected", "--json")[1])
    assert (listed["reviewer"], listed["reason"]) == ("rita", "Too soon")
