"""Carries one contact of one run as far as it goes by itself: to the end, or to the pause for a person.

The graph's checkpoints say where it stood; the ledger says whether there is anything left to do. Both
are asked first, so carrying the same contact twice, or after a SIGKILL, changes nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command
from pydantic import ValidationError

from agents.graph import OutreachGraph
from agents.state import OutreachState
from agents.workbench import Workbench, thread_id
from app.logs import about
from domain.errors import NotFound, ThreadBroken
from domain.review import Review
from domain.run import ContactOutcome, Run, RunContact
from domain.tracing import Attribute, Span
from memory.crm.runs import RunStore

log = logging.getLogger("attune.carry")


@dataclass(frozen=True)
class Carrier:
    """One graph, its checkpoints and the ledger; `within` is the span of the run, where it is traced."""

    graph: OutreachGraph
    saver: Any
    bench: Workbench
    runs: RunStore
    within: Span | None = None
    hints: tuple[str, ...] = ()
    """What whoever asked for the message wants of it; empty for all that runs decide by themselves."""

    async def carry(self, run: Run, contact_id: str) -> ContactOutcome:
        """Take a contact from wherever it stands to its end or its pause; return its outcome."""
        line = self._line(run.id, contact_id)
        if not line.outcome.is_open:
            return line.outcome
        if line.decision_id is None:
            raise ValueError(f"contact {contact_id} of run {run.id} is queued without a decision")
        config = _config(run.id, contact_id)
        snapshot = await self.graph.aget_state(config)
        values = snapshot.values
        if values and not _is_whole(values):
            # Nothing was done yet, or its checkpoints were being removed: either way it begins anew.
            await self.saver.adelete_thread(thread_id(run.id, contact_id))
            values = {}
        elif snapshot.interrupts:
            return await self._mark(OutreachState.model_validate(snapshot.values))
        start: OutreachState | None = None
        if not values:
            start = OutreachState(
                run_id=run.id,
                campaign_id=run.campaign_id,
                contact_id=contact_id,
                decision_id=line.decision_id,
                autonomy=run.autonomy,
                is_dry_run=run.is_dry_run,
                hints=self.hints,
            )
        elif not snapshot.next:
            return await self._close(OutreachState.model_validate(values))
        return await self._go(run.id, contact_id, start)

    async def resume(self, run_id: str, contact_id: str, review: Review) -> ContactOutcome:
        """Take a paused contact on with a reviewer's answer.

        Fresh input on a paused thread would silently drop the pause, so a thread that is not paused is
        left alone: the outbox then already says what became of its message.
        """
        config = _config(run_id, contact_id)
        snapshot = await self.graph.aget_state(config)
        if not snapshot.interrupts:
            if snapshot.next:
                return await self._go(run_id, contact_id, None)
            return self._line(run_id, contact_id).outcome
        return await self._go(run_id, contact_id, Command(resume=review.model_dump(mode="json")))

    async def _go(
        self, run_id: str, contact_id: str, start: OutreachState | Command[Any] | None
    ) -> ContactOutcome:
        config, span_of = _config(run_id, contact_id), self.bench.tracing.span
        ids: dict[str, str | None] = {"run_id": run_id, "contact_id": contact_id}
        with about(**ids), span_of("contact", ids, within=self.within) as span:
            span.note(answered=isinstance(start, Command))
            result = await self.graph.ainvoke(
                start, config, context=self.bench, durability="sync", version="v2"
            )
            state = OutreachState.model_validate(result.value)
            outcome = await (self._mark(state) if result.interrupts else self._close(state))
            told = _told(state, outcome)
            span.note(**told)
            log.info("contact", extra=told)
            return outcome

    async def _close(self, state: OutreachState) -> ContactOutcome:
        """Write the ledger, then let the checkpoints go: what was made is kept in the archive.

        Raises:
            ThreadBroken: a process died while its checkpoint was being written or removed; they are gone
                now, and the next try begins anew. The outbox still takes the message once.

        """
        if state.outcome is None:
            await self.saver.adelete_thread(thread_id(state.run_id, state.contact_id))
            raise ThreadBroken(state.contact_id)
        outcome = await self._mark(state)
        await self.saver.adelete_thread(thread_id(state.run_id, state.contact_id))
        return outcome

    def _line(self, run_id: str, contact_id: str) -> RunContact:
        line = self.runs.line(run_id, contact_id)
        if line is None:
            raise NotFound("contact", contact_id, f"It is not part of run {run_id}.")
        return line

    async def _mark(self, state: OutreachState) -> ContactOutcome:
        before = self._line(state.run_id, state.contact_id)
        outcome = state.outcome or ContactOutcome.PARKED
        reason = state.reason
        if outcome is ContactOutcome.WAITING and state.stakes:
            reason = "; ".join(r.text for r in state.stakes.reasons)
        line = RunContact(
            run_id=state.run_id,
            contact_id=state.contact_id,
            outcome=outcome,
            rule_id=state.rule_id,
            reason=reason,
            decision_id=state.decision_id,
            usage=state.usage.beyond(before.usage),
            updated_at=self.bench.now(),
        )
        await self.bench.write(lambda: self.runs.mark(line))
        return outcome


def _told(state: OutreachState, outcome: ContactOutcome) -> dict[str, Attribute | None]:
    """What traces and logs say of a contact's way: ids, our own words, numbers."""
    return {
        "campaign_id": state.campaign_id,
        "outcome": outcome.value,
        "rule_id": state.rule_id,
        "stakes": state.stakes.level.value if state.stakes else None,
        "revisions": state.revisions,
        "stood_in": len(state.stood_in),
        "model_calls": state.usage.calls,
        "cost_micros": state.usage.cost_micros,
    }


def _is_whole(values: dict[str, Any]) -> bool:
    """Tell whether a thread still has its state; one that had not begun, or was being removed, has only defaults."""
    try:
        OutreachState.model_validate(values)
    except ValidationError:
        return False
    return True


def _config(run_id: str, contact_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id(run_id, contact_id)}}
