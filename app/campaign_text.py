"""Campaign files as text: a new one with a word on each part, a changed one with its writer's comments kept.

A form must not cost a team the comments in its files, so a change replaces only the values that changed. What
comes out is read again: where it does not mean what was asked for, the file is written anew instead.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import yaml

from app.campaign_file import judge_campaign
from domain.campaign import Campaign

_NOTES = {
    "id": "Lower case, digits and dashes; the same id is the same campaign.",
    "goal": "The outcome wanted, what one is worth to us (in cents), and how long after a message it still counts.",
    "audience": "Everyone for whom all of these hold and none of those does.",
    "assets": "What may be sent; empty means the whole active library.",
    "slots": "When, in the recipient's own zone.",
    "caps": "Bounds of one run.",
    "daily": "Bounds of one day, over all runs.",
    "holdout_share": "So many get nothing, so that lift can be measured.",
    "autonomy": "How much goes without a person: shadow, assist, guarded, autopilot.",
    "schedule": "When it runs by itself: minute, hour, day of month, month, day of week.",
}

_ALWAYS = ("id", "name", "goal", "audience", "assets", "slots", "holdout_share", "autonomy", "brief")
_ALWAYS_OF_GOAL = ("outcome", "worth_cents", "currency", "window_days")
"""Written even where they say the default: a reader looks for them."""


def written(campaign: Campaign) -> str:
    """The text of a new campaign file."""
    whole, told = _record(campaign), campaign.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    lines: list[str] = []
    for name in whole:
        if name not in told and name not in _ALWAYS:
            continue
        value = told.get(name, whole[name])
        if name == "goal":
            value = {
                part: whole[name][part] for part in whole[name] if part in value or part in _ALWAYS_OF_GOAL
            }
        if name in _NOTES:
            lines.append(f"# {_NOTES[name]}")
        lines += _block(name, value, "")
    return "\n".join(lines) + "\n"


def rewritten(text: str, campaign: Campaign) -> str:
    """The text changed so that it means `campaign`; what need not change, comments among it, stays as it stands.

    Args:
        text: a campaign file that can be read.
        campaign: what it is to mean.
    """
    before, _ = judge_campaign(text)
    tree = yaml.compose(text, Loader=yaml.SafeLoader)
    if before is None or not isinstance(tree, yaml.MappingNode) or tree.flow_style:
        return written(campaign)
    told = campaign.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    edits = _edits(tree, _record(before), _record(campaign), told, "")
    changed = text if text.endswith("\n") else text + "\n"
    for start, end, words in sorted(edits, reverse=True):
        changed = changed[:start] + words + changed[end:]
    return changed if judge_campaign(changed)[0] == campaign else written(campaign)


def difference(before: str, after: str, name: str) -> tuple[str, ...]:
    """The lines of a unified diff of a file; empty where nothing changes."""
    return tuple(
        line.rstrip("\n")
        for line in difflib.unified_diff(
            before.splitlines(), after.splitlines(), f"{name} as it is", f"{name} as it would be", lineterm=""
        )
    )


def _record(campaign: Campaign) -> dict[str, Any]:
    record: dict[str, Any] = campaign.model_dump(mode="json", by_alias=True)
    for part in ("all", "none"):
        record["audience"][part] = [_without_gaps(one) for one in record["audience"][part]]
    return record


_Edit = tuple[int, int, str]
"""From index, up to index, what stands there instead."""


def _edits(
    node: yaml.MappingNode,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    told: Mapping[str, Any],
    indent: str,
) -> list[_Edit]:
    values = {key.value: (key, value) for key, value in node.value}
    edits: list[_Edit] = []
    missing: list[str] = []
    for name, wanted in after.items():
        if before.get(name) == wanted:
            continue
        if name not in values:
            missing += _block(name, _without_gaps(told.get(name, wanted)), indent)
            continue
        key, value = values[name]
        is_block = isinstance(value, yaml.MappingNode) and not value.flow_style and value.value
        if is_block and isinstance(wanted, dict) and isinstance(before.get(name), dict):
            inner = " " * value.value[0][0].start_mark.column
            edits += _edits(value, before[name], wanted, told.get(name, {}), inner)
        elif isinstance(value, yaml.ScalarNode) and not isinstance(wanted, dict | list):
            words = _inline(wanted)
            edits.append(
                (value.start_mark.index, value.end_mark.index, words if value.value else f" {words}")
            )
        else:
            block = "\n".join(_block(name, _without_gaps(told.get(name, wanted)), indent))
            edits.append((key.start_mark.index, _end(value), block.removeprefix(indent)))
    if missing:
        last = _end(node)
        edits.append((last, last, "".join(f"\n{line}" for line in missing)))
    return edits


def _end(node: yaml.Node) -> int:
    """Where the last word of a node ends; a block's own end mark lies behind the comments that follow it."""
    if not isinstance(node, yaml.CollectionNode) or not node.value or node.flow_style:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _block(name: str, value: Any, indent: str) -> list[str]:
    """A field in block style; lists of conditions one a line, everything small on one line."""
    if isinstance(value, dict) and value:
        if name == "audience" or any(isinstance(part, dict) for part in value.values()):
            inner = [line for key, part in value.items() for line in _block(key, part, f"{indent}  ")]
            return [f"{indent}{name}:", *inner]
        lines = [f"{indent}  {key}: {_inline(part)}" for key, part in value.items()]
        return [f"{indent}{name}:", *lines]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [f"{indent}{name}:", *(f"{indent}  - {_inline(part)}" for part in value)]
    return [f"{indent}{name}: {_inline(value)}"]


def _inline(value: Any) -> str:
    """A value on one line, as YAML reads it back."""
    dumped = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1_000_000
    )
    return dumped.removesuffix("\n...\n").strip("\n")


def _without_gaps(value: Any) -> Any:
    """A record without what is not said: no nulls, no empty parts."""
    if isinstance(value, dict):
        return {key: part for key, part in value.items() if part not in (None, {}, [])}
    return value
