"""A text cut where claims and findings begin and end, so that each piece can say what it rests on and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from domain.base import Noun
from domain.message import DraftSentence, Finding


class Piece(Noun):
    """Some words; `sources` are ids of evidence, `findings` numbers of findings (from 1) they are about."""

    text: str
    sources: tuple[str, ...] = ()
    findings: tuple[int, ...] = ()
    is_sentence: bool = False


def marked(text: str, sentences: Sequence[DraftSentence], findings: Sequence[Finding]) -> tuple[Piece, ...]:
    """Return the text in pieces; joined they are the text again.

    Args:
        text: of the message.
        sentences: the draft's own, in order; each is looked for after the one before.
        findings: each span is marked wherever it stands, in any case of letters.

    """
    spans: list[tuple[int, int, DraftSentence]] = []
    begin = 0
    for sentence in sentences:
        at = text.find(sentence.text, begin)
        if at >= 0 and sentence.text:
            begin = at + len(sentence.text)
            spans.append((at, begin, sentence))
    wrong: list[tuple[int, int, int]] = []
    folded = text.lower()
    if len(folded) != len(text):
        folded = text  # letters that change their length: as they stand, or not at all
    for number, finding in enumerate(findings, start=1):
        span = (finding.span or "").lower()
        at = folded.find(span) if span.strip() else -1
        while at >= 0:
            wrong.append((at, at + len(span), number))
            at = folded.find(span, at + len(span))
    cuts = sorted({0, len(text), *(place for one in (*spans, *wrong) for place in one[:2])})
    pieces = []
    for start, end in pairwise(cuts):
        own = next((sentence for first, last, sentence in spans if first <= start and end <= last), None)
        numbers = dict.fromkeys(number for first, last, number in wrong if first <= start and end <= last)
        pieces.append(
            Piece(
                text=text[start:end],
                sources=own.evidence if own else (),
                findings=tuple(numbers),
                is_sentence=own is not None,
            )
        )
    return tuple(pieces)
