"""A usual-practice rule as a file: which asset at which stage and topic. Small on purpose; see docs/replay.md.

name: What we did last year
rows:
  - when: {stage: [mql, sql], topic: [pricing]}
    send: [demo, pricing-guide]      # the first that fits the contact
  - send: [newsletter]
slot: morning                        # left out: every slot alike
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import ValidationError

from domain.base import Noun
from domain.campaign import UsualRule, When
from domain.errors import InvalidFile
from domain.people import LifecycleStage


class Traits(Noun):
    """What a rule may ask of a contact at the moment of a decision.

    stage: None where it is not known what it was then.
    topic: what the contact did most about lately, or None.
    """

    stage: LifecycleStage | None = None
    topic: str | None = None


def read_rule(path: Path) -> UsualRule:
    """Read a rule file.

    Raises:
        InvalidFile: naming the file, the field and what is wrong.
    """
    try:
        return UsualRule.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise InvalidFile(path, "there is no such rule file.", "docs/replay.md shows one.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidFile(path, f"cannot be read as a rule file: {error}.") from None
    except yaml.YAMLError as error:
        raise InvalidFile(path, f"is not YAML: {' '.join(str(error).split())}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise InvalidFile(path, f"{place}: {first['msg']}.", "docs/replay.md shows one.") from None


def rule_probabilities(
    rule: UsualRule, traits: Sequence[Traits], allowed: NDArray[np.bool_], action_keys: Sequence[str]
) -> NDArray[np.float64]:
    """Return shape (n, K): what the rule would do; even over the slots of one asset where it names none.

    Args:
        rule: as read.
        traits: n, at the moment of each decision.
        allowed: shape (n, K).
        action_keys: K names, silence last.
    """
    chosen = np.zeros(allowed.shape)
    for row, held in enumerate(rows_held(rule, traits, allowed, action_keys)):
        if held is None:
            chosen[row, -1] = 1
        else:
            chosen[row, held.columns] = 1 / len(held.columns)
    return chosen


class Held(NamedTuple):
    """The row of a rule that decides. number: from 1. columns: of the actions it leaves open."""

    number: int
    columns: NDArray[np.int64]


def rows_held(
    rule: UsualRule, traits: Sequence[Traits], allowed: NDArray[np.bool_], action_keys: Sequence[str]
) -> list[Held | None]:
    """Return which row decides for each contact; None where none does, which is silence.

    Arguments as for `rule_probabilities`.
    """
    columns = _columns(rule, action_keys)
    return [
        next(
            (
                Held(number, possible)
                for number, line in enumerate(rule.rows, 1)
                if _holds(line.when, trait)
                for asset in line.send
                if len(possible := columns.get(asset, _NONE)[allowed[row, columns.get(asset, _NONE)]])
            ),
            None,
        )
        for row, trait in enumerate(traits)
    ]


def row_words(rule: UsualRule, trait: Traits, held: Held | None) -> str:
    """Say which row of a usual practice decided, or why none did."""
    if held is not None:
        return f"Row {held.number} of “{rule.name}” decided: the first that holds and has content that may be sent."
    stage = f"at stage {trait.stage.value}" if trait.stage else "at an unknown stage"
    topic = f"most about {trait.topic} lately" if trait.topic else "with no interest seen lately"
    return f"No row of “{rule.name}” holds and has content that may be sent: {stage}, {topic}."


_NONE = np.array([], dtype=np.int64)


def _columns(rule: UsualRule, action_keys: Sequence[str]) -> Mapping[str, NDArray[np.int64]]:
    """Columns of each asset's actions, in the rule's slot if it names one."""
    found: dict[str, list[int]] = {}
    for column, key in enumerate(action_keys[:-1]):
        asset, _, slot = key.split("|")
        if rule.slot is None or slot == rule.slot.value:
            found.setdefault(asset, []).append(column)
    return {asset: np.array(columns, dtype=np.int64) for asset, columns in found.items()}


def _holds(when: When, trait: Traits) -> bool:
    return (not when.stage or trait.stage in when.stage) and (not when.topic or trait.topic in when.topic)
