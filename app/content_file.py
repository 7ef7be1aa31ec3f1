"""Reads the content library from YAML, and says which asset and field is wrong when one is."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from domain.content import ContentAsset
from domain.errors import InvalidFile


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
    assets = []
    for number, item in enumerate(content["assets"], 1):
        try:
            assets.append(ContentAsset.model_validate(item))
        except ValidationError as error:
            problem = error.errors()[0]
            place = ".".join(str(part) for part in problem["loc"])
            name = item.get("id", f"number {number}") if isinstance(item, dict) else f"number {number}"
            raise InvalidFile(path, f"asset {name}: {place}: {problem['msg']}. Nothing was taken.") from None
    twice = {asset.id for asset in assets if sum(a.id == asset.id for a in assets) > 1}
    if twice:
        raise InvalidFile(
            path, f"these ids stand more than once: {', '.join(sorted(twice))}. Nothing was taken."
        )
    return tuple(assets)
