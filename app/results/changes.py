"""What was changed and what was noticed, on one axis of time: from the audit chain, so nobody can quietly edit it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.learner_status import alarm_words
from domain.base import Noun, UtcDatetime

if TYPE_CHECKING:
    from app.wiring import House
    from memory.crm.audit import AuditLine

MOST_LINES = 400
_MOST_NAMES = 3


class Lane(StrEnum):
    """What kind of thing happened."""

    DRIFT = "market shift"
    LEARNER = "learner"
    CAMPAIGN = "campaign"
    RULES = "rules and settings"
    CONTENT = "content and imports"


class Change(Noun):
    """One thing that was changed or noticed, in words. `seq` is its line in the audit chain."""

    at: UtcDatetime
    lane: Lane
    words: str
    by: str = ""
    seq: int


_LANES = {
    "drift": Lane.DRIFT,
    "learner": Lane.LEARNER,
    "campaign": Lane.CAMPAIGN,
    "campaign changed": Lane.CAMPAIGN,
    "rules": Lane.RULES,
    "rules changed": Lane.RULES,
    "settings": Lane.RULES,
    "settings changed": Lane.RULES,
    "sender": Lane.RULES,
    "sender changed": Lane.RULES,
    "content": Lane.CONTENT,
    "import": Lane.CONTENT,
}
_OF_A_CAMPAIGN = frozenset({"drift", "learner", "campaign", "campaign changed"})
_ACTS = {
    "export": "version {version} was exported",
    "import": "version {version} came in from a file and was pinned",
    "rollback": "rolled back to version {version}, which is pinned",
    "unpin": "version {version} was unpinned; the newest decides",
    "backfill": "past e-mails of other tools were taken in",
}


def changes_of(house: House, campaign_id: str, since: datetime, until: datetime) -> tuple[Change, ...]:
    """Return what concerned a campaign within a span of time, oldest first; the newest `MOST_LINES` if more."""
    titles = {asset.id: asset.title for asset in house.crm.assets()}
    lines = house.audit.of_kinds(tuple(_LANES), since, until, MOST_LINES)
    return told_of(lines, campaign_id, titles)


def told_of(lines: Sequence[AuditLine], campaign_id: str, titles: Mapping[str, str]) -> tuple[Change, ...]:
    """Return lines of the audit chain as changes; those of other campaigns are left out.

    A shift is told each time the learner learns anew; the first telling counts.
    """
    found, shifts = [], set()
    for line in lines:
        if line.kind in _OF_A_CAMPAIGN and line.subject != campaign_id:
            continue
        if line.kind == "drift":
            shift = tuple(str(line.detail.get(name)) for name in ("at", "action", "direction"))
            if shift in shifts:
                continue
            shifts.add(shift)
        found.append(
            Change(
                at=line.at,
                lane=_LANES[line.kind],
                words=_words(line.kind, line.subject, line.detail, titles),
                by=str(line.detail.get("by", "")),
                seq=line.seq,
            )
        )
    return tuple(found)


def _words(kind: str, subject: str, detail: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    if kind == "drift":
        said = alarm_words(detail, titles)
        return said[0].upper() + said[1:]
    if kind == "learner":
        return _of_learner(detail)
    if kind == "campaign" and "file" in detail:
        return _of_file(detail)
    if kind == "campaign":
        reason = f": {detail['reason']}" if detail.get("reason") else ""
        return f"{str(detail.get('state', 'changed')).capitalize()}{reason}"
    if kind == "content" and "by" in detail:
        return f"Content “{titles.get(subject, subject)}” was saved"
    if kind == "content":
        many = len(detail.get("assets", ()))
        return f"Content read from {subject}: {many} asset{'' if many == 1 else 's'}"
    if kind == "import":
        return f"Imported {subject}: {detail.get('rows', 0):,} rows"
    what = "the campaign" if kind == "campaign changed" else subject
    if "changed" not in detail:
        return f"{what.capitalize()} changed"
    changed = sorted(detail.get("changed", {}))
    if not changed:
        return f"{what.capitalize()}: first noted"
    more = f" and {len(changed) - _MOST_NAMES} more" if len(changed) > _MOST_NAMES else ""
    return f"{what.capitalize()} changed: {', '.join(changed[:_MOST_NAMES])}{more}"


def _of_file(detail: Mapping[str, Any]) -> str:
    """A campaign's file, as people made or changed it on its page: in which fields, as far as they fit."""
    names = [str(name) for name in detail.get("changed", ())]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    shown = f": {', '.join(names[:_MOST_NAMES])}{more}" if names else ""
    return f"The campaign file was {detail['file']}{shown}"


def _of_learner(detail: Mapping[str, Any]) -> str:
    if act := detail.get("act"):
        said = _ACTS.get(str(act), str(act)).format(version=detail.get("version", ""))
        return said[0].upper() + said[1:]
    return f"Learned from {detail.get('outcomes', 0):,} outcomes: version {detail.get('version', '')}"
