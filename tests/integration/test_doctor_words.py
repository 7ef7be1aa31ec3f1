"""`attune doctor` on the sender: it finds what the rules would block, and what was never filled in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from app.settings import read_settings
from app.wiring import open_house
from domain.staff import Role
from memory.crm.staff import StaffStore
from tests.integration.shell import Shell


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("1 High St, London", "it has 2 of the 3 parts"),
        ("High St, London, UK", "it has no number or postal code"),
        ("1 High St, London N1 9GU, UK", ""),
    ],
)
def test_doctor_judges_the_sender_as_rule_c_01_does(
    shell: Shell, tmp_path: Path, address: str, says: str
) -> None:
    folder = tmp_path / "ws"
    shell("init", str(folder))
    file = folder / "sender.yaml"
    text = file.read_text().replace('postal_address: ""', f"postal_address: {address}")
    file.write_text(text.replace("your-company.example", "usco.example").replace("Your Company", "USCo"))
    _, said = shell("-w", str(folder), "doctor")
    said = " ".join(said.split())
    assert (f"is not complete: {says}" in said, "ok sender" in said) == (bool(says), not says)


def test_doctor_names_what_was_never_filled_in(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "ws"
    shell("init", str(folder))
    code, said = shell("-w", str(folder), "doctor")
    assert code == 1
    assert "organisation, from_name, from_email, website, unsubscribe_url, link_hosts" in " ".join(
        said.split()
    )


def test_doctor_tells_once_of_team_rules_that_cannot_be_read(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "ws"
    shell("init", str(folder))
    (folder / "policies.yaml").write_text("caps:\n  - {messages: 1, days: 0}\n")
    code, said = shell("-w", str(folder), "doctor", "--json")
    broken = [one for one in json.loads(said) if "policies.yaml" in one["says"]]
    assert (code, [(one["what"], one["state"]) for one in broken]) == (1, [("rules", "missing")])
    (folder / "policies.yaml").write_text("competitors: [Globex, Initech]\n")
    _, said = shell("-w", str(folder), "doctor")
    assert "law and house, 2 of your own" in said


def test_what_does_not_fit_on_a_line_goes_on_below_what_it_belongs_to(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ws"
    shell("init", str(folder))
    monkeypatch.setattr(Console, "width", 60)
    _, said = shell("-w", str(folder), "doctor")
    rows = said.splitlines()
    assert len(rows) > 10
    assert [row for row in rows if row and not row.startswith("  ")] == []
    assert max(map(len, rows)) <= 60


def test_what_is_suggested_names_the_workspace(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "ws"
    shell("init", str(folder))
    _, said = shell("-w", str(folder), "doctor")
    assert f"attune-w{folder}contentimportFILE" in "".join(said.split())
    _, said = shell("-w", str(folder), "privacy", "list")
    assert f"attune-w{folder}privacyask" in "".join(said.split())
    code, said = shell("-w", str(folder), "contact", "show", "nobody")
    assert (code, f"`attune-w{folder}contactlist`" in "".join(said.split())) == (3, True), said


def test_doctor_says_who_is_in_the_web_app(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ws"
    shell("init", str(folder))
    assert "nobody is a member of the web app yet" in shell("-w", str(folder), "doctor")[1]
    house = open_house(read_settings(workspace=folder))
    StaffStore(house.engine, house.audit).join("ada@team.example", "Ada", Role.ADMIN, "UTC", how="test")
    house.close()
    assert "1 in the web app, 1 of them admin" in shell("-w", str(folder), "doctor")[1]
    monkeypatch.setenv("ATTUNE_OIDC_ISSUER", "https://accounts.example.com")
    assert "ATTUNE_OIDC_CLIENT_ID is missing" in shell("-w", str(folder), "doctor")[1]
    monkeypatch.setenv("ATTUNE_PUBLIC_URL", "attune.example.com")
    code, said = shell("-w", str(folder), "doctor")
    assert (code, "ATTUNE_PUBLIC_URL" in said, "no address of a host" in said) == (2, True, True)
