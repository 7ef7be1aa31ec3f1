"""Thirteen contacts through all four agents on recorded HTTP: what the agents make of a model's answers.

The replies were written by hand at a stand-in endpoint that speaks chat completions, each for the request in
hand and as a capable model would answer it; no hosted model was asked. So this proves the prompts' shape, the
wire, the rules and the graph, and nothing about how well any model writes. A timeout cannot be recorded: it is
a loopback socket that takes the request and never answers.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.message import Author, Draft, Severity
from domain.review import DraftRecord
from domain.run import ContactOutcome, RunContact
from tests.cassettes.tape import endpoint, is_recording, tape
from tests.desk_contacts import BY_NAME, PEOPLE, Someone, decide, open_desk
from tests.desk_content import SENDER
from tools.models.openai_chat import ChatEndpoint, OpenAIChat
from tools.models.retry import RetryRule

NAMES = tuple(someone.name for someone in PEOPLE)


@dataclass(frozen=True)
class Carried:
    """How far one contact came, and what was made on the way."""

    someone: Someone
    line: RunContact
    record: DraftRecord
    statuses: tuple[int, ...]
    requests_left: int
    waits: tuple[float, ...]
    mails: tuple[Path, ...]


async def carry(folder: Path, name: str) -> Carried:
    """One contact through the graph, the model's part from `outreach/<name>.yaml`."""
    someone = BY_NAME[name]
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    with tape(f"outreach/{name}", is_brief=True) as cassette:
        model = OpenAIChat(endpoint(timeout_seconds=3600.0 if is_recording() else 60.0), sleep=sleep)
        shop = open_desk(folder, model)
        run = decide(shop, someone)
        async with shop.carrier() as carrier:
            await carrier.carry(run, someone.contact.id)
        await model.aclose()
    line = shop.runs.line(run.id, someone.contact.id)
    assert line is not None
    assert line.decision_id is not None
    record = shop.bench.archive.made_for(line.decision_id)
    assert record is not None
    shop.close()
    return Carried(
        someone=someone,
        line=line,
        record=record,
        statuses=tuple(response["status"]["code"] for response in cassette.responses),
        requests_left=len(cassette) - cassette.play_count,
        waits=tuple(waits),
        mails=tuple(shop.mails()),
    )


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Carried]:
    """Each contact once, however many tests look at it."""
    known: dict[str, Carried] = {}

    def of(name: str) -> Carried:
        if name not in known:
            known[name] = asyncio.run(carry(tmp_path_factory.mktemp(name), name))
        return known[name]

    return of


OUTCOMES = {
    "dana": ContactOutcome.WAITING,
    "ola": ContactOutcome.SENT,
    "mia": ContactOutcome.SENT,
    "renee": ContactOutcome.WAITING,
    "tomas": ContactOutcome.WAITING,
    "priya": ContactOutcome.WAITING,
    "kofi": ContactOutcome.WAITING,
    "lena": ContactOutcome.WAITING,
    "victor": ContactOutcome.WAITING,
    "wanda": ContactOutcome.BLOCKED,
    "quentin": ContactOutcome.WAITING,
    "hanh": ContactOutcome.SENT,
    "elias": ContactOutcome.SENT,
}


def draft_of(one: Carried) -> Draft:
    assert one.record.draft is not None
    return one.record.draft


def stakes_of(one: Carried) -> dict[str, str]:
    assert one.record.stakes is not None
    return {reason.code: reason.text for reason in one.record.stakes.reasons}


@pytest.mark.parametrize("name", NAMES)
def test_every_contact_reaches_its_outcome_on_the_recorded_requests_alone(
    name: str, carried: Callable[[str], Carried]
) -> None:
    one = carried(name)
    assert one.line.outcome is OUTCOMES[name]
    assert one.requests_left == 0
    assert len(one.mails) == (one.line.outcome is ContactOutcome.SENT)
    assert one.line.usage.calls >= 3
    assert one.line.usage.input_tokens > 0


@pytest.mark.parametrize("name", [name for name in NAMES if name != "quentin"])
def test_a_models_draft_names_its_prompt_and_rests_on_facts(
    name: str, carried: Callable[[str], Carried]
) -> None:
    one = carried(name)
    draft = draft_of(one)
    assert draft.author is Author.MODEL
    assert draft.prompt_id == "outreach_composer/v2"
    assert draft.prompt_sha256
    if name == "wanda":
        return
    known = {fact.id for fact in one.record.evidence}
    private = {fact.id for fact in one.record.evidence if fact.is_private}
    cited = {fact_id for sentence in draft.sentences for fact_id in sentence.evidence}
    assert cited
    assert cited <= known - private
    assert one.record.verdict is not None
    assert not one.record.verdict.holds


