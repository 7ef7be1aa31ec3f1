"""The content library as a team looks at it: where each asset is used, how it fares, which claims run out.

Also takes one asset in, through the same loader files go through. Who approved a claim is never typed: a claim that
is new or worded otherwise is approved by whoever saves it, so nobody signs in another's name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal

from app.campaign_shelf import campaign_texts
from app.content_file import judge_asset
from app.wiring import House
from domain.base import Noun
from domain.content import ApprovedClaim, ContentAsset
from domain.errors import AttuneError
from domain.staff import Member
from memory.crm.content_use import AssetUse
from policies.mistakes import Mistake

LATELY = timedelta(days=90)
SOON = timedelta(days=30)

ClaimState = Literal["good", "ends soon", "expired"]


class ClaimLine(Noun):
    """One approved claim, and how long it may still be said."""

    claim: ApprovedClaim
    state: ClaimState


class UsedBy(Noun):
    """One campaign that may send an asset, by name or because it sends the whole library."""

    campaign_id: str
    name: str
    names_it: bool


class AssetCard(Noun):
    """One asset in the library's list. `use` counts the last 90 days."""

    asset: ContentAsset
    used_by: tuple[UsedBy, ...]
    use: AssetUse
    claims: tuple[ClaimLine, ...]

    @property
    def expired(self) -> int:
        """How many of its claims may not be said any more."""
        return sum(line.state == "expired" for line in self.claims)

    @property
    def ends_soon(self) -> int:
        """How many of its claims run out within a month."""
        return sum(line.state == "ends soon" for line in self.claims)

    @property
    def sha256(self) -> str:
        """Hash of the asset as it is: what a change to it is made on."""
        return asset_sha256(self.asset)


class AssetNotSaved(AttuneError):
    """An asset was not saved; nothing was changed. `mistakes` say what is wrong with it, where that is the reason."""

    def __init__(self, words: str, mistakes: Sequence[Mistake] = ()) -> None:
        super().__init__(f"{words} Nothing was saved.")
        self.mistakes = tuple(mistakes)


class AssetChanged(AssetNotSaved):
    """Somebody changed the asset after this change was begun."""


def asset_cards(house: House) -> tuple[AssetCard, ...]:
    """The whole library, active assets first, by title."""
    use = house.content_use.by_asset(house.clock() - LATELY)
    used = _used_by(house)
    today = house.clock().date()
    cards = [
        AssetCard(
            asset=asset,
            used_by=tuple(one for one, names in used if asset.id in names or (not names and asset.is_active)),
            use=use.get(asset.id, AssetUse()),
            claims=tuple(ClaimLine(claim=claim, state=claim_state(claim, today)) for claim in asset.claims),
        )
        for asset in house.crm.assets()
    ]
    return tuple(sorted(cards, key=lambda card: (not card.asset.is_active, card.asset.title.casefold())))


def claim_state(claim: ApprovedClaim, today: date) -> ClaimState:
    """Whether a claim may be said today, and for how long."""
    if claim.expires_on is None or claim.expires_on > today + SOON:
        return "good"
    return "expired" if claim.expires_on < today else "ends soon"


def asset_sha256(asset: ContentAsset) -> str:
    """Hash of everything an asset says."""
    return hashlib.sha256(json.dumps(asset.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


def save_asset(house: House, record: Mapping[str, Any], by: Member, base_sha256: str | None) -> ContentAsset:
    """Take one asset in, new or changed.

    Args:
        house: the opened workspace.
        record: the asset as a content file would say it; its claims without who approved them, and when.
        by: who saves it, and so approves what is new in its claims; a claim names their address (a team's `sign_off`
            does too), the audit chain their id.
        base_sha256: of the asset the change was made on; None for a new one.

    Raises:
        AssetNotSaved: it cannot be read, or its id is taken.
        AssetChanged: it is another than the change was made on.
    """
    before = {asset.id: asset for asset in house.crm.assets()}.get(str(record.get("id", "")))
    whole = {**record, "claims": _signed(record.get("claims", ()), before, by.email, house.clock().date())}
    asset, mistakes = judge_asset(whole)
    if asset is None:
        said = " ".join(f"{mistake.in_words}." for mistake in mistakes)
        raise AssetNotSaved(f"This is no content asset yet. {said}", mistakes)
    if not house.content.replace_asset(asset, base_sha256, asset_sha256):
        if base_sha256 is None:
            raise AssetNotSaved(f"There is an asset {asset.id!r} already. Give this one another id.")
        raise AssetChanged(
            f"Somebody else changed {asset.id!r} meanwhile. Look at it as it is now, and make your change again."
        )
    told = {"assets": [asset.id], "by": by.member_id, "sha256": asset_sha256(asset)}
    house.audit.append("content", asset.id, told)
    return asset


def _signed(
    claims: Sequence[Mapping[str, Any]], before: ContentAsset | None, by: str, today: date
) -> list[dict[str, Any]]:
    # How long it may be said is part of what was approved: a later day is a new approval, an earlier one is not.
    known = {(claim.id, claim.text, claim.source): claim for claim in before.claims} if before else {}
    signed = []
    for claim in claims:
        same = known.get((claim.get("id", ""), claim.get("text", ""), claim.get("source", "")))
        same = None if same and _is_said_longer(same, claim.get("expires_on")) else same
        approved_by, approved_on = (same.approved_by, same.approved_on) if same else (by, today)
        signed.append({**claim, "approved_by": approved_by, "approved_on": approved_on})
    return signed


def _is_said_longer(same: ApprovedClaim, expires_on: str | None) -> bool:
    return same.expires_on is not None and (not expires_on or expires_on > same.expires_on.isoformat())


def _used_by(house: House) -> list[tuple[UsedBy, tuple[str, ...]]]:
    """Every campaign with the ids of what it names; none means the whole active library."""
    found = []
    for text in campaign_texts(house):
        if text.campaign is not None:
            names = text.campaign.assets
            found.append(
                (UsedBy(campaign_id=text.campaign.id, name=text.campaign.name, names_it=bool(names)), names)
            )
    return found
