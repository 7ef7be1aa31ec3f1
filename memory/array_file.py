"""Arrays with a header in one file: written whole or not at all, read without running anything it holds.

The file is a NumPy `.npz` (a zip of `.npy`, each with its checksum); the header is JSON in the member `header`.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import AttuneError

_HEADER = "header"


class DamagedArrays(AttuneError):
    """A file of arrays that cannot be read as one."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be read as arrays ({why}). Delete it; it will be built again.")


def write_arrays(path: Path, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write one file in the place of an earlier one: readers see the old or the new, never a part.

    Raises:
        OSError: where the folder cannot be written to or the disk is full; the earlier file stays.
    """
    told = np.frombuffer(json.dumps(header, allow_nan=False).encode(), np.uint8)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            np.savez(out, allow_pickle=False, **{_HEADER: told}, **arrays)
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_arrays(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return (header, arrays).

    Raises:
        FileNotFoundError: where there is none.
        DamagedArrays: where it is cut short, changed, or something else.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as members:
            arrays = {name: members[name] for name in members.files}
        header = json.loads(bytes(arrays.pop(_HEADER)))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, AttributeError) as why:
        raise DamagedArrays(path, f"{type(why).__name__}: {why}") from why
    if not isinstance(header, dict):
        raise DamagedArrays(path, "its header is no object")
    return header, arrays
