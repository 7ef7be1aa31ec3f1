"""What `attune doctor` says of how messages leave and what can come back."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
import yaml

from app.doctor import Finding, examine
from app.sending_domain import judged, last_look, look
from app.settings import Settings, read_settings
from app.upkeep import keep_up
from app.wiring import House, make_workspace, open_house
from domain.errors import SettingsInvalid
from domain.schedule import CampaignState
from evals.crowd import campaign
from tests.desk_content import SENDER
from tests.unit.tools.test_sender_domain import Dark, P, Zone
from tools.models.reach import reach


def findings(
    folder: Path, monkeypatch: pytest.MonkeyPatch, unsubscribe_url: str = "", **given: object
) -> dict[str, Finding]:
    monkeypatch.setattr(House, "resolver", Dark())
    settings = Settings(_env_file=None, workspace=folder, **given)  # type: ignore[arg-type]
    make_workspace(settings)
    told = SENDER.model_dump(mode="json") | ({"unsubscribe_url": unsubscribe_url} if unsubscribe_url else {})
    (folder / "sender.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    return {finding.what: finding for finding in examine(settings)}


def test_the_mailbox_needs_nothing_and_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(tmp_path / "w", monkeypatch)
    assert found["channel"].state == "note"
    assert "DNS" not in found
    assert "webhooks" not in found
    assert str(SENDER.unsubscribe_url) in found["opt-out"].says


def test_a_provider_whose_bounces_nobody_would_hear_of_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = findings(tmp_path / "w", monkeypatch, channel="postmark", postmark_token="t0ken")
    assert found["channel"].says == "postmark: key set (not tried: that would need a message)"
    assert found["webhooks"].state == "missing"
    assert found["inbox"].state == "note"
    assert found["DNS"].state == "note"
    assert "t0ken" not in str(found)


def test_what_a_channel_lacks_is_one_line_with_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = findings(tmp_path / "w", monkeypatch, channel="mailgun", mailgun_api_key="k")
    assert "ATTUNE_MAILGUN_DOMAIN is missing" in found["channel"].says


def test_an_smtp_server_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(tmp_path / "w", monkeypatch, channel="smtp", smtp_host="127.0.0.1", smtp_port=1)
    assert found["channel"].state == "missing"
    assert "127.0.0.1:1" in found["channel"].says
    assert found["DKIM"].says == "SMTP mail is not signed by us"


def test_an_opt_out_link_without_https_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(tmp_path / "w", monkeypatch, "http://acme.example/u")
    assert found["opt-out"].state == "missing"


def test_secrets_may_stand_in_files_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "attune_resend_api_key").write_text("from-file\n")
    monkeypatch.setenv("ATTUNE_SECRETS_DIR", str(tmp_path))
    key = read_settings(_env_file=None).resend_api_key
    assert key is not None
    assert key.get_secret_value() == "from-file"
    assert "from-file" not in repr(key)
    monkeypatch.setenv("ATTUNE_RESEND_API_KEY", "from-env")
    key = read_settings(_env_file=None).resend_api_key
    assert key is not None
    assert key.get_secret_value() == "from-env"
    monkeypatch.setenv("ATTUNE_SECRETS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsInvalid, match="ATTUNE_SECRETS_DIR"):
        read_settings(_env_file=None)


@pytest.mark.parametrize(("status", "is_there"), [(200, True), (404, True), (401, False), (500, False)])
def test_a_model_endpoint_is_asked_without_spending_tokens(status: int, is_there: bool) -> None:
    asked: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status)

    problem = reach("http://127.0.0.1:9/v1", "k", transport=httpx.MockTransport(serve))
    assert (problem is None) is is_there
    assert [(request.method, request.url.path) for request in asked] == [("GET", "/v1/models")]


def test_what_the_dns_says_is_kept_and_judged_and_a_dark_dns_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(_env_file=None, workspace=tmp_path / "w", channel="resend", dkim_selector="news")
    make_workspace(settings)
    (tmp_path / "w" / "sender.yaml").write_text(
        yaml.safe_dump(SENDER.model_dump(mode="json")), encoding="utf-8"
    )
    house = open_house(settings)
    domain = str(SENDER.from_email).rpartition("@")[2]
    records = {
        domain: ["v=spf1 ip4:192.0.2.1 -all"],
        f"news._domainkey.{domain}": [f"v=DKIM1; p={P}"],
        f"_dmarc.{domain}": ["v=DMARC1; p=quarantine"],
    }
    house.__dict__["resolver"] = Zone(records, domain)
    assert last_look(house) is None
    assert judged(house, None).blocks
    _, check = look(house)
    assert (check.has_spf, check.has_dkim, check.dmarc_policy, check.dkim_aligned) == (
        True,
        True,
        "quarantine",
        True,
    )
    assert not judged(house, last_look(house)).blocks
    house.__dict__["resolver"] = Dark()
    look(house)
    assert last_look(house) == check
    house.close()


@pytest.mark.parametrize(
    ("channel", "without", "is_held"),
    [
        ("resend", None, False),
        ("resend", "_dmarc.", True),
        ("resend", "news._domainkey.", True),
        ("resend", "", False),
        ("smtp", "", True),
    ],
)
async def test_a_record_that_is_gone_holds_every_campaign_and_a_dark_dns_none(
    tmp_path: Path, channel: str, without: str | None, is_held: bool
) -> None:
    domain = f"{channel}{len(without or '')}{without is None}.example".lower()
    sender = SENDER.model_dump(mode="json") | {"from_email": f"hello@{domain}"}
    selector = "news" if channel == "resend" else None  # by SMTP it would need the key as well
    settings = Settings(_env_file=None, workspace=tmp_path / "w", channel=channel, dkim_selector=selector)
    make_workspace(settings)
    (tmp_path / "w" / "sender.yaml").write_text(yaml.safe_dump(sender), encoding="utf-8")
    plan = campaign().model_dump(mode="json", exclude_none=True)
    (tmp_path / "w" / "campaigns" / "crowd.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    house = open_house(settings)
    records = {
        domain: ["v=spf1 ip4:192.0.2.1 -all"],
        f"news._domainkey.{domain}": [f"v=DKIM1; p={P}"],
        f"_dmarc.{domain}": ["v=DMARC1; p=quarantine"],
    }
    house.__dict__["resolver"] = Dark()
    await keep_up(house)
    assert house.controls.standing("crowd").state is CampaignState.ACTIVE
    if without is not None:
        del records[f"{without}{domain}"]
    house.__dict__["resolver"] = Zone(records, domain)
    await keep_up(house)
    standing = house.controls.standing("crowd")
    assert (standing.state is CampaignState.TRIPPED) is is_held
    assert standing.reason.startswith("C-23: ") is is_held
    house.close()
