"""Which approved claims speak to this person: by topic, line of work and the words of their own signals."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.context import DraftingContext
from agents.understudy.acts import Act
from agents.understudy.phrases import Voice
from agents.understudy.role import function_words
from agents.understudy.topics import Topic, content_words
from domain.message import Evidence, EvidenceKind

LONGEST_CLAIM_WORDS = 40
LEAST_WORTH = 0.9
"""About three words shared with the person's signals, or one with a topic of theirs."""
_UNFIT = re.compile(r"[!{}<>\n\r\t]|https?:|www\.| {2}")


def usable_claims(ctx: DraftingContext) -> tuple[Evidence, ...]:
    """Claims in the evidence that are valid today and can stand in a message word for word."""
    today = ctx.now.date()
    expired = {f"claim:{c.id}" for c in ctx.asset.claims if c.expires_on and c.expires_on < today}
    return tuple(
        fact
        for fact in ctx.evidence
        if fact.kind is EvidenceKind.CLAIM
        and fact.ref not in expired
        and not fact.is_private
        and not fact.is_tainted
        and can_stand(fact.text)
    )


def can_stand(text: str) -> bool:
    """Tell whether a text reads as one clean sentence of a message."""
    starts_well = text[:1].isupper() or text[:1].isdigit() or (text[:1] in "“‘" and text[1:2].isupper())
    return bool(
        starts_well
        and text.rstrip("”’").endswith((".", "?"))
        and not _UNFIT.search(text)
        and len(text.split()) <= LONGEST_CLAIM_WORDS
    )


def ranked_claims(
    ctx: DraftingContext, focus: Topic | None, topics: Sequence[Topic], acts: Sequence[Act], voice: Voice
) -> tuple[Evidence, ...]:
    """The claims that speak to this person, most telling first; equal ones in this person's own order.

    Where none does, the one that comes first in that order: a message needs one thing to stand on.
    """
    contact, account = ctx.dossier.contact, ctx.dossier.account
    focus_words = focus.words if focus else frozenset()
    other_words = frozenset().union(*(topic.words for topic in topics))
    industry_words = content_words(account.industry or "") if account else frozenset()
    work_words = content_words(" ".join(function_words(contact.job_title)) + f" {contact.department or ''}")
    signal_words = content_words(" ".join(act.fact.text for act in acts[:6])) - focus_words

    def worth(fact: Evidence) -> float:
        words = content_words(fact.text)
        named = {focus.slug} if focus else set()
        return (
            3.0 * min(2, len(words & focus_words))
            + 3.0 * (fact.topic in named)
            + 1.0 * len(words & other_words)
            + 2.0 * bool(words & industry_words)
            + 1.5 * bool(words & work_words)
            + 0.3 * min(3, len(words & signal_words))
        )

    claims = usable_claims(ctx)
    order = {text: place for place, text in enumerate(voice.order("claims", [c.text for c in claims]))}
    ranked = sorted(claims, key=lambda fact: (-worth(fact), order[fact.text]))
    telling = [fact for fact in ranked if worth(fact) >= LEAST_WORTH]
    return tuple(telling or ranked[:1])
