"""What a traced and logged run tells: every step with its ids, and nothing of the person it is about."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr

from app import logs, loop
from app.drills.spans import tree
from app.logs import JsonLines
from app.runs import begin, carry_on
from app.wiring import House
from domain.campaign import Autonomy
from domain.errors import SettingsInvalid
from domain.tracing import NO_TRACING
from evals.benchmarks.loopback import LoopbackModelServer
from evals.crowd import campaign
from memory.crm.statements import CONTACTS, writing
from tests.settled import settle
from tools.tracing import OpenTelemetry, tracing_of

ROOT = Path(__file__).resolve().parents[2]
CANARY = ("Zqxfirst", "Zqxlast", "zqx.canary@person.example")


class Traced:
    """A run of a few contacts, each with a name that stands nowhere else, and what was written down of it."""

    def __init__(self, house: House, *, shows_text: bool) -> None:
        self.spans = InMemorySpanExporter()
        house.__dict__["tracing"] = OpenTelemetry(SimpleSpanProcessor(self.spans), shows_text=shows_text)
        self.lines: list[str] = []
        handler = _Kept(self.lines)
        handler.setFormatter(JsonLines(shows_text=shows_text))
        ours = logging.getLogger("attune")
        before = ours.level
        ours.addHandler(handler)
        ours.setLevel(logging.DEBUG)
        try:
            wanted = campaign().model_copy(update={"autonomy": Autonomy.AUTOPILOT})
            self.run, _ = begin(house, wanted, is_dry_run=False)
            self.report = loop.run(carry_on(house, self.run))
        finally:
            ours.removeHandler(handler)
            ours.setLevel(before)

    @property
    def finished(self) -> tuple[ReadableSpan, ...]:
        return self.spans.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.finished if span.name.startswith(name)]

    def children(self, parent: ReadableSpan) -> list[ReadableSpan]:
        found = (s for s in self.finished if s.parent and s.parent.span_id == parent.context.span_id)
        return sorted(found, key=lambda span: span.start_time or 0)


class _Kept(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    with LoopbackModelServer(0) as server:
        yield server.base_url


@pytest.fixture
def house(tmp_path: Path, model_url: str) -> Iterator[House]:
    house = settle(
        tmp_path / "ws",
        2,
        model="stand-in",
        openai_base_url=model_url,
        openai_api_key=SecretStr("sk-zqxsecret"),
    )
    first, last, email = CANARY
    with writing(house.engine) as connection:
        connection.execute(CONTACTS.update().values(first_name=first, last_name=last))
        one = CONTACTS.c.id == connection.execute(CONTACTS.select()).mappings().first()["id"]  # type: ignore[index]
        connection.execute(CONTACTS.update().where(one).values(email=email))
    yield house
    house.close()


def everybody(house: House) -> set[str]:
    with house.engine.connect() as connection:
        return set(connection.execute(CONTACTS.select()).scalars())


def test_a_run_is_a_tree_of_contacts_nodes_model_calls_and_sends(house: House) -> None:
    traced = Traced(house, shows_text=False)
    (run,) = traced.named("run")
    contacts = traced.children(run)
    assert [span.name for span in contacts] == ["contact", "contact"]
    assert {span.attributes["attune.contact_id"] for span in contacts if span.attributes} == everybody(house)
    for contact in contacts:
        nodes = traced.children(contact)
        assert [node.name for node in nodes][:5] == [
            "node signals",
            "node plan",
            "node draft",
            "node review",
            "node stakes",
        ]
        (call,) = traced.children(nodes[0])
        told = dict(call.attributes or {})
        assert call.name == "chat stand-in"
        assert told["gen_ai.operation.name"] == "chat"
        assert told["gen_ai.request.model"] == "stand-in"
        assert told["gen_ai.agent.name"] == "signal_analyst"
        assert told["gen_ai.response.finish_reasons"] == ("stop",)
        assert isinstance(told["gen_ai.usage.input_tokens"], int)
        assert told["gen_ai.usage.input_tokens"] > 0
        assert told["attune.run_id"] == traced.run.id
    for send in traced.named("send"):
        told = dict(send.attributes or {})
        assert told["attune.channel"] == "mailbox"
        assert told["attune.outcome"] == "sent"
    shown = tree(traced.finished)
    assert shown[0].startswith("run ")
    assert [line.split()[0] for line in shown].count("contact") == 2
    assert len(shown) == len(traced.finished)


def test_no_span_and_no_line_holds_a_word_of_the_person(house: House) -> None:
    traced = Traced(house, shows_text=False)
    written = [span.to_json() for span in traced.finished] + traced.lines
    assert len(written) > 15
    for secret in (*CANARY, "zqxsecret", "person0@", "person1@"):
        assert not [one for one in written if secret.casefold() in one.casefold()], secret


def test_asked_for_the_text_is_there(house: House) -> None:
    traced = Traced(house, shows_text=True)
    shown = [json.dumps(dict(span.attributes or {})) for span in traced.finished]
    assert any("gen_ai.input.messages" in one and "You are the signal analyst" in one for one in shown)
    assert any(CANARY[2] in one and "attune.subject" in one for one in shown)


def test_lines_name_the_run_the_contact_and_the_span(house: House) -> None:
    traced = Traced(house, shows_text=False)
    lines = [json.loads(line) for line in traced.lines]
    told = [line for line in lines if line["message"] == "contact"]
    assert {line["contact_id"] for line in told} == everybody(house)
    spans = {f"{span.context.span_id:016x}" for span in traced.named("contact")}
    for line in told:
        assert line["run_id"] == traced.run.id
        assert line["span_id"] in spans
        assert line["outcome"]


def test_a_failed_call_is_told_by_its_class_alone(house: House) -> None:
    # Nobody listens there: the call fails, the understudy stands in.
    house.__dict__["settings"] = house.settings.model_copy(
        update={"openai_base_url": "http://127.0.0.1:9/v1", "model_attempts": 1}
    )
    traced = Traced(house, shows_text=False)
    calls = traced.named("chat")
    assert calls
    for call in calls:
        assert (call.attributes or {})["error.type"] == "ModelUnavailable"
        assert not call.events
        assert not call.status.description


def test_an_exception_in_a_line_is_told_by_its_class_and_place() -> None:
    try:
        raise ValueError(f"no such person: {CANARY[0]}")
    except ValueError as failure:
        record = logging.LogRecord(
            "attune.x", logging.ERROR, __file__, 1, "for %s: %r", (CANARY[2], failure), sys.exc_info()
        )
    line = json.loads(JsonLines().format(record))
    assert line["message"] == "for <address>: ValueError"
    assert line["error"] == "ValueError"
    assert "test_tracing.py" in line["trace"][-1]
    assert CANARY[0] not in json.dumps(line)
    shown = json.loads(JsonLines(shows_text=True).format(record))
    assert CANARY[0] in shown["error_message"]


def test_lines_are_about_what_was_said_until_it_ends() -> None:
    record = logging.makeLogRecord({"name": "attune.x", "msg": "here"})
    with logs.about(run_id="r1"), logs.about(contact_id="c1", conversation_id=None):
        assert json.loads(JsonLines().format(record)).items() >= {"run_id": "r1", "contact_id": "c1"}.items()
    assert "run_id" not in json.loads(JsonLines().format(record))


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"},
        {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"},
    ],
)
def test_tracing_is_off_unless_asked(environment: dict[str, str]) -> None:
    assert tracing_of(environment) is NO_TRACING


def test_an_exporter_that_is_not_here_is_said_in_words() -> None:
    with pytest.raises(SettingsInvalid, match="OTEL_TRACES_EXPORTER"):
        tracing_of({"OTEL_TRACES_EXPORTER": "zipkin"})


@pytest.mark.parametrize(
    ("first", "never"),
    [("app.cli.main", "opentelemetry"), ("agents.graph, app.runs", "opentelemetry.exporter")],
)
def test_off_means_nothing_of_it_is_imported(first: str, never: str) -> None:
    # LangChain and Chroma import the SDK for themselves; what would send spans is ours alone.
    asks = (
        f"import sys, {first}; from app.settings import Settings; from tools.tracing import tracing_of; "
        f"tracing_of({{}}); raise SystemExit({never!r} in sys.modules)"
    )
    clean = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", asks], check=True, cwd=ROOT, env=clean)
