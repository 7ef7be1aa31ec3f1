"""Takes web addresses out of what a model wrote, and breaks every mark that could fetch something or lead somewhere.

A picture at an address of a model's own making carries whatever stands in the conversation to whoever owns the address
(A-05). Doors and hosts read marks differently, so it is not enough to know the usual ones: no address stays, wherever
it stands, and what is left of links, references and tags is parted by a space. Every run of a pattern has a bound.
"""

from __future__ import annotations

import re

from domain.assistant import RecordKind

KINDS = "|".join(kind.value for kind in RecordKind)
MARK = re.compile(rf" ?\[({KINDS}):([^\[\]\n]{{1,200}})\]")
"""A record as answers name it."""

_TARGET = r"\((?:[^()\s]|\([^()\s]{0,200}\)){1,2000}+\)"
_INNER = r"(?:[^\[\]]|\[[^\[\]]{0,200}\]){0,2000}+"
_PICTURE = re.compile(rf"!\[{_INNER}\]{_TARGET}")
_LINK = re.compile(rf"\[({_INNER})\]{_TARGET}")
_DEFINITION = re.compile(
    r"^[ \t>*-]{0,12}\[([^\[\]\n]{1,1000})\]:[ \t]{0,9}(?:\n[ \t]{0,9})?\S[^\n]*", re.MULTILINE
)
_ADDRESS = re.compile(
    r"(?:(?<![a-z0-9])(?:https?|ftps?|wss?|javascript|vbscript|mailto|xmpp|file|blob):(?=\S)"
    r"|(?<![a-z0-9])data:(?=[a-z]{1,20}/)"
    r"|(?:(?<![a-z0-9])[a-z][a-z0-9+.-]{0,30}:)?//"
    r"|(?<![a-z0-9])www\.)\S*",
    re.IGNORECASE,
)
_EMPTY = re.compile(r"\](?: ?\([ \t]{0,9}\))+")
_OPEN_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_COLON = re.compile(rf"{MARK.pattern}:|\]:")


def without_addresses(words: str) -> str:
    """The words without any address. Marks of records stay."""
    bare = _DEFINITION.sub(_undefined, _LINK.sub(_named, _PICTURE.sub("", words)))
    parts, at = list[str](), 0
    for mark in MARK.finditer(bare):
        parts += [_ADDRESS.sub("", bare[at : mark.start()]), mark[0]]
        at = mark.end()
    bare = _EMPTY.sub("]", "".join([*parts, _ADDRESS.sub("", bare[at:])]))
    bare = _COLON.sub(lambda found: "] :" if found[0] == "]:" else found[0], bare)
    return _OPEN_TAG.sub("< ", bare).replace("](", "] (")


def _named(link: re.Match[str]) -> str:
    return f"[{link[1]}]" if MARK.fullmatch(f"[{link[1]}]") else link[1]


def _undefined(line: re.Match[str]) -> str:
    return line[0] if MARK.fullmatch(f"[{line[1]}]") else ""
