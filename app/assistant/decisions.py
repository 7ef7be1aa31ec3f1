"""Decisions, why they were made, and what if, for whoever asks the assistant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.assistant.meant import bare, campaign_meant, contact_of
from app.assistant.whys import compared, explained, supposed
from app.assistant.words import (
    PAGE_ROWS,
    columns,
    contact_ref,
    day,
    first_row,
    known,
    label,
    moment,
    page_words,
    paged,
    record,
    table,
    unique,
)
from app.contact_view import RunLine, decisions_of
from app.reasons import name_of
from app.story_words import OUTCOME_WORDS, title_of
from domain.assistant import Asker, Cell, RecordKind, ToolAnswer
from domain.decision import Decision
from domain.errors import NotFound, ToolRefused
from domain.people import Contact
from domain.run import ContactOutcome, Run, RunContact
from domain.why import Supposed, SupposedActs, SupposedNumber, SupposedSeniority, SupposedStage
from policies.suppression import may_profile
from tools.decisions import (
    DecisionCompare,
    DecisionExplain,
    DecisionList,
    DecisionSuppose,
    WhatIf,
)

if TYPE_CHECKING:
    from app.wiring import House

MOST_RUNS = 20
_LIST = columns(
    ("Contact", "record"),
    "How it ended",
    "What was decided",
    ("Decision", "record"),
    ("Rule", "record"),
    "Reason",
)


class Decisions:
    """Does the tools of `tools/decisions.py`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def decision_list(self, asker: Asker, given: DecisionList) -> ToolAnswer:
        """List decisions."""
        if given.who:
            return self._of_contact(asker, contact_of(self._house, given.who), given)
        run = self._house.runs.get(bare(given.run)) if given.run else self._newest(given.campaign or "")
        if given.campaign and given.run and campaign_meant(self._house, given.campaign).id != run.campaign_id:
            raise ToolRefused(
                f"Run {run.id} is of campaign {run.campaign_id!r}. Leave the campaign or the run out."
            )
        return self._of_run(asker, run, given)

    def decision_explain(self, asker: Asker, given: DecisionExplain) -> ToolAnswer:
        """Say why a decision was what it was."""
        house = self._house
        if given.decision:
            decision: Decision | None = self._decision(given.decision)
            assert decision is not None
            line = house.runs.line(decision.run_id, decision.contact_id)
        else:
            contact = contact_of(house, given.who or "")
            lines = self._lines(contact, given.campaign)
            line = lines[0]
            decided = next((one.decision_id for one in lines if one.decision_id), None)
            decision = house.crm.decision(decided) if decided else None
        return explained(house, asker, decision, line, is_quick=given.quick)

    def decision_compare(self, asker: Asker, given: DecisionCompare) -> ToolAnswer:
        """Say why two contacts fared differently."""
        from app.comparing import compare

        house = self._house
        one, other = contact_of(house, given.one), contact_of(house, given.other)
        if one.id == other.id:
            raise ToolRefused(f"Both are {one.name} ({one.id}). Name two contacts.")
        if given.campaign:
            campaign = campaign_meant(house, given.campaign)
        else:
            runs = [[line.run_id for line in self._lines(contact, None)] for contact in (one, other)]
            common = next((run for run in runs[0] if run in set(runs[1])), runs[0][0])
            campaign = house.crm.campaign(house.runs.get(common).campaign_id)
        return compared(asker, compare(house, campaign, one, other))

    def decision_suppose(self, asker: Asker, given: DecisionSuppose) -> ToolAnswer:
        """Say what would have been."""
        from app.supposing import suppose

        house = self._house
        if given.decision:
            decision = self._decision(given.decision)
        else:
            contact = contact_of(house, given.who or "")
            decided = next(
                (one.decision_id for one in self._lines(contact, given.campaign) if one.decision_id), None
            )
            if decided is None:
                raise ToolRefused(
                    f"Nothing was ever decided for {contact.name}: a rule kept them back. See decision_explain."
                )
            decision = house.crm.decision(decided)
        contact = house.crm.contact(decision.contact_id)
        objected = may_profile(contact, house.crm.standing(contact.id).suppressions)
        if objected:
            raise ToolRefused(f"{objected.reason} ({objected.rule_id}). Nothing is reckoned.")
        return supposed(asker, suppose(house, decision, [self._supposed(one) for one in given.supposed]))

    # What is meant -------------------------------------------------------------------------------------

    def _decision(self, said: str) -> Decision:
        key = bare(said)
        if key.startswith("p_"):
            key = self._house.proposals.get(key).decision_id
        return self._house.crm.decision(key)

    def _lines(self, contact: Contact, campaign: str | None) -> list[RunContact]:
        """A contact's lines, newest run first, of one campaign or all; at least one."""
        house = self._house
        lines = list(house.runs.lines_of(contact.id, limit=200))
        if campaign:
            wanted = campaign_meant(house, campaign).id
            lines = [line for line in lines if house.runs.get(line.run_id).campaign_id == wanted]
        if not lines:
            raise NotFound("decision about", contact.name, "No campaign has considered this contact yet.")
        return lines

    def _newest(self, said: str) -> Run:
        """A campaign's newest run that has come to anything; a dry run only where there is no other."""
        campaign = campaign_meant(self._house, said)
        runs = self._house.runs.runs(campaign.id, limit=MOST_RUNS)
        for run in sorted(runs, key=lambda one: one.is_dry_run):
            if self._house.runs.counts(run.id):
                return run
        raise NotFound("run of", campaign.name, "Nothing was decided in this campaign yet.")

    def _supposed(self, one: WhatIf) -> Supposed:
        from app.assistant.meant import topic_meant

        if one.event is not None:
            topic = topic_meant(self._house, one.topic) if one.topic else None
            return SupposedActs(event=one.event, topic=topic, times=one.times, within_days=one.within_days)
        if one.stage is not None:
            return SupposedStage(stage=one.stage)
        if one.seniority is not None:
            return SupposedSeniority(seniority=one.seniority)
        return SupposedNumber(what=one.what or "", number=one.number or 0.0)

    # Lists ---------------------------------------------------------------------------------------------

    def _of_contact(self, asker: Asker, contact: Contact, given: DecisionList) -> ToolAnswer:
        lines = decisions_of(self._house, contact.id)
        if given.campaign:
            wanted = campaign_meant(self._house, given.campaign).id
            lines = tuple(line for line in lines if line.campaign_id == wanted)
        total = len(lines)
        page = lines[first_row(given.page) : first_row(given.page) + PAGE_ROWS]
        return ToolAnswer(
            words=f"{label(contact.name)}: {page_words(total, given.page, 'run')} Newest first.",
            facts={"record": contact_ref(contact.id).mark, "name": label(contact.name)}
            | paged("runs", [_run_row(line, asker) for line in page], total, given.page),
            tables=(
                table(
                    f"Decisions about {label(contact.name)}",
                    columns(
                        ("When", "moment"),
                        ("Campaign", "record"),
                        "How it ended",
                        "What was decided",
                        ("Decision", "record"),
                        "Why",
                    ),
                    (_run_cells(line) for line in page),
                    total,
                    given.page,
                ),
            ),
            records=unique(
                (
                    contact_ref(contact.id, contact.name),
                    *(
                        record(RecordKind.DECISION, line.decision.id, line.decided)
                        for line in page
                        if line.decision
                    ),
                    *(record(RecordKind.CAMPAIGN, line.campaign_id, line.campaign) for line in page),
                )
            ),
        )

    def _of_run(self, asker: Asker, run: Run, given: DecisionList) -> ToolAnswer:
        house = self._house
        counts, by_rule = house.runs.counts(run.id), house.runs.counts_by_rule(run.id)
        total = by_rule.get(given.rule, 0) if given.rule else sum(counts.values())
        total = counts.get(given.outcome, 0) if given.outcome else total
        upto = given.page * PAGE_ROWS
        lines = house.runs.ledger(run.id, outcome=given.outcome, rule_id=given.rule, limit=upto)
        lines = lines[first_row(given.page) :]
        assets = {asset.id: asset for asset in house.crm.assets()}
        names = {line.contact_id: self._name(line.contact_id) for line in lines}
        decided = {
            line.decision_id: self._got(line.decision_id, assets) for line in lines if line.decision_id
        }
        kind = "dry run" if run.is_dry_run else "run"
        campaign = house.crm.campaign(run.campaign_id)
        ended = ", ".join(f"{many:,} {OUTCOME_WORDS[ContactOutcome(one)]}" for one, many in counts.items())
        return ToolAnswer(
            words=f"The {kind} of {campaign.name} of {moment(run.started_at, asker)}: {ended}. "
            f"{page_words(total, given.page, 'contact')}",
            facts=known(
                run=f"[run:{run.id}]",
                campaign=f"[campaign:{campaign.id}]",
                began=day(run.started_at, asker),
                is_dry_run=run.is_dry_run or None,
                by_outcome={one.value: many for one, many in counts.items()},
                by_rule={rule: f"{many}: {title_of(rule, house.rules)}" for rule, many in by_rule.items()},
            )
            | paged(
                "contacts",
                [
                    known(
                        record=contact_ref(line.contact_id).mark,
                        name=label(names[line.contact_id], 40),
                        outcome=line.outcome.value,
                        rule=line.rule_id,
                        decided=decided.get(line.decision_id or ""),
                        decision=line.decision_id,
                    )
                    for line in lines
                ],
                total,
                given.page,
            ),
            tables=(
                table(
                    f"{campaign.name}, {kind} {run.id}",
                    _LIST,
                    (
                        (
                            contact_ref(line.contact_id, names[line.contact_id]),
                            OUTCOME_WORDS[line.outcome],
                            decided.get(line.decision_id or ""),
                            record(RecordKind.DECISION, line.decision_id) if line.decision_id else None,
                            record(RecordKind.RULE, line.rule_id, title_of(line.rule_id, house.rules))
                            if line.rule_id
                            else None,
                            line.reason,
                        )
                        for line in lines
                    ),
                    total,
                    given.page,
                ),
            ),
            records=unique(
                (
                    record(RecordKind.RUN, run.id),
                    record(RecordKind.CAMPAIGN, campaign.id, campaign.name),
                    *(contact_ref(line.contact_id, names[line.contact_id]) for line in lines),
                    *(
                        record(RecordKind.DECISION, line.decision_id, decided[line.decision_id])
                        for line in lines
                        if line.decision_id
                    ),
                    *(record(RecordKind.RULE, rule) for rule in by_rule),
                )
            ),
        )

    def _name(self, contact_id: str) -> str:
        try:
            return self._house.crm.contact(contact_id).name
        except NotFound:
            return "someone erased since"

    def _got(self, decision_id: str, assets: Any) -> str:
        return name_of(self._house.crm.decision(decision_id).action, assets)


def _run_row(line: RunLine, asker: Asker) -> dict[str, Any]:
    return known(
        on=day(line.at, asker),
        campaign=f"[campaign:{line.campaign_id}]",
        outcome=line.outcome_words,
        decided=line.decided,
        decision=f"[decision:{line.decision.id}]" if line.decision else None,
        rule=f"[rule:{line.rule.rule_id}] {line.rule.title}" if line.rule else None,
        proposal=f"[proposal:{line.proposal_id}]" if line.proposal_id else None,
        is_dry_run=line.is_dry_run or None,
        the_same_in_earlier_runs=line.earlier or None,
    )


def _run_cells(line: RunLine) -> tuple[Cell, ...]:
    reasons = line.decision.reasons if line.decision else ()
    return (
        line.at,
        record(RecordKind.CAMPAIGN, line.campaign_id, line.campaign),
        f"{line.outcome_words}{' (dry run)' if line.is_dry_run else ''}",
        line.decided,
        record(RecordKind.DECISION, line.decision.id, line.decided) if line.decision else None,
        line.reason or " ".join(reasons[:1]),
    )
