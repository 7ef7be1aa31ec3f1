"""A why on the terminal: however small its reasons, it stays a page."""

from __future__ import annotations

import pytest

from app.cli.whys import print_why
from domain.decision import Arm, Contribution, Knowledge
from domain.why import Option, ReasonGroup, Why
from evals.crowd import NOON


def a_why(reasons: float, rest: float) -> Why:
    part = Contribution(label="how much it covers", group="fit", cents=reasons)
    return Why(
        decision_id="d_1",
        campaign_id="c",
        contact_id="c_1",
        contact_name="Ada",
        action_name="silence",
        currency="USD",
        decided_at=NOON,
        arm=Arm.LEARNED,
        arm_words="The learner chose.",
        learner_version="bandit-2",
        features_version="features-3",
        knowledge=Knowledge.CONFIDENT,
        value_cents=-27.0,
        uncertainty_cents=1.0,
        base_cents=-27.0,
        groups=(ReasonGroup(name="fit", cents=reasons, reasons=(part,)),),
        rest_cents=rest,
        options=(
            Option(action_key="silence", name="silence", probability=0.9995),
            Option(action_key="guide|email|now", name="the guide", probability=0.0002),
        ),
    )


@pytest.mark.parametrize(("reasons", "rest"), [(0.1, 1.0), (0.0, 0.0), (12.0, -400.0), (1e-12, 0.4)])
def test_no_bar_is_longer_than_a_bar(reasons: float, rest: float, capsys: pytest.CaptureFixture[str]) -> None:
    print_why(a_why(reasons, rest))
    printed = capsys.readouterr().out
    assert "everything else together" in printed
    assert max(line.count("█") + line.count("▒") for line in printed.splitlines()) <= 20
    # What is all but impossible has no bar that says one in twenty.
    assert not any("█" in line for line in printed.splitlines() if "the guide" in line)
