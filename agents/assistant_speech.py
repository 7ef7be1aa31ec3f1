"""Words as they stream: shown as they come, but never a half mark, a record nobody looked up, or an internal marker."""

from __future__ import annotations

from collections.abc import Mapping

from agents.assistant_words import with_known_marks
from domain.assistant import RecordRef
from policies.canary import leaked

_ASCII = "".join(map(chr, range(33, 127)))

HELD_BACK = 20
"""Longer than a canary is: of what was said, the end that may yet become one."""

LONGEST_MARK = 2_000
"""A mark or a word that is longer is not waited for: of what has one, no more is heard than the whole answer."""


class Speech:
    """One answer on its way."""

    def __init__(self, canary: str, known: Mapping[str, RecordRef]) -> None:
        self._canary, self._known = canary, known
        self._waiting = ""
        self._is_silent = False

    def more(self, piece: str) -> str:
        """Take what a model said and return what may be shown by now."""
        if not self._is_silent:
            self._waiting += piece
            self._is_silent = leaked(self._waiting, self._canary) is not None
        return "" if self._is_silent else self._shown(self._safe_length())

    def rest(self) -> str:
        """What is left when all was said."""
        return "" if self._is_silent else self._shown(len(self._waiting))

    def _safe_length(self) -> int:
        length = max(len(self._waiting) - HELD_BACK, 0)
        bracket = self._waiting.rfind("[", 0, length)
        if bracket >= 0 and length - bracket < LONGEST_MARK and not self._is_whole(bracket, length):
            length = bracket
        length = self._word_start(length)
        # A mark is taken out together with the space before it.
        while length and self._waiting[length - 1] in " !":
            length -= 1
        return length

    def _word_start(self, length: int) -> int:
        """No word is cut that is an address, or the beginning of one; words of other letters may be."""
        start = max(self._waiting.rfind(blank, 0, length) for blank in " \t\n") + 1
        if length - start > LONGEST_MARK:
            self._is_silent = True
            return 0
        word = self._waiting[start:length]
        if "//" in word or "www." in word.lower() or "<" in word:
            return start
        return start + len(word.rstrip(_ASCII))

    def _is_whole(self, bracket: int, length: int) -> bool:
        """Tell whether the mark or link that begins there has ended."""
        end = self._waiting.find("]", bracket, length)
        if end >= 0 and self._waiting[end + 1 : end + 2] == "(":
            end = self._waiting.find(")", end, length)
        return end >= 0

    def _shown(self, length: int) -> str:
        piece, self._waiting = self._waiting[:length], self._waiting[length:]
        lead = piece[: len(piece) - len(piece.lstrip())]
        tail = piece[len(piece.rstrip()) :] if piece.strip() else ""
        return lead + with_known_marks(piece, self._known)[0] + tail
