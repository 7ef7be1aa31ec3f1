"""Tells the audit chain when rules, settings or the sender profile are others than at the last act.

Nobody changes them through Attune: they are files and variables. So each run, delivery and review first compares what
it is about to go by with what the chain last heard of. Secrets are told as changed, never as values.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from domain.errors import NotFound

if TYPE_CHECKING:
    from app.wiring import House
    from domain.campaign import Campaign

FACT = "configuration"
KEY_FACT = "configuration-key"
OF_ONE_MACHINE = frozenset({"workspace", "secrets_dir", "reviewer", "link_key"})
"""Settings in which machines on one database may differ without anything having changed."""

MAY_NAME_PEOPLE = ("name", "audience", "brief")
"""Fields of a campaign that people write in their own words, or that list addresses."""

_LONGEST_VALUE = 200


def note_changes(house: House) -> list[str]:
    """Add one line to the chain for each part that changed, with what it was and is; return the parts' names."""
    known, key = house.content.get_fact(FACT) or {}, _key(house)
    now = {
        "rules": _flat(house.rules.model_dump(mode="json", exclude={"texts"})),
        "settings": {
            name: _shown(value, key) for name, value in house.settings if name not in OF_ONE_MACHINE
        },
        "sender": _flat(house.sender.model_dump(mode="json")),
    }
    changed = []
    for part, values in now.items():
        before = known.get(part, {})
        if values == before:
            continue
        names = sorted(name for name in {*values, *before} if values.get(name) != before.get(name))
        # The first time everything is new: one hash says what it was.
        told: dict[str, Any] = (
            {name: [before.get(name), values.get(name)] for name in names} if before else {}
        )
        house.audit.append(
            f"{part} changed" if before else part, part, {"sha256": _sha256(values), "changed": told}
        )
        changed.append(part)
    if changed:
        house.content.set_fact(FACT, now)
    return changed


def as_last_run(house: House, campaign_id: str) -> Campaign | None:
    """A campaign as the database has it, or None where it never ran."""
    try:
        return house.crm.campaign(campaign_id)
    except NotFound:
        return None


def note_campaign(house: House, before: Campaign | None, after: Campaign) -> None:
    """Tell the chain which fields of a campaign are others than when it last ran; a first run is told by a hash.

    Of its words (`MAY_NAME_PEOPLE`) the chain has hashes only: no erasure would reach them there.
    """
    if before == after:
        return
    was = {} if before is None else _flat(_without_words(before))
    now = _flat(_without_words(after))
    names = sorted(name for name in {*now, *was} if now.get(name) != was.get(name))
    changed = {name: [was.get(name), now.get(name)] for name in names} if was else {}
    house.audit.append("campaign changed", after.id, {"sha256": _sha256(now), "changed": changed})


def _without_words(campaign: Campaign) -> dict[str, Any]:
    record = campaign.model_dump(mode="json")
    hashed = {name: f"sha256 {_sha256({name: record[name]})}" for name in MAY_NAME_PEOPLE}
    return {**record, **hashed}


def _key(house: House) -> bytes:
    """What secrets are known again by: kept in the database, so that all machines on it know them alike."""
    kept = house.content.get_fact(KEY_FACT)
    if kept is None:
        kept = {"hex": secrets.token_hex(16)}
        house.content.set_fact(KEY_FACT, kept)
    return bytes.fromhex(str(kept["hex"]))


def _shown(value: Any, key: bytes) -> str:
    if isinstance(value, SecretStr):
        digest = hmac.new(key, value.get_secret_value().encode(), hashlib.sha256).hexdigest()
        return f"(secret, known again by {digest[:8]})"
    return _cut(str(value))


def _flat(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        found: dict[str, str] = {}
        for name, part in value.items():
            found |= _flat(part, f"{path}.{name}" if path else str(name))
        return found
    if isinstance(value, list):
        value = sorted(map(str, value))
    return {path: _cut(json.dumps(value, ensure_ascii=False, default=str))}


def _cut(words: str) -> str:
    """A long value by its beginning and its hash."""
    if len(words) <= _LONGEST_VALUE:
        return words
    return f"{words[:80]}… (sha256 {hashlib.sha256(words.encode()).hexdigest()[:16]})"


def _sha256(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
