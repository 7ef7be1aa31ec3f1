"""The whole way, in one browser: the first link, a proposal edited and approved, its mail, a click, the results."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pytest
from playwright.sync_api import expect
from pydantic import SecretStr

from agents.workbench import outbox_id
from app.settings import Settings
from app.ways_in import link_to
from app.wiring import House, open_house
from domain.delivery import OUTBOX_ARGUMENT
from domain.message import StakesLevel
from evals.crowd import NOON
from memory.crm.staff import StaffStore
from tests.browser.conftest import NewPage, Site
from tests.review_workspace import lines, make_reviewing

POSTMARK = ("attune", "a-long-password-of-the-hook")


class Watch:
    """A clock that stands until it is set."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        """The time it shows."""
        return self.now


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, watch: Watch) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("whole") / "ws"
    make_reviewing(folder)
    settings = Settings(
        _env_file=None,
        workspace=folder,
        model=None,
        postmark_webhook_username=POSTMARK[0],
        postmark_webhook_password=SecretStr(POSTMARK[1]),
    )
    house = open_house(settings, clock=watch)
    yield house
    house.close()


def test_from_the_first_link_to_a_changed_result(
    site: Site, new_page: NewPage, house: House, watch: Watch
) -> None:
    page = new_page(timezone_id="Europe/Berlin")
    token = StaffStore(house.engine, house.audit, house.clock).first_run_link()
    page.goto(link_to(house.settings, token, site.url))
    page.get_by_label("Your name").fill("Dana Reyes")
    page.get_by_label("E-mail").fill("dana@team.example")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()

    line = lines(house, StakesLevel.LOW)[0]
    campaign_id = house.runs.runs()[0].campaign_id
    page.goto(f"/contacts/{line.contact_id}")
    expect(page.locator("main")).not_to_contain_text("Clicked")
    page.goto(f"/results/{campaign_id}")
    before = page.locator("main").inner_text()

    page.goto(f"/inbox/{line.proposal_id}")
    page.keyboard.press("e")
    page.get_by_label("Body", exact=True).press("Control+Home")
    page.keyboard.type("A short word first. ")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("main")).to_contain_text("A short word first.")
    page.keyboard.press("a")
    expect(page.get_by_role("status").first).to_contain_text("Approved")

    mails = sorted(house.workspace.mailbox.glob("*.eml"))
    assert len(mails) == 1
    mail = email.message_from_bytes(mails[0].read_bytes(), policy=email.policy.default)
    text = mail.get_body(("plain",))
    assert text is not None
    assert "A short word first." in text.get_content()

    watch.now = NOON + timedelta(hours=3)
    proposal = house.proposals.get(line.proposal_id)
    entry = house.outbox.get(outbox_id(proposal.run_id, proposal.contact_id))
    answer = httpx.post(
        f"{site.url}/webhooks/postmark",
        auth=POSTMARK,
        json={
            "RecordType": "Click",
            "MessageID": "5a0b2c1d-0000-4000-8000-000000000001",
            "Recipient": entry.message.to_address,
            "ReceivedAt": watch.now.isoformat(),
            "OriginalLink": "https://www.example.com/guide",
            "ClickLocation": "HTML",
            "UserAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Metadata": {OUTBOX_ARGUMENT: entry.id},
        },
    )
    assert answer.status_code == 200, answer.text

    page.goto(f"/contacts/{line.contact_id}")
    expect(page.locator("main")).to_contain_text("Clicked")
    page.goto(f"/results/{campaign_id}")
    assert page.locator("main").inner_text() != before
