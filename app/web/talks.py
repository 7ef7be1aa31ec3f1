"""Answers on their way: each works in a thread of its own, so that it goes on when the tab that asked is closed.

What was answered stands in the conversation's checkpoints; here is only what happens now, for whoever watches.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable

from app import loop
from domain.assistant import Exchange, Happening, Said
from domain.errors import AttuneError

KEPT_SECONDS = 300.0
"""What failed is told so long; what was answered stands in the conversation."""

STOPPED = "Stopped. What was not done yet is not done."

Work = Callable[[], AsyncIterator[Happening]]

log = logging.getLogger("attune.web")


class TalkBusy(AttuneError):
    """An answer is on its way in this conversation already."""


class Talk:
    """One answer on its way, and everything that has happened of it so far.

    `base` is the question with what had happened before; `place` is its number in the conversation.
    """

    def __init__(self, member_id: str, base: Exchange, place: int, work: Work) -> None:
        self.member_id = member_id
        self.place = place
        self.problem = ""
        self.is_over = False
        self._over_at = 0.0
        self._base = base
        self._work = work
        self._happened: list[Happening] = []
        self._said = ""
        self._lock = threading.Lock()
        self._watchers: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, name="attune-talk", daemon=True).start()

    @property
    def is_worth_keeping(self) -> bool:
        """Tell whether somebody may still want it from here: a browser that follows it may come a moment late."""
        return not self.is_over or time.monotonic() - self._over_at < KEPT_SECONDS

    @property
    def exchange(self) -> Exchange:
        """The question and everything that followed by now."""
        with self._lock:
            happened = (*self._base.happenings, *self._happened)
        return self._base.model_copy(update={"happenings": happened})

    @property
    def said(self) -> str:
        """The words of the answer that have come by now; empty as soon as something else happens."""
        with self._lock:
            return self._said

    def watch(self) -> asyncio.Event:
        """An event of the running loop that is set whenever something happens."""
        event = asyncio.Event()
        with self._lock:
            self._watchers.append((asyncio.get_running_loop(), event))
        return event

    def leave(self, event: asyncio.Event) -> None:
        """Watch no longer."""
        with self._lock:
            self._watchers = [one for one in self._watchers if one[1] is not event]

    def stop(self) -> None:
        """Break it off."""
        with self._lock:
            running = self._running
        if running is not None and not self.is_over:
            with contextlib.suppress(RuntimeError):
                running[0].call_soon_threadsafe(running[1].cancel)

    def wait(self, seconds: float) -> bool:
        """Wait until it is over, for so long at most; tell whether it is."""
        return self._ended.wait(seconds)

    def _run(self) -> None:
        try:
            loop.run(self._follow())
        except AttuneError as problem:
            self.problem = str(problem)
        except asyncio.CancelledError:
            self.problem = STOPPED
        except Exception as fault:
            mark = secrets.token_hex(4)
            log.error("fault %s in an answer of the assistant", mark, exc_info=fault)
            self.problem = (
                f"This is a fault in Attune, not in what you asked. It stands in the server's log as {mark}."
            )
        finally:
            self._over_at = time.monotonic()
            self.is_over = True
            self._ended.set()
            self._tell()

    async def _follow(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        with self._lock:
            self._running = (asyncio.get_running_loop(), task)
        async for one in self._work():
            with self._lock:
                if isinstance(one, Said):
                    self._said += one.text
                else:
                    self._said = ""
                    self._happened.append(one)
            self._tell()

    def _tell(self) -> None:
        with self._lock:
            watchers = list(self._watchers)
        for watching, event in watchers:
            with contextlib.suppress(RuntimeError):  # its loop has ended
                watching.call_soon_threadsafe(event.set)


class Talks:
    """The answers on their way in this process, by conversation."""

    def __init__(self) -> None:
        self._talks: dict[str, Talk] = {}
        self._lock = threading.Lock()

    def begin(self, conversation_id: str, talk: Talk) -> Talk:
        """Begin an answer. Raises `TalkBusy`."""
        with self._lock:
            there = self._talks.get(conversation_id)
            if there is not None and not there.is_over:
                raise TalkBusy(
                    "This conversation is still answering. Wait for it, or stop it; then ask again."
                )
            self._talks = {key: one for key, one in self._talks.items() if one.is_worth_keeping}
            self._talks[conversation_id] = talk
        talk.start()
        return talk

    def latest(self, conversation_id: str) -> Talk | None:
        """The answer on its way, or the one that has just come; None where neither is."""
        with self._lock:
            talk = self._talks.get(conversation_id)
        return talk if talk is not None and talk.is_worth_keeping else None

    def working(self, conversation_id: str) -> Talk | None:
        """The answer on its way."""
        talk = self.latest(conversation_id)
        return talk if talk is not None and not talk.is_over else None

    def forget(self, conversation_id: str) -> None:
        """Break off what is on its way, and remember nothing of it."""
        with self._lock:
            talk = self._talks.pop(conversation_id, None)
        if talk is not None:
            talk.stop()
            talk.wait(10)
