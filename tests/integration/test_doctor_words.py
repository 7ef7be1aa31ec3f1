"""`attune doctor` on the sender: it finds what the rules would block, and what was never filled in."""

from __future__ import annotations

from pathlib import Path

import pytest

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
