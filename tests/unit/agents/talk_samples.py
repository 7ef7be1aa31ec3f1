"""Conversations for the grammar's tests: turns as a conversation's graph gives them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from domain.assistant import TalkTurn, ToolCall
from prompts.library import fence


def _own(row: dict[str, Any]) -> str:
    return str(next(value for value in row.values() if str(value).startswith("[")))


def turns(
    name: str, rows: Sequence[dict[str, Any]], key: str = "rows", **arguments: Any
) -> tuple[TalkTurn, ...]:
    """A question, one call and what it brought."""
    call = ToolCall(id=f"c_{name}", name=name, arguments=arguments)
    records = [f"{_own(row)} {row.get('name', '')}".strip() for row in rows]
    told = json.dumps({"words": "Found.", "facts": {key: list(rows)}, "records": records}, ensure_ascii=False)
    return (
        TalkTurn(role="user", content="…"),
        TalkTurn(role="assistant", content="", calls=(call,)),
        TalkTurn(role="tool", content=fence(told, name), call_id=call.id),
        TalkTurn(role="assistant", content="Found."),
    )


def failed(call: ToolCall, problem: str) -> tuple[TalkTurn, ...]:
    """A question whose one call brought nothing, and why."""
    return (
        TalkTurn(role="user", content="…"),
        TalkTurn(role="assistant", content="", calls=(call,)),
        TalkTurn(role="tool", content=fence(json.dumps({"problem": problem}), call.name), call_id=call.id),
        TalkTurn(role="assistant", content=problem),
    )


def decided(asked: str, calls: Sequence[ToolCall]) -> tuple[TalkTurn, ...]:
    """A wish for changes that were done after a yes."""
    own = [call.model_copy(update={"id": f"{call.arguments['proposal']}_done"}) for call in calls]
    done = [
        {"proposal": f"[proposal:{call.arguments['proposal']}]", "status": "approved", "version": 2}
        for call in own
    ]
    return (
        TalkTurn(role="user", content=asked),
        TalkTurn(role="assistant", content="", calls=tuple(own)),
        *(
            TalkTurn(role="tool", content=fence(json.dumps({"facts": row}), call.name), call_id=call.id)
            for call, row in zip(own, done, strict=True)
        ),
        TalkTurn(role="assistant", content="Approved."),
    )


PEOPLE = turns(
    "contact_find",
    [
        {"record": "[contact:c_ana]", "name": "Ana Ruiz", "account": "Northwind"},
        {"record": "[contact:c_ben]", "name": "Ben Ode", "account": "Northwind"},
        {"record": "[contact:c_cleo]", "name": "Cleo Marsh", "account": "Solo"},
    ],
    "contacts",
)
TWO = turns(
    "contact_find",
    [{"record": "[contact:c_ana]", "name": "Ana Ruiz"}, {"record": "[contact:c_ben]", "name": "Ben Ode"}],
    "contacts",
)
DANA = turns("contact_show", [{"record": "[contact:c_dana]", "name": "Dana Kim"}], who="dana")
DRAFT = turns(
    "message_draft", [{"record": "[contact:c_dana]", "name": "Dana Kim"}], contact="c_dana", campaign="spring"
)
ACCOUNTS = turns(
    "account_find",
    [
        {"record": "[account:a_nw]", "name": "Northwind GmbH"},
        {"record": "[account:a_so]", "name": "Solo Ltd"},
    ],
    "accounts",
    quiet_days=14,
    page=2,
)
ACCOUNT = turns("account_show", [{"record": "[account:a_nw]", "name": "Northwind GmbH"}], account="northwind")
PROPOSALS = turns(
    "proposal_list",
    [
        {"proposal": "[proposal:p_1]", "version": 1, "stakes": "low"},
        {"proposal": "[proposal:p_2]", "version": 3, "stakes": "high"},
        {"proposal": "[proposal:p_3]", "version": 2, "stakes": "low"},
        {"proposal": "[proposal:p_4]", "version": 1, "stakes": "ordinary"},
    ],
    "proposals",
)
CAMPAIGN = turns(
    "campaign_show", [{"record": "[campaign:spring]", "name": "Spring offer"}], campaign="spring"
)
RUNS = turns("run_list", [{"record": "[run:r1]"}, {"record": "[run:r2]"}], "runs")
CONTENT = turns(
    "content_list", [{"record": "[content:guide-cost]"}, {"record": "[content:meet-planner]"}], "content"
)
_OLDER = json.dumps(
    {
        "facts": {
            "record": "[contact:c_dana]",
            "name": "Dana Kim",
            "older": "2026-01-01|event|x",
            "moments": [{"on": "x"}],
        }
    }
)
STORY = (
    TalkTurn(
        role="assistant",
        content="",
        calls=(ToolCall(id="s", name="contact_story", arguments={"who": "c_dana"}),),
    ),
    TalkTurn(role="tool", content=fence(_OLDER, "contact_story"), call_id="s"),
)


def _shown(number: int, version: int) -> TalkTurn:
    row = {"proposal": f"[proposal:p_{number}]", "version": version, "stakes": "low"}
    return TalkTurn(
        role="tool", content=fence(json.dumps({"facts": row}), "proposal_show"), call_id=f"p{number}"
    )


SHOWN_TOGETHER = (
    TalkTurn(
        role="assistant",
        content="",
        calls=tuple(
            ToolCall(id=f"p{n}", name="proposal_show", arguments={"proposal": f"p_{n}"}) for n in (1, 2)
        ),
    ),
    _shown(1, 1),
    _shown(2, 3),
)
"""Two calls of one round: what they brought counts together."""

CUT = tuple(
    turn.model_copy(update={"content": turn.content[:230]}) if turn.role == "tool" else turn
    for turn in PROPOSALS
)
"""What was too long and cut in the midst of its JSON."""
