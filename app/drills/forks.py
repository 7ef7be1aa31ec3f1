"""Processes that can be killed and cost little to start: forked from one that has loaded everything already."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

_LOADED = (
    "app.runs",
    "app.serving",
    "app.reviews",
    "dbos",
    "chromadb",
    "langgraph.checkpoint.sqlite",
    "uvloop",
)


def load() -> None:
    """Import what children need, so that each is there at once. No thread may run when a child is forked."""
    for name in _LOADED:
        try:
            import_module(name)
        except ImportError:
            if name != "uvloop":
                raise


def fork(act: Callable[[], object], errors: Path) -> int:
    """Do `act` in a child and return its process id; what it raises goes to the end of `errors`."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 0
    try:
        act()
    except BaseException:
        code = 1
        with errors.open("a", encoding="utf-8") as file:
            traceback.print_exc(file=file)
    finally:
        # Not `sys.exit`: nothing of the parent's may run here.
        os._exit(code)


def wait(child: int, seconds: float = 120.0) -> int:
    """Return how a child ended: its exit code, or minus the signal that killed it.

    One that does not end in time is killed, and -SIGALRM says so.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGALRM


def kill_self() -> None:
    """End this process as the kernel or a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def settled(folder: Path, contacts: int) -> None:
    """Make a workspace with a crowd, in a child: a vector store opened here would not survive a fork."""
    load()
    errors = folder.with_name("errors")
    if wait(fork(lambda: _settle(folder, contacts), errors)):
        raise RuntimeError(f"the crowd could not be settled: {errors.read_text()[-400:]}")


def _settle(folder: Path, contacts: int) -> None:
    from app.drills.settling import settle

    settle(folder, contacts).close()
