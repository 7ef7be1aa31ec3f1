"""A marketer's questions over the sample market, asked as tool calls, held against SQL of our own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.settings import read_settings
from app.wiring import House, make_workspace, open_house
from evals.market.sample import sample_assets, sample_market
from tests.assistant_desk import look

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
QUIET_DAYS = 21

QUIET = """
with acts as (
  select coalesce(e.account_id, c.account_id) as account, e.kind, e.topic, e.at
  from events e left join contacts c on c.id = e.contact_id
  where not e.is_machine and e.at <= :now
)
select a.id from accounts a
where exists (select 1 from acts where account = a.id and kind = 'page_viewed' and topic = 'pricing' and at >= :seen)
  and not exists (
    select 1 from acts where account = a.id and at >= :quiet and kind in (
      'email_clicked', 'email_replied', 'email_forwarded', 'page_viewed', 'form_submitted', 'content_downloaded',
      'webinar_attended', 'trial_started', 'product_used', 'meeting_booked', 'meeting_held', 'call_held',
      'ticket_opened'))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("sample") / "ws"
    settings = read_settings(workspace=folder)
    make_workspace(settings)
    opened = open_house(settings, lambda: NOW)
    opened.content.save_assets(sample_assets())
    opened.intake.take(sample_market(7, NOW), source_name="sample", rejects_path=folder / "rejects" / "s.csv")
    yield opened
    opened.close()


def _asked(house: House, query: str, **moments: datetime) -> list[str]:
    with house.engine.connect() as connection:
        told = {name: at.replace(tzinfo=None).isoformat(" ") for name, at in moments.items()}
        return list(connection.execute(text(query), told).scalars())


def test_which_accounts_went_quiet_after_the_pricing_page(house: House) -> None:
    did = [{"event": "page_viewed", "topic": "pricing page"}]
    seen: set[str] = set()
    page: int | None = 1
    while page:
        answer = look(house, "account_find", did=did, quiet_days=QUIET_DAYS, page=page)
        seen |= {row["record"] for row in answer.facts["accounts"]}
        page = answer.facts.get("next_page")
    days = {"seen": NOW - timedelta(days=90), "quiet": NOW - timedelta(days=QUIET_DAYS)}
    wanted = _asked(house, QUIET, now=NOW, **days)
    assert len(wanted) > 3
    assert seen == {f"[account:{one}]" for one in wanted}
    assert answer.facts["total"] == len(wanted)


def test_the_operations_lead_there(house: House) -> None:
    account = _asked(
        house,
        "select account_id from contacts where job_title like '%Operations%' group by account_id order by 1 limit 1",
    )[0]
    people = look(house, "account_show", account=account).facts["people"]
    wanted = _asked(
        house, f"select id from contacts where account_id = '{account}' and job_title like '%Operations%'"
    )
    found = [one["record"] for one in people if "Operations" in one.get("job_title", "")]
    assert sorted(found) == sorted(f"[contact:{one}]" for one in wanted)


def test_who_at_a_stage_in_a_country_never_answered(house: House) -> None:
    answer = look(
        house,
        "contact_find",
        stages=["mql"],
        countries=["GB"],
        did=[{"event": "email_replied", "at_most": 0, "within_days": None}],
    )
    wanted = _asked(
        house,
        "select id from contacts c where lifecycle_stage = 'mql' and country = 'GB' and not exists (select 1 from "
        "events e where e.contact_id = c.id and e.kind = 'email_replied' and not e.is_machine)",
    )
    assert answer.facts["total"] == len(wanted) > 0


def test_an_answer_to_a_model_stays_small_for_everybody(house: House) -> None:
    accounts = look(house, "account_find").facts["accounts"]
    for row in accounts[:8]:
        people = look(house, "account_show", account=row["record"]).facts["people"]
        for one in people[:2]:
            for tool in ("contact_show", "contact_story", "contact_signals"):
                look(house, tool, who=one["record"])
