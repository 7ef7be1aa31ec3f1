from __future__ import annotations

from learning.holdout import is_held_out, position


def test_the_share_is_kept() -> None:
    held = sum(is_held_out("spring", f"c{i}", 0.1) for i in range(20_000))
    # Five standard errors of a 10 % share at n = 20,000 are 212.
    assert abs(held - 2_000) < 212


def test_membership_never_moves() -> None:
    assert position("holdout:spring", "c_1") == 0.25740221538008645


def test_campaigns_hold_out_different_contacts() -> None:
    spring = {i for i in range(2_000) if is_held_out("spring", f"c{i}", 0.1)}
    autumn = {i for i in range(2_000) if is_held_out("autumn", f"c{i}", 0.1)}
    assert len(spring & autumn) < len(spring) / 2


def test_a_larger_share_keeps_everyone_already_held_out() -> None:
    small = {i for i in range(1_000) if is_held_out("spring", f"c{i}", 0.1)}
    large = {i for i in range(1_000) if is_held_out("spring", f"c{i}", 0.2)}
    assert small < large
