"""May this contact be written to at all? Asked for the audience, and again at the moment of sending."""

from __future__ import annotations

from datetime import datetime

from domain.content import ContentAsset
from domain.decision import Refusal
from domain.dossier import Standing
from domain.people import Contact
from policies import addresses, bounces, consent, suppression
from policies.pressure import PressureLimit
from policies.rulebook import RuleBook


def may_contact(
    standing: Standing,
    campaign_id: str | None,
    now: datetime,
    rules: RuleBook,
    asset: ContentAsset | None = None,
) -> Refusal | None:
    """Return the first rule that refuses, in plain words, or None if the contact may be written to.

    Args:
        standing: what is known right now; read it fresh.
        campaign_id: refuses while a message of this campaign is on its way; None leaves that question
            out, because at sending the open message is the very one being sent.
        now: aware UTC time of the message being judged.
        rules: the rule book.
        asset: what the message offers, once that is known: a soft opt-in covers only similar goods.

    """
    contact = standing.contact
    return (
        suppression.refuses(contact, standing.suppressions, now)
        or addresses.refuses(contact, rules.addresses)
        or bounces.refuses(contact, standing.soft_bounced_at, now, rules.bounces)
        or consent.refuses(contact, standing.consents, now, rules, asset=asset)
        or _one_open(standing, campaign_id)
        or _pressed(standing, now, rules)
    )


def _one_open(standing: Standing, campaign_id: str | None) -> Refusal | None:
    if campaign_id is None or campaign_id not in standing.open_campaigns:
        return None
    contact = standing.contact
    reason = f"{contact.name} has a message of campaign {campaign_id!r} on its way"
    return Refusal(contact_id=contact.id, rule_id="H-01", reason=reason)


def _pressed(standing: Standing, now: datetime, rules: RuleBook) -> Refusal | None:
    contact = standing.contact
    for rule_id, limit in limits_for(contact, rules):
        if not limit.allows(standing.sent_at, now):
            last = max(standing.sent_at)
            reason = (
                f"{contact.name} may hear from us {limit.in_words}; "
                f"the last message was on {last:%Y-%m-%d %H:%M} UTC"
            )
            return Refusal(contact_id=contact.id, rule_id=rule_id, reason=reason)
    return None


def limits_for(contact: Contact, rules: RuleBook) -> tuple[tuple[str, PressureLimit], ...]:
    """Every limit on how often this contact hears from us, with the rule it comes from."""
    house = [("C-26", limit) for limit in rules.pressure.limits]
    return (*house, *((cap.id or "T-00", cap.limit) for cap in rules.team.caps_for(contact)))
