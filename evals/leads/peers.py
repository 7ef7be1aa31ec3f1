"""What others would use on the same table: boosting, plain logistic regression, target encoding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from lightgbm import LGBMClassifier
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

from learning.likelihood.table import Floats, Table

Peer = Callable[[Table, Floats, Table], Floats]
"""Trains on a table and its outcomes, and returns the probabilities of another table's cases."""

SEED = 7


def logistic(told: Table, outcomes: Floats, asked: Table) -> Floats:
    """Scikit-learn's logistic regression as people use it: scaled numbers, one-hot words, default penalty."""
    return _run(
        LogisticRegression(max_iter=2_000), OneHotEncoder(handle_unknown="ignore"), told, outcomes, asked
    )


def target_encoding(told: Table, outcomes: Floats, asked: Table) -> Floats:
    """Gradient boosting on words replaced by their cross-fitted mean outcome."""
    boosting = HistGradientBoostingClassifier(max_iter=100, learning_rate=0.05, random_state=SEED)
    return _run(boosting, TargetEncoder(random_state=SEED), told, outcomes, asked)


def _run(model: Any, encoder: Any, told: Table, outcomes: Floats, asked: Table) -> Floats:
    p = len(told.number_names)
    numbers = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    parts = [("words", encoder, list(range(p, len(told.names))))]
    if p:
        parts.append(("numbers", numbers, list(range(p))))
    whole = make_pipeline(ColumnTransformer(parts, sparse_threshold=0), model)
    whole.fit(_mixed(told), outcomes)
    return np.asarray(whole.predict_proba(_mixed(asked))[:, 1])


def _mixed(table: Table) -> Any:
    return np.column_stack([table.numbers.astype(object), table.words.astype(object)])


def lightgbm_default(told: Table, outcomes: Floats, asked: Table) -> Floats:
    """LightGBM with its own categorical splits and default settings."""
    return _lightgbm(LGBMClassifier(verbose=-1, random_state=SEED, n_jobs=1), told, outcomes, asked)


def lightgbm_small(told: Table, outcomes: Floats, asked: Table) -> Floats:
    """LightGBM as one would set it by hand for a few thousand rows: 7 leaves, slow, at most 100 trees."""
    model = LGBMClassifier(
        n_estimators=100, learning_rate=0.05, num_leaves=7, min_child_samples=30, reg_lambda=5.0,
        verbose=-1, random_state=SEED, n_jobs=1,
    )  # fmt: skip
    return _lightgbm(model, told, outcomes, asked)


def _lightgbm(model: Any, told: Table, outcomes: Floats, asked: Table) -> Floats:
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    x = np.column_stack([told.numbers, encoder.fit_transform(told.words.astype(object))])
    z = np.column_stack([asked.numbers, encoder.transform(asked.words.astype(object))])
    p = len(told.number_names)
    model.fit(x, outcomes, categorical_feature=list(range(p, x.shape[1])))
    return np.asarray(model.predict_proba(z)[:, 1])


PEERS: dict[str, Peer] = {
    "logistic regression": logistic,
    "LightGBM, defaults": lightgbm_default,
    "LightGBM, small": lightgbm_small,
    "target encoding + boosting": target_encoding,
}
