"""Decides for a whole audience in one go: who may be written to, who is held out, what each one gets.

Everything is read in bulk and ends at the moment of the decision; the chooser sees one matrix.
"""

from __future__ import annotations

import hashlib
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.choosing import Choosers, Drawn, Scene
from app.feature_feed import FeatureFeed
from domain.campaign import Campaign, EventCondition
from domain.content import ContentAsset
from domain.decision import SILENCE, Action, Alternative, Arm, Decision, Refusal
from domain.dossier import Standing
from domain.errors import ContentMissing
from domain.people import Account, Contact
from domain.run import ContactOutcome, Run, RunContact
from learning import features
from learning.arms import Shares, arm_of, arms_of
from memory.crm.audience import AudienceReader, Person
from memory.crm.earlier import Silence
from policies.audience import matches
from policies.competition import compete, from_now_on
from policies.contactable import limits_for, may_contact
from policies.eligibility import actions_for, fits
from policies.quiet_hours import opens_at
from policies.rulebook import RuleBook
from policies.suppression import may_profile, unwanted_topic

LOOK_BACK = timedelta(days=90)
"""How far back behaviour counts for features and topics."""

PART_PEOPLE = 5_000
"""Contacts decided for at a time."""


@dataclass
class Decided:
    """Every decision of a run and one ledger line for every contact of its audience."""

    decisions: list[Decision] = field(default_factory=list)
    lines: list[RunContact] = field(default_factory=list)

    def add(
        self, decision: Decision, outcome: ContactOutcome, reason: str = "", rule_id: str | None = None
    ) -> None:
        """Take one decision with its ledger line."""
        self.decisions.append(decision)
        self.lines.append(
            RunContact(
                run_id=decision.run_id,
                contact_id=decision.contact_id,
                outcome=outcome,
                reason=reason,
                rule_id=rule_id,
                decision_id=decision.id,
                updated_at=decision.decided_at,
            )
        )


@dataclass(frozen=True)
class _Seen:
    """What is read once for all who may get a message."""

    table: features.ActionTable
    choosers: Choosers
    book: features.FeatureBook
    topics: Mapping[str, Mapping[str, int]]
    sent: Mapping[str, Mapping[str, date]]


