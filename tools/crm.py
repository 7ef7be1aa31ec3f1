"""LangChain tools over CRM data, bound to one contact before a model sees them.

A planning agent with tools must read no outside text (A-01), so these tell structured facts and our own
words only: no notes, replies, form texts, names or subjects somebody else wrote.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from domain.base import utc_now
from domain.content import ContentAsset
from domain.dossier import Dossier
from domain.errors import NotFound
from domain.events import Event, EventKind
from domain.model import ToolSpec
from domain.people import Deal
from domain.ports import Clock

if TYPE_CHECKING:
    from langchain_core.tools import StructuredTool

ENGAGEMENT_DAYS = 90
MOST_MESSAGES = 10
MOST_DEALS = 10
OUR_SOURCE = "attune"

_PLAIN_LABEL = re.compile(r"[\w][\w .,/&()%-]{0,39}")
_OF_OURS = {EventKind.EMAIL_SENT, EventKind.EMAIL_DELIVERED, EventKind.NOTE_ADDED, EventKind.TASK_ADDED}


class Lookups(Protocol):
    """What the tools need of `domain.ports.CrmReader`."""

    def dossier(self, contact_id: str) -> Dossier:
        """Everything known about one contact. Raises `NotFound`."""
        ...

    def asset(self, asset_id: str) -> ContentAsset:
        """One content asset. Raises `NotFound`."""
        ...


class NoArguments(BaseModel):
    """Nothing to say: the tool already knows its contact."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AssetArguments(BaseModel):
    """Which content asset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asset_id: str = Field(description="Id of a content asset, as told by past_messages.")


class CrmToolbox:
    """Implements `domain.ports.Toolbox` over whatever reads the CRM."""

    def __init__(self, reader: Lookups, clock: Clock = utc_now) -> None:
        self._reader = reader
        self._clock = clock

    def tools_for(self, contact_id: str) -> tuple[ToolSpec, ...]:
        """The tools of one contact. None of them takes a contact, so none can be turned on another."""
        return tuple(_spec(tool) for tool in self.langchain_tools(contact_id))

    def langchain_tools(self, contact_id: str) -> tuple[StructuredTool, ...]:
        """The same tools as LangChain knows them, for graphs and agents built on it."""
        no_arguments: list[tuple[str, str, Callable[[], str]]] = [
            (
                "deal_status",
                "Deals of this contact and its account: kind, stage, amount, closing date.",
                lambda: self._deal_status(contact_id),
            ),
            (
                "account_engagement",
                f"How often this contact did what in the last {ENGAGEMENT_DAYS} days, what its account "
                "did as a whole included; machines left out.",
                lambda: self._engagement(contact_id),
            ),
            (
                "past_messages",
                "Messages this contact got: day, our own subject, asset, whether clicked or answered.",
                lambda: self._past_messages(contact_id),
            ),
        ]
        claims = _tool("asset_claims", "Approved claims and offer of an asset.", AssetArguments, self._claims)
        return (*(_tool(name, told, NoArguments, act) for name, told, act in no_arguments), claims)

    def _deal_status(self, contact_id: str) -> str:
        deals = self._reader.dossier(contact_id).deals[:MOST_DEALS]
        return "\n".join(map(_deal_line, deals)) or "No deals."

    def _engagement(self, contact_id: str) -> str:
        since = self._clock() - timedelta(days=ENGAGEMENT_DAYS)
        counts = Counter(
            event.kind.value
            for event in self._reader.dossier(contact_id).events
            if event.at >= since and not event.is_machine and event.kind not in _OF_OURS
        )
        return "\n".join(f"{kind}: {number}" for kind, number in sorted(counts.items())) or "Nothing."

    def _past_messages(self, contact_id: str) -> str:
        events = self._reader.dossier(contact_id).events
        sent = [event for event in events if event.kind is EventKind.EMAIL_SENT][:MOST_MESSAGES]
        lines: list[str] = []
        until: datetime | None = None
        for message in sent:  # newest first, so `until` is when the next one went out
            lines.append(f"{message.at:%Y-%m-%d} {_subject(message)}{_reactions(events, message, until)}")
            until = message.at
        return "\n".join(lines) or "No messages yet."

    def _claims(self, asset_id: str) -> str:
        try:
            asset = self._reader.asset(asset_id)
        except NotFound:
            return "There is no such asset."
        today = self._clock().date()
        if not asset.is_active:
            return "This asset is not in use."
        claims = [c.text for c in asset.claims if c.expires_on is None or c.expires_on >= today]
        offer = asset.offer
        if offer is not None and (offer.valid_until is None or offer.valid_until >= today):
            claims.append(f"Offer: {offer.name}. {offer.terms}")
        return "\n".join(claims) or "No approved claims."


def _deal_line(deal: Deal) -> str:
    # A stage is a cell of somebody's export: shown only where it reads like a stage.
    stage = deal.stage if _PLAIN_LABEL.fullmatch(deal.stage) else "unnamed stage"
    state = ("won" if deal.is_won else "lost") if deal.is_closed else stage
    amount = f", {deal.amount_cents / 100:.0f} {deal.currency}" if deal.amount_cents is not None else ""
    closes = f", closes {deal.closes_on}" if deal.closes_on and not deal.is_closed else ""
    return f"{deal.kind.value}: {state}{amount}{closes}"


def _subject(message: Event) -> str:
    # Only what we sent ourselves: a colleague's imported subject may repeat a stranger's words.
    if message.source != OUR_SOURCE or not message.subject:
        return "(subject not ours)"
    return f"“{message.subject}”" + (f" asset {message.asset_id}" if message.asset_id else "")


def _reactions(events: Sequence[Event], message: Event, until: datetime | None) -> str:
    after = {
        event.kind
        for event in events
        if event.at >= message.at and (until is None or event.at < until) and not event.is_machine
    }
    words = ((EventKind.EMAIL_CLICKED, "clicked"), (EventKind.EMAIL_REPLIED, "answered"))
    told = [word for kind, word in words if kind in after]
    return f": {', '.join(told)}" if told else ""


def _tool(name: str, told: str, arguments: type[BaseModel], act: Callable[..., str]) -> StructuredTool:
    from langchain_core.tools import StructuredTool

    return StructuredTool(name=name, description=told, args_schema=arguments, func=act)


def _spec(tool: StructuredTool) -> ToolSpec:
    def call(arguments: dict[str, Any]) -> str:
        return str(tool.invoke(arguments))

    arguments = tool.args_schema
    assert isinstance(arguments, type)
    assert issubclass(arguments, BaseModel)
    return ToolSpec(name=tool.name, description=tool.description, arguments=arguments, call=call)
