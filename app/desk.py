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
    """Carries out reviewers' acts. Starts when first asked."""

    def __init__(self, house: House) -> None:
        self._settings, self._workspace, self._clock = house.settings, house.workspace, house.clock
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._house: House | None = None
        self._carrier: Carrier | None = None
        self._stack = contextlib.AsyncExitStack()
        self._learning: asyncio.Task[None] | None = None
        self._learned_at: datetime | None = None

    def do(
        self, act: Callable[[House, Carrier], Coroutine[Any, Any, Result]], *, drafts: bool = False
    ) -> Result:
        """Carry out one act and return what it returns; other acts go on meanwhile.

        Args:
            act: given the desk's own house and its open carrier.
            drafts: whether stakes are assessed anew, which needs what hand-off and churn say.

        """
        return asyncio.run_coroutine_threadsafe(self._do(act, drafts), self._started()).result()

    def get_ready(self) -> None:
        """Begin to open, import and learn what the first act would otherwise wait for; returns at once."""
        if self._learned_at is None or self._clock() - self._learned_at > OUTLOOKS_LAST:
            asyncio.run_coroutine_threadsafe(self._get_ready(), self._started())

    def close(self) -> None:
        """End; the desk may be asked again, and starts anew."""
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

    async def _do(self, act: Callable[[House, Carrier], Coroutine[Any, Any, Result]], drafts: bool) -> Result:
        house, carrier = await self._opened()
        if drafts:
            await asyncio.shield(self._learn(house))
        return await act(house, carrier)

    async def _opened(self) -> tuple[House, Carrier]:
        if self._house is None or self._carrier is None:
            house = House(self._settings, self._workspace, self._clock)
            self._carrier = await self._stack.enter_async_context(house.open_carrier())
            self._house = house
        self._house.reread()
        return self._house, replace(self._carrier, bench=self._house.bench)

    async def _get_ready(self) -> None:
        try:
            house, _ = await self._opened()
            await asyncio.shield(self._learn(house))
        except Exception as failure:
            # The first act meets it again, and tells whoever asked.
            log.warning("the review desk is not ready: %s", failure)

    def _learn(self, house: House) -> asyncio.Task[None]:
        """The task that learns what hand-off and churn say; one at a time, and none while that is current."""
        is_old = self._learned_at is None or self._clock() - self._learned_at > OUTLOOKS_LAST
        if self._learning is None or (self._learning.done() and is_old):
            self._learned_at = self._clock()
            self._learning = asyncio.get_running_loop().create_task(self._learn_apart(house))
        return self._learning

    async def _learn_apart(self, house: House) -> None:
        def learn() -> Any:
            other = House(self._settings, self._workspace, self._clock)
            try:
                return other.outlooks
            finally:
                other.close()

        try:
            house.__dict__["outlooks"] = await asyncio.to_thread(learn)
        except Exception:
            self._learned_at = None
            raise

    async def _end(self) -> None:
        if self._learning is not None and not self._learning.done():
            with contextlib.suppress(Exception):
                await self._learning
        await self._stack.aclose()
        if self._house is not None:
            self._house.close()
        self._house = self._carrier = self._learning = self._learned_at = None
        self._stack = contextlib.AsyncExitStack()
