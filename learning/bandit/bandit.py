"""The bandit: which of the allowed actions is worth most for this contact, learned from every outcome.

Two parts: how likely it is that anything good comes of an action, and what it is worth when it does (rare, skewed
rewards are best modelled so); where outcomes can also be losses, a third part says how much is lost on average. All
are hierarchical regressions over all actions (`belief`) whose scales are learned from the data (`fitting`). State is
sums (`sums`), so learners merge, correct and forget exactly.

What an answer is worth may differ a hundredfold between contacts for reasons known before anything is decided (their
stage, the size of their account). Then rewards are measured in units: cents a unit, one number a contact, given with
every question and every outcome. What is learned is how many units come of an action; values are told in cents.

Over 400 lines on purpose: choosing and learning share one state, and every step of both is read here in order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from domain.learner import Choice
from learning.bandit.basis import Basis
from learning.bandit.belief import Belief
from learning.bandit.bends import ORTHOGONAL, cosines
from learning.bandit.drift import Alarm, Watch
from learning.bandit.fitting import fit
from learning.bandit.kin import loadings_of
from learning.bandit.odds import chances, draw
from learning.bandit.pending import Pending
from learning.bandit.recent import Recent
from learning.bandit.scoring import Plane, blocks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIRST_FIT = 30
FIT_GROWTH = 1.5
FIT_STEPS = 4
SETTLE_STEPS = 80
"""Scales are fitted again whenever half as many outcomes again are known; `settle` fits them to the end."""

FEW_ANSWERS = 5.0
"""Before so many answers and so many silences are known, scales stay as they start. The likeliest reading of thirty
outcomes of one kind is that nothing depends on anything, and who believes that never asks again."""

STILL_TELLS = 2.0
"""Standard errors by which expectation and outcome must go together for the past to be of use after a shift."""

KEPT_AT_NEW_LEVEL = 0.7
"""What is then kept of it."""

FEW_ROWS = 16
"""For so many contacts, getting ready for a whole audience costs more than looking at each alone."""

EXPECT_ROWS = 512
"""Of a batch about to be decided on so many rows, evenly spaced, are looked at to see what it will tell."""

FADE_DAYS = 0.25
"""Forgetting with time is applied in steps of this length, so that a stream of single outcomes stays fast."""


@dataclass(frozen=True)
class Settings:
    """What is not learned. One default for everything.

    boldness: how many standard deviations of doubt count when actions are compared; 1 is Thompson's rule.
    floor: in [0.01, 1], share of the mass spread evenly over allowed actions.
    prior_rate: in (0, 1), how often anything comes of an action, before data.
    prior_worth: cents, what it is worth then, before data; also the measure the worth is modelled in. Of a learner in
        units it is so many units.
    prior_spread: how much response rates are taken to differ between actions and contacts, as a standard deviation
        of one coefficient, before data; None for as much as outcomes themselves vary.
    prior_worth_spread: how much the worth of an answer is taken to differ between actions and contacts, as a standard
        deviation of one coefficient, as a share of `prior_worth`, while few answers are known; None for no such bound.
    half_life_days: after so long an outcome counts half.
    kept_on_alarm: in [0, 1], what is kept of the past when the market shifted.
    """

    boldness: float = 0.25
    floor: float = 0.01
    prior_rate: float = 0.1
    prior_worth: float = 1.0
    prior_spread: float | None = None
    prior_worth_spread: float | None = None
    half_life_days: float = 365.0
    kept_on_alarm: float = 0.05


class Bandit:
    """Chooses for a whole audience or for one contact, and learns from what came of it."""

    def __init__(
        self,
        actions: Sequence[str],
        features: int,
        *,
        dyads: int = 0,
        action_features: Floats | None = None,
        tilt: Floats | None = None,
        costs: Floats | None = None,
        settings: Settings | None = None,
        apart: Sequence[int] = (),
        patterns: int | None = None,
        kind: str = ORTHOGONAL,
        in_units: bool = False,
    ) -> None:
        """Begin knowing nothing.

        Args:
            actions: K names.
            features: d, features about one in size each.
            dyads: m, numbers that say how an action fits a contact.
            action_features: shape (K, q), what actions are like: a new one starts from what its kin showed.
            tilt: shape (m,), what dyads are taken to be worth before data, in units of the response rate.
            costs: shape (K,), cents, what taking an action costs in any case; rewards are given without it.
            settings: what is not learned.
            apart: indices of actions that are not like the others, such as to do nothing. They share nothing with them,
                and before data nothing is taken to come of them.
            patterns: how many patterns the basis has, or None for what suits so many features (`Basis.of`).
            kind: what they are, where they are counted.
            in_units: whether every question and outcome comes with cents a unit; else a unit is one cent for all.
        """
        self.actions = tuple(actions)
        self.in_units = in_units
        self.settings = settings or Settings()
        if patterns is None:
            self.basis = Basis.of(len(self.actions), features, dyads)
        else:
            self.basis = Basis(features, dyads, patterns, kind=kind)
        self.action_features = action_features
        self.costs = np.zeros(len(self.actions)) if costs is None else costs
        self.apart = tuple(sorted(int(k) for k in apart))
        if len(set(self.apart)) < len(self.apart) or not set(self.apart) <= set(range(len(self.actions))):
            raise ValueError(
                f"who stands apart is told by {list(self.apart)}; these are no {len(self.actions)} actions' indices"
            )
        loadings = loadings_of(len(self.actions), action_features, self.apart)
        rate, spread = self.settings.prior_rate, self.settings.prior_spread
        self.acts = Belief(self.basis, loadings, rate, tilt, spread, prior_apart=0.0)
        self.worth = Belief(self.basis, loadings, 1.0, spread_while_few=self.settings.prior_worth_spread)
        self.loss = Belief(self.basis, loadings, 0.0)
        self.watch = Watch.over(len(self.actions), self.apart)
        self.recent, self.recent_apart = Recent(), Recent()
        self.alarms: list[Alarm] = []
        self._awaited: Pending | None = None
        self._batch: Pending | None = None
        self.outcomes = 0
        self.learned_until: np.datetime64 | None = None
        self.next_fit = FIRST_FIT

    @property
    def version(self) -> str:
        """Names what is believed: the number of outcomes learned from and a hash of the sums; 2 is in units."""
        digest = hashlib.sha256()
        for belief in self.beliefs:
            digest.update(belief.sums.moments.tobytes())
            digest.update(belief.sums.squares.tobytes())
        if self.apart:
            digest.update(np.array(self.apart, dtype=np.int64).tobytes())
        if self._awaited is not None:
            self._awaited.tell(digest)
        return f"bandit-{1 + self.in_units}({self.outcomes}:{digest.hexdigest()[:10]})"

    @property
    def loses(self) -> bool:
        """Tell whether a loss was ever seen; until then there is no third part."""
        return bool(self.loss.sums.squares.any())

    @property
    def beliefs(self) -> tuple[Belief, ...]:
        """The parts that are in use."""
        return (self.acts, self.worth, self.loss) if self.loses else (self.acts, self.worth)

    # Choosing ------------------------------------------------------------------------------------------------

    def choose(
        self,
        features: Floats,
        allowed: NDArray[np.bool_],
        dyads: Floats | None = None,
        seed: int = 0,
        units: Floats | None = None,
    ) -> Choice:
        """Draw one allowed action a row.

        Args:
            features: shape (n, d). allowed: shape (n, K), at least one True a row.
            dyads: shape (n, K, m), or None where there are none.
            seed: reproduces the draw.
            units: shape (n,), cents a unit, > 0, known before the draw; of a learner in units only.

        Raises:
            ValueError: if shapes do not agree, a number is not finite, units are missing or not asked for, or a row
                allows nothing.
        """
        self._check(features, allowed, dyads)
        values, spreads = self.values(features, dyads, units)
        doubts = self.values(features, dyads, units, is_ahead=True)[1] if self._is_ahead else spreads
        probabilities = chances(values, doubts * self.settings.boldness, allowed, self.settings.floor)
        actions = draw(probabilities, seed)
        return Choice(
            actions=actions,
            propensities=probabilities[np.arange(len(actions)), actions],
            probabilities=probabilities,
            values=values,
            uncertainties=spreads,
            doubts=doubts,
        )

    def values(
        self,
        features: Floats,
        dyads: Floats | None = None,
        units: Floats | None = None,
        *,
        is_ahead: bool = False,
    ) -> tuple[Floats, Floats]:
        """Return expected worth and its standard deviation in cents, shape (n, K) each; see `choose`.

        is_ahead: whether the deviation is what it will be once outcomes on their way are known.
        """
        cents = self.cents_of(units, len(features))
        looked = self.parts(features, dyads, is_ahead=is_ahead)
        (rate, rate_var), (worth, worth_var) = looked[:2]
        value = rate * worth
        variance = rate**2 * worth_var + worth**2 * rate_var + rate_var * worth_var
        for loss, loss_var in looked[2:]:
            value, variance = value + loss, variance + loss_var
        scale = self.settings.prior_worth if cents is None else self.settings.prior_worth * cents[:, None]
        return value * scale - self.costs, np.sqrt(variance) * scale

    def score(self, features: Floats, dyads: Floats | None = None, units: Floats | None = None) -> Floats:
        """Return expected worth in cents, shape (n, K), and no doubt with it: many times faster than `values`.

        Single precision: equal to `values` within 1e-5 of the largest value.
        """
        cents = self.cents_of(units, len(features))
        both = np.vstack([self.acts.coefficients(), self.worth.coefficients()])
        both[: len(self.actions)] *= self.settings.prior_worth
        found = Plane(self.basis, both).products(features, dyads)
        if self.loses:
            one = np.zeros((len(self.actions), self.basis.width))
            one[:, 0] = self.settings.prior_worth
            found += Plane(self.basis, np.vstack([self.loss.coefficients(), one])).products(features, dyads)
        if cents is not None:
            found *= cents[:, None]
        found -= self.costs
        return found

    def parts(
        self, features: Floats, dyads: Floats | None = None, *, is_ahead: bool = False
    ) -> list[tuple[Floats, Floats]]:
        """Return mean and variance, shape (n, K) each, of rate, worth and, where there are losses, loss.

        Worth and loss are multiples of `prior_worth`. is_ahead: see `values`.
        """
        if len(features) <= FEW_ROWS:
            return self._one_by_one(features, dyads, is_ahead=is_ahead)
        beliefs, shape = self.beliefs, (len(features), len(self.actions))
        found = [(np.empty(shape), np.empty(shape)) for _ in beliefs]
        for rows_of in blocks(len(features), self.basis.width):
            inputs = self.basis.inputs(features[rows_of], cosines)
            fits = None if dyads is None else dyads[rows_of]
            for belief, (mean, variance) in zip(beliefs, found, strict=True):
                mean[rows_of], variance[rows_of] = belief.look_all(inputs, fits, is_ahead=is_ahead)
        return found

    def _one_by_one(
        self, features: Floats, dyads: Floats | None, *, is_ahead: bool
    ) -> list[tuple[Floats, Floats]]:
        inputs, beliefs, shape = self.basis.inputs(features), self.beliefs, (len(features), len(self.actions))
        found = [(np.empty(shape), np.empty(shape)) for _ in beliefs]
        for i in range(len(features)):
            rows = inputs[i : i + 1]
            if dyads is not None:
                rows = self.basis.with_dyads(np.repeat(rows, len(self.actions), axis=0), dyads[i])
            for belief, (mean, variance) in zip(beliefs, found, strict=True):
                mean[i], variance[i] = belief.look(rows, is_ahead=is_ahead)
        return found

    def _check(self, features: Floats, allowed: NDArray[np.bool_], dyads: Floats | None) -> None:
        n, k = len(features), len(self.actions)
        wanted = ((n, self.basis.features), (n, k), (n, k, self.basis.dyads) if self.basis.dyads else None)
        got = (features.shape, allowed.shape, None if dyads is None else dyads.shape)
        if got != wanted:
            raise ValueError(f"features, allowed and dyads have shapes {got}; this learner takes {wanted}")
        if not np.isfinite(features).all() or (dyads is not None and not np.isfinite(dyads).all()):
            raise ValueError("features or dyads hold a number that is not finite; nothing was decided")

    def cents_of(self, units: Floats | None, rows: int) -> Floats | None:
        """Return the cents a unit of so many rows, or None where a unit is one cent.

        Raises:
            ValueError: if this learner is in units and they are missing or not above 0, or if it is not.
        """
        if (units is not None) != self.in_units:
            raise ValueError(
                f"this learner {'is' if self.in_units else 'is not'} in units; "
                f"{'they are missing' if self.in_units else 'they were given'}"
            )
        if units is not None and (units.shape != (rows,) or not (np.isfinite(units) & (units > 0)).all()):
            raise ValueError(
                f"units are {rows} numbers of cents above 0; some are not, or their count differs"
            )
        return units

    # What is still to come -------------------------------------------------------------------------------------

    @property
    def awaited(self) -> Pending | None:
        """What decisions whose outcome is not known yet will have told, or None where there are none."""
        return self._awaited

    @awaited.setter
    def awaited(self, pending: Pending | None) -> None:
        self._awaited = pending
        self._reckon()

    def await_outcomes(self, features: Floats, actions: Ints, dyads: Floats | None = None) -> None:
        """Count decisions whose outcome is still to come: doubt shrinks as if it were known, expectations stay.

        They count until `forget_awaited`; when their outcomes are learned, those left are told anew.

        Args:
            features: shape (n, d). actions: shape (n,), index of the action taken. dyads: shape (n, m), of that action.
        """
        pending = Pending.nothing(len(self.actions), self.basis.width)
        inputs = self.basis.with_dyads(self.basis.inputs(features), dyads)
        theta = self.acts.coefficients()
        for k in np.unique(actions):
            f = inputs[actions == k]
            pending.add(int(k), f, f @ theta[k], np.ones(len(f)))
        self.awaited = pending.plus(self._awaited)

    def forget_awaited(self) -> None:
        """No outcome is on its way any more."""
        self.awaited = None

    def expect(
        self,
        features: Floats,
        allowed: NDArray[np.bool_],
        dyads: Floats | None = None,
        units: Floats | None = None,
        total: int | None = None,
    ) -> None:
        """Reckon with a batch that is about to be decided on before any of it is learned from; see `choose`.

        Each of its rows is then decided on as if half of the others were known already: what one in the middle would
        find. It counts until the next batch is expected, or outcomes are learned. A handful tells next to nothing.

        Args:
            features: shape (n, d). allowed: shape (n, K). dyads: shape (n, K, m). units: shape (n,), cents.
            total: how many the batch has, of which these rows are a fair sample; n if left out.
        """
        self._batch = None
        self._reckon()
        n, total = len(features), len(features) if total is None else total
        if not n or total <= FEW_ROWS:
            return
        some = np.arange(0, n, -(-n // EXPECT_ROWS))
        fits = None if dyads is None else dyads[some]
        odds = self.choose(
            features[some], allowed[some], fits, units=None if units is None else units[some]
        ).probabilities
        pending = Pending.nothing(len(self.actions), self.basis.width)
        inputs, theta = self.basis.inputs(features[some]), self.acts.coefficients()
        for k in range(len(self.actions)):
            rows = np.flatnonzero(odds[:, k])
            f = self.basis.with_dyads(inputs[rows], None if fits is None else fits[rows, k])
            pending.add(k, f, f @ theta[k], odds[rows, k] * (total / 2 / len(some)))
        self._batch = pending
        self._reckon()

    @property
    def _is_ahead(self) -> bool:
        return self._awaited is not None or self._batch is not None

    def _reckon(self) -> None:
        """Tell the beliefs what is on its way."""
        both = self._awaited.plus(self._batch) if self._awaited is not None else self._batch
        for belief in (self.acts, self.loss):
            belief.await_rows(*((None, None) if both is None else (both.grams, both.counts)))
        self.worth.await_rows(*((None, None) if both is None else (both.answers, both.answer_counts)))

    # Learning ------------------------------------------------------------------------------------------------

    def learn(
        self,
        features: Floats,
        actions: Ints,
        rewards: Floats,
        propensities: Floats | None = None,
        at: NDArray[np.datetime64] | None = None,
        dyads: Floats | None = None,
        *,
        is_news: bool = True,
        is_first: bool = False,
        weight: float = 1.0,
        units: Floats | None = None,
        acted: NDArray[np.bool_] | None = None,
    ) -> list[Alarm]:
        """Take outcomes in, oldest first; return the changes of the market that were noticed on the way.

        Args:
            features: shape (n, d), as they were when decided. actions: shape (n,), index of the action taken.
            rewards: shape (n,), cents; 0 where nothing came of it, negative where harm did.
            propensities: shape (n,), in (0, 1]; kept out of the fit on purpose: with features in the model
                the posterior needs no weights, and weights would only add variance (Gelman et al., BDA3, ch. 8).
            at: shape (n,), datetime64, UTC; older outcomes count less. None for now.
            dyads: shape (n, m), of the action taken.
            is_news: False for corrected or long past outcomes: they say nothing about a shift of the market.
            is_first: True for the first outcomes after those of another time or tool: how often these answer may differ
                from what was expected, which is no shift; what comes after them is held against both.
            weight: > 0, as how many outcomes each of these counts, besides its age.
            units: shape (n,), cents a unit, by one table for all that is learned; of a learner in units only.
            acted: shape (n,), whether anything good came of it, also where what was hoped of it has lapsed since and is
                in the reward no more; None where that is so just where the reward is above 0. Were it read off
                rewards that lapse, young outcomes would look like more answers, and their age like a shift.

        Raises:
            ValueError: if a reward is not finite, or units are missing or not asked for.
        """
        if not np.isfinite(rewards).all():
            raise ValueError("a reward is not finite: outcomes whose window is open are not learned from yet")
        cents = self.cents_of(units, len(actions))
        rewards = rewards if cents is None else rewards / cents
        if self._batch is not None:
            self._batch = None
            self._reckon()
        inputs = self.basis.with_dyads(self.basis.inputs(features), dyads)
        weights = self._ages(at)
        if weight != 1:
            weights = weight * (np.ones(len(actions)) if weights is None else weights)
        acted = _acted(rewards, acted)
        expected = self._expected(inputs, actions, acted) if is_news and not is_first else None
        if is_first:
            predicted = (inputs * self.acts.coefficients()[actions]).sum(axis=1)
            self.watch.note(predicted, acted, actions)
        self._take(inputs, actions, rewards, acted, weights, weight)
        noticed = [] if expected is None else self._watch(inputs, actions, rewards, acted, expected)
        self.outcomes += len(actions)
        self.alarms.extend(noticed)
        seen = float(self.acts.sums.counts.sum())
        if seen >= self.next_fit and self._tells_apart:
            self.next_fit = int(seen * FIT_GROWTH) + 1
            self.fit(FIT_STEPS)
        return noticed

    @property
    def _tells_apart(self) -> bool:
        """Tell whether enough answers and enough silences are known to say what makes a difference."""
        sums, some = self.acts.sums, self.acts.sharing.together
        answers = float(sums.moments[some, 0].sum())
        return min(answers, float(sums.counts[some].sum()) - answers) >= FEW_ANSWERS

    def fit(self, steps: int) -> None:
        """Take steps towards the likeliest scales, once there is enough to tell what makes a difference."""
        if not self._tells_apart:
            return
        for belief in self.beliefs:
            # What an answer is worth is known of the answered rows alone, so their grams are there already.
            fit(belief, steps, self.worth.sums.grams if belief is self.acts else None)

    def settle(self) -> None:
        """Fit the scales from their start to the end: the same sums then give the same belief, however they came."""
        for belief in self.beliefs:
            belief.begin_scales()
        self.fit(SETTLE_STEPS)

    def unlearn(
        self,
        features: Floats,
        actions: Ints,
        rewards: Floats,
        dyads: Floats | None = None,
        units: Floats | None = None,
        weight: float = 1.0,
        acted: NDArray[np.bool_] | None = None,
    ) -> None:
        """Take outcomes out again that were learned, because they were corrected since; `weight` and all: `learn`."""
        cents = self.cents_of(units, len(actions))
        rewards = rewards if cents is None else rewards / cents
        inputs = self.basis.with_dyads(self.basis.inputs(features), dyads)
        self._take(inputs, actions, rewards, _acted(rewards, acted), np.full(len(actions), -weight), weight)
        self.outcomes -= len(actions)

    def merge(self, other: Bandit) -> None:
        """Add what another learner of the same actions and inputs saw; the order of merging does not matter.

        Raises:
            ValueError: if the two do not speak of the same actions and inputs in the same measure.
        """
        if any(
            getattr(self, name) != getattr(other, name) for name in ("actions", "apart", "basis", "in_units")
        ):
            raise ValueError("two learners merge only if their actions, inputs and measure are the same")
        parts = ((self.acts, other.acts), (self.worth, other.worth), (self.loss, other.loss))
        for mine, theirs in parts:
            mine.sums.merge(theirs.sums)
            mine.forget_posterior()
        self.worth.widen()
        self._batch = None
        self.awaited = other.awaited if self.awaited is None else self.awaited.plus(other.awaited)
        self.outcomes += other.outcomes

    def extend(self, actions: Sequence[str], action_features: Floats | None = None) -> None:
        """Add new actions, of which nothing is known but what they are like.

        Args:
            actions: names of the new ones. action_features: shape (K + new, q), of all, old ones first.
                A new one is taken to cost what the dearest old one does.
        """
        self.actions = (*self.actions, *actions)
        self.action_features = action_features
        self.costs = np.concatenate([self.costs, np.full(len(actions), self.costs.max())])
        loadings = loadings_of(len(self.actions), action_features, self.apart)
        for belief in (self.acts, self.worth, self.loss):
            belief.sums.extend(len(actions))
            belief.loadings = loadings
            belief.forget_posterior()
        self.watch.extend(len(actions))
        self._batch = None
        self.awaited = None if self._awaited is None else self._awaited.extended(len(actions))

    def _take(
        self,
        inputs: Floats,
        actions: Ints,
        rewards: Floats,
        some: NDArray[np.bool_],
        weights: Floats | None,
        taught_as: float = 1.0,
    ) -> None:
        """Take rows in; some: shape (n,), where anything good came of it."""
        loss = np.minimum(rewards, 0) / self.settings.prior_worth
        if self.loses or loss.any():
            self.loss.take(inputs, actions, loss, weights, taught_as)
        else:
            # No loss was ever seen: only the inputs are counted, so that a first one finds the others were none.
            self.loss.sums.add(inputs, actions, loss, weights, taught_as)
        self.acts.take(inputs, actions, some.astype(float), weights, taught_as)
        if some.any():
            worth = np.maximum(rewards[some], 0) / self.settings.prior_worth
            of_some = None if weights is None else weights[some]
            self.worth.take(inputs[some], actions[some], worth, of_some, taught_as)
        self.worth.widen()

    def _ages(self, at: NDArray[np.datetime64] | None) -> Floats | None:
        """Let what is remembered fade up to the newest of `at`; return the weights of these rows, or None."""
        if at is None or not len(at):
            return None
        newest = at.max()
        if self.learned_until is None:
            self.learned_until = newest
        days = float((newest - self.learned_until) / np.timedelta64(86_400, "s"))
        if days >= FADE_DAYS:
            for belief in (self.acts, self.worth, self.loss):
                belief.sums.fade(0.5 ** (days / self.settings.half_life_days))
                belief.forget_posterior()
            self.learned_until = newest
        age = (self.learned_until - at) / np.timedelta64(86_400, "s")
        weights = 0.5 ** (np.maximum(age, 0) / self.settings.half_life_days)
        return None if (age <= FADE_DAYS).all() else np.asarray(weights)

    # Noticing change -------------------------------------------------------------------------------------------

    def _expected(
        self, inputs: Floats, actions: Ints, acted: NDArray[np.bool_]
    ) -> tuple[Floats, Floats | None]:
        """Return the rate expected of each action taken, shape (n,), before what came of it is learned.

        And, of a batch, what was predicted, shape (n,), before it was corrected by how like predictions fared.

        A batch's rows of one action share one belief and so one error of it. That doubt is given its benefit: what
        is expected of an action may move by two standard deviations towards what was seen before a shift is
        thought of. It moves from what is corrected: were it moved first, predictions that learning has just put right
        would be corrected for having been wrong.
        """
        if len(actions) == 1:
            return np.array([inputs[0] @ self.acts.coefficients_of(int(actions[0]))]), None
        predicted = (inputs * self.acts.coefficients()[actions]).sum(axis=1)
        rates = self.watch.corrected(predicted, actions)
        covariances = self.acts.covariances()
        for k in np.unique(actions):
            of_k = actions == k
            f = inputs[of_k]
            mean = max(float(rates[of_k].mean()), 1e-6)
            doubt = float(np.sqrt(np.maximum(((f @ covariances[k]) * f).sum(axis=1), 0)).mean())
            seen, leeway = acted[of_k].mean(), 2 * doubt
            if k in self.apart:
                # Next to nothing is expected of it, and a share of nothing is no leeway.
                rates[of_k] += np.clip(seen - mean, -leeway, leeway)
            else:
                rates[of_k] *= np.clip(seen / mean, 1 - leeway / mean, 1 + leeway / mean)
        return rates, np.asarray(predicted)

    def _watch(
        self,
        inputs: Floats,
        actions: Ints,
        rewards: Floats,
        acted: NDArray[np.bool_],
        expected: tuple[Floats, Floats | None],
    ) -> list[Alarm]:
        noticed: list[Alarm] = []
        rates, predicted = expected
        for i, (action, some) in enumerate(zip(actions.tolist(), acted.tolist(), strict=True)):
            recent = self.recent_apart if action in self.apart else self.recent
            recent.add(inputs[i], action, float(rewards[i]), some)
            alarm = self.watch.see(float(rates[i]), some, action)
            if alarm is not None:
                # An alarm about all counts the outcomes of those that do not stand apart.
                rest = actions[i + 1 :]
                later = ~np.isin(rest, self.apart) if alarm.action is None else rest == action
                noticed.append(replace(alarm, since=alarm.since + int(later.sum())))
        if predicted is not None:
            self.watch.note(predicted, acted, actions)
        for alarm in noticed:
            self.forget_before(alarm)
        return noticed

    def forget_before(self, alarm: Alarm) -> None:
        """Let what was before a change count less, and what came since count in full.

        Where the learner still tells who answers what, only the level has moved, and most of the past stays of use;
        where it no longer does, the past misleads and is all but forgotten. A shift of all leaves alone what is
        remembered of actions that stand apart.
        """
        recent = self.recent_apart if alarm.action in self.apart else self.recent
        inputs, actions, rewards, acted = recent.since(alarm.since, alarm.action)
        if not len(actions):
            return
        kept = self.settings.kept_on_alarm
        if self._still_tells(inputs, actions, acted):
            kept = max(kept, KEPT_AT_NEW_LEVEL)
        for belief in (self.acts, self.worth, self.loss):
            belief.sums.fade(kept, belief.sharing.together if alarm.action is None else alarm.action)
            belief.forget_posterior()
        # What came since is in already, at the weight that was kept: it is taken out and put in whole.
        self._take(inputs, actions, rewards, acted, np.full(len(actions), -kept))
        self._take(inputs, actions, rewards, acted, np.ones(len(actions)))
        self.next_fit = FIRST_FIT + int(self.acts.sums.counts.sum())

    def _still_tells(self, inputs: Floats, actions: Ints, some: NDArray[np.bool_]) -> bool:
        """Tell whether, since the change, those expected to answer more still do (score test, one-sided)."""
        expected = (inputs * self.acts.coefficients()[actions]).sum(axis=1)
        acted = some.astype(float)
        spread = expected - expected.mean()
        rate = acted.mean()
        width = np.sqrt((spread**2).sum() * rate * (1 - rate))
        return bool(width > 0 and (spread @ acted) / width > STILL_TELLS)


def _acted(rewards: Floats, acted: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Shape (n,): where anything good came of it; a reward above 0 always is."""
    return np.asarray(rewards > 0) if acted is None else (rewards > 0) | acted
