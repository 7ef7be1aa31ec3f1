"""Reads the content library from YAML, and says which asset and field is wrong when one is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from domain.base import Noun
from domain.content import ApprovedClaim, ContentAsset, Offer
from domain.errors import InvalidFile
from policies.mistakes import Mistake, Place, mistakes_of


def judge_asset(item: Any) -> tuple[ContentAsset | None, tuple[Mistake, ...]]:
    """Return the asset a record means, or None and every mistake in it."""
    try:
        asset = ContentAsset.model_validate(item)
    except ValidationError as error:
        return None, mistakes_of(error, None, _known_at)
    twice = {claim.id for claim in asset.claims if sum(other.id == claim.id for other in asset.claims) > 1}
    if twice:
        said = f"these claim ids stand more than once: {', '.join(sorted(twice))}"
        return None, (Mistake(place=("claims",), says=said),)
    return asset, ()


def _known_at(place: Place) -> tuple[str, ...]:
    nouns: dict[Any, type[Noun]] = {"claims": ApprovedClaim, "offer": Offer}
    return tuple(nouns.get(place[0] if len(place) > 1 else None, ContentAsset).model_fields)


def read_assets(path: Path) -> tuple[ContentAsset, ...]:
    """Read every asset of a file.

    Raises:
        InvalidFile: naming the asset, the field and the problem; nothing is taken then.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidFile(path, "there is no such file.") from None
    except IsADirectoryError:
        raise InvalidFile(path, "is a folder, not a content file.", "See docs/content.md.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidFile(path, f"is not YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(content, dict) or not isinstance(content.get("assets"), list):
        raise InvalidFile(path, "holds no content: expected a list under `assets:`.", "See docs/content.md.")
    assets, problems = [], []
    for number, item in enumerate(content["assets"], 1):
        asset, mistakes = judge_asset(item)
        if asset is not None:
            assets.append(asset)
        name = item.get("id", f"number {number}") if isinstance(item, dict) else f"number {number}"
        problems += [f"asset {name}: {mistake.in_words}" for mistake in mistakes]
    if problems:
        raise InvalidFile(path, f"{'; '.join(problems)}. Nothing was taken.")
    twice = {asset.id for asset in assets if sum(a.id == asset.id for a in assets) > 1}
    if twice:
        raise InvalidFile(
            path, f"these ids stand more than once: {', '.join(sorted(twice))}. Nothing was taken."
        )
    return tuple(assets)
