"""Hand-made messages to one made-up contact, good and bad, for the scorers' tests."""

from __future__ import annotations

from domain.message import (
    Author,
    Draft,
    DraftParagraph,
    DraftSentence,
    Evidence,
    EvidenceKind,
    MessagePlan,
    PlanPoint,
    Signal,
    SignalBrief,
    Verdict,
)
from evals.agents.cases import OutreachCase, outreach_cases
from evals.agents.writing import Written

K = EvidenceKind

FACTS = (
    Evidence(
        id="E1", kind=K.FIELD, ref="account:name", text="Works at “Quillstead Chemicals”.", is_tainted=True
    ),
    Evidence(
        id="E2",
        kind=K.EVENT,
        ref="event:form",
        text="Filled in a form on 3 Nov 2026 about integrations: “Contact form”, “Do you read orders from our ERP?”.",
        topic="integrations",
        is_tainted=True,
    ),
    Evidence(
        id="E3",
        kind=K.EVENT,
        ref="events:page_viewed",
        text="Visited pricing pages 4 times in 6 days, last on 5 Nov 2026.",
        topic="pricing",
        is_private=True,
    ),
    Evidence(
        id="E4",
        kind=K.CLAIM,
        ref="claim:C-110",
        text="There are ready connections to nine warehouse and ERP systems.",
    ),
    Evidence(
        id="E5",
        kind=K.CLAIM,
        ref="claim:C-111",
        text="A standard connection takes an IT team about two days.",
    ),
)
COLLEAGUES_FACTS = (
    FACTS[0],
    Evidence(
        id="E2",
        kind=K.EVENT,
        ref="event:webinar",
        text="Attended a webinar on 9 Oct 2026 about forecasting: “Forecasting arrivals”.",
        topic="forecasting",
    ),
    *FACTS[3:],
)


def case(asset_id: str = "guide-integrations") -> OutreachCase:
    """A case of the sample with another asset; its dossier is only asked for names."""
    return outreach_cases()[0].model_copy(update={"asset_id": asset_id})


def draft(*said: tuple[str, tuple[str, ...]], subject: str = "Reading orders from your ERP") -> Draft:
    """A draft of one paragraph."""
    sentences = tuple(DraftSentence(text=text, evidence=cited) for text, cited in said)
    return Draft(subject=subject, paragraphs=(DraftParagraph(sentences=sentences),), author=Author.UNDERSTUDY)


GOOD = draft(
    ("You asked whether we read orders from your ERP.", ("E2",)),
    ("There are ready connections to nine warehouse and ERP systems.", ("E4",)),
    ("A standard connection takes an IT team about two days.", ("E5",)),
    ("Is yours among the systems you would connect first?", ()),
)


def written(
    message: Draft = GOOD,
    facts: tuple[Evidence, ...] = FACTS,
    *,
    of: OutreachCase | None = None,
    plan: MessagePlan | None = None,
    brief: SignalBrief | None = None,
    verdict: Verdict | None = None,
    cites: bool = True,
) -> Written:
    """A writer's work as the suite hands it to scorers."""
    return Written(
        writer="tested",
        case=of or case(),
        evidence=facts,
        draft=message,
        brief=brief,
        plan=plan,
        verdict=verdict or Verdict(),
        cites=cites,
    )


BRIEF = SignalBrief(
    signals=(
        Signal(text="Asked whether orders can be read from their ERP.", evidence=("E2",), strength="strong"),
        Signal(text="Looks at pricing.", evidence=("E3",), strength="weak"),
    ),
    topic="integrations",
)
PLAN = MessagePlan(
    angle="Their question about the ERP can be answered.",
    points=(PlanPoint(text="Say that connections are ready.", evidence=("E4",)),),
    call_to_action="Read the guide.",
)
