"""A new Chroma folder with some of the old one's vectors, and nothing else in it.

Chroma marks what it deletes and leaves it in the files of its index; even a new collection is written from memory
that was not cleared. So after an erasure the folder is made anew by a process that never saw what was erased, and
takes the place of the old one. Losing power in between loses vectors, never memories: they are embedded again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from domain.errors import AttuneError


class Packed(NamedTuple):
    """Vectors on their way: who wrote them (`shelf.Writer` as a record), n ids `contact:seq#digest`, n vectors."""

    writer: dict[str, Any]
    ids: Sequence[str]
    vectors: Sequence[Any]


def refill(folder: Path, packed: Packed) -> int:
    """Put a new Chroma folder with these vectors in the place of `folder`; return how many were written.

    The folder must not be open in this process.

    Raises:
        AttuneError: the new folder could not be made; the old one stands as it was.
    """
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
        fresh = Path(scratch) / "fresh"
        vectors = np.asarray(packed.vectors, dtype=np.float32)
        np.savez(Path(scratch) / "vectors.npz", ids=np.asarray(packed.ids, dtype=np.str_), vectors=vectors)
        (Path(scratch) / "writer.json").write_text(json.dumps(packed.writer), encoding="utf-8")
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "memory.history.refill", scratch],
            # Wherever this process was started: the room lies two folders up.
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise AttuneError(f"The contact history could not be written anew: {last}. Try again.")
        folder.rename(Path(scratch) / "old")
        fresh.rename(folder)
    return len(packed.ids)


def main(scratch: Path) -> None:
    """Fill the folder `fresh` in the scratch folder from what lies beside it."""
    from memory.history.clients import embedded
    from memory.history.shelf import VectorShelf, Writer

    writer = Writer.model_validate_json((scratch / "writer.json").read_text(encoding="utf-8"))
    with np.load(scratch / "vectors.npz", allow_pickle=False) as held:
        packed = Packed(writer.model_dump(), [str(one) for one in held["ids"]], list(held["vectors"]))
    lease = embedded(scratch / "fresh")()
    try:
        VectorShelf(lease.client, writer).fill(packed)
    finally:
        lease.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
