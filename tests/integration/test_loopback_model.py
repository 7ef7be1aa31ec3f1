"""The benchmark's endpoint answers all four agents with what passes their schemas and the rules.

Otherwise the benchmark would time repairs and understudies instead of the way a contact goes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from agents import letter
from agents.compliance_reviewer import ComplianceReviewer
from agents.content_strategist import ContentStrategist
from agents.outreach_composer import OutreachComposer
from agents.signal_analyst import SignalAnalyst
from domain.base import Noun
from domain.dossier import Dossier
from domain.message import Author
from domain.model import ChatMessage, ModelRequest
from evals.benchmarks.loopback import LoopbackModelServer
from policies.content import review_message
from policies.rulebook import load_rulebook
from prompts.library import PromptLibrary
from tests.unit.agents.samples import SENDER, context, customer, eager, executive
from tools.channels.mime import to_mime
from tools.models.openai_chat import ChatEndpoint, OpenAIChat

LATENCY_MS = 250


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with LoopbackModelServer(LATENCY_MS) as server:
        yield server.base_url


class Note(Noun):
    """A note."""

    text: str


@pytest.mark.parametrize("dossier", [eager(), executive(), customer()], ids=lambda d: d.contact.id)
async def test_four_agents_take_its_answers_and_the_rules_let_them_pass(
    base_url: str, dossier: Dossier
) -> None:
    model, prompts = OpenAIChat(ChatEndpoint({"default": "m"}, base_url=base_url)), PromptLibrary()
    ctx = replace(context(dossier), canary="zq0123456789abcd")
    brief = await SignalAnalyst(model, prompts).analyse(ctx)
    plan = await ContentStrategist(model, prompts).plan(ctx, brief.work)
    draft = await OutreachComposer(model, prompts).compose(ctx, brief.work, plan.work)
    message = letter.address(
        draft.work,
        contact=dossier.contact,
        asset=ctx.asset,
        campaign=ctx.campaign,
        sender=SENDER,
        outbox_id="m_1",
        link_key=b"k" * 32,
    )
    verdict = review_message(
        message,
        draft.work,
        ctx.evidence,
        ctx.asset,
        SENDER,
        load_rulebook(),
        ctx.now.date(),
        raw=to_mime(message, ctx.now),
    )
    review = await ComplianceReviewer(model, prompts).review(ctx, draft.work, verdict)
    await model.aclose()
    made = (brief, plan, draft, review)
    assert [part.stand_in_for for part in made] == [None] * 4
    assert [part.author for part in made] == [Author.MODEL] * 4
    assert [part.usage.calls for part in made] == [1] * 4
    assert review.work.findings == ()


async def test_replies_take_the_latency_side_by_side(base_url: str) -> None:
    model = OpenAIChat(ChatEndpoint({"default": "m"}, base_url=base_url, concurrency=16))
    messages = (ChatMessage(role="system", content="s"), ChatMessage(role="user", content="u"))
    request = ModelRequest("a", "r", messages, Note, "p/v1", "0" * 64)
    began = time.perf_counter()
    await asyncio.gather(*(model.ask(request) for _ in range(16)))
    took_ms = (time.perf_counter() - began) * 1_000
    await model.aclose()
    assert LATENCY_MS <= took_ms < 16 * LATENCY_MS
