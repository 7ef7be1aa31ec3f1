"""Results as tables: what each arm reached, and how arms compare."""

from __future__ import annotations

from app.lift_words import ARM_NAMES, OTHERS, WHAT_NAMES, sentence
from app.results.campaign import CampaignResults
from app.results.shapes import ARMS, Column, ResultTable
from learning.lift import Telling

TELLINGS = {
    Telling.BETTER: "better",
    Telling.WORSE: "worse",
    Telling.ALIKE: "no difference that matters",
    Telling.CANNOT_TELL: "cannot tell yet",
}


def arms(results: CampaignResults) -> ResultTable:
    """What contacts of each arm reached."""
    found, currency = results.metrics, results.metrics.currency
    rows = []
    for arm, name in ARMS.items():
        line = next((one for one in found.arms if one.arm is arm), None)
        if line is None:
            continue
        rows.append(
            (
                name,
                line.contacts,
                line.written_to,
                line.closed_windows,
                *(line.reached[stage] for stage in _REACHED),
                line.reached["won"] + line.reached["renewed"],
                line.revenue_cents,
                line.reward_cents_per_contact if line.reward_give_or_take is not None else None,
                line.reward_give_or_take,
            )
        )
    heads = ("Contacts", "Written to", "Window closed", *_REACHED.values(), "Won or renewed")
    return ResultTable(
        name="arms",
        title="What contacts reached, by who decided",
        columns=(
            Column(title="Who decided"),
            *(Column(title=head, kind="count") for head in heads),
            Column(title="Revenue", kind="whole", currency=currency),
            Column(title="Worth a contact", kind="money", currency=currency),
            Column(title="Give or take", kind="money", currency=currency),
        ),
        rows=tuple(rows),
        note=f"From “Replies” on, contacts whose {found.window_days} days after the first decision are over.",
    )


_REACHED = {
    "reply": "Replies",
    "meeting": "Meetings",
    "mql": "MQL",
    "sql": "SQL",
    "opportunity": "Opportunities",
}


def lifts(results: CampaignResults) -> ResultTable:
    """Every comparison with the holdout; numbers only where they can be told."""
    found = results.metrics
    rows = [
        (
            ARM_NAMES[line.arm.value],
            WHAT_NAMES.get(line.what, line.what),
            TELLINGS[line.telling],
            *(
                (line.estimate, line.low, line.high, line.holdout_mean)
                if line.unit == "share"
                else (None, None, None, None)
            ),
            *((line.estimate, line.low, line.high) if line.unit == "cents" else (None, None, None)),
            line.more_contacts or None,
            sentence(line, found.currency),
            OTHERS[line.against.value],
        )
        for line in (*found.lifts, *found.contests)
    ]
    of_money = tuple(
        Column(title=f"{title} a contact", kind="money", currency=found.currency)
        for title in ("Difference", "From", "To")
    )
    return ResultTable(
        name="lift",
        title="What each arm brought beyond the holdout, and the learner beyond the others",
        columns=(
            Column(title="Arm"),
            Column(title="Outcome"),
            Column(title="Verdict"),
            Column(title="Difference in share", kind="share"),
            Column(title="Share from", kind="share"),
            Column(title="Share to", kind="share"),
            Column(title="The other's share", kind="share"),
            *of_money,
            Column(title="More contacts needed", kind="count"),
            Column(title="In words"),
            Column(title="Against"),
        ),
        rows=tuple(rows),
        note="Intervals hold at 95 % however often one looks.",
    )
