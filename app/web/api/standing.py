"""Who one is here, and where the audit chain stands."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pydantic import BaseModel

from app.web.api.operations import Asked, Nothing, Operation
from domain.base import Noun
from domain.staff import Act, Role
from policies.rights import BY_TOKEN, may

if TYPE_CHECKING:
    from app.wiring import House


class Me(Noun):
    """Who asks, and what they may do the way they came."""

    member_id: str
    name: str
    role: Role
    zone: str
    by_token: bool
    may: tuple[str, ...]


class AuditHead(Noun):
    """How far the audit chain reaches: keep it elsewhere, and a cut or a change shows (`attune audit verify`)."""

    count: int
    head: str


def standing_operations(house: House) -> list[Operation]:
    """What a program asks first."""

    async def me(asked: Asked) -> BaseModel:
        who = asked.asker
        acts = [act for act in Act if may(who.role, act) and (who.token_id is None or act in BY_TOKEN)]
        return Me(
            member_id=who.member_id,
            name=who.name,
            role=who.role,
            zone=who.zone,
            by_token=who.token_id is not None,
            may=tuple(act.value for act in acts),
        )

    async def audit(_: Asked) -> BaseModel:
        count, head = await asyncio.to_thread(house.audit.tip)
        return AuditHead(count=count, head=head)

    return [
        Operation(
            "me_show",
            "GET",
            "/me",
            "standing",
            "Who am I",
            "The member this token or session is of, and their rights.",
            Act.READ,
            Nothing,
            Me,
            me,
        ),
        Operation(
            "audit_head",
            "GET",
            "/audit/head",
            "standing",
            "Where the audit chain stands",
            "The number of its lines and the hash of the last.",
            Act.READ,
            Nothing,
            AuditHead,
            audit,
        ),
    ]
