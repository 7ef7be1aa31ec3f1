"""Churn on the Telco customers: no dates, so stratified folds, repeated with fixed seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from sklearn.model_selection import RepeatedStratifiedKFold

from evals.leads.funnel import telco
from evals.leads.peers import PEERS
from evals.leads.scores import HEADING, Score, mean, score, told
from learning.likelihood.model import train

FOLDS = 5
SEED = 11


def lines(repeats: int = 5) -> Iterator[str]:
    """Print each method's mean figures over repeats; an interval is the mean of each repeat's DeLong interval."""
    table, outcomes = telco()
    yield (
        f"Telco, {len(table):,} customers, {outcomes.mean():.1%} left. {FOLDS} folds x {repeats} repeats, seed {SEED}; "
        "each repeat's out-of-fold probabilities are scored as one set"
    )
    folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=repeats, random_state=SEED)
    methods = ["attune", *PEERS]
    told_so = {name: np.zeros((repeats, len(table))) for name in methods}
    chosen: Counter[str] = Counter()
    for number, (past, asked) in enumerate(folds.split(table.numbers, outcomes)):
        repeat = number // FOLDS
        model = train(table.take(past), outcomes[past])
        chosen[model.name] += 1
        told_so["attune"][repeat, asked] = model.probabilities(table.take(asked))
        for name, peer in PEERS.items():
            told_so[name][repeat, asked] = peer(table.take(past), outcomes[past], table.take(asked))
    yield HEADING
    scores: dict[str, list[Score]] = {n: [score(p, outcomes) for p in told_so[n]] for n in methods}
    for name in methods:
        yield told(name, mean(scores[name]))
    best = max(PEERS, key=lambda name: mean(scores[name]).auc)
    gaps = np.array([a.auc - b.auc for a, b in zip(scores["attune"], scores[best], strict=True)])
    yield f"  attune - {best}: {gaps.mean():+.4f} AUC (repeats {gaps.min():+.4f} to {gaps.max():+.4f})"
    yield f"  attune chose: {', '.join(f'{name} ({count}x)' for name, count in chosen.most_common())}"
