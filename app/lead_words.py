"""How well hand-off and churn can be told, in words anyone reads alike: on the terminal and on the page."""

from __future__ import annotations

from domain.leads import Skill


def judgement(skill: Skill, error: float | None) -> str:
    """Say how well a model that has skill ranks, and how far its chances are off; empty where nothing was judged.

    Args:
        skill: of the model; its AUC is the share of pairs put in the right order.
        error: mean distance between what was said and what came, in [0, 1]; None where it was not measured.

    """
    if skill.auc is None or skill.auc_low is None or skill.auc_high is None:
        return ""
    off = "" if error is None else f", and the chances it gave were off by {error:.1%} on average"
    return (
        f"Judged on {skill.judged:,} later cases: of two of which one came true, it had put the right one first "
        f"{skill.auc:.0%} of the time ({skill.auc_low:.0%} to {skill.auc_high:.0%}; chance is 50%){off}."
    )
