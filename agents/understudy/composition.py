"""The outreach composer's part without a model: a short message from one person's own facts.

The opening is what the person knowingly did, else who they are; observed behaviour chooses topic and
claims and is never mentioned. Claims are approved sentences, word for word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from agents.context import DraftingContext
from agents.understudy.angle import Angle, Shape, angle_of
from agents.understudy.objections import Objections
from agents.understudy.relevance import usable_claims
from agents.understudy.sentences import Sentences, asset_fact
from agents.understudy.strategy import pick_claims, voice_of
from domain.content import AssetKind
from domain.errors import NothingToSay
from domain.message import (
    Author,
    Draft,
    DraftParagraph,
    DraftSentence,
    Evidence,
    EvidenceKind,
    Finding,
    MessagePlan,
    SignalBrief,
)

MOST_WORDS = 110


def compose(
    ctx: DraftingContext,
    brief: SignalBrief,
    plan: MessagePlan,
    findings: Sequence[Finding] = (),
    previous: Draft | None = None,
) -> Draft:
    """Write the message, or write it again without what was objected to.

    The first revision avoids every span a finding points at and otherwise keeps its words (a finding
    without a span changes the phrases and shortens); the second is the barest draft: one sentence on
    why we write, and approved claims that stood in the draft before. A warning alone never bares a draft.

    Raises:
        NothingToSay: if no truthful, unobjectionable message is left.

    """
    _refuse_the_unwritable(ctx)
    angle = angle_of(ctx, brief)
    objections = Objections(findings)
    is_barest = previous is not None and previous.revision >= 1 and objections.are_serious
    if objections.are_general:
        angle = replace(angle, shape=Shape(claims=1, earlier_act=False, closing=False))
    voice = voice_of(ctx, "again" if objections.are_general else "")
    sentences = Sentences(ctx, brief, angle, voice, objections)
    terms = sentences.offer_terms()
    stood = _stood(previous if is_barest else None)

    def may_stand(text: str) -> bool:
        return stood(text) and not objections.hit(text)

    proofs = _proofs(ctx, angle, plan, may_stand, [terms] if terms and may_stand(terms.text) else [])
    paragraphs = _barest(sentences, proofs) if is_barest else _full(ctx, angle, sentences, proofs)
    subject = sentences.subject()
    if not paragraphs or subject is None:
        raise NothingToSay(
            ctx.dossier.contact.id, ctx.asset.id, "every phrase left was objected to or unbacked."
        )
    return Draft(
        subject=subject,
        paragraphs=tuple(DraftParagraph(sentences=tuple(part)) for part in paragraphs),
        author=Author.UNDERSTUDY,
        revision=previous.revision + 1 if previous else 0,
    )


def _refuse_the_unwritable(ctx: DraftingContext) -> None:
    asset = ctx.asset
    if not asset.language.lower().startswith("en"):
        reason = f"the understudy writes English and the asset is in {asset.language!r}."
        raise NothingToSay(ctx.dossier.contact.id, asset.id, reason)
    has_offer = any(fact.kind is EvidenceKind.OFFER for fact in ctx.evidence)
    if asset.kind is AssetKind.OFFER and not has_offer:
        raise NothingToSay(ctx.dossier.contact.id, asset.id, "its offer is missing or no longer valid.")


def _proofs(
    ctx: DraftingContext,
    angle: Angle,
    plan: MessagePlan,
    may_stand: Callable[[str], bool],
    terms: Sequence[DraftSentence],
) -> list[DraftSentence]:
    """The offer's terms and the claims: those planned where they are usable, else our own choice."""
    usable = {fact.id: fact for fact in usable_claims(ctx)}
    if angle.wishes.no_numbers:
        usable = {key: fact for key, fact in usable.items() if not any(c.isdigit() for c in fact.text)}
    planned = [usable[key] for point in plan.points for key in point.evidence if key in usable]
    chosen: list[Evidence] = list(dict.fromkeys(planned)) or list(pick_claims(ctx, angle))
    spare = [fact for fact in usable.values() if fact not in chosen]
    kept = [fact for fact in chosen if may_stand(fact.text)]
    kept = kept or [fact for fact in spare if may_stand(fact.text)][:1]
    claims = [DraftSentence(text=fact.text, evidence=(fact.id,)) for fact in kept]
    return [*terms, *claims][: angle.shape.claims]


def _stood(previous: Draft | None) -> Callable[[str], bool]:
    """Tell whether a claim may stand in the barest draft: one the last draft had dropped was objected to."""
    if previous is None or previous.author is not Author.UNDERSTUDY:
        return lambda _: True
    said = {sentence.text for sentence in previous.sentences}
    return said.__contains__


def _full(
    ctx: DraftingContext, angle: Angle, sentences: Sentences, proofs: list[DraftSentence]
) -> list[list[DraftSentence]]:
    opening = sentences.opening()
    if opening is None or not (proofs or (asset_fact(ctx) and (angle.opening or angle.is_theirs))):
        return []
    earlier = sentences.earlier() if angle.shape.earlier_act else None
    bridge = sentences.bridge()
    closing = sentences.closing() if angle.shape.closing or not proofs else None
    while True:
        parts = [[opening, earlier], [bridge, *proofs], [closing]]
        kept = [[sentence for sentence in part if sentence] for part in parts]
        kept = [part for part in kept if part]
        if _word_count(kept) <= MOST_WORDS:
            return kept
        if earlier:
            earlier = None
        elif len(proofs) > 1:
            proofs = proofs[:-1]
        elif closing:
            closing = None
        else:
            return []


def _barest(sentences: Sentences, proofs: list[DraftSentence]) -> list[list[DraftSentence]]:
    reason = sentences.safest()
    while reason and proofs and _word_count([[reason], proofs]) > MOST_WORDS:
        proofs = proofs[:-1]
    return [[reason], proofs] if reason and proofs else []


def _word_count(paragraphs: list[list[DraftSentence]]) -> int:
    return sum(len(sentence.text.split()) for part in paragraphs for sentence in part)
