"""The outreach graph under a running `langgraph dev`, through its own client: pause, decisions, outcome."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient

from app import loop
from app.drills.settling import settle
from app.runs import begin, carry_on
from app.wiring import House
from domain.base import utc_now
from domain.campaign import Autonomy
from domain.review import ProposalStatus
from domain.run import Run, RunContact
from domain.staff import Role
from evals.crowd import campaign
from tests.e2e.studio_server import HEADERS, needs_the_server, running

pytestmark = pytest.mark.slow
REVIEWER = "rita@team.example"
# The conversation that docs/langgraph.md shows is written to this file.
TRANSCRIPT = os.environ.get("ATTUNE_STUDIO_TRANSCRIPT")


class Talk:
    """A client of the server; what goes over the line is kept where ATTUNE_STUDIO_TRANSCRIPT names a file."""

    def __init__(self, client: SyncLangGraphClient) -> None:
        self.client = client

    def thread(self) -> str:
        return str(self.client.threads.create()["thread_id"])

    def run(self, thread: str, graph: str = "outreach", **more: Any) -> dict[str, Any]:
        """Run until the end or a pause; return the thread's values."""
        self._tell(f">>> {graph}", more.get("input") or more["command"])
        ended = self.client.runs.wait(thread, graph, **more)
        assert isinstance(ended, dict)
        return ended

    def pause(self, thread: str) -> Any:
        """What the thread waits for."""
        state = self.client.threads.get_state(thread)
        (paused,) = (one for task in state["tasks"] for one in task["interrupts"])
        self._tell("<<< waits", paused["value"])
        return paused["value"]

    def told(self, what: str, value: object) -> None:
        """Note how something ended."""
        self._tell(f"<<< {what}", value)

    def _tell(self, head: str, value: object) -> None:
        if TRANSCRIPT:
            with Path(TRANSCRIPT).open("a", encoding="utf-8") as file:
                file.write(f"{head}\n{json.dumps(value, indent=1, ensure_ascii=False)}\n\n")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    needs_the_server()
    house = settle(tmp_path / "ws", 3, utc_now())
    house.staff.join(REVIEWER, "Rita", Role.REVIEWER, "UTC", how="test")
    house.staff.join("mara@team.example", "Mara", Role.MARKETER, "UTC", how="test")
    yield house
    house.close()


def asked_about(house: House) -> tuple[Run, list[RunContact]]:
    run, _ = begin(house, campaign().model_copy(update={"autonomy": Autonomy.ASSIST}), is_dry_run=False)
    return run, list(house.runs.queued(run.id))


def start(run: Run, line: RunContact) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "campaign_id": run.campaign_id,
        "contact_id": line.contact_id,
        "decision_id": line.decision_id,
        "autonomy": run.autonomy.value,
    }


def test_nobody_without_the_secret_and_no_page_of_another_site_gets_in(house: House, tmp_path: Path) -> None:
    with running(house.workspace.folder, tmp_path, ATTUNE_STUDIO_MEMBER=REVIEWER) as at:
        for headers in ({}, {"authorization": "Bearer x"}, {"x-auth-scheme": "langsmith"}, {"x-api-key": ""}):
            assert httpx.post(f"{at}/threads", json={}, headers=headers).status_code == 401
            assert (
                httpx.post(f"{at}/runs/wait", json={"assistant_id": "assistant"}, headers=headers).status_code
                == 401
            )
        assert httpx.post(f"{at}/threads", json={}, headers=HEADERS).status_code == 200
        asks = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
        allowed = {}
        for origin in ("https://evil.example", "http://localhost:3000"):
            answer = httpx.options(f"{at}/threads", headers={**asks, "origin": origin})
            allowed[origin] = answer.headers.get("access-control-allow-origin")
        assert allowed == {"https://evil.example": None, "http://localhost:3000": "http://localhost:3000"}


