"""What every contact history must do: the fake's, and the real one's on either database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from domain.history import MemoryKind, Remembered
from domain.ports import ContactHistory
from memory.crm.engine import open_engine
from memory.crm.statements import CONTACTS
from memory.history.clients import embedded
from memory.history.store import ChromaHistory
from tests.contracts.emptying import empty
from tests.fakes.history import FakeHistory
from tests.schema_template import upgrade
from tools.embedders.lexical import LexicalEmbedder

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
ADA, BOB = "c_ada", "c_bob"

Reopen = Callable[[], ContactHistory]


@pytest.fixture(params=["fake", "chroma on sqlite", "chroma on postgres"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reopen]:
    """Returns the same history again, closed and opened in between where it can be."""
    if request.param == "fake":
        fake = FakeHistory()
        yield lambda: fake
        return
    engine = _engine(request, tmp_path)
    with engine.begin() as connection:
        connection.execute(insert(CONTACTS), [{"id": one, "attributes": {}} for one in (ADA, BOB)])
    stores: list[ChromaHistory] = []

    def open_again() -> ContactHistory:
        if stores:
            stores[-1].close()
        stores.append(ChromaHistory(engine, embedded(tmp_path / "history"), LexicalEmbedder()))
        return stores[-1]

    yield open_again
    if stores:
        stores[-1].close()
    engine.dispose()


def _engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    if request.param.endswith("sqlite"):
        sqlite = open_engine(f"sqlite:///{tmp_path / 'attune.db'}")
        upgrade(sqlite)
        return sqlite
    postgres: Engine = request.getfixturevalue("migrated_postgres")
    empty(postgres)
    return postgres


@pytest.fixture
def history(reopen: Reopen) -> ContactHistory:
    return reopen()


def item(
    text: str,
    ref: str = "event:1",
    *,
    contact_id: str = ADA,
    kind: MemoryKind = MemoryKind.REPLY,
    days_ago: float = 1,
) -> Remembered:
    return Remembered(contact_id=contact_id, kind=kind, text=text, at=NOW - timedelta(days=days_ago), ref=ref)


def texts(history: ContactHistory, about: str, contact_id: str = ADA, **how: object) -> list[str]:
    return [one.remembered.text for one in history.recall(contact_id, about, now=NOW, **how)]  # type: ignore[arg-type]


def test_the_same_ref_is_kept_once(history: ContactHistory) -> None:
    assert history.remember([item("The price is too high"), item("The price is too high")]) == 1
    assert history.remember([item("The price is too high"), item("Send the contract", "event:2")]) == 1
    assert texts(history, "the price") == ["The price is too high"]


def test_the_first_words_of_a_ref_stay(history: ContactHistory) -> None:
    history.remember([item("The price is too high"), item("The price is fine")])
    history.remember([item("The price is fine")])
    assert texts(history, "the price") == ["The price is too high"]


def test_the_same_ref_of_two_contacts_is_two_items(history: ContactHistory) -> None:
    assert history.remember([item("The price"), item("The price", contact_id=BOB)]) == 2


def test_nobody_else_is_recalled(history: ContactHistory) -> None:
    history.remember([item("The price is too high", contact_id=BOB)])
    assert texts(history, "The price is too high") == []
    assert texts(history, "") == []


def test_a_recall_comes_back_whole(history: ContactHistory) -> None:
    kept = item("The price is too high", days_ago=60)
    history.remember([kept])
    (found,) = history.recall(ADA, "the price", now=NOW)
    assert found.remembered == kept
    assert found.recency == pytest.approx(0.5)
    assert 0 < found.similarity <= 1
    assert found.score == pytest.approx(0.9 * found.similarity + 0.1 * found.recency)


def test_best_comes_first_whatever_its_age(history: ContactHistory) -> None:
    history.remember([item("Cannot find parking near your office", "event:1", days_ago=1)])
    history.remember([item("The price per seat is too high", "event:2", days_ago=100)])
    assert texts(history, "price per seat")[0] == "The price per seat is too high"


def test_of_equals_the_newer_comes_first(history: ContactHistory) -> None:
    for days_ago, ref in ((30, "event:1"), (2, "event:2"), (90, "event:3")):
        history.remember([item("Asked for the price", ref, days_ago=days_ago)])
    found = history.recall(ADA, "price", now=NOW)
    assert [one.remembered.ref for one in found] == ["event:2", "event:1", "event:3"]


def test_a_blank_question_recalls_the_newest(history: ContactHistory) -> None:
    history.remember([item(f"Text {n}", f"event:{n}", days_ago=n) for n in (3, 1, 2)])
    assert texts(history, "  ", limit=2) == ["Text 1", "Text 2"]


def test_only_the_kinds_asked_for_are_recalled(history: ContactHistory) -> None:
    history.remember([item("Price reply"), item("Price note", "event:2", kind=MemoryKind.NOTE)])
    assert texts(history, "price", kinds=[MemoryKind.NOTE]) == ["Price note"]
    assert texts(history, "", kinds=[MemoryKind.CALL]) == []


def test_what_has_nothing_to_do_with_the_question_is_not_recalled(history: ContactHistory) -> None:
    history.remember([item("The price is too high")])
    assert texts(history, "volcano insurance") == []
    assert texts(history, "volcano insurance", least_score=0.0) == ["The price is too high"]
    assert texts(history, "the price is too high", least_score=1.01) == []


def test_the_future_is_not_recalled(history: ContactHistory) -> None:
    history.remember([item("The price is too high", days_ago=-1)])
    assert texts(history, "price") == []
    assert texts(history, "") == []


def test_no_more_than_the_limit_is_recalled(history: ContactHistory) -> None:
    history.remember([item(f"Price {n}", f"event:{n}") for n in range(8)])
    assert len(texts(history, "price")) == 5
    assert len(texts(history, "price", limit=7)) == 7
    assert texts(history, "price", limit=0) == []


def test_an_unknown_contact_has_no_history(history: ContactHistory) -> None:
    assert history.recall("c_nobody", "price", now=NOW) == []
    assert history.forget("c_nobody") == 0


def test_forgetting_takes_everything_of_one_contact_only(history: ContactHistory) -> None:
    history.remember([item("Price", "event:1"), item("Contract", "event:2"), item("Price", contact_id=BOB)])
    assert history.forget(ADA) == 2
    assert texts(history, "price") == []
    assert texts(history, "price", BOB) == ["Price"]


def test_what_was_forgotten_can_be_remembered_anew_in_other_words(history: ContactHistory) -> None:
    history.remember([item("The price is too high")])
    history.forget(ADA)
    assert history.remember([item("Our lawyers dislike the contract")]) == 1
    assert texts(history, "the price") == []
    assert texts(history, "the contract") == ["Our lawyers dislike the contract"]


def test_history_outlives_its_process(reopen: Reopen) -> None:
    reopen().remember([item("The price is too high")])
    again = reopen()
    assert texts(again, "price") == ["The price is too high"]
    assert again.remember([item("The price is too high")]) == 0


ODD = [
    "",
    " ",
    "\x00",
    "nul\x00inside",
    "🤷🏽‍♀️",
    "é",
    "e\u0301",
    "\u202egnp.exe",
    "日本語の価格",
    "\ufeffBOM",
    "a" * 5_000,
    "'; DROP",
]


@pytest.mark.parametrize("odd", ODD)
def test_odd_text_is_kept_as_it_is_but_for_nul(history: ContactHistory, odd: str) -> None:
    assert history.remember([item(odd)]) == 1
    assert texts(history, "") == [odd.replace("\x00", "")]
    assert texts(history, odd or "x", least_score=0.0) == [odd.replace("\x00", "")]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.text(max_size=60), about=st.text(max_size=60))
def test_any_words_can_be_asked_and_scores_stay_in_bounds(
    history: ContactHistory, said: str, about: str
) -> None:
    history.forget(BOB)
    history.remember([item(said, contact_id=BOB)])
    for found in history.recall(BOB, about, now=NOW, least_score=0.0):
        assert found.remembered.contact_id == BOB
        assert 0 <= found.similarity <= 1
        assert 0 <= found.score <= 1
