"""The understudy's messages: about this person, from approved words, and mended when objected to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from agents.context import DraftingContext
from agents.facts import gather
from agents.understudy import analyse, compose, plan
from domain.content import AssetKind
from domain.dossier import Dossier
from domain.errors import NothingToSay
from domain.events import EventKind
from domain.message import Author, Draft, EvidenceKind, Finding, Severity
from domain.people import Seniority
from evals.individuality import measure, pairs
from policies.claims import ground
from policies.rulebook import load_rulebook
from tests.unit.agents.samples import CAMPAIGN, GUIDE, NOW, context, customer, eager, event, executive

RULES = load_rulebook()


def draft_for(ctx: DraftingContext, *findings: Finding, previous: Draft | None = None) -> Draft:
    brief = analyse(ctx)
    return compose(ctx, brief, plan(ctx, brief), findings, previous)


def against(span: str | None) -> Finding:
    return Finding(rule_id="C-07", severity=Severity.HOLD, reason="said so", span=span)


def with_contact(dossier: Dossier, **changes: object) -> Dossier:
    contact = dossier.contact.model_copy(update=changes)
    return dossier.model_copy(update={"standing": dossier.standing.model_copy(update={"contact": contact})})


def test_the_same_facts_give_the_same_message() -> None:
    assert draft_for(context(eager())) == draft_for(context(eager()))


def test_the_message_opens_with_what_the_person_knowingly_did() -> None:
    opening = draft_for(context(eager())).sentences[0]
    ctx = context(eager())
    assert "delivery" in opening.text
    assert [ctx.evidence_by_id()[key].ref for key in opening.evidence] == ["event:crm:5"]


def test_page_views_choose_the_topic_and_are_never_mentioned() -> None:
    watched = eager().model_copy(
        update={"events": tuple(e for e in eager().events if e.kind is EventKind.PAGE_VIEWED)}
    )
    ctx = context(watched)
    draft = draft_for(ctx)
    private = {fact.id for fact in ctx.evidence if fact.is_private}
    assert analyse(ctx).topic == "pricing"
    assert "cost" in draft.body
    assert not private & {key for sentence in draft.sentences for key in sentence.evidence}
    assert ground(draft, ctx.evidence, ctx.asset, NOW.date(), RULES) == ()


def test_claims_are_said_word_for_word_with_their_evidence() -> None:
    ctx = context(customer())
    claims = {fact.text: fact.id for fact in ctx.evidence if fact.kind is EvidenceKind.CLAIM}
    said = {s.text: s.evidence for s in draft_for(ctx).sentences if s.text in claims}
    assert said == {text: (claims[text],) for text in said}
    assert said


@pytest.mark.parametrize(
    "dossier", [eager(), executive(), customer()], ids=["eager", "executive", "customer"]
)
def test_no_grounding_rule_finds_fault(dossier: Dossier) -> None:
    ctx = context(dossier)
    assert ground(draft_for(ctx), ctx.evidence, ctx.asset, NOW.date(), RULES) == ()


def test_an_executive_reads_at_most_three_sentences() -> None:
    assert len(draft_for(context(executive())).sentences) <= 3


def test_an_expired_claim_is_never_said_even_where_it_is_among_the_evidence() -> None:
    ctx = context(eager())
    expired = GUIDE.claims[0].model_copy(update={"expires_on": NOW.date() - timedelta(days=1)})
    late = replace(ctx, asset=GUIDE.model_copy(update={"claims": (expired,)}))
    assert "18 %" not in draft_for(late).body


def test_an_expired_offer_leaves_nothing_to_say_about_an_offer() -> None:
    assert GUIDE.offer is not None
    offer = GUIDE.offer.model_copy(update={"valid_until": date(2026, 1, 1)})
    ctx = context(eager())
    kept = tuple(fact for fact in ctx.evidence if fact.kind is not EvidenceKind.OFFER)
    over = replace(
        ctx, evidence=kept, asset=GUIDE.model_copy(update={"kind": AssetKind.OFFER, "offer": offer})
    )
    with pytest.raises(NothingToSay, match="no longer valid"):
        draft_for(over)


def test_an_asset_in_another_language_is_left_to_others() -> None:
    german = replace(context(eager()), asset=GUIDE.model_copy(update={"language": "de"}))
    with pytest.raises(NothingToSay, match="English"):
        draft_for(german)


def test_a_contact_and_asset_without_facts_get_no_message() -> None:
    bare = Dossier(standing=eager().standing)
    ctx = replace(context(with_contact(bare, job_title=None, account_id=None)), evidence=())
    with pytest.raises(NothingToSay):
        draft_for(ctx)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_revision_does_not_say_again_what_was_objected_to(place: int) -> None:
    ctx = context(eager())
    first = draft_for(ctx)
    second = draft_for(ctx, against(first.sentences[place].text), previous=first)
    assert first.sentences[place].text not in second.body
    assert second.revision == 1


def test_a_revision_keeps_the_words_nobody_objected_to() -> None:
    ctx = context(eager())
    first = draft_for(ctx)
    second = draft_for(ctx, against(first.sentences[-1].text), previous=first)
    assert second.sentences[0] == first.sentences[0]


def test_the_second_revision_is_one_reason_and_approved_claims() -> None:
    ctx = context(customer())
    first = draft_for(ctx)
    last = draft_for(ctx, against("18 %"), previous=first.model_copy(update={"revision": 1}))
    kinds = {fact.id: fact.kind for fact in ctx.evidence}
    assert last.revision == 2
    assert last.sentences[0].text.startswith("We are writing to you")
    proofs = [kinds[key] for s in last.sentences[1:] for key in s.evidence]
    assert set(proofs) <= {EvidenceKind.CLAIM, EvidenceKind.OFFER}
    assert "18 %" not in last.body


def test_a_claim_dropped_in_the_first_revision_does_not_come_back_in_the_second() -> None:
    ctx = context(eager())
    brief = analyse(ctx)
    asset = GUIDE.model_copy(
        update={
            "offer": None,
            "claims": (
                GUIDE.claims[0],
                GUIDE.claims[0].model_copy(
                    update={"id": "C-2", "text": "Late deliveries are counted by window."}
                ),
            ),
        }
    )
    ctx = replace(ctx, asset=asset, evidence=gather(ctx.dossier, (), asset, NOW))
    first = draft_for(ctx)
    dropped = first.sentences[2].text
    second = draft_for(ctx, against(dropped), previous=first)
    third = compose(ctx, brief, plan(ctx, brief), (against(second.sentences[0].text),), second)
    assert dropped in {fact.text for fact in ctx.evidence}
    assert dropped not in second.body + third.body


def test_a_warning_alone_never_bares_a_draft() -> None:
    ctx = context(eager())
    first = draft_for(ctx).model_copy(update={"revision": 1})
    warning = Finding(rule_id="H-02", severity=Severity.WARN, reason="a little long")
    assert draft_for(ctx, warning, previous=first).paragraphs == first.paragraphs


def test_a_second_revision_with_no_claim_left_is_blocked() -> None:
    ctx = context(eager())
    first = draft_for(ctx).model_copy(update={"revision": 1})
    everything = [against(fact.text) for fact in ctx.evidence if fact.kind is EvidenceKind.CLAIM]
    with pytest.raises(NothingToSay):
        draft_for(ctx, *everything, against("setup fee"), previous=first)


def test_a_finding_without_a_span_shortens_the_message() -> None:
    ctx = context(with_contact(eager(), seniority=Seniority.SPECIALIST))
    first = draft_for(ctx)
    second = draft_for(ctx, against(None), previous=first)
    assert len(second.sentences) <= 3 < len(first.sentences)


@pytest.mark.parametrize(
    ("hint", "holds"),
    [
        ("Please make it shorter.", lambda draft: len(draft.sentences) <= 3),
        ("no numbers please", lambda draft: not any(char.isdigit() for char in draft.body)),
        ("mention pricing", lambda draft: "cost" in draft.body.lower()),
        ("more formal", lambda draft: "lease" in draft.sentences[-1].text or "have any" in draft.body),
        ("less formal", lambda draft: "just" in draft.sentences[-1].text),
    ],
)
def test_a_reviewers_plain_hint_is_heeded(hint: str, holds: object) -> None:
    ctx = context(eager(), hints=(hint,))
    assert callable(holds)
    assert holds(draft_for(ctx))
    assert "heeded" in plan(ctx, analyse(ctx)).tone


def test_a_hint_beyond_the_understudy_is_told_to_the_reviewer() -> None:
    ctx = context(eager(), hints=("Make it rhyme.",))
    assert "need a person" in plan(ctx, analyse(ctx)).tone


def test_signals_are_ranked_with_the_deliberate_and_recent_first() -> None:
    signals = analyse(context(eager())).signals
    assert signals[0].strength == "strong"
    assert signals[0].text == "Form submitted about delivery on 14 Nov 2026."


def test_a_near_renewal_and_recent_trouble_are_named() -> None:
    brief = analyse(context(executive()))
    assert brief.intent == "existing customer, renewal near"
    assert "trouble recorded in a note" in brief.caution


def test_silence_after_a_trial_is_named() -> None:
    trial = eager().model_copy(update={"events": (event(9, EventKind.TRIAL_STARTED, 40),)})
    assert analyse(context(trial)).intent == "gone quiet after a trial"


def test_a_plan_leans_on_observed_interest_without_saying_why() -> None:
    watched = eager().model_copy(
        update={"events": tuple(e for e in eager().events if e.kind is EventKind.PAGE_VIEWED)}
    )
    made = plan(context(watched), analyse(context(watched)))
    assert "Lean towards cost; do not say why." in [point.text for point in made.points]
    assert made.call_to_action == GUIDE.call_to_action


def test_a_draft_says_who_wrote_it() -> None:
    assert draft_for(context(eager())).author is Author.UNDERSTUDY
    assert CAMPAIGN.name not in draft_for(context(eager())).body


def test_colleagues_who_behaved_differently_get_different_messages() -> None:
    figures = measure(pairs(30, seed=11, is_one_asset=True), RULES)
    assert figures.visibly_different >= 28
    assert figures.other_openings >= 28
    assert figures.grounded == figures.sentences
    assert figures.distinct_openings >= 0.9 * figures.messages
