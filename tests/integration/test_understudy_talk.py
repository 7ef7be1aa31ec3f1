"""The grammar over a whole house, without any model: its calls fit the tools, and a conversation goes on by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.understudy.conversation import TalkingUnderstudy
from app import loop
from app.assistant.toolset import toolset_of
from app.runs import begin, carry_on
from app.wiring import House
from domain.assistant import Answered, Asker, Asking, Broken, ChangeDecision, Door, Happening
from domain.campaign import Autonomy
from domain.message import Author
from domain.schedule import CampaignState
from domain.staff import Role
from evals.crowd import campaign
from tests.settled import settle
from tests.unit.agents.talk_samples import PROPOSALS
from tests.unit.agents.test_conversation_grammar import AFTER, ALONE, APPROVED
from tests.unit.agents.test_conversation_learning import BESIDE_USUAL, COUNTED, LEARNED

ANN = Asker(member_id="m_ann", name="Ann", role=Role.ADMIN, door=Door.TERMINAL)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("talk") / "ws"
    house = settle(folder, 4)
    run, _ = begin(house, campaign().model_copy(update={"autonomy": Autonomy.ASSIST}), is_dry_run=False)
    loop.run(carry_on(house, run))
    yield house
    house.close()


def said(house: House, *questions: str) -> list[list[Happening]]:
    """What happens when these are asked one after the other in one conversation."""
    conversation = house.assistant.begin(ANN)

    async def ask(words: str) -> list[Happening]:
        return [one async for one in house.assistant.say(ANN, conversation.id, words)]

    return [loop.run(ask(words)) for words in questions]


def answer(happenings: list[Happening]) -> str:
    last = happenings[-1]
    assert isinstance(last, Answered), last
    assert last.author is Author.UNDERSTUDY
    return last.words


def test_every_call_the_grammar_makes_fits_the_tool_it_calls(house: House) -> None:
    cards = {card.name: card for card in toolset_of(house).cards(ANN)}
    grammar = TalkingUnderstudy(house.clock)
    asked = [(words, ()) for words, _, _ in ALONE] + [(words, before) for before, words, _, _ in AFTER]
    asked += [(words, PROPOSALS) for words, _ in APPROVED]
    asked += [(words, ()) for words in (*LEARNED, *BESIDE_USUAL, *(words for words, _, _ in COUNTED))]
    asked += [("set up a campaign to move trial accounts to a sales call, nothing to Germany", ())]
    called: set[str] = set()
    for words, before in asked:
        found = grammar.read(words, before)
        for call in found if isinstance(found, tuple) else ():
            cards[call.name].arguments.model_validate(call.arguments)
            called.add(call.name)
    assert called == set(cards)


def test_a_conversation_goes_on_from_what_it_found(house: House) -> None:
    listed, shown, story, helped = said(
        house, "list all contacts", "tell me about the second one", "story of her", "what can you do?"
    )
    assert answer(listed).startswith("4 contacts.")
    second = answer(listed).split("[contact:")[2].split("]")[0]
    assert f"[contact:{second}]" in answer(shown)
    assert f"[contact:{second}]" in answer(story)
    assert "Without a language model" in answer(helped)


def test_which_of_several_is_answered_by_its_place_or_its_id(house: House) -> None:
    asked, second = said(house, "story of example", "the second one")
    several = answer(asked)
    assert "Say which by its id." in several
    ids = re.findall(r"\((c_\w+)[,)]", several)
    assert len(ids) == 4
    assert f"[contact:{ids[1]}]" in answer(second)
    _, third, bare = said(house, "story of example", ids[2], ids[3])
    assert f"[contact:{ids[2]}]" in answer(third)
    assert f"[contact:{ids[3]}]" in answer(bare)


def test_what_is_not_understood_is_told_with_what_is_near(house: House) -> None:
    ((broken,),) = said(house, "Which accounts complain about the weather?")
    assert isinstance(broken, Broken)
    assert "did not understand" in broken.words
    assert "ATTUNE_MODEL" in broken.words


def test_silence_is_spoken_of_by_the_records_of_the_newest_run(house: House) -> None:
    brings, changed = said(house, "what does silence bring?", "did the market change?")
    assert "In the newest run of" in answer(brings)
    assert "left in silence" in answer(brings)
    assert answer(changed).startswith("No shift of the market was noticed so far")


def test_a_change_waits_for_a_yes_and_a_question_instead_changes_nothing(house: House) -> None:
    asked, instead = said(house, "pause crowd", "should we pause crowd?")
    assert isinstance(asked[-1], Asking)
    assert "[campaign:crowd]" in answer(instead)
    assert house.controls.standing("crowd").state is CampaignState.ACTIVE


def test_the_safe_ones_are_put_before_the_asker_one_by_one(house: House) -> None:
    listed, wished = said(house, "what is waiting for approval?", "approve the first two")
    assert "[proposal:" in answer(listed)
    last = wished[-1]
    assert isinstance(last, Asking)
    assert [one.call.name for one in last.changes] == ["proposal_approve", "proposal_approve"]
    assert len(house.proposals.waiting()) == 4


def test_a_campaign_is_made_of_a_sentence_after_a_yes(house: House) -> None:
    conversation = house.assistant.begin(ANN)

    async def make() -> list[Happening]:
        words = "Set up a campaign to move leads to a sales call, nothing to Germany, worth 400 USD each"
        asked = [one async for one in house.assistant.say(ANN, conversation.id, words)]
        asking = asked[-1]
        assert isinstance(asking, Asking)
        (change,) = asking.changes
        yes = ChangeDecision(call_id=change.call.id, is_yes=True, seal=change.effect.seal)
        return [one async for one in house.assistant.decide(ANN, conversation.id, [yes])]

    done = loop.run(make())
    assert isinstance(done[-1], Answered), done[-1]
    made = house.workspace.campaigns / "leads-to-meeting.yaml"
    assert made.exists()
    assert "DE" in made.read_text()
