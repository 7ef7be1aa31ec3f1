"""Learners leave and come as files, and a version may be pinned: a person's acts, each told to the audit.

A file is the learner's `.npz` with its JSON part as member `header` (schema: `learning/bandit/state.py`). One that
comes in decides only when the log shows that it is not worse, or when somebody says it shall, unproven; then it is
pinned, because the next teaching would otherwise make a newer version and it would never decide.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from app.replaying import NothingDrawn
from app.teaching import prior_units, widths
from app.trying import units_in, version_tried
from domain.campaign import Campaign, LearnerSettings
from domain.decision import action_of
from domain.errors import Ambiguous, AttuneError, InvalidFile, NotFound
from learning import features
from learning.bandit import Bandit, load
from learning.replay.promotion import Promotion
from learning.units import STAGES, UnitTable
from memory.crm.learners import Arrays, LearnerVersion, pack, unpack

if TYPE_CHECKING:
    from app.wiring import House

_AGAIN = "Export it again with `attune learn export`."


def export_learner(
    house: House, campaign: Campaign, path: Path, version: str | None = None
) -> LearnerVersion:
    """Write one version (the one that decides now if None) as a file, whole or not at all.

    Raises:
        NotFound: there is no such version, or none yet.
        OSError: where the file cannot be written.
    """
    kept = _version(house, campaign, version)
    record, arrays = house.learners.arrays(campaign.id, kept.version)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(pack(arrays, {**record, "campaign": campaign.id, "version": kept.version}))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _tell(house, campaign, "export", version=kept.version)
    return kept


def import_learner(
    house: House, campaign: Campaign, path: Path, *, is_unproven: bool, margin_cents: float
) -> tuple[str, Promotion | None]:
    """Take a learner in and pin it: from then on it decides. Return its version, and what the log said of it.

    Where the log does not show that it is no worse, nothing is changed, unless `is_unproven`: then the log is not
    asked.

    Raises:
        InvalidFile: where it is no learner of this release that speaks of this workspace's content.
        AttuneError: where the campaign has no log to ask, or this version decides already.
    """
    record, arrays, bandit = _read(house, path)
    deciding = house.learners.current(campaign.id)
    came_from = (record.get("campaign"), record.get("version"))
    if not is_unproven and deciding is not None and came_from == (campaign.id, deciding.version):
        raise AttuneError(
            f"{path} holds {deciding.version}, which decides for {campaign.id!r} already. Nothing was changed."
        )
    units = units_in(record)
    found: Promotion | None = None
    evidence: dict[str, object] = {"is_unproven": True}
    if not is_unproven:
        try:
            found, evidence = version_tried(house, campaign, bandit, units, margin_cents)
        except NothingDrawn as none:
            raise AttuneError(
                f"{none} Nothing was changed. Without a log to ask, only your word lets it decide: "
                f"`attune learn import {campaign.id} {path} --unproven`."
            ) from None
        if not found.is_promoted:
            return bandit.version, found
    meta = {
        **record,
        "alarms": [],
        "features_version": features.VERSION,
        "widths": widths(bandit, units or prior_units(campaign.goal)),
        "imported_from": path.name,
    }
    house.learners.keep(campaign.id, bandit.version, bandit.outcomes, meta, arrays, house.clock())
    house.learners.pin(campaign.id, bandit.version)
    _tell(house, campaign, "import", version=bandit.version, **evidence)
    return bandit.version, found


def roll_back(house: House, campaign: Campaign, version: str) -> str:
    """Decide with an earlier version from now on; return its whole name.

    Raises:
        NotFound: no kept version is called so, begins so or learned from so many outcomes.
        Ambiguous: several do.
        AttuneError: it was made on features of another release.
    """
    kept = _version(house, campaign, version)
    if kept.record.get("features_version") != features.VERSION:
        raise AttuneError(
            f"Version {kept.version} was made on {kept.record.get('features_version')}, this release reads contacts as "
            f"{features.VERSION}: it could not decide. Nothing was changed."
        )
    house.learners.pin(campaign.id, kept.version)
    _tell(house, campaign, "rollback", version=kept.version)
    return kept.version


def unpin(house: House, campaign: Campaign) -> str | None:
    """Let the newest version decide again; return the one that was pinned, if any was."""
    pinned = [version for version in house.learners.versions(campaign.id) if version.is_pinned]
    if not pinned:
        return None
    house.learners.pin(campaign.id, None)
    _tell(house, campaign, "unpin", version=pinned[0].version)
    return pinned[0].version


def _version(house: House, campaign: Campaign, version: str | None) -> LearnerVersion:
    see = f"See `attune learn status {campaign.id}`."
    if version is None:
        if (current := house.learners.current(campaign.id)) is None:
            raise NotFound("learner", campaign.id, see)
        return current
    kept = house.learners.versions(campaign.id)
    outcomes = version.replace(",", "")
    fits = [v for v in kept if v.version == version] or [
        v for v in kept if version and (v.version.startswith(version) or str(v.outcomes) == outcomes)
    ]
    if not fits:
        raise NotFound("learner", version, see)
    if len(fits) > 1:
        raise Ambiguous("version", version, [v.version for v in fits], len(fits))
    return fits[0]


def _read(house: House, path: Path) -> tuple[dict[str, Any], Arrays, Bandit]:
    """Read a learner's file and try it: what cannot decide here is refused before anything is stored."""
    try:
        arrays = unpack(path.read_bytes())
        record = json.loads(bytes(arrays.pop("header")))
        # Outcomes that were on their way where it comes from do not arrive here.
        arrays = {name: part for name, part in arrays.items() if not name.startswith("awaited.")}
    except FileNotFoundError:
        raise InvalidFile(path, "there is no such file.") from None
    except OSError as why:
        raise InvalidFile(path, f"cannot be read: {why.strerror or why}.") from None
    except (KeyError, ValueError, AttuneError):
        raise InvalidFile(path, "is no learner's file.", _AGAIN) from None
    if not isinstance(record, dict) or "schema" not in record:
        raise InvalidFile(path, "is no learner's file: its header tells of none.", _AGAIN)
    if record.get("features_version") != features.VERSION:
        raise InvalidFile(
            path,
            f"was taught on {record.get('features_version')}; this release reads contacts as {features.VERSION}.",
        )
    try:
        bandit = load(record, arrays)
        settings = bandit.settings
        LearnerSettings(
            boldness=settings.boldness, floor=settings.floor, half_life_days=settings.half_life_days
        )
        _refuse_strangers(house, path, bandit)
        if not all(np.isfinite(part).all() for part in arrays.values()):
            raise ValueError("a number in it is not finite")
        if (bandit.basis.features, bandit.basis.dyads) != (len(features.NAMES), len(features.DYAD_NAMES)):
            raise ValueError("it looks at other features than this release has")
        units = units_in(record) or UnitTable((1.0,) * len(STAGES))
        if not np.isfinite(list(widths(bandit, units).values())).all():
            raise ValueError("what it believes is not finite")
    except ValidationError as why:
        raise InvalidFile(path, f"settings: {why.errors()[0]['loc'][0]} is out of bounds.") from None
    except (TypeError, LookupError, ArithmeticError, np.linalg.LinAlgError):
        raise InvalidFile(path, "cannot decide here: its parts do not fit together.", _AGAIN) from None
    except ValueError as why:
        raise InvalidFile(path, f"cannot decide here: {str(why).rstrip('.')}.", _AGAIN) from None
    return record, arrays, bandit


def _refuse_strangers(house: House, path: Path, bandit: Bandit) -> None:
    known = {asset.id for asset in house.crm.assets()}
    actions = [action_of(key) for key in bandit.actions]
    strange = sorted({action.asset_id for action in actions if action.asset_id} - known)
    if strange:
        raise InvalidFile(
            path,
            f"speaks of content that is not in the library: {', '.join(strange)}.",
            "`attune content list`",
        )
    if any(not actions[k].is_silence for k in bandit.apart):
        raise InvalidFile(path, "takes a message for one that stands apart; only silence does.", _AGAIN)


def _tell(house: House, campaign: Campaign, act: str, **detail: object) -> None:
    house.audit.append("learner", campaign.id, {"act": act, **detail})
