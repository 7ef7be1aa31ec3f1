"""A decision's why, a comparison and a supposition as answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.assistant.words import (
    account_ref,
    columns,
    contact_ref,
    known,
    label,
    moment,
    record,
    table,
    unique,
)
from app.contact_view import RuleWords, rule_words
from app.reasons import KNOWLEDGE_WORDS, rounded, worth
from app.story_words import OUTCOME_WORDS
from app.web.words import percent
from app.why import stored_why, why_of
from app.why_words import NAMES, lesson_words, turning_words
from domain.assistant import AnswerTable, Asker, RecordKind, ToolAnswer
from domain.decision import Arm, Decision, Knowledge
from domain.run import ContactOutcome, RunContact
from domain.why import Difference, Supposition, Why
from policies.suppression import may_profile

if TYPE_CHECKING:
    from app.comparing import Comparison, Side
    from app.wiring import House

MOST_OPTIONS, MOST_GROUPS, MOST_PARTS = 5, 4, 2


def explained(
    house: House, asker: Asker, decision: Decision | None, line: RunContact | None, *, is_quick: bool
) -> ToolAnswer:
    """Why a decision was what it was; `line` is the newest of the contact, which may have been refused since."""
    rule = rule_words(house, line.rule_id, line.reason) if line and line.rule_id else None
    stopped = _stopped(house, asker, line, rule) if line and rule else None
    if decision is None:
        if stopped:
            return stopped
        assert line is not None
        name = label(house.crm.contact(line.contact_id).name)
        return ToolAnswer(
            words=f"Nothing was decided for {name}: {OUTCOME_WORDS[line.outcome]}.",
            facts={"record": contact_ref(line.contact_id).mark, "outcome": line.outcome.value},
            records=(contact_ref(line.contact_id, name),),
        )
    contact = house.crm.contact(decision.contact_id)
    is_stored = is_quick or may_profile(contact, house.crm.standing(contact.id).suppressions) is not None
    why = stored_why(house, decision) if is_stored else why_of(house, decision)
    ended = OUTCOME_WORDS[line.outcome] if line and line.decision_id == decision.id else ""
    said = f"{label(why.contact_name)}: {why.action_name}{f', {ended}' if ended else ''}. {why.arm_words}"
    first = f"{stopped.words} Before that: " if stopped and line and line.decision_id is None else ""
    return ToolAnswer(
        words=f"{first}{said}",
        facts=known(
            **(stopped.facts if stopped and first else {}),
            decision=f"[decision:{decision.id}]",
            contact=contact_ref(decision.contact_id).mark,
            name=label(why.contact_name),
            campaign=f"[campaign:{decision.campaign_id}]",
            decided=moment(why.decided_at, asker),
            action=why.action_name,
            outcome=ended,
            who_decided=why.arm_words,
            chance=percent(decision.propensity) if why.arm is not Arm.HOLDOUT else None,
            reasons=list(why.summary),
            how_sure=KNOWLEDGE_WORDS[why.knowledge] if why.arm is Arm.LEARNED else None,
            possible=[_option(one, why) for one in why.options[:MOST_OPTIONS]],
            possible_total=len(why.options),
            worth_adds_up_from=_groups(why),
            would_have_changed_it=[turning_words(one, why) for one in why.turning_points],
            taught_by=[lesson_words(one, why) for one in (*why.lessons_for, *why.lessons_against)],
            note=why.note,
        ),
        tables=tuple(one for one in _why_tables(why) if one.rows),
        records=unique(
            (
                record(RecordKind.DECISION, decision.id, why.action_name),
                contact_ref(decision.contact_id, why.contact_name),
                account_ref(contact.account_id) if contact.account_id else None,
                record(RecordKind.CAMPAIGN, decision.campaign_id),
                record(RecordKind.RULE, rule.rule_id, rule.title) if rule else None,
            )
        ),
    )


def _stopped(house: House, asker: Asker, line: RunContact, rule: RuleWords) -> ToolAnswer:
    """A rule kept them back: which, why here, and what mends it."""
    name = label(house.crm.contact(line.contact_id).name)
    # What a rule says of a message may quote the message; of a contact it is our own words.
    reason = label(line.reason, 300) if line.outcome is ContactOutcome.REFUSED else None
    mend = f" {rule.mend}" if rule.mend else ""
    return ToolAnswer(
        words=f"{name}: {OUTCOME_WORDS[line.outcome]}, {rule.rule_id} {rule.title}"
        f"{f': {reason}' if reason else ''}.{mend}",
        facts=known(
            contact=contact_ref(line.contact_id).mark,
            name=name,
            outcome=OUTCOME_WORDS[line.outcome],
            rule=f"[rule:{rule.rule_id}]",
            title=rule.title,
            reason=reason,
            mend=rule.mend,
            at=moment(line.updated_at, asker),
        ),
        records=(
            contact_ref(line.contact_id, name),
            record(RecordKind.RULE, rule.rule_id, rule.title),
            record(RecordKind.RUN, line.run_id),
        ),
    )


def _option(one: Any, why: Why) -> dict[str, Any]:
    return known(
        action=one.name,
        chance=percent(one.probability),
        worth=worth(one.value_cents, why.currency, why.knowledge) if one.value_cents is not None else None,
        taken=one.is_taken or None,
    )


def _groups(why: Why) -> list[str]:
    said = []
    for group in why.groups[:MOST_GROUPS]:
        parts = ", ".join(
            f"{part.label} ({rounded(part.cents, 2, '+')})" for part in group.reasons[:MOST_PARTS]
        )
        said.append(
            f"{NAMES.get(group.name, group.name)} {rounded(group.cents, 2, '+')} {why.currency}: {parts}"
        )
    return said


def _why_tables(why: Why) -> tuple[AnswerTable, ...]:
    return (
        table(
            "What was possible",
            columns("Action", ("Chance", "share"), "Expected worth", "Taken"),
            (
                (
                    one.name,
                    one.probability,
                    worth(one.value_cents, why.currency, why.knowledge)
                    if one.value_cents is not None
                    else None,
                    "taken" if one.is_taken else None,
                )
                for one in why.options
            ),
        ),
        table(
            "What the expected worth adds up from",
            columns("Kind of reason", "Reason", "Adds"),
            (
                (
                    NAMES.get(group.name, group.name),
                    part.label,
                    f"{rounded(part.cents, 2, '+')} {why.currency}",
                )
                for group in why.groups
                for part in group.reasons
            ),
        ),
    )


def compared(asker: Asker, told: Comparison) -> ToolAnswer:
    """Why two contacts fared differently."""
    differences = [_difference(one, told) for one in told.differences]
    apart = f" What sets the two choices apart most: {differences[0]}." if differences else ""
    note = f" {told.note}" if told.note else ""
    drawn = (
        " Both were drawn by chance from the odds told."
        if told.one.chance_of_other and told.other.chance_of_other
        else ""
    )
    return ToolAnswer(
        words=f"{' '.join(told.says)}{apart}{drawn}{note}",
        facts=known(
            campaign=f"[campaign:{told.campaign_id}]",
            one=_side(told.one, asker),
            other=_side(told.other, asker),
            says=list(told.says),
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
                    record(RecordKind.DECISION, side.decision_id, side.got)
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
        run=f"[run:{side.run_id}]",
        at=moment(side.at, asker),
        got=side.got,
        outcome=side.outcome_words,
        decision=f"[decision:{side.decision_id}]" if side.decision_id else None,
        who_decided=side.arm_words,
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
    about = f" of {one.about}" if one.about else ""
    numbers = (
        f" ({one.mine * 100:.0f} against {one.other * 100:.0f} of 100)" if "against" not in one.what else ""
    )
    return f"{one.what}{about}{numbers}, {rounded(one.cents, 2)} {told.currency} of the lead"


def supposed(asker: Asker, told: Supposition) -> ToolAnswer:
    """What would have been."""
    taken = next(one for one in told.options if one.is_taken)
    leads = (
        f"{told.leader_after} leads still"
        if told.leader_after == told.leader_before
        else f"{told.leader_after} would lead instead of {told.leader_before}"
    )
    change = (
        f"The chance of {told.taken}, which was taken, goes from {percent(taken.probability_before)} to "
        f"{percent(taken.probability_after)}, its expected worth from "
        f"{_worth(taken.before_cents, told)} to {_worth(taken.after_cents, told)}"
    )
    guess = " The learner was still guessing." if told.knowledge is Knowledge.GUESSING else ""
    note = f" {told.note}" if told.note else ""
    left = "The actions possible then, and what an answer is worth, are left as they were."
    return ToolAnswer(
        words=f"Had it been so for {label(told.contact_name)} ({'; '.join(told.supposed)}), {leads}. "
        f"{change}.{guess} {left}{note}",
        facts=known(
            decision=f"[decision:{told.decision_id}]",
            contact=contact_ref(told.contact_id).mark,
            name=label(told.contact_name),
            decided=moment(told.decided_at, asker),
            supposed=list(told.supposed),
            leads_before=told.leader_before,
            leads_after=told.leader_after,
            taken=told.taken,
            options=[
                known(
                    action=one.name,
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
                        one.name,
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
            record(RecordKind.DECISION, told.decision_id, told.taken),
            contact_ref(told.contact_id, told.contact_name),
            record(RecordKind.CAMPAIGN, told.campaign_id),
        ),
    )


def _shown(told: Supposition) -> list[Any]:
    """The likeliest after, and those that mattered before."""
    first = list(told.options[:MOST_OPTIONS])
    mattered = {told.leader_before, told.leader_after, told.taken}
    return first + [one for one in told.options[MOST_OPTIONS:] if one.name in mattered]


def _worth(cents: float, told: Supposition) -> str:
    return worth(cents, told.currency, told.knowledge)
