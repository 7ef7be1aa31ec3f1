"""The one secret behind opt-out links, canaries and the hashes of erased people: one key for one database.

It stands in the workspace's `link.key` or in ATTUNE_LINK_KEY, never in the database, which keeps only its
fingerprint. A machine that comes with another key is turned away: its links would not open at the others' doors, and
whom the others erased it would take in again.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from domain.errors import AttuneError, SettingsInvalid

if TYPE_CHECKING:
    from app.settings import Settings
    from app.wiring import House
    from app.workspace import Workspace

FACT = "link-key"
LEAST_BYTES = 16
LOST = "If it is lost for good: `attune init --new-link-key`."


class LinkKeyDiffers(AttuneError):
    """A machine's key is not the one its database was begun with."""

    exit_code = 5

    def __init__(self, where: str, fingerprint: str, known: str) -> None:
        super().__init__(
            f"{where} has the fingerprint {fingerprint}, and this database was begun with {known}. Nothing was "
            "changed: opt-out links and the hashes of erased people would not fit. Put the link.key of the first "
            f"machine (or of a backup) here, or set ATTUNE_LINK_KEY to what stands in it. {LOST}"
        )


class LinkKeyMissing(AttuneError):
    """A database has its key already, and this machine has none."""

    exit_code = 5

    def __init__(self, where: object, known: str) -> None:
        super().__init__(
            f"This database was begun with a key of the fingerprint {known}, and {where} is not there. No other was "
            "made: copy link.key from the first machine, or set ATTUNE_LINK_KEY to what stands in it. "
            f"{LOST}"
        )


def link_key_of(settings: Settings, workspace: Workspace) -> bytes:
    """Return the key: the setting, else the workspace's file.

    Raises:
        SettingsInvalid: the setting is not such a key.
        InvalidFile: the file is not there, or is no key.
    """
    if settings.link_key is None:
        return workspace.link_key()
    try:
        key = bytes.fromhex(settings.link_key.get_secret_value().strip())
    except ValueError:
        key = b""
    if len(key) < LEAST_BYTES:
        raise SettingsInvalid(
            "ATTUNE_LINK_KEY is not a key. It takes what stands in a link.key: hexadecimal digits, at least "
            f"{2 * LEAST_BYTES}."
        )
    return key


def fingerprint_of(key: bytes) -> str:
    """What a key may be known by: nobody can tell the key from it."""
    return hmac.new(key, b"attune link key", hashlib.sha256).hexdigest()[:16]


def check_key(house: House) -> str:
    """Hold this machine's key against the database's; the first to come begins it. Return the fingerprint.

    Raises:
        LinkKeyDiffers: the database was begun with another.
    """
    fingerprint = fingerprint_of(house.link_key)
    kept = house.content.get_fact(FACT)
    if kept is None:
        # Two machines may be first at once: the database says whose key it is.
        kept = house.content.settle_fact(FACT, {"fingerprint": fingerprint})
    if kept["fingerprint"] != fingerprint:
        where = "ATTUNE_LINK_KEY" if house.settings.link_key else str(house.workspace.key_file)
        raise LinkKeyDiffers(where, fingerprint, str(kept["fingerprint"]))
    return fingerprint


def begin_key(house: House, *, anew: bool = False) -> None:
    """Make this workspace's key where it needs one, and hold it against the database's.

    Args:
        house: the workspace; its database is up to date.
        anew: the key is lost for good: whatever stands here now is the database's from now on.

    Raises:
        LinkKeyMissing: the database has its key already, and it is not here.
        LinkKeyDiffers: it was begun with another.
    """
    workspace = house.workspace
    is_ours = house.settings.link_key is None and not workspace.key_file.exists()
    kept = house.content.get_fact(FACT)
    if is_ours:
        if kept is not None and not anew:
            raise LinkKeyMissing(workspace.key_file, str(kept["fingerprint"]))
        workspace.make_key()
    if anew and kept is not None:
        fingerprint = fingerprint_of(house.link_key)
        if fingerprint != kept["fingerprint"]:
            house.content.set_fact(FACT, {"fingerprint": fingerprint})
            house.audit.append(
                "link key changed", "link key", {"was": kept["fingerprint"], "is": fingerprint}
            )
    try:
        check_key(house)
    except LinkKeyDiffers:
        if is_ours:
            workspace.key_file.unlink()
        raise
