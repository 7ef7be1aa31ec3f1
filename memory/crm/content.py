"""What we have to say and who we are: assets with claims, campaigns, and named facts of the workspace."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, select

from domain.base import utc_now
from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.ports import Clock
from memory.crm import codec
from memory.crm.statements import (
    ASSETS,
    CAMPAIGNS,
    CLAIMS,
    WORKSPACE,
    insert_all,
    insert_new,
    sharing,
    upsert,
    writing,
)

SENDER_FACT = "sender"
"""The workspace fact that holds the sender profile."""


class ContentStore:
    """Writes content, campaigns and workspace facts; `CrmStore` reads them."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def save_assets(self, assets: Sequence[ContentAsset]) -> None:
        """Add or replace assets together with their claims; a claim no longer given is gone."""
        with writing(self._engine) as connection:
            upsert(connection, ASSETS, [codec.asset_row(asset) for asset in assets], keys=["id"])
            for asset in assets:
                connection.execute(delete(CLAIMS).where(CLAIMS.c.asset_id == asset.id))
            insert_all(connection, CLAIMS, [row for asset in assets for row in codec.claim_rows(asset)])

    def replace_asset(
        self, asset: ContentAsset, base_sha256: str | None, hashed: Callable[[ContentAsset], str]
    ) -> bool:
        """Add a new asset, or put a changed one in place of what it was; tell whether that was done.

        Args:
            asset: as it is to be.
            base_sha256: of the asset the change was made on; None where there may be none yet.
            hashed: how an asset is hashed.

        Returns:
            False where the stored asset is another, and nothing was changed.

        """
        with writing(self._engine) as connection:
            row = (
                connection.execute(select(ASSETS).where(ASSETS.c.id == asset.id).with_for_update())
                .mappings()
                .first()
            )
            claims = connection.execute(
                select(CLAIMS).where(CLAIMS.c.asset_id == asset.id).order_by(CLAIMS.c.id)
            )
            now = None if row is None else hashed(codec.asset_of(row, claims.mappings().all()))
            if now != base_sha256:
                return False
            with sharing(connection):
                self.save_assets([asset])
            return True

    def save_campaign(self, campaign: Campaign) -> str:
        """Keep the campaign as it is now and return the SHA-256 of its record."""
        with writing(self._engine) as connection:
            return save_campaign(connection, campaign, self._clock())

    def set_fact(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep a fact about this workspace under its name."""
        with writing(self._engine) as connection:
            upsert(connection, WORKSPACE, [{"name": name, "value": dict(value)}], keys=["name"])

    def settle_fact(self, name: str, value: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a fact unless one stands under its name; return the one that stands, whoever was first."""
        with writing(self._engine) as connection:
            insert_new(connection, WORKSPACE, [{"name": name, "value": dict(value)}])
            stands = select(WORKSPACE.c.value).where(WORKSPACE.c.name == name)
            return dict(connection.execute(stands).scalar_one())

    def get_fact(self, name: str) -> dict[str, Any] | None:
        """Return a fact about this workspace, or None."""
        with self._engine.connect() as connection:
            value = connection.execute(select(WORKSPACE.c.value).where(WORKSPACE.c.name == name)).scalar()
        return None if value is None else dict(value)


def save_campaign(connection: Connection, campaign: Campaign, at: datetime) -> str:
    """Keep a campaign inside the caller's transaction; its status is left as it stands."""
    record = codec.campaign_record(campaign)
    sha256 = hashlib.sha256(json.dumps(record, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    row = {
        "id": campaign.id,
        "name": campaign.name,
        "status": "active",
        "record": record,
        "record_sha256": sha256,
        "updated_at": at,
    }
    upsert(connection, CAMPAIGNS, [row], keys=["id"], keeping=["status"])
    return sha256
