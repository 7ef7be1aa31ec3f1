"""The way of one contact through one run, as a LangGraph graph.

    signals → plan → draft → review → stakes → propose → approval → hear → settle → dispatch | finish
                       ↑________|                  ↑___________ edit ___|

Every node is safe to run again from its top: ids are derived, stores take a thing once, and the pause
stands alone in its node. What has an effect outside the checkpoint (propose, settle, dispatch, finish)
asks its store first.

Over 400 lines on purpose: the nodes and the edges between them are one picture and are read together.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, Literal

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from agents import approval, dispatch, facts, letter
from agents.context import DraftingContext, Made
from agents.state import OutreachState
from agents.workbench import Workbench, outbox_id, proposal_id, thread_id
from domain.autonomy import ActionClass
from domain.campaign import Autonomy
from domain.decision import Arm
from domain.errors import DuplicateSend, NothingToSay
from domain.history import MemoryKind
from domain.message import (
    Author,
    Message,
    OutboxEntry,
    OutboxStatus,
    Severity,
    Stakes,
    StakesLevel,
    Verdict,
)
from domain.review import DraftRecord, Proposal
from domain.run import ContactOutcome
from policies.autonomy import with_autonomy, words_sha256
from policies.consent import carries
from policies.content import review_message
from policies.quiet_hours import opens_at
from policies.stakes import assess
from policies.suppression import may_profile

MOST_REVISIONS = 2
RECALLED = 6

WORDS = tuple(kind for kind in MemoryKind if kind not in {MemoryKind.VISIT, MemoryKind.TOUCH})
"""What is recalled: what somebody said or wrote. Visits and our own messages the timeline counts already, and they
would take the places of a sentence only history knows."""

Bench = Runtime[Workbench]
Node = Callable[[OutreachState, Bench], Coroutine[Any, Any, Any]]
OutreachGraph = CompiledStateGraph[OutreachState, Workbench, OutreachState, OutreachState]


async def signals(state: OutreachState, runtime: Bench) -> Command[Literal["plan", "finish"]]:
    """Read timeline and history, gather the facts, find what they say; nothing of somebody who objected meanwhile."""
    bench = runtime.context
    context = bench.context(state)
    if refusal := may_profile(context.dossier.contact, context.dossier.standing.suppressions):
        refused = {"outcome": ContactOutcome.REFUSED, "rule_id": refusal.rule_id, "reason": refusal.reason}
        return Command(goto="finish", update=refused)
    about = ". ".join((context.asset.title, context.asset.summary, *context.asset.topics))
    # In a thread: the words are embedded first, and an embedder may have to ask a server.
    recall = functools.partial(bench.history.recall, now=context.now, limit=RECALLED, kinds=WORDS)
    recalled = await asyncio.to_thread(recall, state.contact_id, about)
    evidence = facts.gather(context.dossier, recalled, context.asset, context.now)
    made = await bench.analyst.analyse(bench.context(state.model_copy(update={"evidence": evidence})))
    update = {
        "evidence": evidence,
        "brief": made.work,
        "usage": made.usage,
        "stood_in": _stood_in("signals", made),
    }
    return Command(goto="plan", update=update)


async def plan(state: OutreachState, runtime: Bench) -> dict[str, Any]:
    """Choose angle, points and the one thing to ask."""
    assert state.brief is not None
    made = await runtime.context.strategist.plan(runtime.context.context(state), state.brief)
    return {"plan": made.work, "usage": made.usage, "stood_in": _stood_in("plan", made)}


async def draft(state: OutreachState, runtime: Bench) -> Command[Literal["review", "approval", "finish"]]:
    """Write the message, or write it again with the findings in hand."""
    assert state.brief is not None
    assert state.plan is not None
    findings = state.verdict.findings if state.verdict else ()
    context = runtime.context.context(state)
    try:
        made = await runtime.context.composer.compose(context, state.brief, state.plan, findings, state.draft)
    except NothingToSay as silence:
        if state.proposal_id is not None:
            # A person asked for another draft and there is none: the one they saw waits on.
            seen = runtime.context.proposals.get(state.proposal_id)
            kept = {"draft": seen.draft, "message": seen.message, "verdict": seen.verdict}
            return Command(goto="approval", update={"review": None, "objection": str(silence), **kept})
        return Command(goto="finish", update={"outcome": ContactOutcome.BLOCKED, "reason": str(silence)})
    update = {"draft": made.work, "usage": made.usage, "stood_in": _stood_in("draft", made)}
    return Command(goto="review", update=update)


async def review(state: OutreachState, runtime: Bench) -> Command[Literal["draft", "stakes", "finish"]]:
    """Address the message, hold it against the rules, then against the reviewer's judgement."""
    assert state.draft is not None
    bench, context = runtime.context, runtime.context.context(state)
    message, verdict = judged(state, bench)
    update: dict[str, Any] = {"message": message, "verdict": verdict}
    if state.draft.author is not Author.REVIEWER:
        made = await bench.reviewer.review(context, state.draft, verdict)
        verdict = made.work
        update |= {"verdict": verdict, "usage": made.usage, "stood_in": _stood_in("review", made)}
        if _is_worth_revising(verdict) and state.revisions < MOST_REVISIONS:
            return Command(goto="draft", update=update | {"revisions": state.revisions + 1})
    if verdict.blocks and state.proposal_id is None:
        first = next(f for f in verdict.findings if f.severity.value == "block")
        return Command(
            goto="finish",
            update=update
            | {"outcome": ContactOutcome.BLOCKED, "rule_id": first.rule_id, "reason": first.reason},
        )
    return Command(goto="stakes", update=update)


