"""Changes of campaigns for whoever asks the assistant: told with all they would do, then done as they were told.

Over 400 lines on purpose: telling and doing of one change stand side by side, so that neither changes alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app import loop
from app.assistant.campaign_meant import key_meant
from app.assistant.campaigns import BASE_CHARS, autonomy_words, campaign_ref, run_ref
from app.assistant.sealing import allows, firm, note, sealed
from app.assistant.words import moment
from app.audience_size import Step, lacks, narrowed
from app.campaign_board import CampaignPage, campaign_page, next_runs
from app.campaign_file import judge_campaign
from app.campaign_shelf import (
    RESERVED,
    CampaignText,
    FileChanged,
    campaign_text,
    is_wider,
    save_changed,
    save_new,
)
from app.campaign_text import difference
from app.gaps import LAST_SEEN_FACT
from app.going_live import NotRehearsed, go_live, go_on, is_as_it_ran
from app.rehearsing import SAMPLE
from app.runs import ask, refuse_another_campaign
from app.steering import pause, require_active, stop
from domain.assistant import AnswerText, Asker, Effect, ToolAnswer
from domain.campaign import Autonomy, Campaign
from domain.errors import NotFound, ToolRefused
from domain.schedule import CampaignState
from domain.staff import Act
from tools.campaigns import CampaignPause, CampaignResume, CampaignSave, CampaignStop, RunStart
from tools.toolset import require_sealed

if TYPE_CHECKING:
    from app.wiring import House


def _lost(steps: Sequence[Step]) -> str:
    """Where everybody was lost, if nobody is left: the first condition that nobody meets."""
    if steps[-1].left or not steps[0].left:
        return ""
    return f": nobody is left after “{next(step.says for step in steps if not step.left)}”"


_ALIVE = timedelta(minutes=2)
"""A serving process leaves a sign of life far more often."""


class CampaignsChanged:
    """Does the tools of `tools/campaigns.py` that change something."""

    def __init__(self, house: House) -> None:
        self._house = house

    # Saving ----------------------------------------------------------------------------------------------------

    def plan_save(self, asker: Asker, given: CampaignSave) -> Effect:
        """Tell what a save would change: the difference, whom it would reach, and that it waits."""
        campaign, before = self._judged(asker, given)
        house, text = self._house, _whole(given.yaml)
        steps = narrowed(house, campaign, house.clock())
        lines = [
            f"It reaches {steps[-1].left:,} of {steps[0].left:,} contacts by its conditions{_lost(steps)}.",
            f"Autonomy is {campaign.autonomy.value}: {autonomy_words(campaign.autonomy)}",
            "It is saved paused: nothing of it runs or leaves until somebody lets it go live.",
        ]
        if before is not None and house.runs.open_run(campaign.id) is not None:
            lines.append(
                "A run of it is under way and waits while it is paused; it goes by the file as it was."
            )
        lines += [f"Note: {words.partition('.')[0]}." for words in lacks(house)]
        told = f"Change the campaign {campaign.name!r}" if before else f"Make the campaign {campaign.name!r}"
        shown = AnswerText(title=f"{campaign.id}.yaml", text=text, kind="yaml")
        if before is not None:
            diff = "\n".join(difference(before.text, text, before.file))
            shown = AnswerText(title=f"What changes in {before.file}", text=diff, kind="diff")
        return Effect(
            title=told,
            lines=tuple(lines),
            texts=(shown,),
            records=(campaign_ref(campaign.id, campaign.name),) if before else (),
            seal=sealed(
                save=campaign.id,
                text=text,
                base=before.sha256 if before else "",
                reaches=steps[-1].left,
                standing=house.controls.standing(campaign.id).state.value,
                lines=lines,
            ),
        )

    def save(self, asker: Asker, given: CampaignSave) -> ToolAnswer:
        """Save it, paused."""
        campaign, before = self._judged(asker, given)
        may_widen, text = allows(asker, Act.AUTONOMY), _whole(given.yaml)
        if before is None:
            saved = save_new(self._house, text, asker.member_id, may_widen=may_widen)
        else:
            saved = save_changed(
                self._house, before.key, text, before.sha256, asker.member_id, may_widen=may_widen
            )
        note(self._house, asker, "campaign_save", saved.key)
        return ToolAnswer(
            words=f"Saved {campaign.name} as {saved.file}, paused. Next: a dry run, then let it go live.",
            facts={
                "campaign": campaign_ref(saved.key).mark,
                "base": saved.sha256[:BASE_CHARS],
                "state": "paused",
            },
            records=(campaign_ref(saved.key, campaign.name),),
        )

    def _judged(self, asker: Asker, given: CampaignSave) -> tuple[Campaign, CampaignText | None]:
        """The campaign a text means, and the file it would replace. Raises `ToolRefused` with every mistake."""
        house, text = self._house, _whole(given.yaml)
        campaign, mistakes = judge_campaign(text, [asset.id for asset in house.crm.assets()])
        if campaign is None:
            said = "\n".join(f"- {mistake.in_words}." for mistake in mistakes)
            raise ToolRefused(
                f"This is no campaign yet. Nothing was saved. Mend this and call again:\n{said}"
            )
        if campaign.id in RESERVED:
            raise ToolRefused(f"{campaign.id!r} is no id for a campaign. Give it another.")
        try:
            before: CampaignText | None = campaign_text(house, campaign.id)
        except NotFound:
            before = None
        had = before.autonomy if before else None
        if is_wider(had, campaign) and not allows(asker, Act.AUTONOMY):
            raise ToolRefused(
                f"Autonomy {campaign.autonomy.value} lets messages leave without a person; an admin decides that. "
                f"Save it with {(had or Autonomy.ASSIST).value}, then ask an admin to widen it."
            )
        if before is not None:
            _as_seen(before, given.base, must=True)
            if before.text == text:
                raise ToolRefused(f"{before.file} says exactly this already. Nothing would change.")
        return campaign, before

    # Holding and letting go ------------------------------------------------------------------------------------

    def plan_pause(self, asker: Asker, given: CampaignPause) -> Effect:
        """Tell what a pause would do."""
        found = self._page(given.campaign)
        if not found.card.can_pause:
            raise ToolRefused(f"{found.card.name} is held already: {found.card.state}.")
        waiting = found.card.proposals
        lines = [
            "From now on nothing of it leaves, and its schedule waits.",
            f"{found.card.approved:,} approved messages that have not left stay where they are, and {waiting:,} "
            "proposals stay in the inbox.",
        ]
        if found.card.open_run:
            lines.append(f"Its run {found.card.open_run.id} is put down within a second and can go on later.")
        return self._effect(
            found,
            f"Pause {found.card.name}",
            lines,
            given.reason,
            approved=found.card.approved,
            waiting=waiting,
            run=found.card.open_run.id if found.card.open_run else "",
        )

    def pause(self, asker: Asker, given: CampaignPause) -> ToolAnswer:
        """Pause it."""
        found = self._page(given.campaign)
        changed = pause(self._house, found.card.key, asker.member_id, given.reason)
        note(self._house, asker, "campaign_pause", found.card.key)
        said = "is paused. Nothing of it leaves from now on" if changed else "was held already"
        return self._done(found, f"{found.card.name} {said}.")

    def plan_resume(self, asker: Asker, given: CampaignResume) -> Effect:
        """Tell what would happen next, and when."""
        return self._resumed(asker, given, self._page(given.campaign))

    def _resumed(self, asker: Asker, given: CampaignResume, found: CampaignPage) -> Effect:
        house, card, text = self._house, found.card, found.text
        if card.standing.state is CampaignState.ACTIVE:
            raise ToolRefused(f"{card.name} is not held: {card.state}.")
        if text is None or card.campaign is None:
            raise ToolRefused(
                f"{card.name} has no file that can be read, so it cannot go on. {card.problem}".strip()
            )
        _as_seen(text, given.base)
        text.require([asset.id for asset in house.crm.assets()])
        is_same = is_as_it_ran(house, found)
        if not is_same and not found.is_rehearsed and not given.unrehearsed:
            raise NotRehearsed(
                f"No dry run went by {card.name} as it is now. Start one (run_start with dry=true) and look at its "
                "drafts, or have the member say that it may go live without one (unrehearsed=true)."
            )
        coming = next_runs(house, card.campaign.schedule, many=1)
        lines = [
            f"It was {card.why or card.state}.",
            f"Next run by its schedule: {moment(coming[0], asker)}."
            if coming
            else "It has no schedule: it runs when somebody starts it.",
            f"Autonomy {card.campaign.autonomy.value}: {autonomy_words(card.campaign.autonomy)}",
            f"{card.approved:,} approved messages may leave as soon as their send slots open.",
        ]
        if card.open_run:
            lines.append(f"Its run {card.open_run.id} goes on.")
        if not is_same:
            seen = (
                "A dry run went by it as it is."
                if found.is_rehearsed
                else "No dry run went by it as it is now."
            )
            lines.append(f"It is new, or changed since its last run. {seen}")
        return self._effect(
            found,
            f"Let {card.name} {'go on' if is_same else 'go live'}",
            lines,
            given.reason,
            lines[1],
            file=text.sha256,
            approved=card.approved,
            coming=coming,
            run=card.open_run.id if card.open_run else "",
            rehearsed=found.is_rehearsed,
        )

    def resume(self, asker: Asker, given: CampaignResume, seal: str) -> ToolAnswer:
        """Let it go on, or live, by the file that was sealed: what is acted on is what is compared."""
        house, found = self._house, self._page(given.campaign)
        require_sealed(self._resumed(asker, given, found), seal)
        if found.text is None:
            raise ToolRefused(f"{found.card.name} has no file any more, so it cannot go on.")
        _as_seen(found.text, given.base)
        key, sha256 = found.card.key, found.text.sha256
        if is_as_it_ran(house, found):
            go_on(house, key, asker.member_id, given.reason, sha256)
        else:
            go_live(house, key, asker.member_id, sha256, is_sure=given.unrehearsed)
        note(house, asker, "campaign_resume", key)
        after = campaign_page(house, key).card
        nexts = f" Next run: {moment(after.next_run, asker)}." if after.next_run else ""
        return self._done(found, f"{after.name} is {after.state}.{nexts}")

    def plan_stop(self, asker: Asker, given: CampaignStop) -> Effect:
        """Tell what would be withdrawn."""
        found = self._page(given.campaign)
        card = found.card
        if not card.can_stop:
            raise ToolRefused(f"{card.name} is stopped already.")
        unsent = card.approved + card.held
        lines = [
            f"{card.proposals:,} proposals close without a decision, and {unsent:,} approved messages that have not "
            "left are withdrawn.",
            "Its schedule ends. What was sent stays sent, and its results stay.",
        ]
        if card.open_run:
            lines.append(f"Its run {card.open_run.id} is given up: whoever is still queued gets nothing.")
        run_id = card.open_run.id if card.open_run else ""
        return self._effect(
            found, f"Stop {card.name}", lines, given.reason, waiting=card.proposals, unsent=unsent, run=run_id
        )

    def stop(self, asker: Asker, given: CampaignStop) -> ToolAnswer:
        """Stop it."""
        found = self._page(given.campaign)
        withdrawn = loop.run(stop(self._house, found.card.key, asker.member_id, given.reason))
        note(self._house, asker, "campaign_stop", found.card.key)
        return self._done(
            found, f"{found.card.name} is stopped. {withdrawn:,} unsent messages were withdrawn."
        )

    # Running ---------------------------------------------------------------------------------------------------

    def plan_run(self, asker: Asker, given: RunStart) -> Effect:
        """Tell what a run would do, and whether anybody is there to carry it."""
        house, found = self._house, self._page(given.campaign)
        campaign = self._runnable(found)
        if under_way := house.runs.open_run(campaign.id, is_dry_run=given.dry):
            raise ToolRefused(
                f"A {'dry run' if given.dry else 'run'} of {campaign.name} is under way already: {under_way.id}. "
                "run_show tells how far it is."
            )
        refuse_another_campaign(house, campaign)
        if not given.dry:
            require_active(house, campaign.id)
        steps = narrowed(house, campaign, house.clock())
        held_out = campaign.holdout_share + house.settings.global_holdout_share
        lines = [
            f"It considers {steps[-1].left:,} of {steps[0].left:,} contacts; rules then keep some back, and "
            f"{held_out:.0%} are held out."
        ]
        if given.dry:
            lines.append(f"It decides for all of them, drafts for at most {SAMPLE}, and sends nothing.")
        else:
            most = campaign.caps.messages
            cap = f" At most {most:,} get a message." if most else ""
            lines.append(f"Autonomy is {campaign.autonomy.value}: {autonomy_words(campaign.autonomy)}{cap}")
        lines.append(_models(campaign, house))
        carrier = self._carrier_words()
        lines.append(carrier)
        latest = house.runs.latest(campaign.id, is_dry_run=given.dry)
        return self._effect(
            found,
            f"Start a {'dry run' if given.dry else 'real run'} of {campaign.name}",
            lines,
            "",
            carrier,
            dry=given.dry,
            file=found.text.sha256 if found.text else "",
            reaches=steps[-1].left,
            latest=latest.id if latest else "",
        )

    def run(self, asker: Asker, given: RunStart) -> ToolAnswer:
        """Put it on record for a serving process."""
        house, found = self._house, self._page(given.campaign)
        house.reread()
        campaign = self._runnable(found)
        run, was_open = ask(
            house, campaign, asker.member_id, is_dry_run=given.dry, sample=SAMPLE if given.dry else None
        )
        if not was_open:
            note(house, asker, "run_start", run.id)
        said = "was under way already" if was_open else "is on record"
        return ToolAnswer(
            words=f"Run {run.id} of {campaign.name} {said}. {self._carrier_words()}",
            facts={"run": f"[run:{run.id}]", "dry": given.dry, "is_new": not was_open},
            records=(run_ref(run, campaign.name, asker), campaign_ref(campaign.id, campaign.name)),
        )

    def _runnable(self, found: CampaignPage) -> Campaign:
        if found.text is None:
            raise ToolRefused(f"{found.card.name} has no file any more, so it cannot run.")
        return found.text.require([asset.id for asset in self._house.crm.assets()])

    def _carrier_words(self) -> str:
        seen = self._house.content.get_fact(LAST_SEEN_FACT)

        is_there = seen is not None and (
            self._house.clock() - datetime.fromisoformat(str(seen["at"])) < _ALIVE
        )
        if is_there:
            return "A serving process takes it up within seconds."
        return (
            "No serving process was seen lately: it stays on record until one takes it up (`attune serve` or "
            "`attune scheduler`)."
        )

    # What they share -------------------------------------------------------------------------------------------

    def _page(self, said: str) -> CampaignPage:
        return campaign_page(self._house, key_meant(self._house, said, is_change=True))

    def _effect(
        self,
        found: CampaignPage,
        title: str,
        lines: list[str],
        reason: str,
        volatile: str = "",
        **told: object,
    ) -> Effect:
        card = found.card
        if reason:
            lines = [*lines, f"Reason kept with it: “{reason}”"]
        standing = card.standing
        return Effect(
            title=title,
            lines=tuple(lines),
            records=(campaign_ref(card.key, card.name),),
            seal=sealed(
                title=title,
                key=card.key,
                state=standing.state.value,
                since=standing.since,
                reason=reason,
                lines=firm(lines, volatile),
                **told,
            ),
        )

    def _done(self, found: CampaignPage, words: str) -> ToolAnswer:
        after = self._house.controls.standing(found.card.key)
        return ToolAnswer(
            words=words,
            facts={"campaign": campaign_ref(found.card.key).mark, "state": after.state.value},
            records=(campaign_ref(found.card.key, found.card.name),),
        )


def _whole(yaml: str) -> str:
    text = yaml.replace("\r\n", "\n")
    return text if text.endswith("\n") else f"{text}\n"


def _as_seen(text: CampaignText, base: str, *, must: bool = False) -> None:
    """Refuse a change made on another file than the one there is."""
    if base and text.sha256.startswith(base.strip()) and len(base.strip()) >= BASE_CHARS:
        return
    if base:
        raise FileChanged(text.file, text.text)
    if must:
        raise ToolRefused(
            f"There is a campaign {text.key!r} already. To change it, look at it with campaign_show and give its "
            "`base`; for a new one give another id."
        )


def _models(campaign: Campaign, house: House) -> str:
    if house.model is None:
        return "No model is configured: the understudy drafts, at no cost."
    most = campaign.caps.model_cost_cents
    if most is None:
        return "Models are asked for every draft; the campaign sets no cap on their cost."
    return f"Models are asked for every draft, up to {most / 100:,.2f} {house.model_currency} in this run."
