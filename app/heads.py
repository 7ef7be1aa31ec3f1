"""Heads of the audit chain, kept beside the database: what tells that the chain's tail was cut off.

One line a head: number, hash, UTC time. The file only grows. Whoever can change the database and this file can hide
a cut from it, so a head may also be printed (`attune audit head`) and kept where nobody here can change it.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from domain.errors import InvalidFile
from memory.crm.audit_records import faults

if TYPE_CHECKING:
    from pathlib import Path

    from app.wiring import House
    from memory.crm.audit_check import ChainReport, Head


MOST_FAULTS = 100


def keep_head(house: House) -> Head:
    """Add the newest line's number and hash to the file, unless it is the last one there; return them."""
    seq, sha256 = house.audit.tip()
    path = house.workspace.heads
    known = read_heads(path)
    if seq and (not known or known[-1] != (seq, sha256)):
        with path.open("a", encoding="ascii") as file:
            file.write(f"{seq} {sha256} {house.clock().isoformat()}\n")
    return seq, sha256


def read_heads(path: Path) -> list[Head]:
    """Return the heads of a file, oldest first; none where there is no file. Raises `InvalidFile`."""
    if not path.exists():
        return []
    heads = []
    for number, line in enumerate(path.read_text(encoding="ascii", errors="replace").splitlines(), start=1):
        parts = line.split()
        if len(parts) != 3 or not parts[0].isdigit() or len(parts[1]) != 64:
            raise InvalidFile(
                path, f"line {number} is no head of the audit chain: somebody changed this file."
            )
        heads.append((int(parts[0]), parts[1]))
    return heads


def verify(house: House, more: tuple[Head, ...] = ()) -> ChainReport:
    """Check the chain against every head that is known, then the records it speaks of; keep a sound chain's head."""
    report = house.audit.check((*read_heads(house.workspace.heads), *more))
    if report.is_sound:
        found = tuple(islice(faults(house.engine), MOST_FAULTS))
        report = report.model_copy(update={"faults": found})
    if report.is_sound:
        keep_head(house)
    return report
