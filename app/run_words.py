"""What the outcomes of a run are called."""

from __future__ import annotations

from domain.run import ContactOutcome

WORDS: dict[ContactOutcome, tuple[str, str]] = {
    ContactOutcome.SENT: ("sent", "handed to the channel"),
    ContactOutcome.SCHEDULED: ("scheduled", "approved; goes out when its send slot opens"),
    ContactOutcome.WAITING: ("waiting", "for a person: `attune review list`"),
    ContactOutcome.SHADOWED: ("drafted only", "dry run or shadow: nothing left the house"),
    ContactOutcome.SILENT: ("silent", "silence was the decision"),
    ContactOutcome.DECIDED_BEFORE: (
        "decided before",
        "already decided lately: that silence still holds (`silence_holds_hours`)",
    ),
    ContactOutcome.HELD_OUT: ("held out", "to measure lift"),
    ContactOutcome.REFUSED: ("refused", "by a rule, before any drafting"),
    ContactOutcome.BLOCKED: ("blocked", "the draft broke a rule and could not be mended"),
    ContactOutcome.REJECTED: ("rejected", "by a reviewer, or nobody decided in time"),
    ContactOutcome.NOT_SENT: ("not sent", "refused or failed at the last check"),
    ContactOutcome.UNKNOWN: ("unknown", "cut off while sending; never sent again by itself"),
    ContactOutcome.PARKED: ("parked", "something failed three times; see the reason"),
    ContactOutcome.NOT_REACHED: ("not reached", "a cap of the campaign, or its stop, came first"),
    ContactOutcome.QUEUED: ("queued", "still to be carried: run the same command again"),
}
"""How each outcome is called, and what it means, in the order of a summary."""

NOT_DRAFTED = {
    ContactOutcome.REFUSED,
    ContactOutcome.HELD_OUT,
    ContactOutcome.SILENT,
    ContactOutcome.DECIDED_BEFORE,
}
"""Whoever ends so is not waited for while a run drafts."""
