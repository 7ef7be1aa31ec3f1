"""The embedder that is always there: local, no download, the same vectors in every process.

A text becomes a bag of words; a word gives its stem, the notions it stands for (a small thesaurus of
B2B marketing English, `vocabulary.yaml`) and its character n-grams, each hashed with a sign into one of
384 places (Weinberger et al. 2009, "Feature hashing for large scale multitask learning"). Repetition
counts by its logarithm; words that say little count little. It knows words, not sentences: "not
expensive" and "expensive" are near, and a paraphrase whose words stand in no common notion is not
found. `python -m evals.recall` says how often that happens.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import yaml

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from domain.ports import FloatMatrix

VERSION = "lexical-v1"
"""Raised with every change of the vocabulary, the stemmer or a weight: vectors of two versions never mix."""

LEAST_SCORE = 0.15
"""Set on the `tuned` topics of `evals/recall`, as the weights are: a higher floor loses true answers faster than
false ones (0.13: 81 % found, 78 % rightly silent about an absent topic; 0.15: 80 and 82; 0.17: 80 and 83)."""

_BATCH_TEXTS = 1_000
_KNOWN_WORDS = 50_000

_STEM_WEIGHT = 1.0
_NOTION_WEIGHT = 1.2
_GRAMS_WEIGHT = 0.4
_STOP_WEIGHT = 0.02
_FAINT_WEIGHT = 0.15
_GRAM_LENGTHS = (3, 4)

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_ENDINGS = (
    ("ifications", "ify"), ("ification", "ify"), ("ificates", "ify"), ("ificate", "ify"), ("izations", ""),
    ("ization", ""), ("isations", ""), ("isation", ""), ("ations", ""), ("ation", ""), ("ators", ""),
    ("ator", ""), ("ated", ""), ("ates", ""), ("ating", ""), ("ate", ""), ("izing", ""), ("ising", ""),
    ("ized", ""), ("ised", ""), ("izes", ""), ("ises", ""), ("ize", ""), ("ise", ""), ("nesses", ""),
    ("ness", ""), ("ifies", "ify"), ("ified", "ify"), ("ities", "ity"), ("ies", "y"), ("ings", ""),
    ("ing", ""), ("ers", ""), ("ied", "y"), ("ed", ""), ("er", ""), ("es", ""), ("ly", ""), ("s", ""),
)  # fmt: skip
_LEAST_STEM = 3
_WRITTEN_WITHOUT_SPACES = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")

Parts = tuple["NDArray[np.int64]", "NDArray[np.float64]"]


class LexicalEmbedder:
    """Implements `domain.ports.Embedder` on words alone."""

    def __init__(self, dimensions: int = 384, *, knows_notions: bool = True) -> None:
        """Read the vocabulary.

        Args:
            dimensions: length of a vector; fewer means more words share a place.
            knows_notions: False leaves the thesaurus out, to measure what it is worth.
        """
        self._dimensions = dimensions
        self._knows_notions = knows_notions
        # Bounded by hand: an lru_cache on a method would keep the embedder alive.
        self._parts: dict[str, Parts] = {}

    @property
    def name(self) -> str:
        """Version and length; `-plain` where the thesaurus is left out."""
        return f"{VERSION}-{self._dimensions}" + ("" if self._knows_notions else "-plain")

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._dimensions

    @property
    def least_score(self) -> float:
        """Below this, two texts share little more than chance collisions."""
        return LEAST_SCORE

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Return shape (n, dimensions), rows of length one; a text without a word has a vector too."""
        if not texts:
            return np.zeros((0, self._dimensions))
        starts = range(0, len(texts), _BATCH_TEXTS)
        return np.vstack([self._embed_batch(texts[start : start + _BATCH_TEXTS]) for start in starts])

    def _embed_batch(self, texts: Sequence[str]) -> FloatMatrix:
        places: list[NDArray[np.int64]] = []
        values: list[NDArray[np.float64]] = []
        for row, text in enumerate(texts):
            for word, times in (Counter(words(text)) or {"": 1}).items():
                where, how_much = self._parts_of(word)
                places.append(where + row * self._dimensions)
                values.append(how_much * (1 + np.log(times)) if times > 1 else how_much)
        flat = np.bincount(
            np.concatenate(places), np.concatenate(values), minlength=len(texts) * self._dimensions
        )
        matrix = flat.reshape(len(texts), self._dimensions)
        # Two parts of opposite sign may meet in one place and leave nothing: such a text points at place 0.
        matrix[~matrix.any(axis=1), 0] = 1.0
        return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True))

    def _parts_of(self, word: str) -> Parts:
        """Places of a word in the vector and what it adds to each."""
        known = self._parts.get(word)
        if known is not None:
            return known
        if len(self._parts) >= _KNOWN_WORDS:
            self._parts.clear()
        features = list(self._features(word))
        hashes = np.array([_hash(feature) for feature, _ in features], dtype=np.uint64)
        signs = np.where(hashes >> np.uint64(63), -1.0, 1.0)
        weights = np.array([weight for _, weight in features]) * _weight(word)
        places = (hashes % np.uint64(self._dimensions)).astype(np.int64)
        self._parts[word] = (places, signs * weights)
        return self._parts[word]

    def _features(self, word: str) -> Iterator[tuple[str, float]]:
        root = stem(word)
        yield f"stem {root}", _STEM_WEIGHT
        if self._knows_notions:
            for notion in _vocabulary().notions.get(root, ()):
                yield f"notion {notion}", _NOTION_WEIGHT
        grams = list(_grams(root))
        for gram in grams:
            yield f"gram {gram}", _GRAMS_WEIGHT / len(grams) ** 0.5


