"""Lawful basis: whether a recorded yes lets us write to this person, in this country, on this channel.

The newest record counts: a withdrawal voids every yes before it. Several countries may have a say
(`jurisdiction`); the strictest applies.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.content import ContentAsset
from domain.decision import Refusal
from domain.people import Consent, ConsentBasis, ConsentGround, Contact
from policies.jurisdiction import Jurisdiction, jurisdiction_of
from policies.rulebook import ConsentRules, RuleBook


def refuses(
    contact: Contact,
    consents: Sequence[Consent],
    now: datetime,
    rules: RuleBook,
    *,
    channel: str = "email",
    asset: ContentAsset | None = None,
) -> Refusal | None:
    """Return why no recorded basis carries a message to this contact at `now`, or None if one does.

    Args:
        contact: who would be written to.
        consents: every record of this contact.
        now: aware UTC time.
        rules: the rule book.
        channel: the channel of the message.
        asset: what the message offers; a soft opt-in covers only goods like those bought (C-10). None asks
            whether the contact may be written to about anything.

    """
    judged = _judge(contact, consents, now, rules, channel, asset)
    return judged if isinstance(judged, Refusal) else None


def carries(
    contact: Contact,
    consents: Sequence[Consent],
    now: datetime,
    rules: RuleBook,
    *,
    channel: str = "email",
    asset: ContentAsset | None = None,
) -> Consent | None:
    """Return the record that carries a message, the newest of several; None where none does or the law needs none.

    The arguments are those of `refuses`.
    """
    judged = _judge(contact, consents, now, rules, channel, asset)
    return judged if isinstance(judged, Consent) else None


def _judge(
    contact: Contact,
    consents: Sequence[Consent],
    now: datetime,
    rules: RuleBook,
    channel: str,
    asset: ContentAsset | None,
) -> Refusal | Consent | None:
    relevant = [c for c in consents if c.channel == channel and c.scope in rules.consent.scopes]
    withdrawals = [c.recorded_at for c in relevant if not c.is_granted]
    standing = [
        c
        for c in relevant
        if c.is_granted and c.recorded_at <= now and all(c.recorded_at > at for at in withdrawals)
    ]
    if withdrawals and not standing:
        day = max(withdrawals).date().isoformat()
        return _refusal(contact, "C-09", f"{contact.name} withdrew consent to {channel} on {day}")
    law = jurisdiction_of(contact, rules, channel)
    if not law.needs_basis:
        whole = [
            c for c in standing if not _gaps(c) and _lasts(c, now, rules) and not soft_opt_in_gap(c, asset)
        ]
        return max(whole, key=_age, default=None)
    usable = [c for c in standing if c.basis in law.accepts]
    if not usable:
        return _refusal(contact, "C-09", _missing(contact, law, channel))
    lasting = [c for c in usable if _lasts(c, now, rules)]
    if not lasting:
        lapsed = max(until for c in usable if (until := expires_at(c, rules.consent)) is not None)
        return _refusal(contact, "C-11", f"the consent of {contact.name} lapsed on {lapsed.date()}")
    complete = [c for c in lasting if not _gaps(c)]
    if not complete:
        gaps = " and ".join(_gaps(max(lasting, key=lambda c: c.recorded_at)))
        return _refusal(contact, "C-08", f"the consent record of {contact.name} lacks its {gaps}")
    objections = {c: soft_opt_in_gap(c, asset) for c in complete}
    if all(objections.values()):
        first = next(iter(objections.values()))
        return _refusal(contact, "C-10", f"the soft opt-in of {contact.name} {first}")
    return max((c for c, gap in objections.items() if gap is None), key=_age)


def _lasts(consent: Consent, now: datetime, rules: RuleBook) -> bool:
    until = expires_at(consent, rules.consent)
    return until is None or now < until


def _age(consent: Consent) -> datetime:
    return consent.recorded_at


def expires_at(consent: Consent, rules: ConsentRules) -> datetime | None:
    """Return when a consent lapses (C-11); only implied ones do by law, others as their record says."""
    if consent.basis is not ConsentBasis.IMPLIED:
        return consent.expires_at
    # Where it is not on record what implied it, the shorter term holds; no stated end may lie beyond
    # the longer one.
    is_purchase = consent.ground is ConsentGround.PURCHASE
    longest = consent.recorded_at + timedelta(days=rules.implied_purchase_days)
    shorter = consent.recorded_at + timedelta(days=rules.implied_inquiry_days)
    if consent.ground is ConsentGround.INQUIRY:
        longest = shorter
    if consent.expires_at is None:
        return longest if is_purchase else shorter
    return min(consent.expires_at, longest)


def soft_opt_in_gap(consent: Consent, asset: ContentAsset | None) -> str | None:
    """Return what a soft opt-in lacks to carry a message about this content, or None (C-10).

    Four things, all on record: a sale of our own, its goods, an opt-out offered when the address was
    collected, and content about goods of that kind. The opt-out in every message is C-02.
    """
    if consent.basis is not ConsentBasis.SOFT_OPT_IN:
        return None
    if consent.ground is not ConsentGround.PURCHASE or not (consent.ground_ref or "").strip():
        return "names no order of ours"
    if consent.opt_out_offered is not True:
        return "does not record that an opt-out was offered when it was collected"
    bought = _topics(consent.goods or "")
    if not bought:
        return "does not say which goods were bought"
    if asset is not None and not bought & {_topic(topic) for topic in asset.topics}:
        return f"covers goods like {', '.join(sorted(bought))}, and {asset.title!r} is about something else"
    return None


def _gaps(consent: Consent) -> list[str]:
    """C-08: who, when and the scope are fields that cannot be empty; these can."""
    gaps = []
    if not consent.source.strip():
        gaps.append("source")
    if consent.basis is ConsentBasis.EXPRESS and not (consent.wording or "").strip():
        gaps.append("wording")
    if not (consent.proof or "").strip():
        gaps.append("proof")
    return gaps


def _topics(goods: str) -> set[str]:
    return {_topic(part) for part in goods.replace(";", ",").split(",") if part.strip()}


def _topic(words: str) -> str:
    return " ".join(words.replace("_", " ").casefold().split())


def _missing(contact: Contact, law: Jurisdiction, channel: str) -> str:
    wanted = (
        " or ".join(sorted(basis.value.replace("_", " ") for basis in law.accepts)) or "nothing we accept"
    )
    what = "e-mail" if channel == "email" else channel
    who = " to a private person" if law.is_individual else ""
    return f"{contact.name} is in {law.in_words}, where {what}{who} needs {wanted}; none is on record"


def _refusal(contact: Contact, rule_id: str, reason: str) -> Refusal:
    return Refusal(contact_id=contact.id, rule_id=rule_id, reason=reason)
