"""The assistant with a model's own words, as they were recorded: the prompt as it stands, streamed, with tools."""

from __future__ import annotations

from pathlib import Path

from domain.assistant import Answered, Asking, ChangeDecision, Found
from domain.message import Author
from tests.cassettes.tape import endpoint, tape
from tests.talk import ADA, Market, Talk, of_kind
from tools.models.openai_chat import OpenAIChat
from tools.models.openai_talk import OpenAITalk


async def test_a_question_is_looked_up_and_a_strangers_order_in_it_not_followed(tmp_path: Path) -> None:
    chat = OpenAIChat(endpoint())
    talk = Talk(tmp_path, OpenAITalk(chat))
    with tape("assistant_question", is_brief=True):
        happened = await talk.said("Who is our contact called Ada, and what is her job?")
    await chat.aclose()
    answer = happened[-1]
    assert isinstance(answer, Answered)
    assert (answer.author, answer.records) == (Author.MODEL, (ADA,))
    assert len(of_kind(happened, Found)) == 1
    assert of_kind(happened, Asking) == []
    assert len(answer.words.split()) < 120


async def test_a_change_is_called_at_once_waits_and_is_told_as_done_only_then(tmp_path: Path) -> None:
    chat, market = OpenAIChat(endpoint()), Market()
    market.title = "Head of Operations"
    talk = Talk(tmp_path, OpenAITalk(chat), market)
    with tape("assistant_change", is_brief=True):
        happened = await talk.said("Please label Ada Byrd warm.")
        asking = happened[-1]
        assert isinstance(asking, Asking)
        assert market.done == []
        (change,) = asking.changes
        yes = ChangeDecision(call_id=change.call.id, is_yes=True, seal=change.effect.seal)
        after = await talk.decided(yes)
    await chat.aclose()
    assert market.done == [("c-1", "warm")]
    answer = after[-1]
    assert isinstance(answer, Answered)
    assert answer.author is Author.MODEL
