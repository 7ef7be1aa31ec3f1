"""Content and rules on the web: mistakes are told at their place, nobody signs in another's name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.content_board import AssetChanged, asset_cards, asset_sha256, save_asset
from app.content_form import asset_answers, asset_record
from app.runs import begin
from app.settings import Settings
from app.web import make_app
from app.wiring import House, open_house
from domain.content import ContentAsset
from domain.errors import InvalidFile
from domain.run import ContactOutcome
from domain.staff import Role
from evals.crowd import NOON, campaign, library
from policies.book import NOT_YET, checks_of
from policies.explain import every_rule
from tests.settled import settle
from tests.web import Visitor, member, signed_in

GUIDE = library()[0]
NEW = {
    "title": "A pilot month",
    "kind": "offer",
    "url": "https://www.tidewater.example/pilot",
    "summary": "Four weeks at one site.",
    "call_to_action": "Start the pilot",
    "topics": "pricing, onboarding",
    "stages": ["mql", "sql"],
    "language": "en",
    "is_active": "yes",
    "k0.text": "The pilot takes four weeks.",
    "k0.source": "Contract template",
    "k0.expires_on": "2026-12-31",
    "offer.id": "pilot",
    "offer.name": "Pilot month",
    "offer.terms": "One site, four weeks.",
    "offer.price": "1,900",
}


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("settled") / "ws"
    settle(folder, 6).close()
    return folder


@pytest.fixture
def house(settled: Path, tmp_path: Path) -> Iterator[House]:
    shutil.copytree(settled, tmp_path / "ws")
    house = open_house(Settings(_env_file=None, workspace=tmp_path / "ws", model=None), clock=lambda: NOON)
    yield house
    house.close()


@pytest.fixture
def app(house: House) -> FastAPI:
    return make_app(house)


@pytest.fixture
def marketer(house: House, app: FastAPI) -> Visitor:
    return signed_in(house, Role.MARKETER, app)


def form_of(asset: ContentAsset) -> dict[str, list[str]]:
    return {**asset_answers(asset), "base": [asset_sha256(asset)]}


def test_an_asset_is_added_and_its_claim_is_signed_by_whoever_saved_it(
    house: House, marketer: Visitor
) -> None:
    csrf = marketer.token()
    forged = {**NEW, "k0.approved_by": "legal", "csrf": csrf}
    answer = marketer.post("/content/new", data=forged)
    assert (answer.status_code, answer.headers["location"]) == (303, "/content/a-pilot-month")
    asset = house.crm.asset("a-pilot-month")
    assert asset.offer is not None and asset.offer.price_cents == 190_000
    (claim,) = asset.claims
    assert (claim.id, claim.approved_by, claim.approved_on) == (
        "a-pilot-month-1",
        "marketer@team.example",
        NOON.date(),
    )
    page = marketer.get("/content/a-pilot-month").text
    assert "The pilot takes four weeks." in page and "1,900 USD" in page
    assert "<td>Marketer<span" in page
    again = marketer.post("/content/new", data={**NEW, "csrf": csrf})
    assert again.status_code == 422 and "There is an asset" in again.text


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"url": "javascript:alert(1)"}, "must be a web address|URL scheme"),
        ({"title": ""}, "it needs a title"),
        ({"k0.source": ""}, "a claim is said only with its source"),
        ({"k0.expires_on": "soon"}, "must be a date such as 2026-12-24"),
        ({"offer.price": "much"}, "must be a whole number"),
        ({"kind": "poem"}, "must be one of case_study"),
        ({"k1.text": "Another.", "k1.source": "x", "k0.id": "same", "k1.id": "same"}, "stand more than once"),
    ],
)
def test_what_is_wrong_with_an_asset_is_told_at_its_field(
    house: House, marketer: Visitor, wrong: dict[str, str], says: str
) -> None:
    before = {asset.id for asset in house.crm.assets()}
    answer = marketer.post("/content/new", data={**NEW, **wrong, "csrf": marketer.token()})
    assert answer.status_code == 422
    page = unescape(answer.text)
    assert any(one in page for one in says.split("|")), page
    assert "nput should" not in page
    assert {asset.id for asset in house.crm.assets()} == before


def test_an_edit_keeps_who_approved_what_was_not_touched(house: House, marketer: Visitor) -> None:
    form = {**form_of(GUIDE), "csrf": [marketer.token()], "k1.text": ["Worded otherwise, from now on."]}
    assert marketer.post(f"/content/{GUIDE.id}/edit", data=form).status_code == 303
    kept, changed = house.crm.asset(GUIDE.id).claims
    assert (kept.approved_by, kept.approved_on) == ("Ann Lee", date(2026, 1, 12))
    assert (changed.approved_by, changed.approved_on) == ("marketer@team.example", NOON.date())


def test_a_claim_said_longer_than_was_approved_is_approved_anew(
    house: House, app: FastAPI, marketer: Visitor
) -> None:
    marketer.post("/content/new", data={**NEW, "csrf": marketer.token()})
    other = signed_in(house, Role.MARKETER, app, "Other Person")

    def approver(ends: str) -> str:
        asset = house.crm.asset("a-pilot-month")
        form = {**form_of(asset), "csrf": [other.token()], "k0.expires_on": [ends]}
        assert other.post(f"/content/{asset.id}/edit", data=form).status_code == 303
        return house.crm.asset(asset.id).claims[0].approved_by

    assert approver("2026-12-24") == "marketer@team.example"
    assert approver("2027-12-24") == "other.person@team.example"


def test_a_second_editor_of_an_asset_never_overwrites_the_first(
    house: House, app: FastAPI, marketer: Visitor
) -> None:
    other = member(app, Role.MARKETER, "Other Person")
    mine = {**form_of(GUIDE), "csrf": [marketer.token()], "title": ["Mine"]}
    record, _ = asset_record({**asset_answers(GUIDE), "title": ["Theirs"]})
    save_asset(house, record, other, asset_sha256(GUIDE))
    late = marketer.post(f"/content/{GUIDE.id}/edit", data=mine)
    assert late.status_code == 409 and "Somebody else changed" in late.text and 'value="Mine"' in late.text
    assert house.crm.asset(GUIDE.id).title == "Theirs"
    with pytest.raises(AssetChanged):
        save_asset(house, record, other, asset_sha256(GUIDE))


def test_claims_that_run_out_are_told_in_the_library(house: House, marketer: Visitor) -> None:
    today = NOON.date()
    ends = {GUIDE.claims[0].id: today - timedelta(days=1), GUIDE.claims[1].id: today + timedelta(days=9)}
    claims = tuple(claim.model_copy(update={"expires_on": ends[claim.id]}) for claim in GUIDE.claims)
    house.content.save_assets([GUIDE.model_copy(update={"claims": claims})])
    card = next(card for card in asset_cards(house) if card.asset.id == GUIDE.id)
    assert (card.expired, card.ends_soon) == (1, 1)
    assert "1 expired" in marketer.get("/content?state=expired").text
    assert marketer.get("/content?state=expired").text.count("data-row") == 1


def test_an_asset_says_which_campaigns_may_send_it(house: House, marketer: Visitor) -> None:
    page = marketer.get(f"/content/{GUIDE.id}").text
    assert "/campaigns/crowd" in page and "sends the whole library" in page
    assert "/learning/crowd" in page


def test_a_reviewer_reads_content_and_changes_none(house: House, app: FastAPI) -> None:
    reviewer = signed_in(house, Role.REVIEWER, app)
    assert reviewer.get("/content").status_code == 200
    assert "/content/new" not in reviewer.get("/content").text
    for path in ("/content/new", f"/content/{GUIDE.id}/edit"):
        assert reviewer.get(path).status_code == 403
        assert reviewer.post(path, data={**NEW, "csrf": reviewer.token()}).status_code == 403


def test_every_rule_stands_in_the_book_with_what_it_says(house: House, marketer: Visitor) -> None:
    page = unescape(marketer.get("/rules").text)
    for rule in every_rule(house.rules):
        assert f'href="/rules/{rule.id}"' in page and rule.plain in page, rule.id
    assert page.count("asked by nothing yet") == len(NOT_YET)


def test_a_rules_page_tells_its_numbers_packs_functions_and_what_it_kept_back(
    house: House, marketer: Visitor
) -> None:
    (house.workspace.team_rules_file).write_text(
        "blackouts:\n  - {from: 2026-11-24, to: 2026-11-25, why: stocktaking}\ncaps:\n  - {messages: 1, days: 9}\n",
        encoding="utf-8",
    )
    page = unescape(marketer.get("/rules/C-09").text)
    assert "Where it holds how" in page and "CASL" in page
    assert all(check.__name__ in page for check in checks_of("C-09"))
    assert "stocktaking" in unescape(marketer.get("/rules/T-01").text)


def test_what_a_rule_kept_back_is_counted_and_named(house: House, marketer: Visitor) -> None:
    run, _ = begin(house, campaign(), is_dry_run=False)
    line = house.runs.queued(run.id, limit=1)[0]
    refused = {"outcome": ContactOutcome.REFUSED, "rule_id": "C-03", "reason": "unsubscribed long ago"}
    house.runs.mark(line.model_copy(update=refused))
    assert "1 refused" in marketer.get("/rules").text
    page = marketer.get("/rules/C-03").text
    assert "unsubscribed long ago" in page and f"/contacts/{line.contact_id}" in page


def test_every_mistake_of_a_teams_file_is_shown_on_its_line(house: House, marketer: Visitor) -> None:
    text = "banned_phrases:\n  - {phrase: x, verdict: blok}\ncaps:\n  - {messages: many, days: 3}\n"
    house.workspace.team_rules_file.write_text(text, encoding="utf-8")
    page = unescape(marketer.get("/rules").text)
    assert "has 3 mistakes" in page
    for says in (
        "needs at least 2 characters",
        "did you mean 'block'?",
        "must be a whole number (it is 'many')",
    ):
        assert says in page
    assert page.count('class="is-wrong"') == 2
    with pytest.raises(InvalidFile):
        house.reread()
        _ = open_house(house.settings, clock=house.clock).rules
