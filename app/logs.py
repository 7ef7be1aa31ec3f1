"""Log lines, plain or as JSON with the run, contact and conversation each is about; no personal text unless asked for.

Lines are ours and libraries'. What stands in a line by mistake is taken out twice: an exception is told by its class
and where it happened, and anything that looks like somebody's address becomes `<address>`.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from tools.tracing import current_ids

if TYPE_CHECKING:
    from app.settings import Settings

OURS = ("attune", "agents", "tools", "memory", "app")
"""The loggers our own lines come from."""

ADDRESS = re.compile(r"[^\s@<>\"'(),;:]{1,64}@[^\s@<>\"'(),;:]+\.[^\s@<>\"'(),;:]+")
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_about: ContextVar[dict[str, str]] = ContextVar("attune_about", default={})  # noqa: B039 - replaced, never changed


@contextmanager
def about(**ids: str | None) -> Iterator[None]:
    """Say what the lines until its end are about: `run_id`, `contact_id`, `conversation_id`, `campaign_id`."""
    known = _about.get() | {name: value for name, value in ids.items() if value is not None}
    token = _about.set(known)
    try:
        yield
    finally:
        _about.reset(token)


class _Lines(logging.Formatter):
    """What both kinds of lines tell of a message and a failure."""

    def __init__(self, *, shows_text: bool = False) -> None:
        super().__init__()
        self._shows_text = shows_text

    def _message(self, record: logging.LogRecord) -> str:
        args = record.args
        if isinstance(args, tuple) and not self._shows_text:
            args = tuple(_Named(one) if isinstance(one, BaseException) else one for one in args)
        if isinstance(record.msg, BaseException) and not self._shows_text:
            return type(record.msg).__name__
        message = str(record.msg)
        return message % args if args else message

    def _failure(self, failure: BaseException) -> dict[str, Any]:
        frames = traceback.extract_tb(failure.__traceback__)
        told: dict[str, Any] = {
            "error": type(failure).__name__,
            "trace": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        }
        return told | ({"error_message": str(failure)} if self._shows_text else {})

    def _clean(self, line: str) -> str:
        return line if self._shows_text else ADDRESS.sub("<address>", line)


class JsonLines(_Lines):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of one record."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": self._message(record),
            **_about.get(),
            **current_ids(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _PLAIN}
        if record.exc_info and record.exc_info[1] is not None:
            line |= self._failure(record.exc_info[1])
        return self._clean(json.dumps(line, default=str, ensure_ascii=False))


class PlainLines(_Lines):
    """One line for people; below it a failure's class and where it happened, not what it says."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of one record."""
        told = [f"{record.levelname} {record.name}: {self._message(record)}"]
        if record.exc_info and record.exc_info[1] is not None:
            failure = self._failure(record.exc_info[1])
            said = f": {failure['error_message']}" if "error_message" in failure else ""
            told += [f"  at {place}" for place in failure["trace"]]
            told.append(f"  {failure['error']}{said}")
        return self._clean("\n".join(told))


class _Named:
    """An exception in a line: its class, by `%s` and `%r` alike."""

    def __init__(self, failure: BaseException) -> None:
        self._name = type(failure).__name__

    def __repr__(self) -> str:
        return self._name

    __str__ = __repr__


class ToStandardError(logging.StreamHandler[TextIO]):
    """Writes to whatever standard error is at that moment: one that was replaced may be closed by now."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """Standard error as it is now."""
        return sys.stderr


def begin_plain(*, shows_text: bool = False) -> None:
    """Write faults to standard error from now on, for whoever sits at a terminal."""
    root = logging.getLogger()
    handler = ToStandardError()
    handler.setFormatter(PlainLines(shows_text=shows_text))
    root.handlers = [handler]
    root.setLevel(logging.ERROR)
    logging.getLogger("attune").setLevel(logging.ERROR)


def begin(settings: Settings) -> None:
    """Write JSON lines to standard error from now on, where the settings ask for it; else leave logging as it is."""
    root = logging.getLogger()
    if settings.log != "json":
        if settings.trace_text and any(isinstance(one.formatter, PlainLines) for one in root.handlers):
            begin_plain(shows_text=True)
        return
    handler = ToStandardError()
    handler.setFormatter(JsonLines(shows_text=settings.trace_text))
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(settings.log_level)
