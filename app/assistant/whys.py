"""A decision's why as an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.assistant.campaigns import run_ref
from app.assistant.plain import WHO_DECIDED, all_plainly, plainly, speaks_for_it
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
from app.reasons import KNOWLEDGE_WORDS, option_worth, rounded
from app.story_words import OUTCOME_WORDS
from app.web.words import percent
from app.why import stored_why, why_of
from app.why_words import NAMES, lesson_words, turning_words
from domain.assistant import AnswerTable, Asker, RecordKind, RecordRef, ToolAnswer
from domain.decision import SILENCE, Arm, Decision
from domain.people import Contact
from domain.run import ContactOutcome, RunContact
from domain.why import Why
from policies.suppression import may_profile

if TYPE_CHECKING:
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
            words=f"Nothing was decided for {name}: {plainly(OUTCOME_WORDS[line.outcome])}.",
            facts={"record": contact_ref(line.contact_id).mark, "outcome": line.outcome.value},
            records=(contact_ref(line.contact_id, name),),
        )
    contact = house.crm.contact(decision.contact_id)
    is_stored = is_quick or may_profile(contact, house.crm.standing(contact.id).suppressions) is not None
    why = stored_why(house, decision) if is_stored else why_of(house, decision)
    ended = plainly(OUTCOME_WORDS[line.outcome]) if line and line.decision_id == decision.id else ""
    speaks = speaks_for_it(why)
    numbers = plainly(why.summary[0]) if why.summary and why.arm is Arm.LEARNED else ""
    action = plainly(why.action_name)
    said = " ".join(
        part
        for part in (
            f"{label(why.contact_name)}: {action}{f', {ended}' if ended else ''}.",
            speaks,
            WHO_DECIDED[why.arm],
            numbers,
        )
        if part
    )
    first = f"{stopped.words} Before that: " if stopped and line and line.decision_id is None else ""
    return ToolAnswer(
        words=f"{first}{said}",
        facts=known(
            stopped_since=stopped.facts if stopped and first else None,
            decision=f"[decision:{decision.id}]",
            contact=contact_ref(decision.contact_id).mark,
            name=label(why.contact_name),
            campaign=f"[campaign:{decision.campaign_id}]",
            decided=moment(why.decided_at, asker),
            action=action,
            speaks_for_it=speaks,
            outcome=ended,
            who_decided=WHO_DECIDED[why.arm],
            chance=percent(decision.propensity) if why.arm is not Arm.HOLDOUT else None,
            reasons=all_plainly(why.summary),
            how_sure=KNOWLEDGE_WORDS[why.knowledge] if why.arm is Arm.LEARNED else None,
            possible=[_option(one, why) for one in why.options[:MOST_OPTIONS]],
            possible_total=len(why.options),
            worth_adds_up_from=_groups(why),
            would_have_changed_it=[plainly(turning_words(one, why)) for one in why.turning_points],
            taught_by=[plainly(lesson_words(one, why)) for one in (*why.lessons_for, *why.lessons_against)],
            note=plainly(why.note),
        ),
        tables=tuple(one for one in _why_tables(why) if one.rows),
        records=unique(
            (
                record(RecordKind.DECISION, decision.id, f"{label(why.contact_name, 30)}: {action}"),
                contact_ref(decision.contact_id, why.contact_name),
                _account_ref(house, contact),
                record(
                    RecordKind.CAMPAIGN, decision.campaign_id, house.crm.campaign(decision.campaign_id).name
                ),
                record(RecordKind.RULE, rule.rule_id, rule.title) if rule else None,
            )
        ),
    )


def _account_ref(house: House, contact: Contact) -> RecordRef | None:
    if not contact.account_id:
        return None
    return account_ref(contact.account_id, house.crm.account(contact.account_id).name)


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
            run_ref(run := house.runs.get(line.run_id), house.crm.campaign(run.campaign_id).name, asker),
        ),
    )


def _option(one: Any, why: Why) -> dict[str, Any]:
    return known(
        action=plainly(one.name),
        chance=percent(one.probability),
        worth=_worth_of(one, why),
        taken=one.is_taken or None,
    )


def _worth_of(one: Any, why: Why) -> str | None:
    if one.value_cents is None:
        return None
    return option_worth(
        is_silence=one.action_key == SILENCE.key,
        cents=one.value_cents,
        doubt=None,
        currency=why.currency,
        knowledge=why.knowledge,
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
                    plainly(one.name),
                    one.probability,
                    _worth_of(one, why),
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
