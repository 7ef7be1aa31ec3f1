"""The review desk of a serving process: one event loop, in a thread of its own, carries out what reviewers do.

A page must not wait for another reviewer's draft, and agents and models belong to one loop: so acts run side by side on
this one, with their own opened house, while the web's threads go on answering. It lives as long as the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from app.loop import new_loop
from app.wiring import House

if TYPE_CHECKING:
    from app.carry import Carrier

log = logging.getLogger("attune.desk")

Result = TypeVar("Result")

OUTLOOKS_LAST = timedelta(hours=6)
"""So long what hand-off and churn say of contacts is taken as current; learning it anew takes a while."""


class Desk:
    """Carries out reviewers' acts. Starts when first asked, or when told to get ready."""

    def __init__(self, house: House) -> None:
        self._settings, self._workspace, self._clock = house.settings, house.workspace, house.clock
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._house: House | None = None
        self._carrier: Carrier | None = None
        self._open: contextlib.AsyncExitStack | None = None
        self._outlooks_at: datetime | None = None

    def do(self, act: Callable[[House, Carrier], Coroutine[Any, Any, Result]]) -> Result:
        """Carry out one act and return what it returns; other acts go on meanwhile."""
        loop = self._started()
        return asyncio.run_coroutine_threadsafe(self._do(act), loop).result()

    def get_ready(self) -> None:
        """Open, import and learn what the first act would otherwise wait for; returns at once."""
        asyncio.run_coroutine_threadsafe(self._ready(), self._started())

    def close(self) -> None:
        """End; what is being carried out ends first."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = new_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="attune-desk", daemon=True
                )
                self._thread.start()
            return self._loop

    async def _do(self, act: Callable[[House, Carrier], Coroutine[Any, Any, Result]]) -> Result:
        house, carrier = await self._opened()
        return await act(house, carrier)

    async def _opened(self) -> tuple[House, Carrier]:
        if self._house is None or self._carrier is None:
            house = House(self._settings, self._workspace, self._clock)
            stack = contextlib.AsyncExitStack()
            self._carrier = await stack.enter_async_context(house.open_carrier())
            self._house, self._open = house, stack
        self._house.reread()
        if self._outlooks_at is not None and self._clock() - self._outlooks_at > OUTLOOKS_LAST:
            self._learn_outlooks(self._house)
        return self._house, replace(self._carrier, bench=self._house.bench)

    async def _ready(self) -> None:
        try:
            house, _ = await self._opened()
        except Exception as failure:
            # The first act meets it again, and tells whoever asked.
            log.warning("the review desk is not ready: %s", failure)
            return
        self._learn_outlooks(house)

    def _learn_outlooks(self, house: House) -> None:
        self._outlooks_at = self._clock()
        threading.Thread(target=self._learn, args=(house,), name="attune-outlooks", daemon=True).start()

    def _learn(self, house: House) -> None:
        other = House(self._settings, self._workspace, self._clock)
        try:
            house.__dict__["outlooks"] = other.outlooks
        except Exception as failure:
            log.warning("hand-off and churn could not be learned: %s", failure)
        finally:
            other.close()

    async def _end(self) -> None:
        if self._open is not None:
            await self._open.aclose()
        if self._house is not None:
            self._house.close()
        self._house = self._carrier = self._open = None
