"""What a learner's file has to hold before a learner is made of it: each mistake in one clear line.

Sums may lie a rounding below zero, because outcomes that were corrected were taken out of them again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.bandit.basis import Basis
from learning.bandit.drift import BINS

PARTS = ("acts", "worth", "loss")
ROUNDING = 1e-6
"""As part of the largest of them, how far below zero a sum may lie."""
_BLOCKS = (4,)


def check_header(meta: dict[str, Any]) -> None:
    """Refuse a JSON part whose numbers cannot be.

    Raises:
        KeyError: one is missing.
        ValueError: which is wrong, and what it should be.
    """
    actions = meta["actions"]
    if not isinstance(actions, list) or not all(isinstance(name, str) for name in actions):
        raise ValueError("its `actions` are no list of names")
    if not actions or len(set(actions)) < len(actions):
        raise ValueError(f"its {len(actions):,} actions are none, or one is named twice")
    for name in ("features", "dyads", "patterns", "outcomes", "next_fit"):
        told = meta[name]
        if type(told) is not int or told < 0:
            raise ValueError(f"its `{name}` are {told!r}, which is no whole number of 0 or more")
    for name in PARTS:
        _check_scales(name, meta["scales"][name])


def check_arrays(arrays: dict[str, NDArray[Any]], actions: int, basis: Basis) -> None:
    """Refuse arrays that do not fit the actions and inputs, and counts that count nothing.

    Args:
        arrays: as `state.dump` returns them.
        actions: K.
        basis: the inputs, P in all, of them m dyads.

    Raises:
        KeyError: one is missing.
        ValueError: which is wrong, and what it should be.
    """
    k, p, m = actions, basis.width, basis.dyads
    upper, bins = (k, p * (p + 1) // 2), (2, len(BINS) + 1)
    shapes: dict[str, tuple[int, ...]] = {"tilt": (m,), "costs": (k,)}
    shapes |= {"watch.sums": (2, k + 1), "watch.since": (2, k + 1)}
    for name in PARTS:
        shapes |= {f"{name}.grams": upper, f"{name}.moments": (k, p)}
        shapes |= {f"{name}.squares": (k,), f"{name}.counts": (k,)}
    if "awaited.grams" in arrays:
        shapes |= {"awaited.grams": upper, "awaited.answers": upper}
        shapes |= {"awaited.counts": (k,), "awaited.answer_counts": (k,)}
    # Not in files of earlier releases.
    later = {f"watch.{name}": bins for name in ("told", "told_apart", "predicted")} | {
        f"{name}.scatters": (k,) for name in PARTS
    }
    for name, shape in {**shapes, **{name: later[name] for name in later if name in arrays}}.items():
        _check_shape(name, arrays[name], shape, k, p)
    if "action_features" in arrays:
        kin = arrays["action_features"]
        _check_shape("action_features", kin, (k, *kin.shape[1:2]), k, p)
    for name, part in arrays.items():
        if name.rpartition(".")[2] in {
            "counts",
            "answer_counts",
            "scatters",
            "squares",
            "told",
            "told_apart",
            "predicted",
        }:
            _check_counts(name, part)


def _check_shape(name: str, part: NDArray[Any], shape: tuple[int, ...], actions: int, inputs: int) -> None:
    if part.dtype.kind not in "fiu":
        raise ValueError(f"its {name} are no numbers")
    if part.shape != shape:
        has, takes = ("×".join(map(str, one)) or "one" for one in (part.shape, shape))
        raise ValueError(
            f"its {name} are {has} numbers, where {actions:,} actions and {inputs:,} inputs take {takes}"
        )


def _check_counts(name: str, part: NDArray[Any]) -> None:
    if not np.isfinite(part).all():
        raise ValueError(f"its {name} hold a number that is not finite")
    if (part < -ROUNDING * max(1.0, float(np.abs(part).max(initial=0)))).any():
        raise ValueError(f"its {name} hold {part.min():g}, and nothing is counted below 0")


def _check_scales(name: str, told: Any) -> None:
    for block in ("own", "shared", "kin"):
        scale = np.asarray(told[block], dtype=np.float64)
        if scale.shape != _BLOCKS or not np.isfinite(scale).all() or (scale < 0).any():
            raise ValueError(f"its scales of {name}: `{block}` are not 4 numbers of 0 or more")
    if not (isinstance(told["noise"], int | float) and np.isfinite(told["noise"]) and told["noise"] >= 0):
        raise ValueError(
            f"its scales of {name}: `noise` is {told['noise']!r}, which is no number of 0 or more"
        )
