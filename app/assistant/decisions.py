"""Decisions, why they were made, and what if, for whoever asks the assistant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.assistant.decision_lists import campaign_meant, decisions_about, decisions_in
from app.assistant.meant import bare, contact_of, topic_meant
from app.assistant.what_ifs import compared, supposed
from app.assistant.whys import explained
from domain.assistant import Asker, ToolAnswer
from domain.decision import Decision
from domain.errors import NotFound, ToolRefused
from domain.people import Contact
from domain.run import Run, RunContact
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
SOME_DAYS, NEVER_DAYS = 30, 365


class Decisions:
    """Does the tools of `tools/decisions.py`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def decision_list(self, asker: Asker, given: DecisionList) -> ToolAnswer:
        """List decisions."""
        if given.who:
            return decisions_about(self._house, asker, contact_of(self._house, given.who), given)
        run = self._house.runs.get(bare(given.run)) if given.run else self._newest(given.campaign or "")
        if given.campaign and given.run and campaign_meant(self._house, given.campaign).id != run.campaign_id:
            raise ToolRefused(
                f"Run {run.id} is of campaign {run.campaign_id!r}. Leave the campaign or the run out."
            )
        return decisions_in(self._house, asker, run, given)

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
        told = suppose(house, decision, [self._supposed(one) for one in given.supposed])
        return supposed(asker, told, house.crm.campaign(decision.campaign_id).name)

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
        if one.event is not None:
            topic = topic_meant(self._house, one.topic) if one.topic else None
            # Never is never, and not only lately.
            days = one.within_days or (NEVER_DAYS if one.times == 0 else SOME_DAYS)
            return SupposedActs(event=one.event, topic=topic, times=one.times, within_days=days)
        if one.stage is not None:
            return SupposedStage(stage=one.stage)
        if one.seniority is not None:
            return SupposedSeniority(seniority=one.seniority)
        return SupposedNumber(what=one.what or "", number=one.number or 0.0)
