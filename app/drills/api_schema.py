"""The whole HTTP API tried by its own description, with schemathesis: `python -m app.drills.api_schema --examples 100`.

Each operation gets requests that fit its description and requests that do not, with records that exist put in half of
the time. What is told by a change is then done with its seal. Looked at: no fault of ours, no status, header, media
type or body it does not describe, nothing accepted that does not fit, nothing served without a token.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from app import loop
from app.drills.settling import settle
from app.runs import begin, carry_on
from app.web import make_app
from app.web.api.of_tools import EVERYONE
from app.web.api.operations import BASE
from app.web.shell import Shell
from domain.assistant import ToolCall
from domain.campaign import Autonomy
from domain.staff import Role
from evals.crowd import campaign

if TYPE_CHECKING:
    from app.wiring import House

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
]
KNOWN: dict[str, tuple[str, ...]] = {
    "contact": ("who", "contact", "one", "other"),
    "account": ("account",),
    "campaign": ("campaign",),
    "run": ("run",),
    "decision": ("decision",),
    "proposal": ("proposal",),
    "content": ("content",),
    "rule": ("rule",),
    "conversation": ("conversation",),
    "tool": ("tool",),
}
"""By kind of record: what arguments that name one are called."""


@dataclass
class Tried:
    """What was tried, and what came back."""

    requests: int = 0
    done: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    by_operation: dict[str, Counter[int]] = field(default_factory=dict)

    def count(self, name: str, status: int) -> None:
        """Note one answer."""
        self.requests += 1
        self.statuses[status] += 1
        self.by_operation.setdefault(name, Counter())[status] += 1


class ApiTrial:
    """One app, described and signed in to, ready to be tried operation by operation."""

    def __init__(self, app: FastAPI, secret: str, records: Mapping[str, str]) -> None:
        """`records`: an id that exists, by kind (see `KNOWN`)."""
        self.tried = Tried()
        self._auth = {"Authorization": f"Bearer {secret}"}
        self._known: dict[str, Any] = {
            name: records[kind] for kind, names in KNOWN.items() if kind in records for name in names
        }
        self._known["version"] = 1
        self._client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
        described = self._client.get(f"{BASE}/openapi.json", headers=self._auth).json()
        schema: Any = schemathesis.openapi.from_dict(described)
        schema.app = app
        found = (one.ok() for one in schema.get_all_operations())
        # What ends a campaign or a conversation comes last: the others are tried on one that is there.
        ordered = sorted(found, key=lambda one: one.method.upper() == "DELETE" or one.path.endswith("/stop"))
        self.operations: dict[str, Any] = {f"{one.method.upper()} {one.path}": one for one in ordered}

    def try_one(self, name: str, examples: int) -> None:
        """Try one operation. Raises what schemathesis found, all of it in one."""
        operation = self.operations[name]

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        )
        @given(case=operation.as_strategy(), is_known=st.booleans())
        def fits(case: Any, is_known: bool) -> None:
            if is_known:
                self._put_records(case)
            self._call(name, case, CHECKS)

        @settings(
            max_examples=max(examples // 3, 1),
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        )
        @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        def does_not_fit(case: Any) -> None:
            self._call(name, case, [*CHECKS, negative_data_rejection])

        fits()
        if _takes_anything(operation.definition.raw):
            does_not_fit()

    def _call(self, name: str, case: Any, checks: list[Any]) -> None:
        response = case.call_and_validate(checks=checks, headers=dict(self._auth))
        self.tried.count(name, response.status_code)
        seal = _seal_in(response)
        if seal is not None and isinstance(case.body, dict):
            # Another case: this one's key would bring what was told before, and its checks may have lost its token.
            sealed = case.operation.Case(
                path_parameters=case.path_parameters,
                body={**case.body, "seal": seal},
                media_type="application/json",
            )
            response = sealed.call_and_validate(checks=CHECKS, headers=dict(self._auth))
            self.tried.count(name, response.status_code)
            self.tried.done += response.status_code == 200

    def _put_records(self, case: Any) -> None:
        for part in (case.path_parameters, case.query, case.body):
            if isinstance(part, dict):
                part.update({name: self._known[name] for name in part if name in self._known})


def _takes_anything(raw: Mapping[str, Any]) -> bool:
    return "requestBody" in raw or any(one["in"] != "header" for one in raw.get("parameters", ()))


def _seal_in(response: Any) -> str | None:
    if response.status_code != 200 or "json" not in str(response.headers.get("content-type", "")):
        return None
    told = response.json()
    effect = told.get("effect") if isinstance(told, dict) else None
    return str(effect["seal"]) if effect else None


def trial_of(house: House) -> ApiTrial:
    """Return a trial of a house's API as an admin's program, too fast for no pace."""
    app = make_app(house, requests_a_minute=10_000_000)
    shell: Shell = app.state.shell
    email = "drill@team.example"
    member = shell.staff.by_email(email) or shell.staff.join(email, "Drill", Role.ADMIN, "UTC", how="drill")
    _, secret = shell.sessions.make_token(member, "drill")
    mine = house.assistant.begin(EVERYONE.model_copy(update={"member_id": member.member_id}), "drill")
    return ApiTrial(app, secret, loop.run(records_of(house)) | {"conversation": mine.id})


LISTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("contact_find", {}),
    ("account_find", {}),
    ("campaign_list", {}),
    ("run_list", {}),
    ("decision_list", {"campaign": campaign().id}),
    ("proposal_list", {}),
    ("content_list", {}),
    ("rule_list", {}),
)
"""What brings records that exist."""


def settle_with_proposals(folder: Path, contacts: int) -> House:
    """Return a house whose run asked a person about its messages."""
    house = settle(folder, contacts)
    plan = campaign().model_copy(update={"autonomy": Autonomy.ASSIST})
    run, _ = begin(house, plan, is_dry_run=False)
    loop.run(carry_on(house, run))
    return house


async def records_of(house: House) -> dict[str, str]:
    """An id that exists, by kind, as the tools bring them."""
    found = {"tool": "contact_show"}
    for name, arguments in LISTS:
        answer = await house.toolset.look(EVERYONE, ToolCall(id="drill", name=name, arguments=arguments))
        for ref in answer.records:
            found.setdefault(ref.kind.value, ref.id)
    return found


def main() -> None:
    """Settle a crowd, try everything, print what came back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="requests that fit, for each operation")
    parser.add_argument("--contacts", type=int, default=30)
    parser.add_argument("--only", default="", help="operations whose address has this in it")
    given = parser.parse_args()
    logging.getLogger("attune").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        house = settle_with_proposals(Path(folder) / "ws", given.contacts)
        try:
            sys.exit(_report(house, given.examples, given.only))
        finally:
            house.close()


def _report(house: House, examples: int, only: str) -> int:
    trial, failed = trial_of(house), 0
    for name in trial.operations:
        if only not in name:
            continue
        began = time.monotonic()
        try:
            trial.try_one(name, examples)
            said = "clean"
        except Exception as found:
            # A fault of ours reaches here as itself; what schemathesis found, as its own.
            failed, said = failed + 1, f"{type(found).__name__}: {found}"
        counts = sorted(trial.tried.by_operation.get(name, Counter()).items())
        told = " ".join(f"{status}×{many}" for status, many in counts)
        print(f"{name:<56} {time.monotonic() - began:6.1f} s  {told}  {said}", flush=True)
    tried = trial.tried
    print(
        f"{len(tried.by_operation)} operations, {tried.requests:,} requests, {tried.done:,} changes done by their "
        f"seal, {failed} with findings; answers: {dict(sorted(tried.statuses.items()))}"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    main()
