"""A learner as one small portable file: a JSON part and named arrays, of a documented, versioned schema.

Schema 6. JSON: `schema`, `actions`, `apart` (indices of actions that stand apart; schemas 1 to 4 lack it: none do),
`features`, `dyads`, `patterns`, `kind` (of patterns, `bends.py`; schemas 1 to 3 lack it: independent), `seed`,
`settings` (`prior_worth_spread` since schema 6: none before), `outcomes`, `next_fit`, `learned_until` (ISO, UTC, or
null), `in_units` (schema 1 lacks it: false), `scales` of all parts. Arrays, for each part `acts`, `worth`, `loss`:
`*.grams` (K, P(P+1)/2, upper triangles row by row), `*.moments` (K, P), `*.squares` (K,), `*.counts` (K,), `*.scatters`
(K,; where it is missing every outcome is taken to have been taught in full); besides `watch.sums`, `watch.since`
(2, K+1), `watch.told`, `watch.told_apart` and `watch.predicted` (2, bins; noughts where one is missing), `tilt` (m,),
`costs` (K,), and `action_features` (K, q) where there are any, and where outcomes were on their way `awaited.grams`
and `awaited.answers` (K, P(P+1)/2),
`awaited.counts` and `awaited.answer_counts` (K,); see `learning/bandit/pending.py`.
The newest raw outcomes (`recent`) are not part of it: they only serve a change noticed within the next 2,000 outcomes.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.bandit.bandit import Bandit, Settings
from learning.bandit.basis import Basis
from learning.bandit.belief import Belief
from learning.bandit.bends import INDEPENDENT
from learning.bandit.checks import check_arrays, check_header
from learning.bandit.pending import Pending
from learning.bandit.scales import Scales
from learning.bandit.sums import Sums

SCHEMA = 6
READ = (1, 2, 3, 4, 5, 6)
"""Schema 1 knew no units: every unit was one cent. Schemas 1 and 2 knew nothing of outcomes on their way.
Up to schema 3 patterns were waves in independent directions. Up to schema 4 silence was believed to be like messages
until its own outcomes showed otherwise. Up to schema 5 what few answers are worth was taken to differ without
bound."""

Arrays = dict[str, NDArray[Any]]


def dump(bandit: Bandit) -> tuple[dict[str, Any], Arrays]:
    """Return the JSON part and the arrays."""
    meta: dict[str, Any] = {
        "schema": SCHEMA,
        "actions": list(bandit.actions),
        "apart": list(bandit.apart),
        "features": bandit.basis.features,
        "dyads": bandit.basis.dyads,
        "patterns": bandit.basis.patterns,
        "kind": bandit.basis.kind,
        "seed": bandit.basis.seed,
        "in_units": bandit.in_units,
        "settings": asdict(bandit.settings),
        "outcomes": bandit.outcomes,
        "next_fit": bandit.next_fit,
        "learned_until": None if bandit.learned_until is None else str(bandit.learned_until),
        "scales": {name: _scales(belief.scales) for name, belief in _parts(bandit)},
    }
    arrays: Arrays = {
        "watch.sums": bandit.watch.sums,
        "watch.since": bandit.watch.since,
        "watch.told": bandit.watch.told,
        "watch.told_apart": bandit.watch.told_apart,
        "watch.predicted": bandit.watch.predicted,
        "tilt": bandit.acts.tilt,
        "costs": bandit.costs,
    }
    if bandit.action_features is not None:
        arrays["action_features"] = bandit.action_features
    upper = np.triu_indices(bandit.basis.width)
    for name, belief in _parts(bandit):
        sums = belief.sums
        arrays[f"{name}.grams"] = sums.grams[:, upper[0], upper[1]]
        arrays[f"{name}.moments"] = sums.moments
        arrays[f"{name}.squares"] = sums.squares
        arrays[f"{name}.counts"] = sums.counts
        arrays[f"{name}.scatters"] = sums.scatters
    if (awaited := bandit.awaited) is not None:
        arrays["awaited.grams"] = awaited.grams[:, upper[0], upper[1]]
        arrays["awaited.answers"] = awaited.answers[:, upper[0], upper[1]]
        arrays["awaited.counts"] = awaited.counts
        arrays["awaited.answer_counts"] = awaited.answer_counts
    return meta, arrays


def load(meta: dict[str, Any], arrays: Arrays) -> Bandit:
    """Return the learner a dump was made of.

    Raises:
        ValueError: the schema is not known, or a part is missing, of another shape than the actions and inputs take, or
            counts less than nothing.
    """
    if meta.get("schema") not in READ:
        raise ValueError(
            f"a learner of schema {meta.get('schema')!r} cannot be read; this release reads "
            f"{READ[0]} to {READ[-1]}"
        )
    try:
        return _load(meta, arrays)
    except KeyError as missing:
        raise ValueError(f"the learner's file lacks {missing}") from missing


def _load(meta: dict[str, Any], arrays: Arrays) -> Bandit:
    check_header(meta)
    kind = meta["kind"] if meta["schema"] > 3 else INDEPENDENT
    basis = Basis(meta["features"], meta["dyads"], meta["patterns"], kind=kind)
    check_arrays(arrays, len(meta["actions"]), basis)
    bandit = Bandit(
        meta["actions"],
        meta["features"],
        dyads=meta["dyads"],
        action_features=arrays.get("action_features"),
        tilt=arrays["tilt"],
        costs=arrays["costs"],
        settings=_settings(meta["settings"]),
        apart=_apart(meta["apart"]) if meta["schema"] > 4 else (),
        patterns=meta["patterns"],
        kind=kind,
        in_units=bool(meta["in_units"]) if meta["schema"] > 1 else False,
    )
    bandit.outcomes, bandit.next_fit = int(meta["outcomes"]), int(meta["next_fit"])
    until = meta["learned_until"]
    bandit.learned_until = None if until is None else np.datetime64(until, "s")
    bandit.watch.sums, bandit.watch.since = arrays["watch.sums"].copy(), arrays["watch.since"].copy()
    # Files of releases before predictions were corrected have none.
    bandit.watch.told = arrays.get("watch.told", bandit.watch.told).copy()
    bandit.watch.told_apart = arrays.get("watch.told_apart", bandit.watch.told_apart).copy()
    bandit.watch.predicted = arrays.get("watch.predicted", bandit.watch.predicted).copy()
    for name, belief in _parts(bandit):
        belief.sums = Sums(
            _square(arrays[f"{name}.grams"], bandit.basis.width),
            arrays[f"{name}.moments"].copy(),
            arrays[f"{name}.squares"].copy(),
            arrays[f"{name}.counts"].copy(),
            arrays.get(f"{name}.scatters", arrays[f"{name}.counts"]).copy(),
        )
        told = meta["scales"][name]
        belief.keep_scales(
            Scales(
                np.array(told["own"]), np.array(told["shared"]), np.array(told["kin"]), float(told["noise"])
            )
        )
    if "awaited.grams" in arrays:
        bandit.awaited = Pending(
            _square(arrays["awaited.grams"], bandit.basis.width),
            arrays["awaited.counts"].copy(),
            _square(arrays["awaited.answers"], bandit.basis.width),
            arrays["awaited.answer_counts"].copy(),
        )
    return bandit


def _settings(told: Any) -> Settings:
    known = {field.name: field.default for field in fields(Settings)}
    if not isinstance(told, dict) or not set(told) <= set(known):
        raise ValueError(f"`settings` are no settings of this release: {', '.join(known)}")
    for name, value in told.items():
        is_number = type(value) in {int, float} and bool(np.isfinite(value)) and value >= 0
        if not is_number and not (value is None and known[name] is None):
            raise ValueError(f"its setting {name} is {value!r}, which is no number of 0 or more")
    return Settings(**told)


def _apart(told: Any) -> list[int]:
    if not isinstance(told, list) or not all(type(k) is int for k in told):
        raise ValueError("`apart` is no list of indices of actions")
    return told


def _parts(bandit: Bandit) -> tuple[tuple[str, Belief], ...]:
    return (("acts", bandit.acts), ("worth", bandit.worth), ("loss", bandit.loss))


def _scales(scales: Scales) -> dict[str, Any]:
    return {
        "own": scales.own.tolist(),
        "shared": scales.shared.tolist(),
        "kin": scales.kin.tolist(),
        "noise": scales.noise,
    }


def _square(upper: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    rows, columns = np.triu_indices(width)
    full = np.zeros((len(upper), width, width))
    full[:, rows, columns] = upper
    full[:, columns, rows] = upper
    return full
