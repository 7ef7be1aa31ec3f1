from __future__ import annotations

from collections import Counter

import pytest

from domain.decision import Arm
from learning.arms import Shares, arm_of, arms_of
from learning.holdout import is_held_out

PEOPLE = tuple(f"c_{i}" for i in range(20_000))


def test_arms_hold_their_shares() -> None:
    count = Counter(arms_of("spring", PEOPLE, Shares(0.1, 0.05, 0.2, 0.1)))
    rest = 0.95 * 0.9
    expected = {
        Arm.HOLDOUT: 1 - rest,
        Arm.EXPLORE: 0.2 * rest,
        Arm.USUAL: 0.1 * rest,
        Arm.LEARNED: 0.7 * rest,
    }
    for arm, share in expected.items():
        assert count[arm] / len(PEOPLE) == pytest.approx(share, abs=0.012)


def test_a_contact_stays_in_its_arm_and_in_the_holdout_it_always_was_in() -> None:
    shares = Shares(0.1, 0.0, 0.2)
    assert arms_of("spring", PEOPLE[:500], shares) == arms_of("spring", PEOPLE[:500], shares)
    for contact in PEOPLE[:500]:
        assert is_held_out("spring", contact, 0.1) == (arm_of("spring", contact, shares) is Arm.HOLDOUT)


def test_a_larger_share_takes_from_the_learner_alone() -> None:
    before = arms_of("spring", PEOPLE, Shares(0.1, 0.0, 0.1, 0.2))
    after = arms_of("spring", PEOPLE, Shares(0.1, 0.0, 0.3, 0.2))
    moved = {(a, b) for a, b in zip(before, after, strict=True) if a is not b}
    assert moved == {(Arm.LEARNED, Arm.EXPLORE)}


def test_the_global_holdout_is_the_same_in_every_campaign_and_the_campaign_s_is_not() -> None:
    everywhere = [arms_of(c, PEOPLE[:5_000], Shares(0.0, 0.1)) for c in ("spring", "autumn")]
    assert everywhere[0] == everywhere[1] or [a is Arm.HOLDOUT for a in everywhere[0]] == [
        a is Arm.HOLDOUT for a in everywhere[1]
    ]
    own = [arms_of(c, PEOPLE[:5_000], Shares(0.1)) for c in ("spring", "autumn")]
    both = sum(a is b is Arm.HOLDOUT for a, b in zip(*own, strict=True))
    assert both / 5_000 == pytest.approx(0.01, abs=0.006)


def test_shares_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="parted"):
        Shares(explore=0.7, usual=0.4)
