"""Which actions are open for a contact: content that fits, is valid, and was not sent lately."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.decision import SILENCE, Action
from domain.people import Account, Consent, ConsentBasis, Contact, Seniority
from policies.consent import refuses
from policies.rulebook import RuleBook


def actions_for(campaign: Campaign, assets: Iterable[ContentAsset]) -> tuple[Action, ...]:
    """Return every action a campaign can take, in a stable order; silence is always last.

    Args:
        campaign: names its assets, or none of them for the whole library.
        assets: the library; inactive ones give no action.

    """
    wanted = set(campaign.assets)
    usable = sorted(a.id for a in assets if a.is_active and (not wanted or a.id in wanted))
    drawn = (
        Action(asset_id=asset_id, channel=channel, slot=slot)
        for asset_id in usable
        for channel in campaign.channels
        for slot in campaign.slots
    )
    return (*drawn, SILENCE)


def fits(
    asset: ContentAsset,
    contact: Contact,
    account: Account | None,
    sent_assets: Mapping[str, date],
    today: date,
    rules: RuleBook,
    consents: Sequence[Consent] = (),
) -> str | None:
    """Return why this asset is not for this contact today, in plain words, or None if it fits.

    An unknown seniority or language fits; an unknown industry does not fit an asset made for some.

    Args:
        asset: the content considered.
        contact: who would get it.
        account: the contact's company, if known.
        sent_assets: asset id to the UTC day this contact was last sent it.
        today: the UTC day of the decision.
        rules: the rule book.
        consents: what is on record; where only a soft opt-in carries, it covers similar goods alone (C-10).

    """
    now = datetime.combine(today, time(12), tzinfo=UTC)
    refusal = refuses(contact, consents, now, rules, asset=asset) if _is_soft(consents) else None
    if refusal is not None and refusal.rule_id == "C-10":
        return f"C-10: {refusal.reason}"
    return (
        _validity(asset, today)
        or _audience(asset, contact, account)
        or _repetition(asset, sent_assets, today, rules.eligibility.same_asset_days)
    )


def _is_soft(consents: Sequence[Consent]) -> bool:
    return any(consent.basis is ConsentBasis.SOFT_OPT_IN for consent in consents)


def _validity(asset: ContentAsset, today: date) -> str | None:
    if not asset.is_active:
        return f"{asset.title!r} is not active"
    ends = [claim.expires_on for claim in asset.claims]
    if ends and all(end is not None and end < today for end in ends):
        return f"every approved claim of {asset.title!r} has expired"
    if asset.offer and asset.offer.valid_until and asset.offer.valid_until < today:
        return f"the offer {asset.offer.name!r} ended on {asset.offer.valid_until.isoformat()}"
    return None


def _audience(asset: ContentAsset, contact: Contact, account: Account | None) -> str | None:
    if asset.stages and contact.lifecycle_stage not in asset.stages:
        return f"{asset.title!r} is not for the stage {contact.lifecycle_stage.value}"
    known_seniority = contact.seniority is not Seniority.UNKNOWN
    if asset.seniorities and known_seniority and contact.seniority not in asset.seniorities:
        return f"{asset.title!r} is not for the seniority {contact.seniority.value}"
    industry = (account.industry or "").strip().casefold() if account else ""
    if asset.industries and industry not in {name.strip().casefold() for name in asset.industries}:
        return f"{asset.title!r} is not for the industry {industry or 'unknown'}"
    if contact.language and _language(contact.language) != _language(asset.language):
        return f"{asset.title!r} is in {asset.language}, the contact reads {contact.language}"
    return None


def _language(tag: str) -> str:
    return tag.replace("_", "-").partition("-")[0].casefold()


def _repetition(asset: ContentAsset, sent_assets: Mapping[str, date], today: date, days: int) -> str | None:
    last = sent_assets.get(asset.id)
    if last is not None and today - last < timedelta(days=days):
        return f"{asset.title!r} was sent on {last.isoformat()}, less than {days} days ago"
    return None
