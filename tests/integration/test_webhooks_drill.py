"""F-10 in small: every event told five times, shuffled, forged; the state is that of the ordered run."""

from __future__ import annotations

from pathlib import Path

from app.drills.webhooks import drill


def test_repeated_shuffled_and_forged_webhooks_leave_the_state_of_the_ordered_run(tmp_path: Path) -> None:
    found = drill(events=90, seed=5, folder=tmp_path)
    assert found.differs == []
    assert found.forged > 20
    assert found.forged_taken == 0
    assert found.genuine_refused == 0
    assert found.rows["webhook_events"] > 80
    assert found.rows["suppressions"] > 3
