"""Chroma's MiniLM (all-MiniLM-L6-v2 on ONNX): meaning rather than words, 384 dimensions, on this machine.

Its 80 MB file is not part of any package. Chroma would fetch it at the first sentence; here that happens
only when it is asked for, so that nothing leaves the machine by surprise and nobody waits for a network
that is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from domain.errors import SettingsInvalid

if TYPE_CHECKING:
    from domain.ports import FloatMatrix

LEAST_SCORE = 0.25
"""Not measured by us: the file could not be had where this was written. `python -m evals.recall
--embedder minilm` prints the figures to set it by; `least_score` of a recall overrides it."""

_FOLDER = Path("onnx_models") / "all-MiniLM-L6-v2"
_FILES = (
    "config.json",
    "model.onnx",
    "special_tokens_map.json",
    "tokenizer_config.json",
    "tokenizer.json",
    "vocab.txt",
)
_BATCH_TEXTS = 256


def is_available(cache: Path | None = None) -> bool:
    """Tell whether the model's files are on this machine. Looks at the disk only.

    Args:
        cache: Chroma's cache folder; None is `~/.cache/chroma`.
    """
    extracted = (cache or _default_cache()) / _FOLDER / "onnx"
    return all((extracted / name).is_file() for name in _FILES)


class MiniLMEmbedder:
    """Implements `domain.ports.Embedder` on Chroma's ONNX runtime."""

    def __init__(self, *, may_download: bool = False, cache: Path | None = None) -> None:
        """Load nothing yet.

        Args:
            may_download: fetch the file with the first text if it is missing.
            cache: Chroma's cache folder; None is `~/.cache/chroma`.

        Raises:
            SettingsInvalid: the file is missing and may not be fetched.
        """
        self._cache = cache or _default_cache()
        if not may_download and not is_available(self._cache):
            raise SettingsInvalid(
                f"ATTUNE_EMBEDDER: minilm needs the files of all-MiniLM-L6-v2 in {self._cache / _FOLDER}/onnx. "
                "Copy them there from a machine that has them, or take `lexical`, which needs no file."
            )
        self._model: Any = None

    @property
    def name(self) -> str:
        """The model; its files are checked by hash when they are fetched."""
        return "minilm-l6-v2"

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return 384

    @property
    def least_score(self) -> float:
        """See `LEAST_SCORE`."""
        return LEAST_SCORE

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Return shape (n, 384), rows of length one; words beyond the 256th token do not count."""
        if not texts:
            return np.zeros((0, self.dimensions))
        if self._model is None:
            self._model = _load(self._cache)
        rows: list[Any] = []
        for start in range(0, len(texts), _BATCH_TEXTS):
            clean = [text.encode("utf-8", "replace").decode() for text in texts[start : start + _BATCH_TEXTS]]
            rows.extend(self._model(clean))
        matrix = np.asarray(rows, dtype=np.float64)
        return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True))


def _default_cache() -> Path:
    return Path.home() / ".cache" / "chroma"


def _load(cache: Path) -> Any:
    from chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2 import ONNXMiniLM_L6_V2

    class InCache(ONNXMiniLM_L6_V2):
        DOWNLOAD_PATH = cache / _FOLDER

    return InCache()
