"""Which past decisions taught a value, told as what was done to whom and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.backfill import PAST_WEIGHT
from app.curriculum import Lesson
from app.outcomes import DecisionReward, rewards_of
from app.reasons import name_of
from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.decision import Action
from domain.errors import NotFound
from domain.why import PastLesson, Tried
from learning.bandit import Bandit
from learning.bandit.influence import on_value, remembered

if TYPE_CHECKING:
    from app.wiring import House

Floats = NDArray[np.float64]

MOST_FOR, MOST_AGAINST = 3, 2
LEAST_SHARE = 1e-4
"""An outcome that moved the value by less than this share of it is not worth naming."""

CAME = {
    "email_clicked": "clicked",
    "page_viewed": "visited our pages",
    "form_submitted": "filled in a form",
    "content_downloaded": "downloaded content",
    "webinar_attended": "attended a webinar",
    "trial_started": "started a trial",
    "product_used": "used the product",
    "reply": "replied",
    "mql": "became an MQL",
    "meeting": "met us",
    "sql": "became an SQL",
    "opportunity": "became an opportunity",
    "won": "bought",
    "renewed": "renewed",
    "deal_lost": "a deal was lost",
    "customer_lost": "left as a customer",
    "harm": "unsubscribed or complained",
}
"""Signs as a sentence about the contact says them."""

NOTHING = "nothing came of it"


def lessons_of(
    house: House,
    campaign: Campaign,
    made_at: datetime,
    lesson: Lesson,
    bandit: Bandit,
    x: Floats,
    fits: Floats,
    action: int,
    unit: float | None,
    assets: Mapping[str, ContentAsset],
) -> list[PastLesson]:
    """Return the decisions that raised a value most, then those that lowered it most.

    Args:
        house: tells contacts' names, and what came of decisions.
        campaign: whose. made_at: when the learner was taught. lesson: what it was taught.
        bandit: the learner. x: shape (d,). fits: shape (m,), of `action`. action: index.
        unit: cents a unit of this contact, None where the learner is not in units. assets: by id.
    """
    if not bandit.outcomes:
        return []
    cents = moved_by(bandit, lesson, x, fits, action, unit)
    phi = bandit.basis.with_dyads(bandit.basis.inputs(x[None]), fits[None])[0]
    rate, worth = phi @ bandit.acts.coefficients_of(action), phi @ bandit.worth.coefficients_of(action)
    least = LEAST_SHARE * abs(float(rate * worth)) * bandit.settings.prior_worth * (unit or 1.0)
    order = np.argsort(cents, kind="stable")
    best = [i for i in order[::-1][:MOST_FOR].tolist() if cents[i] > least]
    worst = [i for i in order[:MOST_AGAINST].tolist() if cents[i] < -least]
    if not (best or worst):
        return []
    came = {one.decision_id: one for one in rewards_of(house, campaign, made_at)}
    return [_past(house, lesson, i, came, float(cents[i]), assets) for i in (*best, *worst)]


def moved_by(
    bandit: Bandit, lesson: Lesson, x: Floats, fits: Floats, action: int, unit: float | None
) -> Floats:
    """Return shape (n,), cents: by how much each of the lesson's outcomes moved the value of `action`.

    0 for outcomes of actions the learner does not know. x: shape (d,). fits: shape (m,), of `action`.
    unit: cents a unit of the contact asked about, None where the learner is not in units.
    """
    place = {key: i for i, key in enumerate(bandit.actions)}
    keys = [one.key for one in lesson.table.actions]
    rows = np.array([i for i, k in enumerate(lesson.taken.tolist()) if keys[k] in place], dtype=np.int64)
    found = np.zeros(len(lesson.taken))
    if not len(rows):
        return found
    taken = np.array([place[keys[k]] for k in lesson.taken[rows].tolist()], dtype=np.int64)
    inputs = bandit.basis.with_dyads(bandit.basis.inputs(lesson.x[rows]), lesson.own_fits[rows])
    phi = bandit.basis.with_dyads(bandit.basis.inputs(x[None]), fits[None])[0]
    weights = remembered(bandit, taken, lesson.at[rows], np.where(rows < lesson.past, PAST_WEIGHT, 1.0))
    units = lesson.units[rows] if bandit.in_units else None
    gains = lesson.gains[rows]
    acted = lesson.acted[rows]
    found[rows] = on_value(bandit, inputs, taken, gains, weights, phi, action, units, unit, acted)
    return found


def _past(
    house: House,
    lesson: Lesson,
    row: int,
    came: Mapping[str, DecisionReward],
    cents: float,
    assets: Mapping[str, ContentAsset],
) -> PastLesson:
    try:
        name = house.crm.contact(lesson.contact_ids[row]).name
    except NotFound:
        name = "someone erased since"
    decision_id = lesson.decision_ids[row]
    reward = came.get(decision_id)
    parts = reward.parts if reward else ()
    # Of what was not answered, what came besides taught nothing.
    told = [part.what for part in parts if part.what == "harm" or (part.what != "cost" and lesson.acted[row])]
    signs = dict.fromkeys(CAME.get(what, what) for what in told)
    said = " and ".join(signs) or ("answered" if lesson.acted[row] else NOTHING)
    return PastLesson(
        decision_id=decision_id,
        contact_name=name,
        at=lesson.at[row].astype("datetime64[s]").item().replace(tzinfo=UTC),
        name=name_of(lesson.table.actions[int(lesson.taken[row])], assets),
        came_of_it=said,
        cents=cents,
    )


def tried_of(lesson: Lesson, action: Action, assets: Mapping[str, ContentAsset]) -> tuple[Tried, ...]:
    """Return how often what was chosen had been tried, and its kin: content of its kind or of a topic of it."""
    if action.asset_id is None:
        return (_tried(lesson, "silence", lambda one: one.is_silence),)
    asset = assets[action.asset_id]
    kin = {
        other.id
        for other in assets.values()
        if other.id != asset.id and (other.kind is asset.kind or set(other.topics) & set(asset.topics))
    }
    return (
        _tried(lesson, f"“{asset.title}”", lambda one: one.asset_id == asset.id),
        _tried(lesson, "its kin (same kind, or a topic in common)", lambda one: one.asset_id in kin),
    )


def _tried(lesson: Lesson, what: str, counts: Callable[[Action], bool]) -> Tried:
    of_action = np.array([counts(action) for action in lesson.table.actions])
    rows = of_action[lesson.taken] if len(lesson.taken) else np.zeros(0, dtype=bool)
    return Tried(what=what, times=int(rows.sum()), led_to_something=int(lesson.acted[rows].sum()))