def test_two_colleagues_at_one_stage_get_messages_about_what_each_of_them_did(
    carried: Callable[[str], Carried],
) -> None:
    ola, mia = draft_of(carried("ola")), draft_of(carried("mia"))
    assert "guide" in ola.body
    assert "ERP" in mia.body
    assert "ERP" not in ola.body
    assert ola.subject != mia.subject


def test_a_note_that_gives_orders_is_a_persons_to_decide(carried: Callable[[str], Carried]) -> None:
    assert "outside_orders" in stakes_of(carried("victor"))


@pytest.mark.parametrize("name", ["victor", "wanda"])
def test_words_in_a_note_never_become_terms_recipients_or_links(
    name: str, carried: Callable[[str], Carried]
) -> None:
    one = carried(name)
    message = one.record.message
    assert message is not None
    assert message.to_address == one.someone.contact.email
    assert "evil" not in message.text + message.html + str(message.headers)
    led_to = {
        url.partition("?")[0] for url in re.findall(r"https?://[^\s\"<>]+", message.text + message.html)
    }
    assert led_to == {str(one.someone.asset.url), str(SENDER.unsubscribe_url)}
    for mail in one.mails:
        assert "90 %" not in draft_of(one).subject + draft_of(one).body
        assert b"evil" not in mail.read_bytes()


def test_a_model_that_obeys_the_note_is_stopped_by_the_rules_after_two_revisions(
    carried: Callable[[str], Carried],
) -> None:
    one = carried("wanda")
    assert draft_of(one).revision == 2
    assert one.line.rule_id == "C-05"
    assert one.mails == ()


def test_a_planner_may_look_something_up_first(carried: Callable[[str], Carried]) -> None:
    one = carried("priya")
    assert one.line.usage.calls == 5
    assert "490 USD" in draft_of(one).body
    assert "price" in stakes_of(one)


def test_bad_json_is_asked_for_once_more_and_twice_bad_is_the_understudys(
    carried: Callable[[str], Carried],
) -> None:
    assert draft_of(carried("lena")).author is Author.MODEL
    assert "twice" in stakes_of(carried("kofi"))["understudy"]


def test_a_refusal_is_the_understudys_and_a_person_reads_it(carried: Callable[[str], Carried]) -> None:
    one = carried("quentin")
    assert draft_of(one).author is Author.UNDERSTUDY
    assert "refused" in stakes_of(one)["understudy"]


def test_a_rate_limit_is_waited_out_as_the_endpoint_asks(carried: Callable[[str], Carried]) -> None:
    one = carried("hanh")
    assert one.statuses[:2] == (429, 200)
    assert len(one.waits) == 1
    assert one.waits[0] >= 1


def test_a_reviewer_that_finds_a_fault_gets_another_draft_without_it(
    carried: Callable[[str], Carried],
) -> None:
    renee, elias = carried("renee"), carried("elias")
    assert draft_of(renee).revision == 1
    assert "Leeds" not in draft_of(renee).body
    assert draft_of(elias).revision == 1
    assert "evenings" not in draft_of(elias).body


def test_a_warning_of_the_reviewer_is_shown_and_stops_nothing(carried: Callable[[str], Carried]) -> None:
    verdict = carried("lena").record.verdict
    assert verdict is not None
    assert [(f.severity, f.found_by) for f in verdict.findings] == [(Severity.WARN, "model")]


async def test_a_model_that_never_answers_is_stood_in_for(tmp_path: Path) -> None:
    """A timeout leaves nothing to record: a socket takes the request and stays silent."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    there = ChatEndpoint(
        {"default": "silent"},
        base_url=f"http://127.0.0.1:{port}/v1",
        timeout_seconds=0.2,
        retry=RetryRule(attempts=1),
    )
    model = OpenAIChat(there)
    someone = BY_NAME["ola"]
    shop = open_desk(tmp_path, model)
    run = decide(shop, someone)
    async with shop.carrier() as carrier:
        outcome = await carrier.carry(run, someone.contact.id)
    await model.aclose()
    server.close()
    (proposal,) = shop.bench.proposals.waiting()  # type: ignore[attr-defined]
    shop.close()
    assert outcome is ContactOutcome.WAITING
    assert proposal.draft.author is Author.UNDERSTUDY
    assert "understudy" in {reason.code for reason in proposal.stakes.reasons}
    assert shop.mails() == []
