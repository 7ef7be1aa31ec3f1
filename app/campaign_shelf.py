"""The campaign files of a workspace: read kindly, written whole or not at all, never over somebody else's change.

A campaign that is new, or other than it was, does not run until somebody says go live: it is paused before the
file is put in place.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from app.campaign_file import MOST_BYTES, judge_campaign
from app.steering import pause
from app.wiring import House
from domain.base import Noun
from domain.campaign import Autonomy, Campaign
from domain.errors import AttuneError, InvalidFile, NotFound, WorkspaceBusy
from policies.mistakes import Mistake

NOT_LIVE_YET = "new; not live yet"
CHANGED = "the campaign was changed; not live yet"

RESERVED = frozenset({"new"})
"""Ids whose pages would be others'."""

MOST_ID_CHARS = 40

HOW_FREE = (Autonomy.SHADOW, Autonomy.ASSIST, Autonomy.GUARDED, Autonomy.AUTOPILOT)
"""From nothing alone to nearly all."""

FREE_FOR_ALL = Autonomy.ASSIST
"""So much autonomy whoever writes campaigns may give; more is an admin's to give."""


class CampaignText(Noun):
    """One campaign file: its words, and what they mean or what is wrong with them."""

    file: str
    text: str
    sha256: str
    campaign: Campaign | None
    mistakes: tuple[Mistake, ...] = ()

    @property
    def key(self) -> str:
        """What its page is called: the campaign's id, or the file's name where it has none that can be read."""
        return self.campaign.id if self.campaign else Path(self.file).stem

    @property
    def autonomy(self) -> Autonomy | None:
        """How much goes without a person by this file, also where something else in it cannot be read."""
        if self.campaign is not None:
            return self.campaign.autonomy
        with contextlib.suppress(yaml.YAMLError, ValueError, AttributeError):
            return Autonomy(yaml.safe_load(self.text).get("autonomy"))
        return None

    def require(self, asset_ids: Sequence[str]) -> Campaign:
        """Return the campaign, whose content is all in the library. Raises `InvalidFile`."""
        campaign, mistakes = judge_campaign(self.text, asset_ids)
        if campaign is None:
            raise InvalidFile(
                self.file, " ".join(f"{mistake.in_words}." for mistake in mistakes or self.mistakes)
            )
        return campaign


class NeverRan(AttuneError):
    """What came of a campaign was asked for that has a file here and has not run yet."""

    def __init__(self, campaign_id: str) -> None:
        super().__init__(
            f"Campaign {campaign_id!r} has not run yet, so nothing was decided. "
            f"Run it: `attune run {campaign_id}`."
        )


class CampaignNotSaved(AttuneError):
    """A campaign was not saved; nothing was changed."""


class FileChanged(CampaignNotSaved):
    """Somebody changed the file after this change was begun; `theirs` is the difference they made."""

    def __init__(self, file: str, now: str) -> None:
        super().__init__(
            f"{file} was changed by somebody else meanwhile. Nothing was saved. "
            "Look at what it says now, and make your change again on top of it."
        )
        self.now = now


def campaign_texts(house: House) -> Iterator[CampaignText]:
    """Yield every campaign file of the workspace, by name."""
    for path in sorted(house.workspace.campaigns.glob("*.y*ml")):
        yield _read(path)


def campaign_text(house: House, key: str) -> CampaignText:
    """Return the file of a campaign by its id, or by the file's name.

    Raises:
        NotFound: there is none.
    """
    found = {text.key: text for text in reversed(list(campaign_texts(house)))}
    if key not in found:
        by_name = {Path(text.file).stem: text for text in found.values()}
        if key not in by_name:
            raise NotFound("campaign file", key, "See `attune campaign list`.")
        return by_name[key]
    return found[key]


def ran(house: House, named: str) -> Campaign:
    """Return a campaign as it was last run, by its id or its file's name.

    Raises:
        NeverRan: there is only a file of it.
        NotFound: there is neither.
    """
    try:
        return house.crm.campaign(named)
    except NotFound:
        keys = {name: text.key for text in campaign_texts(house) for name in (Path(text.file).stem, text.key)}
        if named not in keys:
            raise
    try:
        return house.crm.campaign(keys[named])
    except NotFound:
        raise NeverRan(keys[named]) from None


def save_new(house: House, text: str, by: str, *, may_widen: bool) -> CampaignText:
    """Put a new campaign's file in place, paused until it goes live.

    Raises:
        CampaignNotSaved: it cannot be read, its id is taken, or it has more autonomy than `by` may give.
    """
    campaign = _meant(house, text)
    _refuse_wider(None, campaign, may_widen)
    path = house.workspace.campaigns / f"{campaign.id}.yaml"
    with _alone(house):
        if campaign.id in RESERVED:
            raise CampaignNotSaved(f"{campaign.id!r} is no id for a campaign. Nothing was saved.")
        for other in campaign_texts(house):
            if other.key == campaign.id or other.file == path.name:
                raise CampaignNotSaved(
                    f"There is a campaign {campaign.id!r} already ({other.file}). Nothing was saved. "
                    "Give this one another id."
                )
        pause(house, campaign.id, by, NOT_LIVE_YET, is_ours=True)
        _put(path, text, is_new=True)
        _note(house, campaign.id, "created", by, text)
    return _read(path)


