"""The HTML a message may consist of: a few tags, a few fixed styles, nothing that hides or loads.

The writer and the checker use the same list, so what is checked is what was written.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from html.parser import HTMLParser

import nh3

STYLE_BODY = (
    "font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:1.5;color:#1a1a1a;max-width:600px"
)
STYLE_FOOTER = "font-size:13px;line-height:1.5;color:#555555"

_TAGS = {"div", "p", "br", "a"}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes={"a": {"href"}},
    tag_attribute_values={
        "div": {"style": {STYLE_BODY}, "dir": {"auto"}},
        "p": {"style": {STYLE_FOOTER}},
    },
    clean_content_tags={"script", "style"},
    url_schemes={"https", "http"},
    link_rel=None,
    strip_comments=True,
)

URL = re.compile(r"https?://[^\s<>\"'”)\]]+", re.IGNORECASE)


def clean(markup: str) -> str:
    """Return the HTML without anything a message may not contain. Clean HTML comes back as it is."""
    return _CLEANER.clean(markup)


def escaped(text: str) -> str:
    """Return text for an HTML body, in the spelling the sanitiser keeps."""
    return html.escape(text, quote=False).replace("\u00a0", "&nbsp;")


_VOID = frozenset(
    {"br", "img", "hr", "input", "meta", "link", "wbr", "area", "base", "col", "embed", "source"}
)
_UNSEEN_TAGS = frozenset({"script", "style", "template", "noscript", "title", "head", "select", "textarea"})


class _Reader(HTMLParser):
    """Collects what a reader sees, and every link with its words.

    Words in an element with a style that is not ours are not counted as seen: it may hide them.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.links: list[tuple[str, str]] = []
        self._href: str | None = None
        self._label: list[str] = []
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.words.append(" ")
        if tag not in _VOID and (self._unseen or _may_hide(tag, dict(attrs))):
            self._unseen.append(tag)
        if tag == "a":
            self._href, self._label = dict(attrs).get("href") or "", []

    def handle_endtag(self, tag: str) -> None:
        self.words.append(" ")
        if tag == "a" and self._href is not None:
            self.links.append((self._href, " ".join("".join(self._label).split())))
            self._href = None
        if tag in self._unseen:
            # An element left open ends with the one around it.
            while self._unseen.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        self.words.append(data)
        if self._href is not None:
            self._label.append(data)


def _may_hide(tag: str, attributes: dict[str, str | None]) -> bool:
    style = attributes.get("style")
    return (
        tag in _UNSEEN_TAGS
        or "hidden" in attributes
        or "class" in attributes
        or (style is not None and style not in {STYLE_BODY, STYLE_FOOTER})
    )


def visible_text(markup: str) -> str:
    """Return the words a reader sees, single-spaced."""
    return _read(markup)[0]


def links(markup: str) -> tuple[tuple[str, str], ...]:
    """Return every link as (address, words)."""
    return _read(markup)[1]


@lru_cache(maxsize=64)
def _read(markup: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    # One message is read by several rules; parsing it once is a third of the time a review takes.
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return " ".join("".join(reader.words).split()), tuple(reader.links)