async def stakes(state: OutreachState, runtime: Bench) -> Command[Literal["propose", "dispatch", "finish"]]:
    """Decide whether this may go alone, and when."""
    assert state.draft is not None
    assert state.verdict is not None
    bench, context = runtime.context, runtime.context.context(state)
    opens = state.not_before or opens_at(
        context.decision.action.slot, context.dossier.contact, bench.now(), bench.rules
    )
    assessed = assess(
        decision=context.decision,
        dossier=context.dossier,
        asset=context.asset,
        draft=state.draft,
        verdict=state.verdict,
        autonomy=state.autonomy,
        messages_before=bench.crm.messages_before(context.decision),
        rules=bench.rules,
        now=bench.now(),
        brief=state.brief,
        stood_in=state.stood_in,
        outlook=bench.outlook(state.contact_id),
        evidence=state.evidence,
        currency=context.campaign.goal.currency,
        goal=context.campaign.goal.outcome,
    )
    if state.proposal_id is None:
        assessed = with_autonomy(
            assessed, _has_earned(assessed, context, bench), state.decision_id, bench.rules.autonomy
        )
    update: dict[str, Any] = {"stakes": assessed, "not_before": opens}
    if state.is_dry_run or state.autonomy is Autonomy.SHADOW:
        words = "would ask a person" if assessed.asks_a_person else "would go alone"
        return Command(goto="finish", update=update | {"outcome": ContactOutcome.SHADOWED, "reason": words})
    # Once a person was asked, only a person lets it go, whatever a new draft looks like.
    asks = assessed.asks_a_person or state.proposal_id is not None
    return Command(goto="propose" if asks else "dispatch", update=update)


def judged(state: OutreachState, bench: Workbench) -> tuple[Message, Verdict]:
    """Address the draft and hold the message against every rule; nothing is written and no model is asked.

    Whoever shows an edit before it is made asks this too, so that both see the same.
    """
    assert state.draft is not None
    context = bench.context(state)
    contact, standing = context.dossier.contact, context.dossier.standing
    message = letter.address(
        state.draft,
        contact=contact,
        asset=context.asset,
        campaign=context.campaign,
        sender=bench.sender,
        outbox_id=outbox_id(state.run_id, state.contact_id),
        link_key=bench.link_key,
        carried_by=carries(contact, standing.consents, bench.now(), bench.rules, asset=context.asset),
    )
    return message, review_message(
        message=message,
        draft=state.draft,
        evidence=state.evidence,
        asset=context.asset,
        sender=bench.sender,
        rules=bench.rules,
        today=bench.now().date(),
        raw=bench.rendered(message),
        canary=context.canary,
    )