def save_changed(
    house: House, key: str, text: str, base_sha256: str, by: str, *, may_widen: bool, stays_live: bool = False
) -> CampaignText:
    """Put a changed campaign's file in place of what it was.

    Args:
        house: the opened workspace.
        key: the campaign's id, or its file's name.
        text: the whole new text.
        base_sha256: of the text the change was made on.
        by: who changes it.
        may_widen: whether `by` may give more autonomy than it has.
        stays_live: leave the campaign's standing as it is; else it is paused until somebody says go live.

    Raises:
        FileChanged: the file is another than the change was made on.
        CampaignNotSaved: the text cannot be read, its id is another, or it has more autonomy than `by` may give.
        NotFound: there is no such file.
    """
    campaign = _meant(house, text)
    with _alone(house):
        before = campaign_text(house, key)
        if before.sha256 != base_sha256:
            raise FileChanged(before.file, before.text)
        if before.text == text:
            return before
        if before.campaign is not None and before.campaign.id != campaign.id:
            raise CampaignNotSaved(
                f"The id of {before.campaign.id!r} cannot become {campaign.id!r}: all that was decided and learned "
                "belongs to it. Nothing was saved. Make a new campaign instead."
            )
        _refuse_wider(before.autonomy, campaign, may_widen)
        if not stays_live:
            pause(house, campaign.id, by, CHANGED, is_ours=True)
        _put(house.workspace.campaigns / before.file, text, is_new=False)
        _note(house, campaign.id, "changed", by, text, _differ_in(before.campaign, campaign))
    return _read(house.workspace.campaigns / before.file)


def free_id(house: House, name: str) -> str:
    """An id made of a name's words that no campaign has yet."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "campaign"
    while len(words) > MOST_ID_CHARS:
        words = words[:MOST_ID_CHARS].rpartition("-")[0] or words[:MOST_ID_CHARS]
    taken = {text.key for text in campaign_texts(house)} | set(house.controls.standings()) | RESERVED
    number = 2
    chosen = words
    while chosen in taken:
        chosen, number = f"{words}-{number}", number + 1
    return chosen


def is_wider(had: Autonomy | None, after: Campaign) -> bool:
    """Tell whether a change gives a campaign autonomy that only an admin gives."""
    least = HOW_FREE.index(FREE_FOR_ALL)
    return HOW_FREE.index(after.autonomy) > max(HOW_FREE.index(had) if had else least, least)


def _refuse_wider(had: Autonomy | None, after: Campaign, may_widen: bool) -> None:
    if is_wider(had, after) and not may_widen:
        raise CampaignNotSaved(
            f"Autonomy {after.autonomy.value} lets messages go without a person; an admin decides that. "
            f"Nothing was saved. Save it with {(had or FREE_FOR_ALL).value}, "
            "then ask an admin to widen it."
        )


def _meant(house: House, text: str) -> Campaign:
    campaign, mistakes = judge_campaign(text, [asset.id for asset in house.crm.assets()])
    if campaign is None:
        said = " ".join(f"{mistake.in_words}." for mistake in mistakes)
        raise CampaignNotSaved(f"This is no campaign yet. {said} Nothing was saved.")
    return campaign


@contextlib.contextmanager
def _alone(house: House) -> Iterator[None]:
    with house.workspace.writing_campaigns() as is_ours:
        if not is_ours:
            raise WorkspaceBusy(
                "Somebody else saves a campaign this very moment. Nothing was saved. Try again."
            )
        yield


def _read(path: Path) -> CampaignText:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InvalidFile(path, "is too long.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, InvalidFile) as error:
        said = f"cannot be read as a campaign file ({getattr(error, 'strerror', None) or 'it is no text'})"
        return CampaignText(
            file=path.name, text="", sha256=_sha256(""), campaign=None, mistakes=(Mistake(says=said),)
        )
    campaign, mistakes = judge_campaign(text)
    return CampaignText(file=path.name, text=text, sha256=_sha256(text), campaign=campaign, mistakes=mistakes)


def _put(path: Path, text: str, *, is_new: bool) -> None:
    """Write a file beside and move it in place: whoever reads sees the old words or the new, never half of them."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        if is_new:
            # Fails where the name is taken, which a move would overwrite.
            os.link(beside, path)
        else:
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _note(
    house: House, campaign_id: str, act: str, by: str, text: str, changed: tuple[str, ...] = ()
) -> None:
    told = {"file": act, "by": by, "sha256": _sha256(text)}
    # Names of fields only: a brief or an audience may name a person, and no erasure reaches the chain.
    house.audit.append("campaign", campaign_id, {**told, "changed": list(changed)} if changed else told)


def _differ_in(before: Campaign | None, after: Campaign) -> tuple[str, ...]:
    """The fields in which a campaign is another than it was; none where it could not be read before."""
    was, now = {} if before is None else before.model_dump(mode="json"), after.model_dump(mode="json")
    return tuple(name for name in now if was and was.get(name) != now[name])


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
