"""Runs a coroutine to its end on the fastest event loop there is: uvloop where it is installed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Return what `work` returns. Ctrl-C cancels it, and it cleans up before this returns."""
    with asyncio.Runner(loop_factory=_factory()) as runner:
        return runner.run(work)


def new_loop() -> asyncio.AbstractEventLoop:
    """Return a loop for a thread of its own; whoever asked closes it."""
    return (_factory() or asyncio.new_event_loop)()


def _factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
