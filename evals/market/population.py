"""Who is in the market: what a CRM shows of each contact, and what nobody can see.

The two halves are different objects, so that a view for players can be built from one of them only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evals.market.buyers import BUYERS, BY_DEPARTMENT
from evals.market.catalogue import DEPARTMENTS, FORMATS, INDUSTRIES, SENIORITIES, SLOTS, STAGES, TOPICS
from evals.market.parameters import PARAMETERS, TEMPERS, MarketParameters

TYPES = tuple(BUYERS)

_EXECUTIVE_BREVITY = {"executive": 1.0, "director": 0.5, "manager": 0.0, "specialist": -0.7, "unknown": 0.0}
BREVITY_WANTED = np.array([_EXECUTIVE_BREVITY[name] for name in SENIORITIES])


@dataclass(frozen=True)
class Known:
    """What the CRM shows; n contacts in a accounts.

    account: shape (n,), index of the account. employees, industry: shape (a,), head count and index into
    INDUSTRIES. department, seniority, stage: shape (n,), indices; department is -1 where unknown.
    """

    account: NDArray[np.int64]
    employees: NDArray[np.float64]
    industry: NDArray[np.int64]
    department: NDArray[np.int64]
    seniority: NDArray[np.int64]
    stage: NDArray[np.int64]

    def __len__(self) -> int:
        """N."""
        return len(self.account)

    @property
    def n_accounts(self) -> int:
        """How many accounts there are."""
        return len(self.employees)


@dataclass(frozen=True)
class Hidden:
    """What only the market and the oracle know.

    kind: shape (n,), index into TYPES. interest: shape (n, T), rows sum to one. taste: shape (n, formats),
    about -1 to 1. slot_habit: shape (n, 3). own: shape (n,), logit. moved, wearies, replies, visits:
    shape (n,), positive. need: shape (n,), positive, mean near 1, account's times the person's.
    quality: shape (assets,), logit.
    """

    kind: NDArray[np.int64]
    interest: NDArray[np.float64]
    taste: NDArray[np.float64]
    slot_habit: NDArray[np.float64]
    own: NDArray[np.float64]
    moved: NDArray[np.float64]
    wearies: NDArray[np.float64]
    replies: NDArray[np.float64]
    visits: NDArray[np.float64]
    need: NDArray[np.float64]
    quality: NDArray[np.float64]

    def flipped(self, rng: np.random.Generator) -> Hidden:
        """Return everyone with other interests (topics change places) and the opposite taste."""
        order = rng.permutation(len(TOPICS))
        while (order == np.arange(len(TOPICS))).any():
            order = rng.permutation(len(TOPICS))
        return replace(self, interest=self.interest[:, order], taste=-self.taste)

    def stale(self, assets: NDArray[np.int64], drop: float) -> Hidden:
        """Return the market with some assets' quality lower by `drop` (logit)."""
        quality = self.quality.copy()
        quality[assets] -= drop
        return replace(self, quality=quality)


def draw_known(seed: int, contacts: int, params: MarketParameters = PARAMETERS) -> Known:
    """Draw what the CRM of a market of `contacts` people shows."""
    rng = np.random.default_rng([seed, 1])
    sizes = rng.choice(np.arange(2, 8), size=contacts, p=_shares(params.contacts_per_account))
    account = np.repeat(np.arange(contacts), sizes)[:contacts]
    accounts = int(account[-1]) + 1
    employees = np.clip(rng.lognormal(5.1, 1.0, accounts), 14, 4_800).round()
    return Known(
        account=account,
        employees=employees,
        industry=rng.integers(len(INDUSTRIES), size=accounts),
        department=_pick(rng, params.department_shares, DEPARTMENTS, contacts),
        seniority=_pick(rng, params.seniority_shares, SENIORITIES, contacts),
        stage=_pick(rng, params.stage_shares, STAGES, contacts),
    )


