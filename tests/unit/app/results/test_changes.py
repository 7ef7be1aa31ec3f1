from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from app.results.changes import Lane, told_of
from memory.crm.audit import AuditLine

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SHIFT = {"at": "2026-03-09T07:00:00Z", "action": None, "direction": "fewer", "evidence": 7.0}


def line(seq: int, kind: str, subject: str, detail: dict[str, Any]) -> AuditLine:
    return AuditLine(
        seq=seq,
        at=NOON + timedelta(days=seq),
        kind=kind,
        subject=subject,
        detail=detail,
        previous_sha256="0" * 64,
        sha256="0" * 64,
    )


def test_what_concerns_another_campaign_is_left_out_and_rules_concern_all() -> None:
    found = told_of(
        [
            line(1, "campaign", "spring", {"state": "paused", "by": "mara", "reason": "holiday"}),
            line(2, "campaign", "autumn", {"state": "paused"}),
            line(3, "learner", "autumn", {"version": "v1", "outcomes": 3}),
            line(
                4, "rules changed", "rules", {"changed": {"a": [1, 2], "b": [1, 2], "c": [1, 2], "d": [1, 2]}}
            ),
        ],
        "spring",
        {},
    )
    assert [(one.lane, one.words, one.by) for one in found] == [
        (Lane.CAMPAIGN, "Paused: holiday", "mara"),
        (Lane.RULES, "Rules changed: a, b, c and 1 more", ""),
    ]


def test_a_shift_told_at_every_teaching_is_one_shift() -> None:
    again = {**SHIFT, "evidence": 9.5}
    found = told_of([line(1, "drift", "spring", SHIFT), line(2, "drift", "spring", again)], "spring", {})
    assert len(found) == 1 and found[0].seq == 1
    assert found[0].words.startswith("Noticed with what was decided until 2026-03-09")


def test_versions_and_what_people_did_with_them_are_told() -> None:
    found = told_of(
        [
            line(1, "learner", "spring", {"version": "v2", "outcomes": 1_200, "alarms": 0}),
            line(2, "learner", "spring", {"act": "rollback", "version": "v1"}),
            line(3, "campaign changed", "spring", {"changed": {"goal.worth_cents": ["1", "2"]}}),
            line(4, "content", "autumn.yaml", {"assets": ["a"]}),
            line(5, "import", "hubspot", {"rows": 12_000}),
        ],
        "spring",
        {},
    )
    assert [one.words for one in found] == [
        "Learned from 1,200 outcomes: version v2",
        "Rolled back to version v1, which is pinned",
        "The campaign changed: goal.worth_cents",
        "Content read from autumn.yaml: 1 asset",
        "Imported hubspot: 12,000 rows",
    ]


def test_what_people_saved_on_pages_is_told_with_who_did() -> None:
    found = told_of(
        [
            line(1, "campaign", "spring", {"file": "changed", "by": "mara", "changed": ["brief", "goal"]}),
            line(2, "content", "guide", {"assets": ["guide"], "by": "mara", "sha256": "0"}),
            line(3, "settings", "embedder", {"embedder": "lexical", "memories": 3}),
        ],
        "spring",
        {"guide": "The guide"},
    )
    assert [(one.words, one.by) for one in found] == [
        ("The campaign file was changed: brief, goal", "mara"),
        ("Content “The guide” was saved", "mara"),
        ("Embedder changed", ""),
    ]
