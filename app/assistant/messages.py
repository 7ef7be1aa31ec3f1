"""One message to one contact, for whoever asks the assistant: a draft to look at, or a proposal for a reviewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.asked import (
    Choice,
    Possible,
    best_campaign_for,
    drafted,
    possible_for,
    propose,
    put_on_record,
    why_not_sent,
)
from app.assistant.campaign_meant import key_meant
from app.assistant.campaigns import campaign_ref, run_ref
from app.assistant.drafting import one_draft
from app.assistant.evidence import (
    finding_facts,
    findings_table,
    message_text,
    sources_table,
    stakes_facts,
    stakes_table,
    used_facts,
)
from app.assistant.library import content_meant, content_ref
from app.assistant.meant import contact_of
from app.assistant.sealing import firm, note, sealed
from app.assistant.words import columns, contact_ref, known, label, moment, record, table
from app.campaign_shelf import campaign_text
from app.reasons import KNOWLEDGE_WORDS, NOTHING, name_of, option_worth, worth
from app.steering import require_active
from domain.assistant import Asker, Cell, Effect, RecordKind, RecordRef, ToolAnswer
from domain.content import ContentAsset
from domain.errors import ConversationBusy, ToolRefused
from domain.message import StakesLevel
from domain.run import ContactOutcome
from policies.quiet_hours import opens_at
from tools.messages import MessageDraft, MessageFor, MessagePropose
from tools.toolset import require_sealed

if TYPE_CHECKING:
    from app.wiring import House

MOST_CHOICES = 5


class Messages:
    """Does the tools of `tools/messages.py`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def message_draft(self, asker: Asker, given: MessageDraft) -> ToolAnswer:
        """Draft one, and leave nothing behind."""
        house = self._house
        found, choice = self._chosen(given)
        asset, contact = _asset_of(house, choice), found.contact
        name = label(contact.name) or contact.id
        with one_draft(house, asker) as took:
            state = house.desk.do(
                lambda own, carrier: drafted(own, carrier, found, choice, given.hint), drafts=True
            )
            took.append(state.usage)
        why = self._why(found, choice)
        records = (
            contact_ref(contact.id, name),
            campaign_ref(found.campaign.id, found.campaign.name),
            content_ref(asset),
        )
        facts = known(contact=records[0].mark, campaign=records[1].mark, content=records[2].mark, why=why)
        if state.message is None or state.draft is None or state.verdict is None:
            rule = f" ({state.rule_id})" if state.rule_id else ""
            return ToolAnswer(
                words=f"No draft for {name} about {asset.title!r}: nothing true could be said within the rules{rule}.",
                facts={**facts, "drafted": False},
                records=records,
            )
        told = known(
            written_by=state.draft.author.value,
            would_go=moment(state.not_before, asker),
            findings=finding_facts(house, state.verdict),
            rests_on=used_facts(state.evidence, state.draft),
            model_calls=state.usage.calls,
            stood_in=bool(state.stood_in),
        )
        asks = state.stakes
        tables = [
            findings_table(house, state.verdict),
            sources_table(state.evidence, state.draft, claim_sources(asset)),
            self._choices(found, choice),
        ]
        if asks is not None:
            told |= stakes_facts(asks)
            tables.insert(1, stakes_table(asks))
        end = (
            "Blocked by the rules as it stands."
            if state.outcome is ContactOutcome.BLOCKED
            else "In a run a person would be asked about it."
            if asks and asks.asks_a_person
            else "In a run it would go alone."
        )
        return ToolAnswer(
            words=f"A draft for {name} about {asset.title!r}, in {found.campaign.name}. {end} Nothing was proposed or "
            "sent.",
            facts={**facts, **told, "drafted": True},
            tables=tuple(one for one in tables if one.rows),
            texts=(message_text(state.message, f"Draft to {name}"),),
            records=records,
        )

    def plan_propose(self, asker: Asker, given: MessagePropose) -> Effect:
        """Tell what would be proposed; the words are drafted after the yes, and wait for a reviewer."""
        return self._proposed(asker, given, *self._chosen(given))

    def _proposed(self, asker: Asker, given: MessagePropose, found: Possible, choice: Choice) -> Effect:
        house = self._house
        require_active(house, found.campaign.id)
        contact, asset = found.contact, _asset_of(house, choice)
        opens = opens_at(choice.action.slot, contact, house.clock(), house.rules)
        name = label(contact.name) or contact.id
        lines = [
            f"A message about {asset.title!r} is drafted for {name} in the campaign {found.campaign.name!r} and put "
            "into the review inbox.",
            f"Nothing is sent: a reviewer decides about the very words. If approved, it goes out from "
            f"{moment(opens, asker)} at the earliest.",
            *self._why(found, choice),
            "It is logged as asked for by a member: the learner learns nothing from it.",
        ]
        if given.hint:
            lines.append(f"The draft is to heed: “{given.hint}”")
        return Effect(
            title=f"Propose a message to {name}",
            lines=tuple(lines),
            records=(
                contact_ref(contact.id, name),
                campaign_ref(found.campaign.id, found.campaign.name),
                content_ref(asset),
            ),
            seal=sealed(
                propose=contact.id,
                campaign=found.campaign.model_dump(mode="json"),
                action=choice.action.key,
                asset=asset.model_dump(mode="json"),
                hint=given.hint,
                contact=contact.model_dump(mode="json"),
                lines=firm(lines, lines[1]),
            ),
        )

    def propose(self, asker: Asker, given: MessagePropose, seal: str) -> ToolAnswer:
        """Draft it and lay it before a reviewer; one at a time for a contact, so that one yes makes one proposal."""
        contact = contact_of(self._house, given.contact)
        try:
            with self._house.locks.talking(f"propose to {contact.id}"):
                return self._propose(asker, given, seal)
        except ConversationBusy:
            raise ToolRefused(
                "A message to this contact is being proposed this very moment. Nothing was done; look at the inbox."
            ) from None

    def _propose(self, asker: Asker, given: MessagePropose, seal: str) -> ToolAnswer:
        house = self._house
        # Chosen here, compared and acted on: nothing can come between.
        found, choice = self._chosen(given)
        require_sealed(self._proposed(asker, given, found, choice), seal)
        contact, asset = found.contact, _asset_of(house, choice)
        name = label(contact.name) or contact.id
        run = put_on_record(house, found, choice, asker)
        note(house, asker, "message_propose", run.id)
        line = house.desk.do(
            lambda own, carrier: propose(own, carrier, run, contact.id, given.hint), drafts=True
        )
        refs: list[RecordRef] = [
            contact_ref(contact.id, name),
            run_ref(run, found.campaign.name, asker),
            content_ref(asset),
        ]
        facts = {"contact": refs[0].mark, "run": refs[1].mark, "outcome": line.outcome.value}
        if line.outcome is not ContactOutcome.WAITING:
            rule = f" ({line.rule_id})" if line.rule_id else ""
            reasons = table("Why not", columns("Reason"), [(line.reason,)] if line.reason else [])
            return ToolAnswer(
                words=f"Nothing was proposed to {name}: the draft ended {line.outcome.value.replace('_', ' ')}{rule}.",
                facts=known(**facts, rule=line.rule_id),
                tables=(reasons,) if reasons.rows else (),
                records=tuple(refs),
            )
        from agents.workbench import proposal_id

        waiting = house.proposals.get(proposal_id(run.id, contact.id))
        high = " The stakes are high." if waiting.stakes.level is StakesLevel.HIGH else ""
        refs.append(record(RecordKind.PROPOSAL, waiting.id, f"{name}: {waiting.message.subject}"))
        return ToolAnswer(
            words=f"The message to {name} about {asset.title!r} waits in the review inbox.{high}",
            facts={
                **facts,
                "proposal": refs[-1].mark,
                "version": waiting.version,
                **stakes_facts(waiting.stakes),
            },
            texts=(message_text(waiting.message, f"To {name}"),),
            records=tuple(refs),
        )

    def _chosen(self, given: MessageFor) -> tuple[Possible, Choice]:
        """What is meant, of what may be sent now. Raises `ToolRefused` with the reason where nothing may."""
        house = self._house
        house.reread()
        contact = contact_of(house, given.contact)
        name = label(contact.name) or contact.id
        if given.campaign is not None:
            text = campaign_text(house, key_meant(house, given.campaign))
            found = possible_for(house, text.require([asset.id for asset in house.crm.assets()]), contact.id)
        else:
            best, tried = best_campaign_for(house, contact.id)
            if best is None:
                said = "\n".join(f"- {one.campaign.name}: {_barred(one)}" for one in tried)
                none = "No campaign is active." if not tried else f"By campaign:\n{said}"
                raise ToolRefused(f"No active campaign may write to {name} now. {none}")
            found = best
        if found.barred or not found.choices:
            raise ToolRefused(f"{found.campaign.name} may not write to {name} now. {_barred(found)}")
        if given.content is None:
            return found, found.choices[0]
        asset = content_meant(house, given.content)
        fitting = [one for one in found.choices if one.action.asset_id == asset.id]
        if not fitting:
            raise ToolRefused(f"Not this content for {name}: {why_not_sent(house, found, asset)}")
        return found, fitting[0]

    def _why(self, found: Possible, choice: Choice) -> list[str]:
        """Why this content, in our own words."""
        assets = {asset.id: asset for asset in self._house.crm.assets()}
        currency = found.campaign.goal.currency
        if choice.value_cents is None:
            return []
        said = [
            f"{name_of(choice.action, assets)}: expected worth "
            f"{worth(choice.value_cents, currency, choice.knowledge)}, less its cost; the learner is "
            f"{KNOWLEDGE_WORDS[choice.knowledge]}."
        ]
        best = found.choices[0]
        if best.action.asset_id != choice.action.asset_id and best.value_cents is not None:
            said.append(
                f"More is expected of {name_of(best.action, assets)}: "
                f"{worth(best.value_cents, currency, best.knowledge)}."
            )
        silence = found.silence.value_cents if found.silence else None
        if silence is not None and silence > choice.value_cents:
            said.append("Silence is expected to be worth more than this message.")
        return said

    def _choices(self, found: Possible, choice: Choice) -> Any:
        assets = {asset.id: asset for asset in self._house.crm.assets()}
        currency = found.campaign.goal.currency
        best: dict[str, Choice] = {}
        for one in found.choices:
            best.setdefault(one.action.asset_id or "", one)
        rows: list[tuple[Cell, ...]] = [
            (
                content_ref(assets[key]),
                worth(one.value_cents, currency, one.knowledge) if one.value_cents is not None else None,
                one.knowledge.value,
                key == choice.action.asset_id,
            )
            for key, one in list(best.items())[:MOST_CHOICES]
        ]
        silence = found.silence
        if silence is not None and silence.value_cents is not None:
            said = option_worth(
                is_silence=True,
                cents=silence.value_cents,
                doubt=None,
                currency=currency,
                knowledge=silence.knowledge,
            )
            rows.append(("send nothing", said, None if said == NOTHING else silence.knowledge.value, False))
        head = columns(("Content", "record"), "Expected worth", "State of knowledge", "This draft")
        return table("What else may be sent", head, rows)


def claim_sources(asset: ContentAsset) -> dict[str, str]:
    """Where an asset's claims come from, by the reference facts carry."""
    return {f"claim:{claim.id}": claim.source for claim in asset.claims}


def _asset_of(house: House, choice: Choice) -> ContentAsset:
    return house.crm.asset(choice.action.asset_id or "")


def _barred(found: Possible) -> str:
    return f"{found.rule_id}: {found.barred}" if found.rule_id else found.barred
