"""How an answer of the assistant is read: few marks mean something, everything else is text as it stands."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.answer_words import blocks, call_title, call_words, cell_words, next_page, rows_words
from domain.assistant import AnswerColumn, RecordKind, RecordRef, ToolCall

DANA = RecordRef(kind=RecordKind.CONTACT, id="c-1", label="Dana Fox")


def shape(words: str, *records: RecordRef) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(one.kind, [(span.kind, span.text) for span in one.spans]) for one in blocks(words, records)]


def test_a_name_before_its_record_becomes_the_record() -> None:
    assert shape("Ask Dana Fox [contact:c-1] first", DANA) == [
        ("paragraph", [("text", "Ask "), ("record", "Dana Fox"), ("text", " first")])
    ]
    assert shape("**Dana Fox** [contact:c-1]", DANA) == [("paragraph", [("record", "Dana Fox")])]


def test_a_record_no_tool_brought_stays_text() -> None:
    assert shape("See [contact:c-9].", DANA) == [
        ("paragraph", [("text", "See "), ("text", "[contact:c-9]"), ("text", ".")])
    ]


def test_lists_paragraphs_and_code_are_told_apart() -> None:
    words = "Two of them:\n- **one**\n- two\n\n3. third\n\nRun `attune`\n```\nkeep  this\n```"
    assert shape(words) == [
        ("paragraph", [("text", "Two of them:")]),
        ("item", [("strong", "one")]),
        ("item", [("text", "two")]),
        ("item", [("text", "third")]),
        ("paragraph", [("text", "Run "), ("code", "attune")]),
        ("lines", []),
    ]
    assert blocks(words)[3].number == 3
    assert blocks(words)[-1].text == "keep  this"


@given(st.text(alphabet="ab *`-[]:\n|#1.", max_size=60))
def test_no_letter_of_an_answer_is_lost(words: str) -> None:
    told = "".join(one.text + "".join(span.text for span in one.spans) for one in blocks(words))
    assert [c for c in told if c in "ab"] == [c for c in words if c in "ab"]


def test_a_call_is_told_in_words_without_what_is_empty() -> None:
    call = ToolCall(
        id="1",
        name="contact_find",
        arguments={
            "countries": ["DE", "AT"],
            "account": None,
            "did": [{"event": "page_viewed", "topic": "pricing"}],
        },
    )
    assert call_title(call.name) == "Find contact"
    assert call_words(call) == "countries DE, AT; did event page_viewed topic pricing"
    assert next_page(call, 2).arguments["page"] == 2


def test_cells_are_read_by_their_column() -> None:
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    moment = AnswerColumn(name="When", kind="moment")
    assert cell_words(noon, moment, "Europe/Berlin") == "10 Mar 2026, 13:00"
    assert cell_words(noon.isoformat(), moment, "Europe/Berlin") == "10 Mar 2026, 13:00"
    assert cell_words("never", moment, "UTC") == "never"
    assert cell_words(0.125, AnswerColumn(name="Share", kind="share"), "UTC") == "12.5%"
    assert cell_words(1234, AnswerColumn(name="Many", kind="number"), "UTC") == "1,234"
    assert cell_words(None, moment, "UTC") == "–"


def test_a_table_says_which_part_of_it_is_shown() -> None:
    assert rows_words(3, None, 1) == "3 rows"
    assert rows_words(1, 1, 1) == "1 row"
    assert rows_words(15, 34, 1) == "15 of 34 rows"
    assert rows_words(15, 34, 2) == "page 2, 15 of 34 rows"
