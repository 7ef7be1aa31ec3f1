"""The understudy: plays every agent's part when no model is there, or when the model failed.

Deterministic and local. It reads the same drafting context as the agents and says only what the
evidence carries; where nothing can be said truthfully it raises `NothingToSay`.
"""

from agents.understudy.analysis import analyse
from agents.understudy.composition import compose
from agents.understudy.strategy import plan

__all__ = ["analyse", "compose", "plan"]