def draw_hidden(
    seed: int,
    known: Known,
    assets: int,
    params: MarketParameters = PARAMETERS,
    kinds: Sequence[str] | None = None,
    topics: Sequence[Mapping[str, float]] | None = None,
) -> Hidden:
    """Draw what nobody sees.

    Args:
        seed: decides the draws.
        known: what is seen; a person's department makes some types likelier.
        assets: number of assets.
        params: the market's numbers.
        kinds: n names of types where they are given (the sample market's people), else drawn.
        topics: n weights of topics where they are given, else drawn from the type.
    """
    rng = np.random.default_rng([seed, 2])
    n = len(known)
    drawn = _kinds(rng, known)
    kind = np.array([TYPES.index(name) for name in kinds]) if kinds is not None else drawn
    weights = np.array([[BUYERS[name].topics.get(topic, 0.0) for topic in TOPICS] for name in TYPES])[kind]
    # One of the type's topics is this person's own; as in evals/market/people.py.
    own = _one_of(rng, weights / weights.sum(axis=1, keepdims=True))
    weights = weights * 0.5
    weights[np.arange(n), own] *= 6.0
    if topics is not None:
        weights = np.array([[given.get(topic, 0.0) for topic in TOPICS] for given in topics])
    tempers = [TEMPERS[name] for name in TYPES]
    liked = np.array([[temper.formats.get(form, 0.0) for form in FORMATS] for temper in tempers])
    need = _spread(rng, params.need_account_sd, known.n_accounts)[known.account]

    def of_type(values: Sequence[float], sd: float) -> NDArray[np.float64]:
        return np.asarray(np.array(values)[kind] * _spread(rng, sd, n))

    return Hidden(
        kind=kind,
        interest=weights / weights.sum(axis=1, keepdims=True),
        taste=liked[kind] + rng.normal(0, 0.35, (n, len(FORMATS))),
        slot_habit=rng.normal(0, 1, (n, len(SLOTS))),
        own=np.array([temper.reads for temper in tempers])[kind] + rng.normal(0, params.click_own_sd, n),
        moved=of_type([temper.moved for temper in tempers], 0.25),
        wearies=of_type([temper.wearies for temper in tempers], 0.25),
        replies=of_type([temper.replies for temper in tempers], 0.25),
        visits=of_type([temper.visits for temper in tempers], 0.4),
        need=need * _spread(rng, params.need_contact_sd, n),
        quality=rng.normal(0, params.click_quality_sd, assets),
    )


def _kinds(rng: np.random.Generator, known: Known) -> NDArray[np.int64]:
    likely = np.array([[BY_DEPARTMENT[d].get(name, 0.0) for name in TYPES] for d in DEPARTMENTS])
    likely = np.vstack([likely, likely.sum(axis=0)])  # department -1: unknown
    return _one_of(rng, (likely / likely.sum(axis=1, keepdims=True))[known.department])


def _one_of(rng: np.random.Generator, shares: NDArray[np.float64]) -> NDArray[np.int64]:
    return one_of(rng.random(len(shares)), shares)


def one_of(uniform: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return shape (n,): the column each uniform number falls on; rows of `shares` sum to one."""
    at = shares.cumsum(axis=1) <= uniform[:, None]
    return np.asarray(np.minimum(at.sum(axis=1), shares.shape[1] - 1), dtype=np.int64)


def _spread(rng: np.random.Generator, sd: float, count: int) -> NDArray[np.float64]:
    """Log-normal with mean 1."""
    return np.asarray(np.exp(rng.normal(0, sd, count) - sd**2 / 2))


def _shares(weights: Sequence[float]) -> NDArray[np.float64]:
    return np.asarray(np.array(weights) / np.sum(weights))


def _pick(
    rng: np.random.Generator, shares: Mapping[str, float], names: Sequence[str], count: int
) -> NDArray[np.int64]:
    drawn = rng.choice(len(shares), size=count, p=_shares(list(shares.values())))
    return np.asarray(np.array([names.index(name) for name in shares])[drawn])
