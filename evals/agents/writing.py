"""What a writer made for one case, whichever writer it was, and how a message becomes one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agents import letter
from agents.workbench import Workbench, outbox_id
from domain.content import ContentAsset
from domain.message import (
    Author,
    Draft,
    DraftParagraph,
    DraftSentence,
    Evidence,
    Message,
    MessagePlan,
    SignalBrief,
    Usage,
    Verdict,
)
from evals.agents.cases import NOW, OutreachCase
from evals.agents.world import RUN
from evals.market.sample import sample_sender
from policies.content import review_message
from policies.rulebook import RuleBook

_SENTENCE_END = re.compile(r"([.!?][”\")]*)\s+(?=[“\"(]?[A-Z0-9])")


@dataclass(frozen=True)
class Written:
    """One message, what it was written from, and what the rules say of it.

    cites: whether the writer named its evidence sentence by sentence; where not, every fact that may be said
        is taken to back every sentence, so that nobody is marked down for not citing.
    problem: why there is no message, or why it is not this writer's own; empty where all went well.
    """

    writer: str
    case: OutreachCase
    evidence: tuple[Evidence, ...]
    draft: Draft | None = None
    message: Message | None = None
    verdict: Verdict = field(default_factory=Verdict)
    brief: SignalBrief | None = None
    plan: MessagePlan | None = None
    usage: Usage = field(default_factory=Usage)
    cites: bool = False
    problem: str = ""

    @property
    def asset(self) -> ContentAsset:
        """The content decided for the contact."""
        return self.case.asset

    @property
    def sayable(self) -> tuple[Evidence, ...]:
        """Every fact that may be said."""
        return tuple(fact for fact in self.evidence if not fact.is_private)


def uncited(subject: str, body: str, evidence: tuple[Evidence, ...], author: Author) -> Draft:
    """A draft of plain text: paragraphs by blank lines, each sentence resting on whatever may be said."""
    everything = tuple(fact.id for fact in evidence if not fact.is_private)
    paragraphs = [
        DraftParagraph(
            sentences=tuple(DraftSentence(text=text, evidence=everything) for text in sentences_of(block))
        )
        for block in re.split(r"\n\s*\n", body.strip())
        if block.strip()
    ]
    return Draft(subject=subject, paragraphs=tuple(paragraphs), author=author)


def sentences_of(text: str) -> list[str]:
    """Split prose into sentences; lines of one block are joined."""
    return [part for part in _SENTENCE_END.sub(r"\1\n", " ".join(text.split())).split("\n") if part]


def addressed(draft: Draft, case: OutreachCase, bench: Workbench) -> Message:
    """The draft as it would arrive."""
    return letter.address(
        draft,
        contact=case.dossier.contact,
        asset=case.asset,
        campaign=bench.crm.campaign(case.campaign_id),
        sender=bench.sender,
        outbox_id=outbox_id(RUN, case.contact_id),
        link_key=bench.link_key,
    )


def judged_by_rules(
    draft: Draft, message: Message, case: OutreachCase, evidence: tuple[Evidence, ...], bench: Workbench
) -> Verdict:
    """What the whole rule book says of the rendered message; no model's findings."""
    rules: RuleBook = bench.rules
    return review_message(
        message=message,
        draft=draft,
        evidence=evidence,
        asset=case.asset,
        sender=sample_sender(),
        rules=rules,
        today=NOW.date(),
        raw=bench.rendered(message),
        canary=bench.canary(RUN, case.contact_id),
    )
