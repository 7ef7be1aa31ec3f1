"""The role of whoever writes down how long what took (`tools/tracing.py`), and the one who writes nothing.

Attributes are ids, numbers and our own words. Personal text goes by `show` only, which keeps nothing unless the team
asked for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Literal, Protocol

Attribute = str | int | float | bool | tuple[str, ...]
Noted = Mapping[str, Attribute | None]
NOTHING_NOTED: Noted = {}

Kind = Literal["internal", "client"]
"""`client`: somebody else is waited for, a model or a provider."""


class Span(Protocol):
    """One stretch of work."""

    def note(self, **attributes: Attribute | None) -> None:
        """Add attributes of ours, named without their `attune.`; None is left out."""
        ...

    def note_all(self, attributes: Noted) -> None:
        """Add attributes by their whole names, for those a convention names; None is left out."""
        ...

    def show(self, name: str, text: str) -> None:
        """Add personal text, where the team asked for it."""
        ...


class Tracing(Protocol):
    """Writes spans down; a span begun inside another becomes its child."""

    def span(
        self,
        name: str,
        noted: Noted = NOTHING_NOTED,
        *,
        kind: Kind = "internal",
        within: Span | None = None,
        alone: bool = False,
    ) -> AbstractContextManager[Span]:
        """Write down what happens until the context ends; an exception ends it as failed, and goes on.

        Args:
            name: what is done, of few different words: no ids.
            noted: ids and numbers, see `Span.note`.
            kind: see `Kind`.
            within: the parent, where the work was handed to another task; else the span it is begun in.
            alone: what is begun meanwhile is no child of it: for a generator, which ends where it may not have begun.
        """
        ...


class _Nothing:
    """A span nobody keeps; one object for all, so that it costs nothing."""

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def note(self, **attributes: Attribute | None) -> None:
        """Keep nothing."""

    def note_all(self, attributes: Noted) -> None:
        """Keep nothing."""

    def show(self, name: str, text: str) -> None:
        """Keep nothing."""


_NOTHING = _Nothing()


class NoTracing:
    """Writes nothing: tracing is off."""

    def span(
        self,
        name: str,
        noted: Noted = NOTHING_NOTED,
        *,
        kind: Kind = "internal",
        within: Span | None = None,
        alone: bool = False,
    ) -> _Nothing:
        """Return the span nobody keeps."""
        return _NOTHING


NO_TRACING = NoTracing()
