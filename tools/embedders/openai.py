"""Embeddings from OpenAI or any server that speaks its protocol.

Every text of a contact's history goes to that server; the local embedders keep it at home.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from domain.base import utc_now
from domain.errors import ModelUnavailable

if TYPE_CHECKING:
    from domain.ports import FloatMatrix

LEAST_SCORE = 0.25
"""Not measured by us: no endpoint could be asked where this was written. `python -m evals.recall
--embedder openai` prints the figures to set it by; `least_score` of a recall overrides it."""

_BATCH_TEXTS = 256
_MOST_CHARACTERS = 8_000
"""Well below the 8,191 tokens a text may have, whatever the script."""
_MOST_WAIT_SECONDS = 20.0
_DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}


class OpenAIEmbedder:
    """Implements `domain.ports.Embedder` over HTTP."""

    def __init__(
        self,
        *,
        model: str,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout_seconds: float = 60.0,
        attempts: int = 4,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare the client; nothing is asked yet.

        Args:
            model: embedding model. The length of its vectors is looked up by one call where it is not known.
            api_key: key of the endpoint; servers at home often need none.
            base_url: another endpoint than OpenAI's.
            timeout_seconds: longest wait for one try.
            attempts: tries a call gets.
            sleep: waits between tries.
        """
        import openai

        self._model = model
        # A client without a key refuses to start, although servers at home often ask for none.
        self._client = openai.OpenAI(
            api_key=api_key or "none", base_url=base_url, timeout=timeout_seconds, max_retries=0
        )
        self._attempts = attempts
        self._sleep = sleep
        self._dimensions = _DIMENSIONS.get(model)

    @property
    def name(self) -> str:
        """`openai-` and the model."""
        return f"openai-{self._model}"

    @property
    def dimensions(self) -> int:
        """Length of a vector; for a model we do not know, the server is asked once."""
        if self._dimensions is None:
            self._dimensions = len(self._ask(["."])[0])
        return self._dimensions

    @property
    def least_score(self) -> float:
        """See `LEAST_SCORE`."""
        return LEAST_SCORE

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Return shape (n, dimensions), rows of length one.

        Raises:
            ModelUnavailable: no usable answer after every allowed try.
        """
        if not texts:
            return np.zeros((0, self.dimensions))
        rows: list[list[float]] = []
        for start in range(0, len(texts), _BATCH_TEXTS):
            rows.extend(self._ask([_sendable(text) for text in texts[start : start + _BATCH_TEXTS]]))
        matrix = np.array(rows, dtype=np.float64)
        if matrix.shape != (len(texts), self.dimensions):
            raise ModelUnavailable(
                f"Embedding model {self._model!r} answered vectors of length {matrix.shape[-1]}, "
                f"not {self.dimensions}. Nothing of it was kept. Is OPENAI_BASE_URL the right server?"
            )
        lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
        return np.asarray(matrix / np.where(lengths == 0, 1.0, lengths))

    def _ask(self, texts: list[str]) -> list[list[float]]:
        import openai

        from tools.models.retry import is_passing

        tries = Retrying(
            retry=retry_if_exception(is_passing),
            wait=_wait,
            stop=stop_after_attempt(self._attempts),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            # Without `float` the client asks for base64, which several compatible servers do not speak.
            answer: Any = tries(
                self._client.embeddings.create, model=self._model, input=texts, encoding_format="float"
            )
            rows = [list(item.embedding) for item in sorted(answer.data, key=lambda item: item.index)]
        except openai.OpenAIError as error:
            raise ModelUnavailable(
                f"Embedding model {self._model!r} gave nothing ({type(error).__name__}). Try again later, "
                "or move to the local embedder with `attune memory reindex --to lexical`."
            ) from error
        except (AttributeError, TypeError, ValueError) as error:
            raise ModelUnavailable(
                f"Embedding model {self._model!r} answered something that is no embedding. "
                "Is OPENAI_BASE_URL the right server?"
            ) from error
        if len(rows) != len(texts):
            raise ModelUnavailable(
                f"Embedding model {self._model!r} answered {len(rows)} vectors for {len(texts)} texts."
            )
        return rows


def _sendable(text: str) -> str:
    """Servers refuse an empty text, a lone surrogate and an endless one."""
    return text.encode("utf-8", "replace").decode()[:_MOST_CHARACTERS].strip() or "."


def _wait(state: RetryCallState) -> float:
    """Twice as long each time, or as long as `Retry-After` asks, within bounds."""
    import openai

    from tools.models.retry import retry_after_seconds

    error = state.outcome.exception() if state.outcome else None
    asked = None
    if isinstance(error, openai.APIStatusError):
        asked = retry_after_seconds(error.response.headers, utc_now())
    return min(_MOST_WAIT_SECONDS, asked if asked is not None else 0.5 * 2.0 ** (state.attempt_number - 1))
