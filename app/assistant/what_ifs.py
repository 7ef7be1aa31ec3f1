"""Why not the same for two, and what if, as answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.assistant.plain import all_plainly, plainly
from app.assistant.words import (
    columns,
    contact_ref,
    known,
    label,
    moment,
    record,
    table,
    unique,
)
from app.reasons import KNOWLEDGE_WORDS, rounded, worth
from app.web.words import percent
from domain.assistant import Asker, RecordKind, ToolAnswer
from domain.decision import Knowledge
from domain.run import ContactOutcome
from domain.why import Difference, Supposition

if TYPE_CHECKING:
    from app.comparing import Comparison, Side

MOST_OPTIONS = 6


def compared(asker: Asker, told: Comparison) -> ToolAnswer:
    """Why two contacts fared differently."""
    says = all_plainly(told.says)
    differences = [_difference(one, told) for one in told.differences]
    apart = f" What sets the two choices apart most: {differences[0]}." if differences else ""
    note = f" {plainly(told.note)}" if told.note else ""
    drawn = (
        " Both were drawn by chance from the odds told."
        if told.one.chance_of_other and told.other.chance_of_other
        else ""
    )
    return ToolAnswer(
        words=f"{' '.join(says)}{apart}{drawn}{note}",
        facts=known(
            campaign=f"[campaign:{told.campaign_id}]",
            one=_side(told.one, asker),
            other=_side(told.other, asker),
            says=says,
            sets_them_apart=differences,
            note=told.note,
        ),
        tables=(
            table(
                "What sets them apart",
                columns("What", "About", (told.one.name, "share"), (told.other.name, "share"), "Counts for"),
                (
                    (
                        one.what,
                        one.about,
                        round(one.mine, 3),
                        round(one.other, 3),
                        f"{rounded(one.cents, 2)} {told.currency}",
                    )
                    for one in told.differences
                ),
            ),
        )
        if told.differences
        else (),
        records=unique(
            (
                contact_ref(told.one.contact_id, told.one.name),
                contact_ref(told.other.contact_id, told.other.name),
                record(RecordKind.CAMPAIGN, told.campaign_id, told.campaign),
                *(
                    record(
                        RecordKind.DECISION, side.decision_id, f"{label(side.name, 30)}: {plainly(side.got)}"
                    )
                    for side in (told.one, told.other)
                    if side.decision_id
                ),
                *(
                    record(RecordKind.RULE, side.rule.rule_id, side.rule.title)
                    for side in (told.one, told.other)
                    if side.rule
                ),
            )
        ),
    )


def _side(side: Side, asker: Asker) -> dict[str, Any]:
    return known(
        record=contact_ref(side.contact_id).mark,
        name=label(side.name),
        at=moment(side.at, asker),
        got=plainly(side.got),
        outcome=plainly(side.outcome_words),
        decision=f"[decision:{side.decision_id}]" if side.decision_id else None,
        who_decided=plainly(side.arm_words),
        chance=percent(side.chance) if side.chance is not None else None,
        chance_of_what_the_other_got=percent(side.chance_of_other)
        if side.chance_of_other is not None
        else None,
        rule=known(
            record=f"[rule:{side.rule.rule_id}]",
            title=side.rule.title,
            reason=label(side.rule.reason, 300) if side.outcome is ContactOutcome.REFUSED else None,
            mend=side.rule.mend,
        )
        if side.rule
        else None,
    )


def _difference(one: Difference, told: Comparison) -> str:
    about = f"{one.about}: " if one.about else ""
    numbers = (
        f" ({one.mine * 100:.0f} against {one.other * 100:.0f} of 100)" if "against" not in one.what else ""
    )
    return f"{about}{one.what}{numbers}, {rounded(one.cents, 2)} {told.currency} of the lead"


def supposed(asker: Asker, told: Supposition, campaign: str) -> ToolAnswer:
    """What would have been."""
    taken = next(one for one in told.options if one.is_taken)
    before, after = plainly(told.leader_before), plainly(told.leader_after)
    leads = f"{after} leads still" if after == before else f"{after} would lead instead of {before}"
    leads += " by expected worth"
    name, was = label(told.contact_name), plainly(told.taken)
    is_as_it_was = not (told.moved or told.opened or told.closed)
    change = (
        f"The chance of {was}, which was taken, goes from {percent(taken.probability_before)} to "
        f"{percent(taken.probability_after)}, its expected worth from "
        f"{_worth(taken.before_cents, told)} to {_worth(taken.after_cents, told)}"
    )
    guess = " The learner was still guessing." if told.knowledge is Knowledge.GUESSING else ""
    note = f" {plainly(told.note)}" if told.note else ""
    left = "What an answer is worth is left as it was."
    opened = f" Open to them then: {', '.join(told.opened)}." if told.opened else ""
    closed = f" No longer: {', '.join(told.closed)}." if told.closed else ""
    return ToolAnswer(
        words=f"That is how things were for {name} ({'; '.join(told.supposed)}): nothing would be different, and "
        f"{leads}.{note}"
        if is_as_it_was
        else f"Had it been so for {name} ({'; '.join(told.supposed)}), {leads}. "
        f"{change}.{opened}{closed}{guess} {left}{note}",
        facts=known(
            decision=f"[decision:{told.decision_id}]",
            contact=contact_ref(told.contact_id).mark,
            name=label(told.contact_name),
            decided=moment(told.decided_at, asker),
            supposed=list(told.supposed),
            is_how_it_was=is_as_it_was or None,
            leads_before=before,
            leads_after=after,
            taken=was,
            options=[
                known(
                    action=plainly(one.name),
                    chance_before=percent(one.probability_before),
                    chance_after=percent(one.probability_after),
                    worth_before=_worth(one.before_cents, told),
                    worth_after=_worth(one.after_cents, told),
                    taken=one.is_taken or None,
                )
                for one in _shown(told)
            ],
            numbers_that_moved=[
                f"{one.what}: {one.before * 100:.0f} to {one.after * 100:.0f} of 100" for one in told.moved
            ],
            opened=list(told.opened[:5]),
            closed=list(told.closed[:5]),
            how_sure=KNOWLEDGE_WORDS[told.knowledge],
            left_as_it_was=left,
            note=told.note,
        ),
        tables=(
            table(
                "Before and after",
                columns(
                    "Action",
                    ("Chance before", "share"),
                    ("Chance after", "share"),
                    "Worth before",
                    "Worth after",
                    "Taken",
                ),
                (
                    (
                        plainly(one.name),
                        one.probability_before,
                        one.probability_after,
                        _worth(one.before_cents, told),
                        _worth(one.after_cents, told),
                        "taken" if one.is_taken else None,
                    )
                    for one in told.options
                ),
            ),
        ),
        records=(
            record(RecordKind.DECISION, told.decision_id, f"{label(told.contact_name, 30)}: {was}"),
            contact_ref(told.contact_id, told.contact_name),
            record(RecordKind.CAMPAIGN, told.campaign_id, campaign),
        ),
    )


def _shown(told: Supposition) -> list[Any]:
    """The likeliest after, and those that mattered before."""
    first = list(told.options[:MOST_OPTIONS])
    mattered = {told.leader_before, told.leader_after, told.taken}
    return first + [one for one in told.options[MOST_OPTIONS:] if one.name in mattered]


def _worth(cents: float, told: Supposition) -> str:
    return worth(cents, told.currency, told.knowledge)
