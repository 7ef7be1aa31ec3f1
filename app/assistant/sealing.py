"""What holds for every change the assistant makes: the seal it is bound by, and its line in the audit chain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from domain.assistant import Asker
from domain.staff import Act
from policies.rights import BY_TOKEN, may

if TYPE_CHECKING:
    from app.wiring import House


def sealed(**told: Any) -> str:
    """Return the hash of everything an effect was reckoned on."""
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def firm(lines: Sequence[str], *volatile: str) -> list[str]:
    """Return what an effect tells as far as it is sealed: all but the lines that may read otherwise a moment later.

    Those are times (told in the zone of the door) and whether a serving process was seen; they change nothing.
    """
    return [line for line in lines if line not in volatile]


def allows(asker: Asker, act: Act) -> bool:
    """Tell whether the asker may do this, by their role and by the way they ask."""
    return may(asker.role, act) and (asker.token_id is None or act in BY_TOKEN)


def note(house: House, asker: Asker, tool: str, subject: str) -> None:
    """Tell the audit chain through which door a member changed something; what, the change's own line tells."""
    told = {"tool": tool, "by": asker.member_id, "door": asker.door.value}
    house.audit.append("assistant", subject, {**told, "token": asker.token_id} if asker.token_id else told)
