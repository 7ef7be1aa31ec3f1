"""Heads of the audit chain, kept beside the database: what tells that its tail was cut, or an older one put here.

One line a head: number, hash, UTC time; the newest one, and the last one of each day before. A head that is gone from
the chain stays until a person says that a backup was restored. Whoever can change the database and this file can hide
a cut from it, so a head may also be printed (`attune audit head`) and kept where nobody here can change it.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from domain.errors import InvalidFile, WorkspaceBusy
from memory.crm.audit_records import faults

if TYPE_CHECKING:
    from pathlib import Path

    from app.wiring import House
    from memory.crm.audit_check import ChainReport, Head


MOST_FAULTS = 100


def keep_head(house: House) -> Head:
    """Keep the newest line's number and hash as the last head of the file; return them.

    It takes the place of one of the same day that it covers. Where another process writes the file this moment,
    its head will do.
    """
    path = house.workspace.heads
    with house.workspace.writing_heads() as is_ours:
        tip = house.audit.tip()
        lines = _lines(path)
        known = _head(path, len(lines), lines[-1]) if lines else (0, "")
        if is_ours and tip[0] and known != tip:
            now = house.clock().isoformat()
            if lines and lines[-1].split()[2][:10] == now[:10] and _stands(house, known):
                lines.pop()
            _write(path, [*lines, f"{tip[0]} {tip[1]} {now}"])
    return tip


def was_restored(house: House) -> bool:
    """Tell whether an older database stands here than the one last worked with. Raises `InvalidFile`."""
    path = house.workspace.heads
    lines = _lines(path)
    return bool(lines) and not _stands(house, _head(path, len(lines), lines[-1]))


def forget_lost(house: House, by: str) -> list[Head]:
    """A person says that a backup was restored: drop the heads it does not know, and write that down in the chain.

    Raises:
        InvalidFile: a line of the file is no head.
        WorkspaceBusy: another process writes the file this moment.
    """
    path = house.workspace.heads
    with house.workspace.writing_heads() as is_ours:
        if not is_ours:
            raise WorkspaceBusy(f"{path.name} is being written this moment. Nothing was changed. Try again.")
        lines = _lines(path)
        heads = [_head(path, number, line) for number, line in enumerate(lines, start=1)]
        lost = [head for head in heads if not _stands(house, head)]
        if lost:
            told = [f"{seq}:{sha256}" for seq, sha256 in lost]
            house.audit.append("restore", "audit", {"by": by, "lost": told})
            _write(path, [line for line, head in zip(lines, heads, strict=True) if head not in lost])
    return lost


def _stands(house: House, head: Head) -> bool:
    return house.audit.sha256_of(head[0]) == head[1]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="ascii", errors="replace").splitlines() if path.exists() else []


def _write(path: Path, lines: list[str]) -> None:
    written = path.with_suffix(".new")
    written.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    written.replace(path)


def _head(path: Path, number: int, line: str) -> Head:
    parts = line.split()
    if len(parts) != 3 or not parts[0].isdigit() or len(parts[1]) != 64:
        raise InvalidFile(path, f"line {number} is no head of the audit chain: somebody changed this file.")
    return int(parts[0]), parts[1]


def read_heads(path: Path) -> list[Head]:
    """Return the heads of a file, oldest first; none where there is no file. Raises `InvalidFile`."""
    return [_head(path, number, line) for number, line in enumerate(_lines(path), start=1)]


def verify(house: House, more: tuple[Head, ...] = ()) -> ChainReport:
    """Check the chain against every head that is known, then the records it speaks of; keep a sound chain's head."""
    report = house.audit.check((*read_heads(house.workspace.heads), *more))
    if report.is_sound:
        found = tuple(islice(faults(house.engine), MOST_FAULTS))
        report = report.model_copy(update={"faults": found})
    if report.is_sound:
        keep_head(house)
    return report
