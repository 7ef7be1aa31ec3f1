"""Crowds of `app.drills.settling`, settled once a test process and copied: what tests of runs start from."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from app.drills import settling
from app.settings import Settings
from app.wiring import House, open_house
from evals.crowd import NOON


def settle(folder: Path, contacts: int, now: datetime = NOON, **settings: object) -> House:
    """Put a copy of a workspace with a crowd at `folder` and return it, opened, with its clock standing at `now`."""
    shutil.copytree(_settled(contacts, now), folder)
    chosen = Settings(_env_file=None, workspace=folder, model=None).model_copy(update=settings)
    return open_house(chosen, clock=lambda: now)


@cache
def _settled(contacts: int, now: datetime) -> Path:
    return made(lambda folder: settling.settle(folder, contacts, now).close())


def made(make: Callable[[Path], None]) -> Path:
    """A workspace made in a folder that lives as long as this process; copy it and leave it as it is."""
    folder = Path(mkdtemp(prefix="attune-made-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    make(folder / "ws")
    return folder / "ws"
