"""A reply as it grows: thoughts are not heard, however they are cut; no reply grows without an end."""

from __future__ import annotations

import pytest

from tools.models.retry import ReplyMalformed
from tools.models.streaming import (
    MOST_CHARACTERS,
    MOST_REPLY_CHARACTERS,
    THOUGHTS_BEGIN,
    THOUGHTS_END,
    Assembly,
    Piece,
    read_piece,
)


def piece(words: str) -> Piece:
    return read_piece({"choices": [{"delta": {"content": words}}]})


def arguments(words: str) -> Piece:
    told = {"index": 0, "function": {"name": "x", "arguments": words}}
    return read_piece({"choices": [{"delta": {"tool_calls": [told]}}]})


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 19, 100])
def test_thoughts_are_not_heard_however_they_are_cut(size: int) -> None:
    said = f"  {THOUGHTS_BEGIN}a < b </think or so {THOUGHTS_END}\n\nHello there."
    reply = Assembly()
    heard = [reply.add(piece(said[at : at + size])) for at in range(0, len(said), size)]
    assert "".join([*heard, reply.rest()]) == reply.content == "Hello there."


def test_of_a_long_thought_only_its_end_is_kept_to_be_read_again() -> None:
    reply = Assembly()
    for words in (THOUGHTS_BEGIN, *["I think. "] * 5_000):
        assert reply.add(piece(words)) == ""
        assert len(reply._waiting) <= len(THOUGHTS_END) + 9
    assert reply.add(piece(f"{THOUGHTS_END}Yes.")) == "Yes."


def test_a_reply_ends_where_it_is_too_long() -> None:
    reply = Assembly()
    reply.add(piece("x" * MOST_REPLY_CHARACTERS))
    with pytest.raises(ReplyMalformed, match="20000 characters"):
        reply.add(piece("x"))


def test_thoughts_and_arguments_have_an_end_too() -> None:
    thinking, calling = Assembly(), Assembly()
    thinking.add(piece(THOUGHTS_BEGIN))
    calling.add(arguments("x" * (MOST_CHARACTERS - 1)))
    with pytest.raises(ReplyMalformed):
        thinking.add(piece("x" * MOST_CHARACTERS))
    with pytest.raises(ReplyMalformed):
        calling.add(arguments("x"))