class _Vocabulary:
    """The word lists, by stem."""

    def __init__(self, path: Path) -> None:
        lists = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.stop_words = frozenset(words(lists["stop_words"]))
        self.faint_words = frozenset(stem(word) for word in words(lists["faint_words"]))
        self.notions: dict[str, tuple[str, ...]] = {}
        for notion, members in lists["notions"].items():
            for root in sorted({stem(word) for word in words(members)}):
                self.notions[root] = (*self.notions.get(root, ()), notion)


@lru_cache(maxsize=1)
def _vocabulary() -> _Vocabulary:
    return _Vocabulary(Path(__file__).with_name("vocabulary.yaml"))


def words(text: str) -> list[str]:
    """Return the words of a text: lower case, without accents, compatibility forms folded."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
        text = unicodedata.normalize("NFKC", bare)
    found = [word.replace("’", "'").removesuffix("'s") for word in _WORD.findall(text.casefold())]
    return found if text.isascii() else [piece for word in found for piece in _pieces(word)]


def _pieces(word: str) -> list[str]:
    """Cut a run of a script that writes no spaces into pairs of characters, which serve as its words."""
    if len(word) <= 2 or not _WRITTEN_WITHOUT_SPACES.search(word):
        return [word]
    return [word[start : start + 2] for start in range(len(word) - 1)]


@lru_cache(maxsize=_KNOWN_WORDS)
def stem(word: str) -> str:
    """Cut the commonest English endings off; what remains need not be a word, only the same for its kin."""
    if len(word) <= _LEAST_STEM or not word.isascii() or not word.isalpha():
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            if ending == "s" and word.endswith(("ss", "us", "is")):
                break
            word = word[: -len(ending)] + instead
            break
    if len(word) > _LEAST_STEM and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word[:-1] if len(word) > _LEAST_STEM and word.endswith("e") else word


def _grams(root: str) -> Iterator[str]:
    """Character n-grams with the word's edges marked."""
    marked = f"<{root}>"
    for length in _GRAM_LENGTHS:
        for start in range(len(marked) - length + 1):
            yield marked[start : start + length]


def _weight(word: str) -> float:
    vocabulary = _vocabulary()
    if word in vocabulary.stop_words:
        return _STOP_WEIGHT
    return _FAINT_WEIGHT if stem(word) in vocabulary.faint_words else 1.0


def _hash(feature: str) -> int:
    return int.from_bytes(hashlib.blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest())
