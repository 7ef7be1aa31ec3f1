"""Every rendered prompt, word for word, for three different people.

A changed word shows here as a changed file. After adding a prompt version, write the files anew with
`python -m tests.unit.prompts.test_rendered_prompts` and read the difference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from agents.compliance_reviewer import ComplianceReviewer
from agents.content_strategist import ContentStrategist
from agents.context import DraftingContext
from agents.outreach_composer import OutreachComposer
from agents.signal_analyst import SignalAnalyst
from domain.dossier import Dossier
from domain.errors import ModelRefused
from domain.message import Verdict
from prompts.library import PromptLibrary
from tests.fakes.model import ScriptedModel
from tests.unit.agents.samples import context, customer, eager, executive, lesson
from tests.unit.agents.standing import (
    BRIEF,
    CUSTOMER_BRIEF,
    DRAFT,
    EXECUTIVE_BRIEF,
    EXECUTIVE_PLAN,
    FINDING,
    PLAN,
    MarkedUnderstudy,
)

FOLDER = Path(__file__).parent / "rendered"
PROMPTS = PromptLibrary()
PEOPLE: dict[str, Callable[[], Dossier]] = {"eager": eager, "executive": executive, "customer": customer}
BRIEFS = {"c-eager": BRIEF, "c-exec": EXECUTIVE_BRIEF, "c-user": CUSTOMER_BRIEF}
PLANS = {"c-eager": PLAN, "c-exec": EXECUTIVE_PLAN}
Ask = Callable[[ScriptedModel, DraftingContext], Awaitable[object]]

ASKED: dict[str, Ask] = {
    "signal_analyst": lambda model, ctx: SignalAnalyst(model, PROMPTS, MarkedUnderstudy()).analyse(ctx),
    "content_strategist": lambda model, ctx: ContentStrategist(
        model, PROMPTS, understudy=MarkedUnderstudy()
    ).plan(ctx, BRIEFS[ctx.dossier.contact.id]),
    "outreach_composer": lambda model, ctx: OutreachComposer(model, PROMPTS, MarkedUnderstudy()).compose(
        ctx, BRIEFS[ctx.dossier.contact.id], PLANS[ctx.dossier.contact.id]
    ),
    "outreach_composer_revision": lambda model, ctx: OutreachComposer(
        model, PROMPTS, MarkedUnderstudy()
    ).compose(ctx, BRIEF, PLAN, (FINDING,), DRAFT),
    "compliance_reviewer": lambda model, ctx: ComplianceReviewer(model, PROMPTS).review(
        ctx, DRAFT, Verdict(findings=(FINDING,))
    ),
}
CASES = (
    ("signal_analyst", "eager"),
    ("signal_analyst", "executive"),
    ("signal_analyst", "customer"),
    ("content_strategist", "eager"),
    ("content_strategist", "customer"),
    ("outreach_composer", "executive"),
    ("outreach_composer_revision", "eager"),
    ("compliance_reviewer", "eager"),
)


async def rendered(agent: str, person: str) -> str:
    """What the model receives, as one text."""
    model = ScriptedModel([ModelRefused("only the prompt is wanted")])
    hints = ("Mention the calculator first.",) if agent.endswith("_revision") else ()
    recalled = [lesson()] if person == "customer" else []
    await ASKED[agent](model, context(PEOPLE[person](), recalled=recalled, hints=hints))
    return "\n".join(f"===== {m.role} =====\n{m.content}\n" for m in model.requests[0].messages)


@pytest.mark.parametrize(("agent", "person"), CASES)
async def test_a_prompt_reads_exactly_so(agent: str, person: str) -> None:
    assert await rendered(agent, person) == (FOLDER / f"{agent}.{person}.txt").read_text(encoding="utf-8")


def test_every_prompt_of_the_library_is_among_them() -> None:
    agents = {agent.removesuffix("_revision") for agent, _ in CASES}
    ours = {"signal_analyst", "content_strategist", "outreach_composer", "compliance_reviewer"}
    assert agents == ours <= set(PROMPTS.names())


async def test_the_same_contact_renders_the_same_prompt_twice() -> None:
    assert await rendered("signal_analyst", "eager") == await rendered("signal_analyst", "eager")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for agent, person in CASES:
        text = asyncio.run(rendered(agent, person))
        (FOLDER / f"{agent}.{person}.txt").write_text(text, encoding="utf-8")
