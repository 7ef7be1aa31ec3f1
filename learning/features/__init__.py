"""One contact at one moment as one vector, and how each action fits it: the same in training and in serving."""

from __future__ import annotations

from learning.features.book import FeatureBook, as_of, replayed, vectors_as_of
from learning.features.columns import NAMES, VERSION, FeatureColumn, columns
from learning.features.dyads import DYAD_COLUMNS, DYAD_NAMES, TOPIC_AFFINITY, ActionTable

__all__ = [
    "DYAD_COLUMNS",
    "DYAD_NAMES",
    "NAMES",
    "TOPIC_AFFINITY",
    "VERSION",
    "ActionTable",
    "FeatureBook",
    "FeatureColumn",
    "as_of",
    "columns",
    "replayed",
    "vectors_as_of",
]