@dataclass
class Decider:
    """Joins audience, rules, holdout and chooser for one run at one moment."""

    audience: AudienceReader
    rules: RuleBook
    choosers: Callable[[features.ActionTable], Choosers]
    feed: FeatureFeed
    campaign: Campaign
    run: Run
    assets: Sequence[ContentAsset]
    now: datetime
    global_holdout: float = 0.0
    earlier: Mapping[str, Silence] = field(default_factory=dict)
    """By contact: silences decided so lately that they stand."""
    _left: int = field(default=0, init=False)
    """Messages the run's cap still allows."""
    _expects: bool = field(default=False, init=False)
    """Whether the learner knows how large the run is."""

    def decide(self) -> Decided:
        """Return decisions and ledger lines for everyone the campaign considers.

        Raises:
            ContentMissing: where the campaign names an asset that is not in the library.
        """
        whole = Decided()
        for part in self.parts():
            whole.decisions += part.decisions
            whole.lines += part.lines
        return whole

    def parts(self, many: int = PART_PEOPLE) -> Iterator[Decided]:
        """Yield the same for at most `many` contacts at a time: a hundred thousand would fill gigabytes at once.

        Raises:
            ContentMissing: where the campaign names an asset that is not in the library.
        """
        assets = _chosen_assets(self.campaign, self.assets)
        counts = self._event_counts()
        seen: _Seen | None = None
        self._left, self._expects = self.campaign.caps.messages or sys.maxsize, False
        standings = self.audience.standings_of(self.now)
        for number, everyone in enumerate(self.audience.people(many)):
            decided, speaking = Decided(), []
            for contact, account in self._meant(everyone, counts):
                standing = standings.of(contact)
                # Before anything is drawn: features, scores and the chooser are profiling (C-13).
                refusal = may_profile(contact, standing.suppressions) or may_contact(
                    standing, self.campaign.id, self.now, self.rules
                )
                if refusal is not None:
                    decided.lines.append(self._refused(contact, refusal))
                    continue
                is_held_out = arm_of(self.campaign.id, contact.id, self.shares) is Arm.HOLDOUT
                earlier = self.earlier.get(contact.id)
                if earlier is not None and (earlier.arm is Arm.HOLDOUT) is is_held_out:
                    self._let_stand(earlier, decided)
                elif is_held_out:
                    self._hold_out(contact, decided)
                else:
                    speaking.append((standing, account))
            if speaking:
                seen = seen or self._look(assets)
                is_part = not self._expects and len(everyone) == many
                of_all = self.audience.how_many() / many if is_part else 1.0
                self._draw(speaking, assets, seen, self.run.seed + number * many, decided, of_all)
            yield decided

    def _event_counts(self) -> dict[EventCondition, Mapping[str, int]]:
        counts: dict[EventCondition, Mapping[str, int]] = {}
        for condition in (*self.campaign.audience.all, *self.campaign.audience.none):
            if isinstance(condition, EventCondition):
                days = condition.within_days
                counts[condition] = self.audience.event_counts(
                    condition.event,
                    topic=condition.topic,
                    since=self.now - timedelta(days=days) if days else None,
                    until=self.now,
                )
        return counts

    def _meant(
        self, people: Sequence[Person], counts: Mapping[EventCondition, Mapping[str, int]]
    ) -> Iterator[Person]:
        """Those whom the campaign's conditions name."""

        def is_meant(contact: Contact, account: Account | None) -> bool:
            return matches(
                self.campaign.audience,
                contact,
                account,
                lambda condition: counts[condition].get(contact.id, 0),
            )

        return (person for person in people if is_meant(*person))

    def _refused(self, contact: Contact, refusal: Refusal) -> RunContact:
        return RunContact(
            run_id=self.run.id,
            contact_id=contact.id,
            outcome=ContactOutcome.REFUSED,
            rule_id=refusal.rule_id,
            reason=refusal.reason,
            updated_at=self.now,
        )

    def _let_stand(self, earlier: Silence, decided: Decided) -> None:
        """A line that names the earlier decision; no second one is taken, so outcomes are not shared with it."""
        is_held_out = earlier.arm is Arm.HOLDOUT
        until = earlier.decided_at + timedelta(hours=self.campaign.silence_holds_hours)
        words = "Held out" if is_held_out else "Silence"
        decided.lines.append(
            RunContact(
                run_id=self.run.id,
                contact_id=earlier.contact_id,
                outcome=ContactOutcome.HELD_OUT if is_held_out else ContactOutcome.DECIDED_BEFORE,
                reason=(
                    f"{words}, as decided at {earlier.decided_at:%H:%M} UTC on {earlier.decided_at.day} "
                    f"{earlier.decided_at:%b}; it holds until {until:%H:%M} UTC on {until.day} {until:%b}."
                ),
                decision_id=earlier.decision_id,
                updated_at=self.now,
            )
        )

    def _hold_out(self, contact: Contact, decided: Decided) -> None:
        share = self.shares.holdout + self.shares.global_holdout
        reason = f"Held out: {share:.0%} of the audience get nothing, so that lift can be measured."
        decision = Decision(
            id=decision_id(self.run.id, contact.id),
            run_id=self.run.id,
            campaign_id=self.campaign.id,
            contact_id=contact.id,
            arm=Arm.HOLDOUT,
            action=SILENCE,
            propensity=1.0,
            reasons=(reason,),
            learner_version="holdout",
            features_version=features.VERSION,
            decided_at=self.now,
        )
        decided.add(decision, ContactOutcome.HELD_OUT, reason)

    @cached_property
    def shares(self) -> Shares:
        """How the audience is parted into arms."""
        campaign = self.campaign
        return Shares(
            campaign.holdout_share, self.global_holdout, campaign.explore_share, campaign.usual_share
        )

    def _look(self, assets: Sequence[ContentAsset]) -> _Seen:
        actions = actions_for(self.campaign, assets)
        table = features.ActionTable.of(actions, {asset.id: asset for asset in assets})
        since = self.now - LOOK_BACK
        return _Seen(
            table=table,
            choosers=self.choosers(table),
            book=self.feed.book(self.assets, self.now),
            topics=self.audience.topic_counts(since=since, until=self.now),
            sent=self.audience.assets_sent(since=since, until=self.now),
        )

    def _draw(
        self,
        people: Sequence[tuple[Standing, Account | None]],
        assets: Sequence[ContentAsset],
        seen: _Seen,
        seed: int,
        decided: Decided,
        of_all: float,
    ) -> None:
        actions = seen.table.actions
        scene = self._scene(people, assets, seen)
        arms = arms_of(self.campaign.id, [contact.id for contact in scene.contacts], self.shares)
        self._expects = self._expects or seen.choosers.expect(scene, arms, of_all)
        for (standing, _), drawn in zip(people, seen.choosers.draw(scene, arms, seed), strict=True):
            action = actions[drawn.action]
            decision = self._drawn(standing.contact, action, drawn, actions)
            if action.is_silence:
                decided.add(decision, ContactOutcome.SILENT, drawn.reasons[0])
            elif loses := self._loses(standing, decision):
                decided.add(decision, ContactOutcome.NOT_REACHED, loses, "C-26")
            elif self._left > 0:
                self._left -= 1
                decided.add(decision, ContactOutcome.QUEUED)
            else:
                cap = f"The run's cap of {self.campaign.caps.messages} messages was reached."
                decided.add(decision, ContactOutcome.NOT_REACHED, cap)

    def _loses(self, standing: Standing, decision: Decision) -> str | None:
        """Why another message on its way to this contact keeps the place, or None."""
        if not standing.open_messages:
            return None
        limits = [limit for _, limit in limits_for(standing.contact, self.rules)]
        planned_at = opens_at(decision.action.slot, standing.contact, self.now, self.rules)
        contest = compete(
            decision.value_cents,
            planned_at,
            from_now_on(standing.open_messages, self.now),
            standing.sent_at,
            limits,
        )
        return None if contest.wins else contest.reason

    def _scene(
        self, people: Sequence[tuple[Standing, Account | None]], assets: Sequence[ContentAsset], seen: _Seen
    ) -> Scene:
        contacts = tuple(standing.contact for standing, _ in people)
        row_of = {asset.id: i for i, asset in enumerate(assets)}
        speaking = [row_of[action.asset_id] for action in seen.table.actions if action.asset_id]
        allowed = np.ones((len(people), len(seen.table.actions)), dtype=bool)
        allowed[:, :-1] = self._fit(people, assets, seen.sent)[:, speaking]
        rows = seen.book.rows([contact.id for contact in contacts])
        return Scene(
            contacts=contacts,
            table=seen.table,
            x=seen.book.matrix(rows, self.now).astype(np.float64),
            fits=seen.book.dyads(rows, seen.table, self.now).astype(np.float64),
            allowed=allowed,
            looked_at=tuple(seen.topics.get(contact.id, {}) for contact in contacts),
        )

    def _fit(
        self,
        people: Sequence[tuple[Standing, Account | None]],
        assets: Sequence[ContentAsset],
        sent: Mapping[str, Mapping[str, date]],
    ) -> NDArray[np.bool_]:
        """Shape (people, assets): whether an asset may go to a contact now."""
        today = self.now.date()
        fit = np.zeros((len(people), len(assets)), dtype=bool)
        for row, (standing, account) in enumerate(people):
            contact, stops, yes = standing.contact, standing.suppressions, standing.consents
            had = sent.get(contact.id, {})
            for column, asset in enumerate(assets):
                is_wanted = not stops or unwanted_topic(asset.topics, stops, self.now) is None
                fit[row, column] = (
                    is_wanted and fits(asset, contact, account, had, today, self.rules, yes) is None
                )
        return fit

    def _drawn(self, contact: Contact, action: Action, drawn: Drawn, actions: Sequence[Action]) -> Decision:
        return Decision(
            id=decision_id(self.run.id, contact.id),
            run_id=self.run.id,
            campaign_id=self.campaign.id,
            contact_id=contact.id,
            arm=drawn.arm,
            action=action,
            propensity=float(drawn.probabilities[drawn.action]),
            alternatives=_alternatives(actions, drawn),
            reasons=drawn.reasons,
            contributions=drawn.contributions,
            knowledge=drawn.knowledge,
            learner_version=drawn.version,
            features_version=features.VERSION,
            decided_at=self.now,
            unit_cents=drawn.unit_cents,
        )


