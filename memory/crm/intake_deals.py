"""Deals, their stages and who takes part in them, on their way in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, tuple_, update

from domain.people import BuyingRoleKind, DealKind
from domain.records import DealRow, DealStageRow, RoleRow
from memory.crm.cards import drop_contact_cards
from memory.crm.identities import known_ids, stable_id
from memory.crm.overlay import BORN, Batch, overlay, overlay_attributes
from memory.crm.statements import (
    BUYING_ROLES,
    CONTACTS,
    DEAL_STAGES,
    DEALS,
    IDENTITIES,
    batches,
    insert_all,
    insert_new,
    upsert,
)

FIELDS = (
    "account_id",
    "name",
    "kind",
    "pipeline",
    "stage",
    "amount_cents",
    "currency",
    "is_closed",
    "is_won",
    "closes_on",
    "owner",
    "created_at",
)
UNKNOWN_STAGE = "unknown"
_LOOKED_UP_AT_ONCE = 2_000


def take_deals(batch: Batch, rows: Sequence[DealRow]) -> None:
    """Store a batch of deals and the contacts their rows name; a deleted one is left as it is here."""
    batch.tally.count("deals", "skipped", sum(1 for row in rows if row.is_deleted))
    kept = [row for row in rows if not row.is_deleted]
    connection = batch.connection
    ids = known_ids(connection, "deal", ((row.source, row.external_id) for row in kept))
    accounts = known_ids(
        connection,
        "account",
        ((row.source, row.account_external_id) for row in kept if row.account_external_id),
    )
    contacts = known_ids(
        connection, "contact", ((row.source, one) for row in kept for one in row.contact_external_ids)
    )
    stored = _stored(batch, set(ids.values()))
    new: dict[str, None] = {}
    changed_ids: dict[str, None] = {}
    identities, roles = [], []
    for row in kept:
        pair = (row.source, row.external_id)
        deal_id = ids.get(pair)
        is_new = deal_id is None
        if deal_id is None:
            deal_id = ids[pair] = stable_id("d", *pair)
            stored[deal_id] = _blank(deal_id, row)
            new[deal_id] = None
            identities.append(
                {"source": row.source, "noun": "deal", "external_id": row.external_id, "internal_id": deal_id}
            )
        account_id = accounts.get((row.source, row.account_external_id or ""))
        if row.account_external_id and account_id is None:
            batch.tally.warn("a deal's account is not among the accounts")
        bits = batch.given.of(deal_id)
        deal = stored[deal_id]
        changed, new_bits = overlay(deal, {**row.__dict__, "account_id": account_id}, FIELDS, bits)
        has_changed = overlay_attributes(deal, row.attributes, is_repeat=bool(bits)) or bool(changed)
        batch.given.keep(deal_id, new_bits | (BORN if is_new else 0))
        if has_changed and deal_id not in new:
            changed_ids[deal_id] = None
        for external_id in row.contact_external_ids:
            if contact_id := contacts.get((row.source, external_id)):
                roles.append(
                    {"contact_id": contact_id, "deal_id": deal_id, "kind": BuyingRoleKind.OTHER.value}
                )
            else:
                batch.tally.warn("a deal's contact is not among the contacts")
        if is_new:
            batch.tally.count("deals", "added")
        elif bits & BORN:
            batch.tally.count("deals", "merged")
        else:
            batch.tally.count("deals", "changed" if has_changed else "unchanged")
    insert_all(connection, DEALS, [stored[deal_id] for deal_id in new])
    upsert(connection, DEALS, [stored[deal_id] for deal_id in changed_ids], keys=["id"])
    insert_new(connection, IDENTITIES, identities)
    insert_new(connection, BUYING_ROLES, roles)


def take_stages(batch: Batch, rows: Sequence[DealStageRow]) -> None:
    """Store when deals entered which stage."""
    ids = known_ids(batch.connection, "deal", ((row.source, row.deal_external_id) for row in rows))
    stages: list[dict[str, Any]] = []
    for row in rows:
        deal_id = ids.get((row.source, row.deal_external_id))
        if deal_id is None:
            cells = row.model_dump(exclude={"place"})
            batch.reject("stages", row.place, "its deal is not among the deals", cells)
            continue
        stages.append({"deal_id": deal_id, "stage": row.stage, "entered_at": row.entered_at})
    added = insert_new(batch.connection, DEAL_STAGES, stages)
    batch.tally.count("stages", "added", added)
    batch.tally.count("stages", "unchanged", len(stages) - added)


def take_roles(batch: Batch, rows: Sequence[RoleRow]) -> None:
    """Store who takes part in which deal, and who belongs to which account where nothing says so yet."""
    connection = batch.connection
    contacts = known_ids(connection, "contact", ((row.source, row.contact_external_id) for row in rows))
    deals = known_ids(
        connection, "deal", ((row.source, row.deal_external_id) for row in rows if row.deal_external_id)
    )
    accounts = known_ids(
        connection,
        "account",
        ((row.source, row.account_external_id) for row in rows if row.account_external_id),
    )
    roles: dict[tuple[str, str], str] = {}
    for row in rows:
        contact_id = contacts.get((row.source, row.contact_external_id))
        deal_id = deals.get((row.source, row.deal_external_id or ""))
        account_id = accounts.get((row.source, row.account_external_id or ""))
        if contact_id is None or (deal_id is None and account_id is None):
            missing = "contact" if contact_id is None else "deal" if row.deal_external_id else "account"
            cells = row.model_dump(exclude={"place"})
            batch.reject("roles", row.place, f"its {missing} is not among the {missing}s", cells)
            continue
        if deal_id is None:
            belongs = update(CONTACTS).where(CONTACTS.c.id == contact_id, CONTACTS.c.account_id.is_(None))
            found = connection.execute(belongs.values(account_id=account_id)).rowcount
            drop_contact_cards(connection, [contact_id] if found else [])
            batch.tally.count("roles", "added" if found else "unchanged")
        elif (contact_id, deal_id) in roles:
            batch.tally.count("roles", "unchanged")
        else:
            roles[contact_id, deal_id] = row.kind.value
    _store_roles(batch, roles)


def _store_roles(batch: Batch, roles: dict[tuple[str, str], str]) -> None:
    stand: dict[tuple[str, str], str] = {}
    key = tuple_(BUYING_ROLES.c.contact_id, BUYING_ROLES.c.deal_id)
    for part in batches(sorted(roles), 500):
        rows = batch.connection.execute(select(BUYING_ROLES).where(key.in_(part)))
        stand.update({(row.contact_id, row.deal_id): row.kind for row in rows})
    other = BuyingRoleKind.OTHER.value
    told = {
        pair: kind
        for pair, kind in roles.items()
        if kind not in (stand.get(pair), other) or pair not in stand
    }
    upsert(
        batch.connection,
        BUYING_ROLES,
        [{"contact_id": pair[0], "deal_id": pair[1], "kind": kind} for pair, kind in told.items()],
        keys=["contact_id", "deal_id"],
    )
    added = sum(1 for pair in told if pair not in stand)
    batch.tally.count("roles", "added", added)
    batch.tally.count("roles", "changed", len(told) - added)
    batch.tally.count("roles", "unchanged", len(roles) - len(told))


def _blank(deal_id: str, row: DealRow) -> dict[str, Any]:
    return {
        **dict.fromkeys(FIELDS),
        "id": deal_id,
        "name": row.name or row.external_id,
        "kind": DealKind.NEW.value,
        "stage": UNKNOWN_STAGE,
        "currency": "USD",
        "is_closed": False,
        "is_won": False,
        "attributes": {},
    }


def _stored(batch: Batch, ids: set[str]) -> dict[str, dict[str, Any]]:
    stored: dict[str, dict[str, Any]] = {}
    for part in batches(sorted(ids), _LOOKED_UP_AT_ONCE):
        rows = batch.connection.execute(select(DEALS).where(DEALS.c.id.in_(part)))
        stored.update({row["id"]: dict(row) for row in rows.mappings()})
    return stored
