"""What reviewers and rules objected to, as words that must not be said again."""

from __future__ import annotations

from collections.abc import Sequence

from domain.message import Finding, Severity

SHORTEST_SPAN_CHARS = 3


class Objections:
    """The spans of a review's findings."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        spans = (_flat(finding.span or "") for finding in findings)
        self._spans = tuple(span for span in spans if len(span) >= SHORTEST_SPAN_CHARS or span.isdigit())
        self.are_serious = any(finding.severity is not Severity.WARN for finding in findings)
        self.are_general = self.are_serious and not self._spans

    def hit(self, sentence: str) -> bool:
        """Tell whether a sentence says what was objected to, or is the greater part of it."""
        text = _flat(sentence)
        return any(span in text or (text in span and len(span) < 2 * len(text)) for span in self._spans)


def _flat(text: str) -> str:
    return " ".join(text.casefold().split())