async def propose(state: OutreachState, runtime: Bench) -> Command[Literal["approval", "finish"]]:
    """Lay the message before a person: its proposal and its pending outbox entry, together.

    Where another message of the campaign took the place meanwhile, this one is refused as `send` refuses it, and
    nobody is asked.
    """
    bench = runtime.context
    entry = _entry(state, bench, OutboxStatus.PENDING)
    known_id = state.proposal_id
    proposal = _proposal(state, bench)
    if known_id is None:
        try:
            await bench.write(lambda: bench.proposals.open(proposal, entry))
        except DuplicateSend as twin:
            return Command(goto="finish", update=_has_one(twin))
    else:
        stored = bench.proposals.get(known_id)
        if stored.message_sha256 != proposal.message_sha256:
            revised = proposal.model_copy(
                update={"version": stored.version + 1, "created_at": stored.created_at}
            )
            await bench.write(lambda: bench.proposals.revise(revised, stored.message_sha256))
    await _keep(state, bench)
    bench.forget(state)
    update = {"proposal_id": proposal.id, "outcome": ContactOutcome.WAITING}
    return Command(goto="approval", update=update)


async def send(state: OutreachState, runtime: Bench) -> dict[str, Any]:
    """Queue the approved message; hand it over now if its slot is open."""
    bench = runtime.context
    entry = _entry(state, bench, OutboxStatus.APPROVED)
    # Kept first: whoever sends it, even another process, judges it again by what is on record.
    await _keep(state, bench)
    if state.proposal_id is None:
        try:
            await bench.write(lambda: bench.outbox.put(entry))
        except DuplicateSend as twin:
            return _has_one(twin)
    after = await dispatch.deliver(entry.id, bench)
    bench.forget(state)
    return {
        "outcome": dispatch.OUTCOME_OF_STATUS[after.status],
        "reason": after.detail or _when(after),
    }


def _has_one(twin: DuplicateSend) -> dict[str, Any]:
    """What becomes of a contact who has a message of the campaign already: no failure, and nothing to try again."""
    return {"outcome": ContactOutcome.REFUSED, "rule_id": "H-01", "reason": str(twin)}


async def finish(state: OutreachState, runtime: Bench) -> dict[str, Any]:
    """Keep what was made, for whoever asks later."""
    await _keep(state, runtime.context)
    runtime.context.forget(state)
    return {}


def _stood_in(part: str, made: Made[Any]) -> list[str]:
    """Why the understudy did this part although a model was asked; nothing if all went well."""
    return [f"{part}: {made.stand_in_for}"] if made.stand_in_for else []


def _has_earned(assessed: Stakes, context: DraftingContext, bench: Workbench) -> bool:
    """Tell whether messages like this one may go alone by what their class has earned; never one a member asked for."""
    is_asked = context.decision.arm is Arm.ASKED
    if is_asked or not assessed.asks_a_person or assessed.level is StakesLevel.HIGH:
        return False
    asked = ActionClass(campaign_id=context.campaign.id, asset_id=context.asset.id, level=assessed.level)
    return bench.earned(asked, words_sha256(context.campaign, context.asset))


def _is_worth_revising(verdict: Verdict) -> bool:
    """Another draft mends words; it cannot mend that a model was not there to judge them (A-09)."""
    return any(f.severity is not Severity.WARN and f.rule_id != "A-09" for f in verdict.findings)


def _when(entry: OutboxEntry) -> str:
    if entry.status is OutboxStatus.APPROVED:
        return f"goes out from {entry.not_before:%Y-%m-%d %H:%M} UTC"
    return ""


def _message(state: OutreachState) -> Message:
    if state.message is None:
        raise ValueError(f"no message was written for {state.contact_id} in run {state.run_id}")
    return state.message


