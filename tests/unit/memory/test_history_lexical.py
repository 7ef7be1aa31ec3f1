"""The lexical embedder's words, stems and the promise that its vectors never change under one name."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tools.embedders.lexical import LexicalEmbedder, stem, words


@pytest.mark.parametrize(
    "kin",
    [
        ("price", "prices", "priced", "pricing"),
        ("implement", "implemented", "implementing", "implementation"),
        ("evaluate", "evaluates", "evaluating", "evaluation"),
        ("certificate", "certified", "certification"),
        ("company", "companies"),
        ("migrate", "migrated", "migration"),
    ],
)
def test_kin_share_a_stem(kin: tuple[str, ...]) -> None:
    assert len({stem(word) for word in kin}) == 1


@pytest.mark.parametrize("word", ["bus", "access", "status", "analysis", "api", "o'hare", "価格"])
def test_what_only_looks_like_an_ending_stays(word: str) -> None:
    assert stem(word) == word


def test_words_are_folded() -> None:
    assert words("Café’s FULLWIDTH ｆｕｌｌ naïve price's") == ["cafe", "fullwidth", "full", "naive", "price"]


def test_a_script_without_spaces_is_cut_into_pairs() -> None:
    assert words("価格表") == ["価格", "格表"]


def test_common_notions_bring_different_words_together() -> None:
    def nearness(embedder: LexicalEmbedder) -> float:
        asked, said = embedder.embed(["budget objections", "your quote is too expensive"])
        return float(asked @ said)

    assert nearness(LexicalEmbedder()) > nearness(LexicalEmbedder(knows_notions=False)) + 0.2


def test_vectors_of_one_name_never_change() -> None:
    """When this fails, a change altered vectors: raise VERSION in lexical.py, then set the new digest."""
    embedder = LexicalEmbedder()
    vectors = embedder.embed(
        ["Asked for the price of 30 seats", "Café in 東京", "", "pricing pricing prices"]
    )
    digest = hashlib.sha256((np.round(vectors, 4) + 0.0).tobytes()).hexdigest()[:16]
    assert (embedder.name, digest) == ("lexical-v1-384", "b2e177b96561706a")