def test_a_message_waits_in_langchains_form_and_goes_by_decisions(house: House, tmp_path: Path) -> None:
    run, lines = asked_about(house)
    with (
        running(house.workspace.folder, tmp_path, ATTUNE_STUDIO_MEMBER=REVIEWER) as at,
        get_sync_client(url=at, headers=HEADERS) as client,
    ):
        talk = Talk(client)
        thread = talk.thread()
        talk.run(thread, input=start(run, lines[0]))
        asked = talk.pause(thread)
        (request,), (config,) = asked["action_requests"], asked["review_configs"]
        assert request["name"] == config["action_name"] == "send_message"
        assert config["allowed_decisions"] == ["approve", "edit", "reject", "respond"]
        proposal = house.proposals.get(asked["proposal_id"])
        assert proposal.message_sha256 == asked["message_sha256"]
        assert proposal.message.text.rstrip() in request["description"]

        other = {"name": "send_message", "args": {"to": "mallory@evil.example"}}
        talk.run(thread, command={"resume": {"decisions": [{"type": "edit", "edited_action": other}]}})
        assert "Only subject and body" in talk.pause(thread)["objection"]

        words = {
            "name": "send_message",
            "args": {"subject": "A shorter subject", "body": request["args"]["body"]},
        }
        talk.run(thread, command={"resume": {"decisions": [{"type": "edit", "edited_action": words}]}})
        again = talk.pause(thread)
        assert again["message_sha256"] != asked["message_sha256"]

        yes = {"type": "approve", "message_sha256": asked["message_sha256"]}
        talk.run(thread, command={"resume": {"decisions": [yes]}})
        assert "has changed" in talk.pause(thread)["objection"]

        yes = {"type": "approve", "message_sha256": again["message_sha256"]}
        ended = talk.run(thread, command={"resume": {"decisions": [yes]}})
        assert ended["outcome"] in {"sent", "scheduled"}
        talk.told("outcome", ended["outcome"])
        after = house.proposals.get(proposal.id)
        assert after.status is ProposalStatus.APPROVED
        assert after.message.subject == "A shorter subject"
        rita = house.staff.by_email(REVIEWER)
        assert rita is not None
        assert {one.reviewer for one in house.proposals.reviews_of(proposal.id)} == {rita.member_id}

        second = talk.thread()
        talk.run(second, input=start(run, lines[1]))
        no = {"type": "reject", "message": "They asked for a call, not a mail."}
        assert talk.run(second, command={"resume": {"decisions": [no]}})["outcome"] == "rejected"
    assert house.audit.verify() is None


def test_the_assistant_looks_at_once_and_changes_wait_one_by_one(house: House, tmp_path: Path) -> None:
    run, _ = asked_about(house)
    loop.run(carry_on(house, run))
    first, second = house.proposals.waiting()[:2]
    calls = [
        {
            "id": f"call-{one.id}",
            "name": "proposal_reject",
            "args": {"proposal": one.id, "version": one.version, "reason": "Too soon."},
        }
        for one in (first, second)
    ]
    with (
        running(house.workspace.folder, tmp_path, ATTUNE_STUDIO_MEMBER=REVIEWER) as at,
        get_sync_client(url=at, headers=HEADERS) as client,
    ):
        talk = Talk(client)
        thread = talk.thread()
        said = talk.run(thread, "assistant", input=asks("Which proposals are waiting?"))
        answer = said["messages"][-1]
        assert answer["type"] == "ai"
        assert first.id in json.dumps(said)

        planned = {"type": "ai", "content": "", "tool_calls": calls}
        talk.run(thread, "assistant", input={"messages": [*asks("Reject both.")["messages"], planned]})
        asked = talk.pause(thread)
        assert [one["name"] for one in asked["action_requests"]] == ["proposal_reject"] * 2
        assert house.proposals.get(first.id).status is ProposalStatus.WAITING

        one_by_one = {"decisions": [{"type": "approve"}, {"type": "reject", "message": "Not this one."}]}
        talk.run(thread, "assistant", command={"resume": one_by_one})
    assert house.proposals.get(first.id).status is ProposalStatus.REJECTED
    assert house.proposals.get(second.id).status is ProposalStatus.WAITING
    assert house.audit.verify() is None


def asks(words: str) -> dict[str, Any]:
    return {"messages": [{"type": "human", "content": words}]}


def test_who_may_not_decide_is_told_so_and_the_older_form_is_spoken(house: House, tmp_path: Path) -> None:
    run, lines = asked_about(house)
    settings = {"ATTUNE_STUDIO_MEMBER": "mara@team.example", "ATTUNE_INTERRUPTS": "agent_inbox"}
    with (
        running(house.workspace.folder, tmp_path, **settings) as at,
        get_sync_client(url=at, headers=HEADERS) as client,
    ):
        talk = Talk(client)
        thread = talk.thread()
        talk.run(thread, input=start(run, lines[0]))
        (asked,) = talk.pause(thread)
        assert asked["action_request"]["action"] == "send_message"
        assert asked["config"]["allow_accept"]
        talk.run(thread, command={"resume": [{"type": "accept", "args": asked["action_request"]}]})
        (again,) = talk.pause(thread)
        assert "may not decide about proposals" in again["description"]
    (proposal,) = house.proposals.waiting()
    assert not house.proposals.reviews_of(proposal.id)