def _entry(state: OutreachState, bench: Workbench, status: OutboxStatus) -> OutboxEntry:
    message = _message(state)
    return OutboxEntry(
        id=outbox_id(state.run_id, state.contact_id),
        run_id=state.run_id,
        campaign_id=state.campaign_id,
        contact_id=state.contact_id,
        decision_id=state.decision_id,
        message=message,
        status=status,
        not_before=state.not_before or bench.now(),
        approved_sha256=message.sha256 if status is OutboxStatus.APPROVED else None,
        updated_at=bench.now(),
    )


def _proposal(state: OutreachState, bench: Workbench) -> Proposal:
    message = _message(state)
    assert state.draft is not None
    assert state.stakes is not None
    assert state.not_before is not None
    return Proposal(
        id=state.proposal_id or proposal_id(state.run_id, state.contact_id),
        run_id=state.run_id,
        campaign_id=state.campaign_id,
        decision_id=state.decision_id,
        contact_id=state.contact_id,
        thread_id=thread_id(state.run_id, state.contact_id),
        message=message,
        message_sha256=message.sha256,
        draft=state.draft,
        evidence=state.evidence,
        brief=state.brief,
        plan=state.plan,
        verdict=state.verdict or Verdict(),
        stakes=state.stakes,
        not_before=state.not_before,
        created_at=bench.now(),
    )


async def _keep(state: OutreachState, bench: Workbench) -> None:
    record = DraftRecord(
        decision_id=state.decision_id,
        run_id=state.run_id,
        contact_id=state.contact_id,
        evidence=state.evidence,
        brief=state.brief,
        plan=state.plan,
        draft=state.draft,
        verdict=state.verdict,
        stakes=state.stakes,
        message=state.message,
        not_before=state.not_before,
        kept_at=bench.now(),
    )
    await bench.write(lambda: bench.archive.keep(record))


def build_graph(
    checkpointer: BaseCheckpointSaver[Any] | None = None, bench: Workbench | None = None
) -> OutreachGraph:
    """Join the nodes. Compiling takes under a millisecond, so every worker has its own.

    Args:
        checkpointer: where threads are kept; None where the host brings its own.
        bench: binds the graph to one workbench, for hosts that cannot pass a context.
    """
    nodes: dict[str, Any] = {
        "signals": signals,
        "plan": plan,
        "draft": draft,
        "review": review,
        "stakes": stakes,
        "propose": propose,
        "approval": approval.approval,
        "hear": approval.hear,
        "settle": approval.settle,
        "edit": approval.edit,
        "dispatch": send,
        "finish": finish,
    }
    # A host that passes a context of its own, an empty one too, must not be asked to make a workbench of it.
    graph = StateGraph(OutreachState, context_schema=Workbench if bench is None else None)
    for name, node in nodes.items():
        traced: Node = node if name == "approval" else _traced(name, node)
        made: Any = traced if bench is None else _bound(traced, bench)
        graph.add_node(name, made)
    graph.add_edge(START, "signals")
    graph.add_edge("plan", "draft")
    graph.add_edge("approval", "hear")
    graph.add_edge("edit", "review")
    graph.add_edge("dispatch", END)
    graph.add_edge("finish", END)
    return graph.compile(checkpointer=checkpointer, name="outreach")


def _traced(name: str, node: Node) -> Node:
    """The node, and a span around it. The pause has none: it is over at once, and ends by an exception."""

    @functools.wraps(node)
    async def with_span(state: OutreachState, runtime: Bench) -> Any:
        about = {"node": name, "run_id": state.run_id, "contact_id": state.contact_id}
        with runtime.context.tracing.span(f"node {name}", about):
            return await node(state, runtime)

    return with_span


def _bound(node: Node, bench: Workbench) -> Node:
    @functools.wraps(node)
    async def with_bench(state: OutreachState, runtime: Bench) -> Any:
        return await node(state, runtime.override(context=bench))

    return with_bench
