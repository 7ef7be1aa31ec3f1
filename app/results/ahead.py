"""Counts results ahead in a process of its own: it takes a core for a while, and deliveries and pages must not wait."""

from __future__ import annotations

import multiprocessing
import os
from typing import TYPE_CHECKING

from app.results.kept import ResultsShelf
from domain.errors import AttuneError

if TYPE_CHECKING:
    from app.settings import Settings
    from app.wiring import House

NICENESS = 10
"""Whatever else the machine has to do goes first."""


def count_ahead(house: House) -> bool:
    """Count what is due, if anything is, and wait for it; return whether something was.

    Raises:
        AttuneError: the counting process failed; what was kept before stands.
    """
    if not ResultsShelf(house).due():
        return False
    process = multiprocessing.get_context("spawn").Process(target=_count, args=(house.settings,), daemon=True)
    process.start()
    process.join()
    if process.exitcode:
        raise AttuneError(
            f"Results could not be counted ahead (exit code {process.exitcode}); pages show what was counted before. "
            "`attune metrics` counts at once and says what is wrong."
        )
    return True


def _count(settings: Settings) -> None:
    from app.wiring import open_house

    os.nice(NICENESS)
    house = open_house(settings)
    try:
        ResultsShelf(house).recount()
    finally:
        house.close()
