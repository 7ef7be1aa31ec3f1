"""Where the models of an evaluation come from: a recording, an endpoint that is being recorded, or one asked live."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from domain.ports import LanguageModel
from evals.agents.tape import KEPT_MODEL, Mode, Tape, Upstream
from tools.models.openai_chat import ChatEndpoint, OpenAIChat
from tools.models.prices import PriceList
from tools.models.retry import RetryRule

ONCE = RetryRule(attempts=1)
"""A recording does not try again by itself: whoever answers would find the question twice."""


@dataclass
class Taped:
    """Every writer of every case through the tape, the whole OpenAI path included."""

    tape: Tape
    mode: Mode
    prices: PriceList = field(default_factory=PriceList)
    wait_seconds: float = 60.0
    _open: dict[tuple[str, str], OpenAIChat] = field(default_factory=dict)

    def model(self, case: str, writer: str) -> LanguageModel | None:
        """A model that asks the tape; None where a replay has nothing of this writer."""
        if self.mode is Mode.REPLAY and not self.tape.has(case, writer):
            return None
        endpoint = ChatEndpoint(
            {"default": KEPT_MODEL},
            base_url=self.tape.base_url(case, writer),
            timeout_seconds=self.wait_seconds,
            concurrency=4,
            retry=ONCE,
        )
        self._open[case, writer] = OpenAIChat(endpoint, prices=self.prices)
        return self._open[case, writer]

    def problem(self, case: str, writer: str) -> str:
        """What the tape could not answer."""
        if self.mode is Mode.REPLAY and not self.tape.has(case, writer):
            return f"not recorded: {writer}"
        return self.tape.problem(case, writer)

    async def close(self, case: str, writer: str) -> None:
        """Let go of the connection, and let the tape drop what is asked no more."""
        if chat := self._open.pop((case, writer), None):
            await chat.aclose()
        self.tape.close_case(case, writer)

    async def finish(self) -> None:
        """Each writer's connection went with it."""


@dataclass
class Live:
    """A real endpoint, asked every time; nothing is kept."""

    upstream: Upstream
    prices: PriceList = field(default_factory=PriceList)

    def __post_init__(self) -> None:
        endpoint = ChatEndpoint(
            {"default": self.upstream.model},
            api_key=self.upstream.api_key,
            base_url=self.upstream.base_url,
            timeout_seconds=self.upstream.wait_seconds,
        )
        self._model = OpenAIChat(endpoint, prices=self.prices)

    def model(self, case: str, writer: str) -> LanguageModel | None:
        """The one model, for everybody."""
        return self._model

    def problem(self, case: str, writer: str) -> str:
        """A live endpoint's trouble is told by the writer itself."""
        return ""

    async def close(self, case: str, writer: str) -> None:
        """Nothing to keep."""

    async def finish(self) -> None:
        """Let go of the connections."""
        await self._model.aclose()


CASSETTES = Path(__file__).with_name("cassettes")
"""The recordings that come with the product, one folder a suite."""


@contextmanager
def recordings(
    suite: str, record: Path | None, replay: Path | None, upstream: Upstream | None, prices: PriceList
) -> Iterator[tuple[Taped | Live, str]]:
    """Open where this run's models come from, and say in words where that is.

    Args:
        suite: names the shipped folder.
        record: keep what `upstream` answers here.
        replay: read recordings here; the shipped ones where nothing else is said.
        upstream: the endpoint; with neither folder it is asked live.
        prices: what tokens cost.
    """
    if upstream and record is None:
        yield Live(upstream, prices), f"{upstream.model}, live"
        return
    mode = Mode.RECORD if record else Mode.REPLAY
    with Tape(record or replay or CASSETTES / suite, mode, upstream) as tape:
        wait = upstream.wait_seconds if upstream else 60.0
        yield Taped(tape, mode, prices, wait), "a new recording" if record else "a recording"