def sampled(decided: Decided, most: int) -> Decided:
    """Leave `most` of those who would get a message on the queue: of every action in turn, in the order decided."""
    action_of = {decision.id: decision.action.key for decision in decided.decisions}
    queued: dict[str, list[str]] = {}
    for line in decided.lines:
        if line.outcome is ContactOutcome.QUEUED and line.decision_id:
            queued.setdefault(action_of[line.decision_id], []).append(line.contact_id)
    turns = itertools.chain.from_iterable(itertools.zip_longest(*queued.values()))
    chosen = set(itertools.islice((contact_id for contact_id in turns if contact_id), most))
    beyond = {
        "outcome": ContactOutcome.NOT_REACHED,
        "reason": f"Beyond the sample: this dry run drafts for {most} only.",
    }
    lines = [
        line.model_copy(update=beyond)
        if line.outcome is ContactOutcome.QUEUED and line.contact_id not in chosen
        else line
        for line in decided.lines
    ]
    return Decided(decided.decisions, lines)


def _alternatives(actions: Sequence[Action], drawn: Drawn) -> tuple[Alternative, ...]:
    def number(of: NDArray[np.float64] | None, i: int) -> float | None:
        return None if of is None else round(float(of[i]), 4)

    return tuple(
        Alternative(
            action_key=actions[i].key,
            probability=float(drawn.probabilities[i]),
            value_cents=number(drawn.values, i),
            uncertainty_cents=number(drawn.uncertainties, i),
        )
        for i in map(int, np.flatnonzero(drawn.probabilities))
    )


def decision_id(run_id: str, contact_id: str) -> str:
    """The one decision a run takes for a contact."""
    return "d_" + hashlib.sha256(f"{run_id}:{contact_id}".encode()).hexdigest()[:12]


def _chosen_assets(campaign: Campaign, assets: Sequence[ContentAsset]) -> list[ContentAsset]:
    by_id = {asset.id: asset for asset in assets}
    if not campaign.assets:
        return [asset for asset in assets if asset.is_active]
    if missing := [asset_id for asset_id in campaign.assets if asset_id not in by_id]:
        raise ContentMissing(
            f"Campaign {campaign.id!r} names content that is not in the library: {', '.join(missing)}. "
            "Nothing was decided. See `attune content list`."
        )
    return [by_id[asset_id] for asset_id in campaign.assets]
