"""A cell is read exactly or not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.people import BuyingRoleKind, DealKind, LifecycleStage, Seniority, SuppressionReason
from tools.importers import cells, countries, titles, vocabulary
from tools.importers.cells import DateReader

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2024-05-03T12:00:00Z",
        "2024-05-03 12:00:00 UTC",
        "2024-05-03 12:00:00.000000",
        "2024-05-03T14:00:00+02:00",
        "2024-05-03T14:00:00.000+0200",
        "2024/05/03 12:00",
        "05/03/2024 12:00 PM",
        "03.05.2024 12:00",
        "1714737600",
        "1714737600000",
        "May 03, 2024 12:00 PM",
    ],
)
def test_one_moment_in_many_spellings(written: str) -> None:
    assert DateReader().moment(written) == NOON


def test_a_time_without_an_offset_is_meant_in_the_files_zone() -> None:
    reader = DateReader(ZoneInfo("America/Sao_Paulo"))
    assert reader.moment("2018-02-01") == datetime(
        2018, 2, 1, 2, 0, tzinfo=UTC
    )  # summer time, two hours behind


def test_the_order_of_day_and_month_is_stated_or_told_by_what_cannot_be_a_month() -> None:
    assert DateReader().day("03/04/2024") == date(2024, 3, 4)
    assert DateReader(is_day_first=True).day("03/04/2024") == date(2024, 4, 3)
    assert DateReader().day("31/04/2024".replace("31", "30")) == date(2024, 4, 30)


@pytest.mark.parametrize(
    "written", ["soon", "2024-02-30", "13/13/2024", "0000-00-00", "12:00", "99999999999999999"]
)
def test_a_date_that_does_not_exist_is_an_error(written: str) -> None:
    with pytest.raises(ValueError, match="is not a date"):
        DateReader().moment(written)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("$1,234.56", 123_456),
        ("1.234,56 €", 123_456),
        ("1 234,56", 123_456),
        ("R$ 1.234.567,89", 123_456_789),
        ("(1,200)", -120_000),
        ("-3", -300),
        ("-$5.50", -550),
        ("3.00-", -300),
        ("1,234", 123_400),
        ("0.005", 1),
        ("1.1", 110),
        ("", None),
    ],
)
def test_money_is_whole_cents(written: str, expected: int | None) -> None:
    assert cells.cents(written) == expected


@given(st.integers(-(10**12), 10**12))
def test_no_amount_loses_a_cent(amount_cents: int) -> None:
    sign, whole, part = "-" if amount_cents < 0 else "", *divmod(abs(amount_cents), 100)
    assert cells.cents(f"{sign}{whole:,}.{part:02}") == amount_cents


@pytest.mark.parametrize("written", ["much", "1e6", "12 or 13", "1.2.3,4,5"])
def test_what_is_no_amount_is_an_error(written: str) -> None:
    with pytest.raises(ValueError, match="is not an amount"):
        cells.cents(written)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("51-200", 51), ("1,001-5,000", 1001), ("10,000+", 10_000), ("1.2k", 1200), ("25.0", 25), ("", None)],
)
def test_a_range_of_people_is_its_lower_end(written: str, expected: int | None) -> None:
    assert cells.people(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"), [("TRUE", True), ("ja", True), ("0", False), ("No", False), (" ", None)]
)
def test_yes_and_no(written: str, expected: bool | None) -> None:
    assert cells.flag(written) is expected


def test_a_word_that_is_neither_yes_nor_no_is_an_error() -> None:
    with pytest.raises(ValueError, match="neither yes nor no"):
        cells.flag("maybe")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("https://www.Acme.example/de?x=1", "acme.example"),
        ("acme.example:8080", "acme.example"),
        ("n/a", None),
    ],
)
def test_a_web_address_gives_its_domain(written: str, expected: str | None) -> None:
    assert cells.domain(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("de", "DE"),
        ("USA", "US"),
        ("Deutschland", "DE"),
        ("Brasil", "BR"),
        ("Côte d'Ivoire", "CI"),
        ("U.S.", "US"),
    ],
)
def test_a_country_by_code_or_name_in_any_language(written: str, expected: str) -> None:
    assert countries.country(written) == expected


def test_what_is_no_country_is_an_error() -> None:
    with pytest.raises(ValueError, match="is not a country"):
        countries.country("Atlantis")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("CEO & Founder", Seniority.EXECUTIVE),
        ("VP of Sales", Seniority.EXECUTIVE),
        ("Geschäftsführerin", Seniority.EXECUTIVE),
        ("Head of Marketing", Seniority.DIRECTOR),
        ("Sales Manager", Seniority.MANAGER),
        ("Product Owner", Seniority.SPECIALIST),
        ("Assistant to the CEO", Seniority.SPECIALIST),
        ("Engineer", Seniority.SPECIALIST),
        ("", Seniority.UNKNOWN),
    ],
)
def test_a_title_tells_the_seniority(title: str, expected: Seniority) -> None:
    assert titles.seniority(title) is expected


def test_sources_words_become_ours() -> None:
    assert vocabulary.stage("marketingqualifiedlead") is LifecycleStage.MQL
    assert vocabulary.stage("Open - Not Contacted") is LifecycleStage.LEAD
    assert vocabulary.stop("Unsubscribed") is SuppressionReason.UNSUBSCRIBED
    assert vocabulary.stop("active") is None
    assert vocabulary.deal_kind("Existing Customer - Upgrade") is DealKind.EXPANSION
    assert vocabulary.deal_kind("Renewal 2025") is DealKind.RENEWAL
    assert vocabulary.role("Decision Maker") is BuyingRoleKind.DECISION_MAKER


def test_a_bounce_of_unknown_category_is_hard() -> None:
    assert vocabulary.is_soft_bounce("MAILBOX_FULL")
    assert not vocabulary.is_soft_bounce("UNKNOWN_USER")
    assert not vocabulary.is_soft_bounce("")
