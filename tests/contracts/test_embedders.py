"""What every embedder must do: the local one, the one over HTTP (a real server on loopback), MiniLM where it is."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from domain.errors import ModelUnavailable, SettingsInvalid
from domain.ports import Embedder
from tools.embedders import choose
from tools.embedders.lexical import LexicalEmbedder
from tools.embedders.minilm import MiniLMEmbedder, is_available
from tools.embedders.openai import OpenAIEmbedder

DIMENSIONS = 1536


class EmbeddingServer(ThreadingHTTPServer):
    """Answers `/v1/embeddings` with the lexical vectors, in shuffled order; `failures` are given first."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.failures: list[tuple[int, str]] = []
        self.asked: list[dict[str, Any]] = []
        self.embedder = LexicalEmbedder(DIMENSIONS)
        self.stretch = 1.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Answering(BaseHTTPRequestHandler):
    server: EmbeddingServer

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append(asked)
        status, body = self.server.failures.pop(0) if self.server.failures else (200, self._vectors(asked))
        payload = body.encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def _vectors(self, asked: dict[str, Any]) -> str:
        rows = self.server.embedder.embed(asked["input"]) * self.server.stretch
        items = [{"object": "embedding", "index": n, "embedding": list(row)} for n, row in enumerate(rows)]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return json.dumps({"object": "list", "model": asked["model"], "data": items[::-1], "usage": usage})

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def over_http(server: EmbeddingServer, waits: list[float]) -> Iterator[OpenAIEmbedder]:
    embedder = OpenAIEmbedder(model="text-embedding-3-small", base_url=server.url, sleep=waits.append)
    yield embedder
    embedder.close()


@pytest.fixture(params=["lexical", "openai", "minilm"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "lexical":
        return LexicalEmbedder()
    if request.param == "minilm":
        if not is_available():
            pytest.skip("the files of all-MiniLM-L6-v2 are not on this machine")
        return MiniLMEmbedder()
    chosen: Embedder = request.getfixturevalue("over_http")
    return chosen


ODD = ["", " ", "\x00", "🤷🏽‍♀️", "日本語の価格", "lone \ud800 surrogate", "a" * 20_000, "the of and"]


def test_rows_have_length_one(embedder: Embedder) -> None:
    vectors = embedder.embed(["What does it cost?", *ODD])
    assert vectors.shape == (1 + len(ODD), embedder.dimensions)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0)


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimensions)


def test_a_text_has_the_same_vector_alone_and_among_others(embedder: Embedder) -> None:
    texts = [f"Offer number {n} for the team" for n in range(300)]
    assert np.allclose(embedder.embed(texts)[270], embedder.embed(texts[270:271])[0], atol=1e-6)


def test_related_texts_pass_the_floor_and_unrelated_do_not(embedder: Embedder) -> None:
    about, near, far = embedder.embed(
        ["What did they say about pricing?", "The price per seat is too high", "Has a dog named Rufus"]
    )
    assert about @ near >= embedder.least_score > about @ far


def test_the_name_says_what_changes_the_vectors() -> None:
    names = {LexicalEmbedder().name, LexicalEmbedder(256).name, LexicalEmbedder(knows_notions=False).name}
    assert len(names) == 3


def test_a_passing_failure_is_tried_again(
    server: EmbeddingServer, over_http: OpenAIEmbedder, waits: list[float]
) -> None:
    server.failures = [(500, "{}"), (429, "{}")]
    assert over_http.embed(["price"]).shape == (1, DIMENSIONS)
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize(
    ("failure", "tries"), [((503, "{}"), 4), ((401, "{}"), 1), ((200, '{"data": null}'), 1), ((200, "{}"), 1)]
)
def test_no_usable_answer_is_model_unavailable(
    server: EmbeddingServer, over_http: OpenAIEmbedder, failure: tuple[int, str], tries: int
) -> None:
    server.failures = [failure] * 9
    with pytest.raises(ModelUnavailable, match="text-embedding-3-small"):
        over_http.embed(["price"])
    assert len(server.asked) == tries


def test_vectors_of_another_length_are_refused(server: EmbeddingServer, over_http: OpenAIEmbedder) -> None:
    server.embedder = LexicalEmbedder(64)
    with pytest.raises(ModelUnavailable, match="length 64, not 1536"):
        over_http.embed(["price"])


def test_an_unknown_models_length_is_asked_once_and_rows_are_scaled(server: EmbeddingServer) -> None:
    server.embedder, server.stretch = LexicalEmbedder(64), 3.0
    embedder = OpenAIEmbedder(model="house-model", base_url=server.url)
    assert embedder.dimensions == 64
    assert np.allclose(np.linalg.norm(embedder.embed(["a price", "a quote"]), axis=1), 1.0)
    assert [len(one["input"]) for one in server.asked] == [1, 2]
    assert {one["encoding_format"] for one in server.asked} == {"float"}
    embedder.close()


def test_a_server_that_is_not_there_is_model_unavailable(waits: list[float]) -> None:
    embedder = OpenAIEmbedder(
        model="text-embedding-3-small", base_url="http://127.0.0.1:9/v1", sleep=waits.append
    )
    with pytest.raises(ModelUnavailable, match="APIConnectionError"):
        embedder.embed(["price"])
    assert len(waits) == 3
    embedder.close()


class Nothing:
    """Settings without a key or an address."""

    openai_api_key = None
    openai_base_url = None
    embedding_model = "text-embedding-3-small"
    model_timeout_seconds = 1.0
    model_attempts = 1


def test_an_embedder_is_chosen_by_name() -> None:
    assert choose("lexical", Nothing()).name == "lexical-v1-384"


@pytest.mark.parametrize(("name", "missing"), [("openai", "OPENAI_API_KEY"), ("bert", "'bert' is unknown")])
def test_a_choice_that_cannot_work_says_what_to_set(name: str, missing: str) -> None:
    with pytest.raises(SettingsInvalid, match=missing):
        choose(name, Nothing())


def test_minilm_without_its_file_is_refused_by_name_and_nothing_is_fetched(tmp_path: Any) -> None:
    assert not is_available(tmp_path)
    with pytest.raises(SettingsInvalid, match="all-MiniLM-L6-v2"):
        MiniLMEmbedder(cache=tmp_path)
    assert list(tmp_path.iterdir()) == []
