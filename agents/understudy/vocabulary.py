"""The word lists the understudy reads titles, names and topics by."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("vocabulary.yaml")


@lru_cache(maxsize=1)
def _lists() -> dict[str, frozenset[str]]:
    return {
        name: frozenset(words) for name, words in yaml.safe_load(_FILE.read_text(encoding="utf-8")).items()
    }


def words_for(name: str) -> frozenset[str]:
    """Return the list of that name; an unknown name raises `KeyError`."""
    return _lists()[name]
