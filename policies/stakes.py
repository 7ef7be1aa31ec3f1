"""Stakes: which messages a person decides, each with its reason in words.

    shadow     nothing leaves; the reasons are those of guarded, for the record
    assist     everything is asked
    guarded    every reason asks
    autopilot  only the locked reasons ask (an executive, a renewal, an account at risk, a hand-off, a price,
               a finding held, a stand-in, a reviewer's edit); the rule book holds the list

A campaign that is still guessing would ask about everything, so a cold start asks only for its first
messages (`stakes.cold_start_messages`): people see what it does before it goes on alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from domain.campaign import Autonomy, Outcome
from domain.content import AssetKind, ContentAsset
from domain.decision import SILENCE, Alternative, Decision, Knowledge, chance_words
from domain.dossier import Dossier
from domain.leads import Outlook
from domain.message import Author, Draft, Evidence, Severity, SignalBrief, Stakes, StakesReason, Verdict
from domain.people import Deal, DealKind, LifecycleStage, Seniority
from policies.orders import gives_orders
from policies.rulebook import RuleBook, StakesRules

Reason = tuple[str, str]
"""A code and its sentence."""


def assess(
    *,
    decision: Decision,
    dossier: Dossier,
    asset: ContentAsset,
    draft: Draft,
    verdict: Verdict,
    autonomy: Autonomy,
    messages_before: int,
    rules: RuleBook,
    now: datetime,
    brief: SignalBrief | None = None,
    stood_in: Sequence[str] = (),
    outlook: Outlook | None = None,
    evidence: Sequence[Evidence] = (),
    currency: str = "",
    goal: Outcome | None = None,
) -> Stakes:
    """Return why a person decides about this message; no reasons means it may go alone.

    Args:
        decision: what was decided, with how sure the learner is.
        dossier: the contact, its account and deals.
        asset: the content offered.
        draft: what was written, and by whom.
        verdict: what the review found; holds ask, blocks are not this function's to settle.
        autonomy: the campaign's level.
        messages_before: how many messages of this campaign were written before this one.
        rules: the rule book.
        now: aware UTC time.
        brief: the analyst's findings, where weak signals count as low confidence.
        stood_in: which agents' parts the understudy played because a model failed, and why.
        evidence: every fact of the drafting context, for outside words that give orders.
        outlook: what hand-off and churn say of this contact and its account; None where they say nothing.
        currency: of the campaign's goal, in which worths are said.
        goal: what the campaign is for; None where that is not known.

    """
    doubt = list(_doubt(decision, brief, rules.stakes, currency))
    is_first = _likelier(decision) is not None
    found = [
        *(doubt if is_first else ()),
        *_person(dossier),
        *(_renewing() if goal is Outcome.RENEWED else ()),
        *_deals(dossier, rules.stakes, now),
        *_outlook(outlook, dossier, rules.stakes),
        *_content(asset, dossier),
        *_orders(evidence),
        *_draft(draft, verdict),
        *(() if is_first else doubt),
        *_understudy(draft, stood_in),
        *_cold_start(decision, messages_before, rules.stakes),
    ]
    if autonomy is Autonomy.ASSIST:
        found.append(("assist", "Everything is reviewed in assist"))
    reasons = [
        StakesReason(
            code=code,
            text=text,
            is_locked=code in rules.stakes.locked,
            is_minor=code in rules.stakes.minor,
        )
        for code, text in found
    ]
    if autonomy is Autonomy.AUTOPILOT:
        reasons = [reason for reason in reasons if reason.is_locked]
    return Stakes(reasons=tuple(reasons))


def is_overdue(asked_at: datetime, now: datetime, rules: RuleBook) -> bool:
    """Tell whether a person was asked so long ago that the question no longer stands."""
    return now - asked_at >= timedelta(days=rules.stakes.proposal_days)


def _person(dossier: Dossier) -> Iterator[Reason]:
    contact = dossier.contact
    if contact.seniority is Seniority.EXECUTIVE:
        yield "executive", f"{contact.name} is {contact.job_title or 'an executive'}"
    if not dossier.account_was_contacted:
        account = dossier.account.name if dossier.account else "this contact's company"
        yield "first_contact", f"This would be our first message to {account}"


def _renewing() -> Iterator[Reason]:
    yield "renewal", "The campaign is about renewals"


def _deals(dossier: Dossier, rules: StakesRules, now: datetime) -> Iterator[Reason]:
    still_open = [deal for deal in dossier.deals if not deal.is_closed]
    for deal in still_open:
        if deal.kind is DealKind.RENEWAL and _is_near(deal, rules, now):
            yield "renewal", f"The renewal {deal.name!r} {_closes(deal.closes_on, now.date())}"
    large = [d for d in still_open if rules.is_large(d.amount_cents, d.currency)]
    if large:
        deal = max(large, key=lambda d: (d.amount_cents or 0) / rules.small_units.get(d.currency, 1))
        sum_ = f"{(deal.amount_cents or 0) // 100:,} {deal.currency}"
        yield "large_deal", f"The open deal {deal.name!r} is worth {sum_}"


def _closes(on: date | None, today: date) -> str:
    if on is None:
        return "is open"
    return f"{'was to close' if on < today else 'closes'} on {on.day} {on:%b %Y}"


def _is_near(deal: Deal, rules: StakesRules, now: datetime) -> bool:
    # A renewal without a day is taken as near: nobody can say that it is not.
    return deal.closes_on is None or deal.closes_on <= now.date() + timedelta(days=rules.renewal_days)


def _outlook(outlook: Outlook | None, dossier: Dossier, rules: StakesRules) -> Iterator[Reason]:
    if outlook is None:
        return
    account = dossier.account.name if dossier.account else "This contact's company"
    lift, chance = outlook.churn_lift, outlook.churn_probability
    if lift is not None and chance is not None and lift >= rules.churn_lift:
        why = f" ({outlook.churn_reason})" if outlook.churn_reason else ""
        yield "churn_risk", f"{account} may leave: {chance:.0%}, {lift:.1f} times the average customer{why}"
    ready = outlook.hand_off_probability
    if outlook.is_picked_for_hand_off and ready is not None and ready >= rules.hand_off_probability:
        yield (
            "sales_ready",
            f"{dossier.contact.name} should rather go to sales now: {ready:.0%} to become an SQL",
        )


def _content(asset: ContentAsset, dossier: Dossier) -> Iterator[Reason]:
    contact = dossier.contact
    if asset.kind is AssetKind.MEETING and contact.lifecycle_stage in {
        LifecycleStage.MQL,
        LifecycleStage.SQL,
    }:
        stage = contact.lifecycle_stage.value.upper()
        yield "hand_off", f"{contact.name} is an {stage} and would be passed to sales ({asset.title!r})"
    offer = asset.offer
    if offer and (offer.price_cents is not None or offer.discount_percent is not None):
        yield "price", f"The message carries the offer {offer.name!r}, which states a price or a discount"


def _orders(evidence: Sequence[Evidence]) -> Iterator[Reason]:
    for fact in evidence:
        words = gives_orders(fact.text) if fact.is_tainted else None
        if words:
            yield (
                "outside_orders",
                f"Words from outside try to give orders ({fact.id}, {fact.ref}): “{words}”",
            )
            return


def _draft(draft: Draft, verdict: Verdict) -> Iterator[Reason]:
    for finding in verdict.findings:
        if finding.severity is Severity.HOLD:
            yield "finding", f"{finding.rule_id}: {finding.reason}"
    if draft.author is Author.REVIEWER:
        yield "edited", "A reviewer changed this draft; the changed message needs approval"


def _understudy(draft: Draft, stood_in: Sequence[str]) -> Iterator[Reason]:
    parts = stood_in or ([f"draft: {draft.stand_in_for}"] if draft.stand_in_for else [])
    if parts:
        yield (
            "understudy",
            f"The understudy stood in because a model failed ({'; '.join(dict.fromkeys(parts))})",
        )


RARELY = 0.1
"""What had a smaller chance, while something likelier was believed to be better, was drawn to keep learning."""


def _likelier(decision: Decision) -> Alternative | None:
    """The likeliest action, where one was drawn that was hardly likely and believed to be worth less."""
    taken = next((a for a in decision.alternatives if a.action_key == decision.action.key), None)
    if taken is None or taken.value_cents is None or taken.probability >= RARELY:
        return None
    first = max(decision.alternatives, key=lambda one: one.probability)
    return first if (first.value_cents or 0.0) > taken.value_cents else None


def _doubt(
    decision: Decision, brief: SignalBrief | None, rules: StakesRules, currency: str
) -> Iterator[Reason]:
    if brief is not None and all(signal.strength == "weak" for signal in brief.signals):
        yield "low_confidence", "The analyst found only weak signals, or none"
        return
    taken = next((a for a in decision.alternatives if a.action_key == decision.action.key), None)
    if taken is None or taken.value_cents is None or taken.uncertainty_cents is None:
        return
    if taken.uncertainty_cents > rules.doubt_ratio * abs(taken.value_cents):
        worth, doubt = round(taken.value_cents / 100, 2) + 0.0, taken.uncertainty_cents / 100
        unit = f" {currency}" if currency else ""
        begins = "It is"
        if (likelier := _likelier(decision)) is not None:
            what = "silence" if likelier.action_key == SILENCE.key else "another message"
            begins = (
                f"Chance drew this one to keep learning: it had {chance_words(taken.probability)}, {what} "
                f"{chance_words(likelier.probability)}. It is"
            )
        yield (
            "low_confidence",
            (
                f"{begins} not known yet whether this is worth sending: about {worth:,.2f}{unit}, "
                f"give or take {doubt:,.2f}{unit}{_beside_silence(decision, worth, unit)}"
            ),
        )


def _beside_silence(decision: Decision, worth: float, unit: str) -> str:
    """What silence is worth: said where a worth is below zero, which alone does not tell whether to send."""
    if worth >= 0 or decision.silence_cents is None:
        return ""
    return f"; silence is worth about {round(decision.silence_cents / 100, 2) + 0.0:,.2f}{unit}"


def _cold_start(decision: Decision, before: int, rules: StakesRules) -> Iterator[Reason]:
    if decision.knowledge is Knowledge.GUESSING and before < rules.cold_start_messages:
        yield (
            "cold_start",
            f"The learner is still guessing; people see the first {rules.cold_start_messages} messages "
            f"of a campaign, and this is number {before + 1}",
        )
