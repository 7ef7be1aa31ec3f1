"""How pages say times, amounts and pages of lists; and the table of rights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import Request
from jinja2 import DictLoader, Environment

from app.web.paging import page_of, url_with
from app.web.shell import see_other
from app.web.words import FILTERS, coded, count, money, percent, span
from domain.staff import Act, Role, Session, is_address
from policies.rights import BY_TOKEN, IDLE_FOR, RIGHTS, SESSION_FOR, has_ended, may

NOW = datetime(2026, 3, 12, 13, 5, tzinfo=UTC)


def said(how: str, moment: datetime, zone: str = "Europe/Berlin") -> str:
    made = Environment(loader=DictLoader({"t": f"{{{{ moment | {how} }}}}"}), autoescape=True)
    made.filters.update(FILTERS)
    return made.get_template("t").render(moment=moment, now=NOW, zone=zone)


def request(query: str) -> Request:
    scope: dict[str, Any] = {"type": "http", "path": "/things", "query_string": query.encode(), "headers": []}
    return Request(scope)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOW, "14:05"),
        (NOW - timedelta(days=1), "11 Mar, 14:05"),
        (datetime(2026, 3, 11, 23, 30, tzinfo=UTC), "00:30"),
        (datetime(2025, 12, 1, 8, tzinfo=UTC), "1 Dec, 09:00"),
        (datetime(2024, 12, 1, tzinfo=UTC), "1 Dec 2024"),
    ],
)
def test_a_time_is_told_in_the_readers_zone_as_short_as_it_stays_clear(moment: datetime, words: str) -> None:
    assert said("when", moment) == words


def test_the_full_time_names_its_zone_also_across_a_change_of_clocks() -> None:
    assert said("full", NOW) == "Thu 12 Mar 2026, 14:05 CET"
    assert said("full", datetime(2026, 3, 29, 1, tzinfo=UTC)) == "Sun 29 Mar 2026, 03:00 CEST"
    assert said("iso", NOW) == "2026-03-12T13:05:00Z"


def test_how_long_ago_is_told_in_the_largest_unit() -> None:
    assert [said("ago", NOW - gone) for gone in (timedelta(seconds=5), timedelta(hours=3))] == [
        "just now",
        "3 h ago",
    ]
    assert said("ago", NOW + timedelta(days=2)) == "in 2 days"
    assert [span(timedelta(days=1)), span(timedelta(minutes=45))] == ["1 day", "45 min"]


def test_amounts_and_shares_are_told_as_people_read_them() -> None:
    assert [money(420_000, "USD"), money(-1_250, "EUR"), money(None, "USD")] == [
        "4,200 USD",
        "-12.50 EUR",
        "–",
    ]
    assert [percent(0.9968, 0), percent(0.9968), percent(1.0, 0), percent(0.99996)] == [
        ">99%",
        "99.7%",
        "100%",
        ">99.9%",
    ]
    assert [percent(0.0002), percent(0.0), percent(0.002, 0)] == ["<0.1%", "0.0%", "0%"]
    assert [percent(0.1234), percent(None), count(1, "file"), count(2_000, "entry", "entries")] == [
        "12.3%",
        "–",
        "1 file",
        "2,000 entries",
    ]


def test_commands_in_an_error_become_code_and_markup_stays_text() -> None:
    assert coded("See `attune team list` <b>") == "See <code>attune team list</code> &lt;b&gt;"
    assert coded("one ` alone `<i>` `") == "one <code> alone </code>&lt;i&gt;<code> </code>"
    assert coded("an odd ` <b>") == "an odd ` &lt;b&gt;"


def test_a_page_of_a_list_keeps_its_filters_and_never_leaves_the_list() -> None:
    page = page_of(request("q=a%26b&page=3&state=open"), total=230)
    assert (page.number, page.pages, page.offset, page.first, page.last) == (3, 5, 100, 101, 150)
    assert (page.url(2), page.url(1)) == ("/things?q=a%26b&state=open&page=2", "/things?q=a%26b&state=open")
    assert page_of(request("page=99"), total=230).number == 5
    assert [page_of(request(f"page={bad}"), total=230).number for bad in ("0", "-1", "x", "9" * 40)] == [
        1
    ] * 4
    empty = page_of(request(""), total=0)
    assert (empty.pages, empty.first, empty.last) == (1, 0, 0)
    assert url_with(request("q=a&page=3"), {"state": "open", "q": None}) == "/things?state=open"


@pytest.mark.parametrize("path", ["https://evil.example", "//evil.example", "/\\evil.example", ""])
def test_an_answer_to_a_post_leads_to_a_page_of_ours_only(path: str) -> None:
    with pytest.raises(ValueError, match="not a path of ours"):
        see_other(path)


def test_what_is_not_in_the_table_is_not_allowed() -> None:
    for role in Role:
        assert may(role, Act.READ)
        assert {act for act in Act if may(role, act)} == RIGHTS[role]
    assert BY_TOKEN.isdisjoint({Act.SELF, Act.ADMIN, Act.REVIEW_HIGH, Act.AUTONOMY, Act.PRIVACY})


def test_a_session_ends_by_idling_and_by_age() -> None:
    began = Session(session_id="s", member_id="m", way="link", began_at=NOW, seen_at=NOW)
    assert not has_ended(began, NOW + IDLE_FOR - timedelta(seconds=1))
    assert has_ended(began, NOW + IDLE_FOR)
    assert has_ended(began.model_copy(update={"seen_at": NOW + SESSION_FOR}), NOW + SESSION_FOR)


def test_an_address_is_one_address() -> None:
    assert is_address("dana.reyes+a@mail.example.com")
    for wrong in (
        "dana",
        "dana@example",
        "a@b.example, c@d.example",
        "a b@c.example",
        "<a@b.example>",
        "a@" + "b" * 260 + ".c",
    ):
        assert not is_address(wrong), wrong
