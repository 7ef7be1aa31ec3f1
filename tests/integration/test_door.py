"""The door: one POST stops everything, a GET changes nothing, and nothing anybody sends is answered 5xx."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.drills.posting import Mailgun, Told
from app.web.limits import MOST_BYTES, MOST_MISSES, Misses
from app.wiring import House
from domain.delivery import MailEventKind
from domain.dossier import Standing
from domain.message import OutboxEntry, OutboxStatus, Verdict
from domain.people import Consent, ConsentBasis, SuppressionReason
from domain.run import Run, RunStatus
from memory.crm.consents import record
from policies.case import block
from policies.contactable import may_contact
from policies.suppression import unwanted
from tests.desk_content import SENDER
from tests.door import DANA, OUTBOX_ID, caller, open_door, token
from tests.learning_workspace import CAMPAIGN, DAY, NOON

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = open_door(tmp_path / "w", mailgun_signing_key=SecretStr(Mailgun.key))
    yield house
    house.close()


@pytest.fixture
def client(house: House) -> TestClient:
    return caller(house)


def standing(house: House) -> Standing:
    return house.crm.dossier(DANA.id).standing


def rule(house: House) -> str | None:
    refusal = may_contact(standing(house), None, house.clock(), house.rules)
    return refusal.rule_id if refusal else None


def stored(house: House) -> list[Any]:
    with house.engine.connect() as connection:
        tables = ("suppressions", "consents", "events", "audit", "outbox")
        return [connection.exec_driver_sql(f"SELECT * FROM {name} ORDER BY 1").all() for name in tables]


def test_a_post_stops_everything_without_cookie_login_or_redirect(house: House, client: TestClient) -> None:
    assert rule(house) is None
    answer = client.post(f"/unsubscribe?c={token(house)}", data=ONE_CLICK)
    assert answer.status_code == 200
    assert not answer.cookies
    assert rule(house) == "C-03"
    (stop,) = standing(house).suppressions
    assert (stop.address, stop.reason, stop.source) == (
        "dana@northwind.example",
        SuppressionReason.UNSUBSCRIBED,
        "one-click opt-out",
    )
    assert [consent.is_granted for consent in standing(house).consents] == [False]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"data": ONE_CLICK},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b"\xff\x00", "headers": {"content-type": "multipart/form-data"}},
    ],
)
def test_whatever_the_body_is_a_post_with_a_true_link_is_an_opt_out(
    house: House, client: TestClient, sent: dict[str, Any]
) -> None:
    assert client.post(f"/unsubscribe?c={token(house)}", **sent).status_code == 200
    assert rule(house) == "C-03"


def test_the_address_that_stands_in_messages_leads_here(house: House, client: TestClient) -> None:
    path = urlsplit(str(SENDER.unsubscribe_url)).path
    assert client.post(f"{path}?c={token(house)}", data=ONE_CLICK).status_code == 200
    assert rule(house) == "C-03"


def test_a_get_changes_nothing_however_often(house: House, client: TestClient) -> None:
    before = stored(house)
    for path in ("/unsubscribe", "/preferences"):
        for _ in range(3):
            answer = client.get(f"{path}?c={token(house)}")
            assert answer.status_code == 200
            assert "d…@northwind.example" in answer.text
            assert "dana@" not in answer.text
    client.head(f"/unsubscribe?c={token(house)}")
    assert stored(house) == before


def test_an_opt_out_is_applied_to_the_very_next_reservation(house: House, client: TestClient) -> None:
    autumn = CAMPAIGN.model_copy(update={"id": "autumn"})
    run = Run(
        id="r_autumn",
        campaign_id="autumn",
        status=RunStatus.DECIDING,
        autonomy=CAMPAIGN.autonomy,
        seed=1,
        started_at=NOON,
    )
    house.runs.start(run, autumn)
    sent = house.outbox.get(OUTBOX_ID)
    message = sent.message.model_copy(update={"message_id": "<o_next@x.example>"})
    ours = {"id": "o_next", "run_id": run.id, "campaign_id": "autumn", "message": message}
    approved = {"status": OutboxStatus.APPROVED, "approved_sha256": message.sha256}
    house.outbox.put(sent.model_copy(update={**ours, **approved}))
    client.post(f"/unsubscribe?c={token(house)}")

    def check(standing: Standing, _entry: OutboxEntry) -> Verdict:
        refusal = may_contact(standing, None, house.clock(), house.rules)
        assert refusal is not None
        return Verdict(findings=(block(refusal.rule_id, refusal.reason),))

    assert house.outbox.reserve("o_next", check, house.clock()) is None
    assert house.outbox.get("o_next").detail.startswith("C-03")


def test_a_second_opt_out_adds_nothing(house: House, client: TestClient) -> None:
    client.post(f"/unsubscribe?c={token(house)}")
    before = stored(house)
    client.post(f"/unsubscribe?c={token(house)}")
    assert stored(house) == before


def test_an_opt_out_used_again_and_again_piles_up_nothing(house: House, client: TestClient) -> None:
    link = f"/unsubscribe?c={token(house)}"
    client.post(link)
    before = stored(house)
    for _ in range(3):
        house.__dict__["clock"] = later(house.clock() + DAY)
        again = caller(house)
        assert again.post(link).status_code == 200
    assert stored(house) == before


def test_an_opt_out_after_a_new_yes_is_written_down_again(house: House, client: TestClient) -> None:
    link = f"/unsubscribe?c={token(house)}"
    client.post(link)
    yes = Consent(
        contact_id=DANA.id,
        basis=ConsentBasis.EXPRESS,
        is_granted=True,
        recorded_at=house.clock() + DAY,
        source="form",
        wording="Write to me.",
        proof="form 1",
    )
    record(house.engine, house.audit, yes)
    house.__dict__["clock"] = later(house.clock() + 2 * DAY)
    assert caller(house).post(link).status_code == 200
    assert not standing(house).consents[0].is_granted


def later(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


@pytest.mark.parametrize("change", ["", "x", "o_other.abc", "o_dana", "." * 40, "ö.ü", "a" * 5_000])
def test_a_link_that_was_not_signed_here_does_nothing(house: House, client: TestClient, change: str) -> None:
    before = stored(house)
    for path in ("/unsubscribe", "/preferences"):
        assert client.get(path, params={"c": change}).status_code == 404
        assert client.post(path, params={"c": change}).status_code == 404
    assert stored(house) == before


def test_a_signature_for_one_message_is_none_for_another(house: House, client: TestClient) -> None:
    signature = token(house).partition(".")[2]
    assert client.post("/unsubscribe", params={"c": f"o_else.{signature}"}).status_code == 404


def test_guessing_is_slowed_down_and_a_true_link_works_all_the_same(house: House, client: TestClient) -> None:
    answers = [
        client.get("/unsubscribe", params={"c": f"o_{n}.x"}).status_code for n in range(MOST_MISSES + 1)
    ]
    assert answers == [404] * MOST_MISSES + [429]
    assert client.post(f"/unsubscribe?c={token(house)}").status_code == 200
    assert rule(house) == "C-03"


def test_wrong_guesses_are_forgotten_after_a_minute() -> None:
    now = 0.0
    misses = Misses(lambda: now)
    assert [misses.is_too_many("a") for _ in range(MOST_MISSES + 1)][-1]
    assert not misses.is_too_many("b")
    now = 61.0
    assert not misses.is_too_many("a")


def test_topics_and_a_pause_are_kept_and_can_be_taken_back(house: House, client: TestClient) -> None:
    link = f"/preferences?c={token(house)}"
    answer = client.post(link, data={"act": "save", "topic": ["demo", "guide"], "pause": "30"})
    assert "Saved" in answer.text
    assert unwanted(standing(house).suppressions, house.clock()) == {"news"}
    assert rule(house) == "C-03"
    assert may_contact(standing(house), None, house.clock() + timedelta(days=31), house.rules) is None
    client.post(link, data={"act": "save", "topic": ["demo", "guide", "news"], "pause": "0"})
    assert standing(house).suppressions == ()


def test_a_pause_that_is_kept_keeps_its_end(house: House, client: TestClient) -> None:
    link = f"/preferences?c={token(house)}"
    client.post(link, data={"act": "save", "pause": "90"})
    before = standing(house).suppressions
    answer = client.post(link, data={"act": "save", "pause": "keep"})
    assert "Paused until" in answer.text
    assert standing(house).suppressions == before


def test_the_preference_page_stops_everything_too_and_never_lifts_an_opt_out(
    house: House, client: TestClient
) -> None:
    link = f"/preferences?c={token(house)}"
    assert "unsubscribed" in client.post(link, data={"act": "stop"}).text
    client.post(link, data={"act": "save", "topic": ["demo"], "pause": "0"})
    assert rule(house) == "C-03"
    assert "unsubscribed" in client.get(link).text


def test_pages_bring_no_script_and_nothing_from_elsewhere(house: House, client: TestClient) -> None:
    for path in ("/unsubscribe", "/preferences"):
        answer = client.get(f"{path}?c={token(house)}")
        assert "<script" not in answer.text
        assert "http://" not in answer.text
        assert "https://" not in answer.text
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
    assert client.get("/style.css").headers["content-type"].startswith("text/css")


def test_words_of_the_profile_and_of_content_are_escaped(house: House) -> None:
    mean = "<img src=x onerror=alert(1)>"
    house.__dict__["sender"] = SENDER.model_copy(update={"organisation": mean})
    (asset,) = [asset for asset in house.crm.assets(only_active=True) if asset.id == "demo"]
    house.content.save_assets([asset.model_copy(update={"topics": (mean,)})])
    text = caller(house).get(f"/preferences?c={token(house)}").text
    assert "<img" not in text
    assert "&lt;img" in text


def test_a_body_too_large_is_refused_before_anything_is_done(house: House, client: TestClient) -> None:
    large = b"x" * (MOST_BYTES + 1)
    assert client.post(f"/unsubscribe?c={token(house)}", content=large).status_code == 413

    assert client.post("/campaigns/inbound/x", content=large).status_code == 413
    assert client.post("/inbound/nobody", content=large).status_code != 413

    def chunks() -> Iterator[bytes]:
        for _ in range(12):
            yield b"x" * 100_000

    assert client.post(f"/unsubscribe?c={token(house)}", content=chunks()).status_code == 413
    assert rule(house) is None


def test_a_genuine_webhook_is_taken_once_and_a_forged_one_is_not(house: House, client: TestClient) -> None:
    event = Told("e1", MailEventKind.COMPLAINED, NOON + DAY, "dana@northwind.example", OUTBOX_ID)
    (request,) = Mailgun().post([event], house.clock())
    forged = client.post("/webhooks/mailgun", content=request.body.replace(b"complained", b"unsubscribed"))
    assert (
        forged.status_code == 200
    )  # a signature of Mailgun's does not cover the body; its token is used up now
    assert client.post("/webhooks/mailgun", content=request.body).status_code == 403
    (again,) = Mailgun().post([event._replace(event_id="e2")], house.clock())
    assert client.post("/webhooks/mailgun", content=again.body).json() == {
        "new": 1,
        "repeats": 0,
        "unmatched": 0,
    }
    assert client.post("/webhooks/mailgun", content=again.body).json()["repeats"] == 1
    assert rule(house) in {"C-19", "C-03"}


def test_a_provider_without_a_secret_is_not_there(client: TestClient) -> None:
    assert client.post("/webhooks/sendgrid", content=b"[]").status_code == 404
    assert client.get("/webhooks/mailgun").status_code == 405


def test_health_says_so(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(
        ["/unsubscribe", "/preferences", "/health", "/webhooks/mailgun", "/style.css", "/none"]
    ),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]),
    query=st.dictionaries(st.sampled_from(["c", "x"]), st.text(max_size=40), max_size=2),
    is_true_link=st.booleans(),
    fields=st.dictionaries(
        st.sampled_from(["act", "topic", "pause", "List-Unsubscribe"]), st.text(max_size=20), max_size=4
    ),
    kind=st.sampled_from(
        ["application/x-www-form-urlencoded", "multipart/form-data", "application/json", "", "x"]
    ),
    body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()),
    has_fields=st.booleans(),
)
def test_nothing_anybody_sends_is_answered_with_a_fault(
    house: House,
    client: TestClient,
    path: str,
    method: str,
    query: dict[str, str],
    is_true_link: bool,
    fields: dict[str, str],
    kind: str,
    body: bytes,
    has_fields: bool,
) -> None:
    if is_true_link:
        query = {**query, "c": token(house)}
    sent: dict[str, Any] = (
        {"data": fields} if has_fields else {"content": body, "headers": {"content-type": kind}}
    )
    answer = client.request(method, path, params=query, **sent)
    assert answer.status_code < 500, (answer.status_code, answer.text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=JSON, signature=JSON)
def test_a_webhook_of_any_shape_is_never_a_fault(
    house: House, client: TestClient, told: Any, signature: Any
) -> None:
    for body in ({"event-data": told, "signature": signature}, told):
        assert client.post("/webhooks/mailgun", content=json.dumps(body).encode()).status_code < 500


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(
        st.sampled_from(["event", "id", "timestamp", "recipient", "url", "user-variables"]), JSON
    )
)
def test_a_genuine_webhook_with_strange_fields_is_never_a_fault(
    house: House, client: TestClient, changes: dict[str, Any]
) -> None:
    event = Told("e1", MailEventKind.DELIVERED, NOON, "dana@northwind.example", OUTBOX_ID)
    (request,) = Mailgun().post([event], house.clock())
    told = json.loads(request.body)
    told["event-data"] |= changes
    assert client.post("/webhooks/mailgun", content=json.dumps(told).encode()).status_code < 500
