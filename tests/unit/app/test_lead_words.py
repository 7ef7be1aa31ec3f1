"""How well leads can be told, in words."""

from __future__ import annotations

from app.lead_words import judgement
from domain.leads import Skill


def test_a_judgement_says_what_its_number_means() -> None:
    skill = Skill(has_skill=True, auc=0.684, auc_low=0.6, auc_high=0.764, judged=1_314)
    assert judgement(skill, 0.0219) == (
        "Judged on 1,314 later cases: of two of which one came true, it had put the right one first 68% of the time "
        "(60% to 76%; chance is 50%), and the chances it gave were off by 2.2% on average."
    )
    assert "off by" not in judgement(skill, None)


def test_what_was_not_judged_has_no_number() -> None:
    assert judgement(Skill(has_skill=False), 0.02) == ""
