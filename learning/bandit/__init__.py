"""The bandit: chooses among allowed actions with known probabilities and learns from what came of it."""

from learning.bandit.bandit import Bandit, Settings

__all__ = ["Bandit", "Settings"]
