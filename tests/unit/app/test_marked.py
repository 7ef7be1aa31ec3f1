"""A text in pieces: what each rests on, what is wrong with it; and what an edit did to its words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.marked import marked
from app.rechecking import ChangeKind, changes
from domain.message import DraftSentence, Finding, Severity

TEXT = "Hello Ada,\n\nIt saves time. It saves money.\n\nBest regards"
SENTENCES = (
    DraftSentence(text="It saves time.", evidence=("E1",)),
    DraftSentence(text="It saves money.", evidence=("E2", "E3")),
)


def finding(span: str | None) -> Finding:
    return Finding(rule_id="C-07", severity=Severity.HOLD, reason="no source", span=span)


def test_each_sentence_carries_what_it_rests_on() -> None:
    told = {piece.text: piece.sources for piece in marked(TEXT, SENTENCES, ())}
    assert told["It saves time."] == ("E1",)
    assert told["It saves money."] == ("E2", "E3")
    assert told["Hello Ada,\n\n"] == ()


def test_a_finding_is_marked_wherever_its_words_stand_within_the_sentence_that_has_them() -> None:
    pieces = marked(TEXT, SENTENCES, (finding("SAVES"), finding("saves money"), finding(None)))
    assert [(p.text, p.sources, p.findings) for p in pieces if p.findings] == [
        ("saves", ("E1",), (1,)),
        ("saves", ("E2", "E3"), (1, 2)),
        (" money", ("E2", "E3"), (2,)),
    ]


@given(text=st.text(max_size=60), spans=st.lists(st.text(max_size=5), max_size=4), cut=st.integers(0, 60))
def test_the_pieces_are_the_text_again(text: str, spans: list[str], cut: int) -> None:
    sentences = [DraftSentence(text=one, evidence=("E1",)) for one in (text[:cut], text[cut:]) if one]
    pieces = marked(text, sentences, [finding(span) for span in spans])
    assert "".join(piece.text for piece in pieces) == text


def test_what_became_of_the_words_is_told_in_reading_order() -> None:
    told = [(change.kind.value, change.text) for change in changes("It saves time.", "It saves your money.")]
    assert told == [
        ("same", "It saves "),
        ("gone", "time."),
        ("new", "your money."),
    ]


@given(before=st.text(max_size=80), after=st.text(max_size=80))
def test_without_what_is_gone_the_changes_are_the_new_text(before: str, after: str) -> None:
    told = changes(before, after)
    assert "".join(one.text for one in told if one.kind is not ChangeKind.GONE) == after
    assert "".join(one.text for one in told if one.kind is not ChangeKind.NEW) == before
