"""The bandit: chooses among allowed actions with known probabilities and learns from what came of it."""

from learning.bandit.bandit import Bandit, Settings
from learning.bandit.explanation import Explanation, explain
from learning.bandit.state import dump, load

__all__ = ["Bandit", "Explanation", "Settings", "dump", "explain", "load"]
