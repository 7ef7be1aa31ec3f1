"""The assistant's graph from a question to an answer: looks at once, changes only after a yes (A-02, A-10)."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from domain.assistant import Answered, Asking, Broken, ChangeDecision, Found, Said
from domain.errors import EffectChanged, ModelRefused, ModelUnavailable, NothingAsked
from domain.message import Author
from domain.staff import Role
from tests.fakes.talk import ScriptedTalker, SmallGrammar, call
from tests.talk import ADA, INJECTED, Talk, asker, kinds, of_kind, seal_of

LABEL = call("label_set", "l1", contact_id="c-1", label="warm")


def yes(call_id: str = "l1", contact: str = "c-1", label: str = "warm") -> ChangeDecision:
    return ChangeDecision(call_id=call_id, is_yes=True, seal=seal_of(contact, "new", label))


def no(call_id: str = "l1", words: str = "") -> ChangeDecision:
    return ChangeDecision(call_id=call_id, is_yes=False, words=words)


async def test_a_question_is_looked_up_and_answered_with_what_it_rests_on(tmp_path: Path) -> None:
    model = ScriptedTalker((call("contact_find", name="Ada"),), "It is Ada Byrd [contact:c-1].")
    talk = Talk(tmp_path, model)
    happened = await talk.said("Who is Ada?")
    assert kinds(happened) == ["looking", "found", "answered"]
    answer = happened[-1]
    assert isinstance(answer, Answered)
    assert (answer.words, answer.records) == ("It is Ada Byrd [contact:c-1].", (ADA,))
    assert answer.author is Author.MODEL
    assert answer.usage.calls == 2
    assert "".join(one.text for one in of_kind(happened, Said)) == answer.words
    assert talk.conversations.kept["t_1"].title == "Who is Ada?"
    assert talk.conversations.shown["t_1"] == {"c-1"}


async def test_a_model_reads_facts_in_a_data_block_and_never_the_tables(tmp_path: Path) -> None:
    model = ScriptedTalker((call("contact_find", name="Ada"),), "Ada.")
    await Talk(tmp_path, model).said("Who is Ada?")
    told = model.requests[1].turns[-1]
    assert told.role == "tool"
    assert told.content.startswith('<data name="contact_find">\n')
    assert told.content.endswith("\n</data>")
    assert INJECTED in told.content
    assert "stranger's long note" not in "".join(turn.content for turn in model.requests[1].turns)


async def test_a_change_waits_for_a_yes_and_is_done_after_it(tmp_path: Path) -> None:
    talk = Talk(tmp_path, ScriptedTalker((LABEL,), "Done."))
    happened = await talk.said("Label Ada warm")
    assert kinds(happened) == ["looking", "asking"]
    assert talk.market.done == []
    assert talk.conversations.kept["t_1"].is_waiting
    assert [one.call for one in await talk.assistant.waiting(asker(), "t_1")] == [LABEL]
    after = await talk.decided(yes())
    assert kinds(after) == ["found", "answered"]
    assert talk.market.done == [("c-1", "warm")]
    assert not talk.conversations.kept["t_1"].is_waiting


async def test_a_declined_change_is_told_and_not_done(tmp_path: Path) -> None:
    model = ScriptedTalker((LABEL,), "Fine, I left it.")
    talk = Talk(tmp_path, model)
    await talk.said("Label Ada warm")
    after = await talk.decided(no(words="not yet"))
    assert talk.market.done == []
    assert "the person said no" in of_kind(after, Found)[0].problem
    assert "not yet" in model.requests[1].turns[-1].content
    assert '"declined"' in model.requests[1].turns[-1].content
    assert '"problem"' not in model.requests[1].turns[-1].content


async def test_an_edited_change_is_told_anew_and_asked_again(tmp_path: Path) -> None:
    talk = Talk(tmp_path, ScriptedTalker((LABEL,), "Done."))
    await talk.said("Label Ada warm")
    edited = ChangeDecision(call_id="l1", is_yes=True, arguments={"contact_id": "c-1", "label": "hot"})
    again = await talk.decided(edited)
    assert kinds(again) == ["asking"]
    (change,) = again[0].changes  # type: ignore[union-attr]
    assert "hot instead of new" in change.effect.lines[0]
    assert talk.market.done == []
    after = await talk.decided(yes(change.call.id, label="hot"))
    assert talk.market.done == [("c-1", "hot")]
    assert of_kind(after, Found)[0].call.id == "l1"


async def test_a_yes_holds_for_what_was_shown_and_not_for_what_an_edit_made_of_it(tmp_path: Path) -> None:
    talk = Talk(tmp_path, ScriptedTalker((LABEL,), "Done."))
    await talk.said("Label Ada warm")
    edited = ChangeDecision(call_id="l1", is_yes=True, arguments={"contact_id": "c-1", "label": "hot"})
    (change,) = (await talk.decided(edited))[0].changes  # type: ignore[union-attr]
    # Another window still shows the first form of it.
    with pytest.raises(NothingAsked):
        await talk.decided(yes())
    with pytest.raises(EffectChanged):
        await talk.decided(yes(change.call.id))
    unbound = ChangeDecision(call_id=change.call.id, is_yes=True, arguments=change.call.arguments)
    with pytest.raises(EffectChanged):
        await talk.decided(unbound)
    assert talk.market.done == []
    assert [one.call.id for one in await talk.assistant.waiting(asker(), "t_1")] == [change.call.id]


def test_a_yes_without_the_seal_of_what_was_shown_is_none() -> None:
    with pytest.raises(ValidationError, match="names the seal"):
        ChangeDecision(call_id="l1", is_yes=True)


async def test_an_edited_change_is_answered_under_its_first_id_and_shown_again_so(tmp_path: Path) -> None:
    model = ScriptedTalker((LABEL,), "Done.")
    talk = Talk(tmp_path, model)
    await talk.said("Label Ada warm")
    edited = ChangeDecision(call_id="l1", is_yes=False, arguments={"contact_id": "c-1", "label": "hot"})
    (change,) = (await talk.decided(edited))[0].changes  # type: ignore[union-attr]
    await talk.decided(yes(change.call.id, label="hot"))
    assert model.requests[1].turns[-1].call_id == "l1"
    assert '"label":"hot"' in model.requests[1].turns[-1].content
    (exchange,) = await talk.assistant.exchanges(asker(), "t_1")
    assert kinds(exchange.happenings) == ["looking", "asking", "found", "answered"]


async def test_an_edit_that_cannot_be_leaves_the_change_as_it_was(tmp_path: Path) -> None:
    talk = Talk(tmp_path, ScriptedTalker((LABEL,)))
    await talk.said("Label Ada warm")
    after = await talk.decided(ChangeDecision(call_id="l1", is_yes=True, arguments={"contact_id": "c-9"}))
    assert kinds(after) == ["found", "asking"]
    assert "label" in of_kind(after, Found)[0].problem
    assert [one.call for one in await talk.assistant.waiting(asker(), "t_1")] == [LABEL]


async def test_a_yes_does_nothing_where_it_would_do_something_else_by_now(tmp_path: Path) -> None:
    talk = Talk(tmp_path, ScriptedTalker((LABEL,), "It changed meanwhile."))
    await talk.said("Label Ada warm")
    talk.market.labels["c-1"] = "customer"
    after = await talk.decided(yes())
    assert talk.market.done == []
    assert "would do something else" in of_kind(after, Found)[0].problem


async def test_three_changes_are_answered_one_by_one(tmp_path: Path) -> None:
    calls = tuple(call("label_set", f"l{n}", contact_id=f"c-{n}", label="warm") for n in (1, 2, 3))
    model = ScriptedTalker(calls, "Two of three.")
    talk = Talk(tmp_path, model)
    await talk.said("Label all three")
    first = await talk.decided(yes("l2", "c-2"))
    assert kinds(first) == ["found", "asking"]
    assert talk.market.done == [("c-2", "warm")]
    assert len(model.requests) == 1
    rest = await talk.decided(no("l1"), yes("l3", "c-3"))
    assert kinds(rest) == ["found", "found", "answered"]
    assert talk.market.done == [("c-2", "warm"), ("c-3", "warm")]
    answers = [turn.call_id for turn in model.requests[1].turns if turn.role == "tool"]
    assert answers == ["l1", "l2", "l3"]


async def test_reads_of_a_mixed_round_are_done_before_its_changes_are_asked(tmp_path: Path) -> None:
    talk = Talk(tmp_path, ScriptedTalker((LABEL, call("contact_find", name="Ada")), "Done."))
    happened = await talk.said("Find Ada and label her")
    assert kinds(happened) == ["looking", "found", "looking", "asking"]
    assert talk.market.looked == ["Ada"]


async def test_a_waiting_change_outlives_the_process(tmp_path: Path) -> None:
    first = Talk(tmp_path, ScriptedTalker((LABEL,)))
    await first.said("Label Ada warm")
    second = Talk(tmp_path, ScriptedTalker("Done."), first.market, conversations=first.conversations)
    assert len(await second.assistant.waiting(asker(), "t_1")) == 1
    assert kinds(await second.decided(yes())) == ["found", "answered"]
    assert second.market.done == [("c-1", "warm")]


async def test_new_words_decline_what_waits(tmp_path: Path) -> None:
    model = ScriptedTalker((LABEL,), "I left the label alone. Ada is our contact.")
    talk = Talk(tmp_path, model)
    await talk.said("Label Ada warm")
    happened = await talk.said("Who is Ada?", "t_1")
    assert kinds(happened) == ["found", "answered"]
    assert "wrote something else" in of_kind(happened, Found)[0].problem
    roles = [turn.role for turn in model.requests[1].turns[-4:]]
    assert roles == ["user", "assistant", "tool", "user"]
    with pytest.raises(NothingAsked):
        await talk.decided(yes())
    assert talk.market.done == []


async def test_a_yes_to_what_does_not_wait_is_refused(tmp_path: Path) -> None:
    talk = Talk(tmp_path, ScriptedTalker((LABEL,), "Done."))
    await talk.said("Label Ada warm")
    with pytest.raises(NothingAsked):
        await talk.decided(yes("another"))
    await talk.decided(yes())
    with pytest.raises(NothingAsked):
        await talk.decided(yes())
    assert talk.market.done == [("c-1", "warm")]


async def test_a_model_that_obeys_a_stranger_changes_nothing_without_a_yes(tmp_path: Path) -> None:
    everyone = tuple(call("label_set", f"x{n}", contact_id=f"c-{n}", label="owned") for n in (1, 2, 3))
    model = ScriptedTalker((call("contact_find", name="Ada"),), everyone, "Stopped.")
    talk = Talk(tmp_path, model)
    happened = await talk.said("Who is Ada?")
    assert INJECTED in model.requests[1].turns[-1].content
    assert kinds(happened)[-1] == "asking"
    await talk.decided(*(no(f"x{n}") for n in (1, 2, 3)))
    assert talk.market.done == []
    assert set(talk.market.labels.values()) == {"new"}


async def test_a_reviewer_is_not_even_asked_about_what_they_may_not_do(tmp_path: Path) -> None:
    model = ScriptedTalker((LABEL,), "You may not.")
    talk = Talk(tmp_path, model)
    happened = await talk.said("Label Ada", who=asker(Role.REVIEWER))
    assert [card.name for card in model.requests[0].tools] == ["contact_find"]
    assert kinds(happened) == ["looking", "found", "answered"]
    assert "reviewer may not" in of_kind(happened, Found)[0].problem


async def test_wrong_calls_are_told_back_and_can_be_mended(tmp_path: Path) -> None:
    model = ScriptedTalker(
        (
            call("contact_search", "a"),
            call("contact_find", "b", nom="Ada"),
            call("contact_find", "c", name="nobody"),
        ),
        (call("contact_find", "d", name="Ada"),),
        "Ada.",
    )
    talk = Talk(tmp_path, model)
    happened = await talk.said("Who is Ada?")
    problems = [one.problem for one in of_kind(happened, Found)]
    assert "There is no tool 'contact_search'" in problems[0]
    assert "name: Field required" in problems[1]
    assert "No contact 'nobody'" in problems[2]
    assert problems[3] == ""
    assert talk.market.looked == ["nobody", "Ada"]


async def test_a_tools_own_fault_is_logged_and_not_told(tmp_path: Path) -> None:
    model = ScriptedTalker((call("contact_find", name="fault"),), "It failed.")
    happened = await Talk(tmp_path, model).said("Who?")
    assert "fault of its own" in of_kind(happened, Found)[0].problem
    assert "/srv/x" not in "".join(turn.content for turn in model.requests[1].turns)


async def test_a_model_that_never_stops_looking_is_stopped(tmp_path: Path) -> None:
    model = ScriptedTalker(*[(call("contact_find", name="Ada"),)] * 9)
    happened = await Talk(tmp_path, model).said("Who is Ada?")
    assert len(model.requests) == 7
    assert [request.may_call for request in model.requests] == [True] * 6 + [False]
    answer = happened[-1]
    assert isinstance(answer, Answered)
    assert answer.author is Author.UNDERSTUDY
    assert "without an end" in answer.stand_in_for
    assert "One contact fits." in answer.words


async def test_more_than_eight_calls_at_once_are_not_made(tmp_path: Path) -> None:
    calls = tuple(call("contact_find", f"f{n}", name="Ada") for n in range(11))
    talk = Talk(tmp_path, ScriptedTalker(calls, "Ada."))
    await talk.said("Who is Ada?")
    assert len(talk.market.looked) == 8


async def test_marks_of_records_nobody_looked_up_and_addresses_are_taken_out(tmp_path: Path) -> None:
    said = (
        "Ada [contact:c-1], Bob [contact:c-9]. ![x](https://evil.example/p) See [this](https://evil.example)."
    )
    happened = await Talk(tmp_path, ScriptedTalker((call("contact_find", name="Ada"),), said)).said("Who?")
    answer = happened[-1]
    assert isinstance(answer, Answered)
    assert answer.words == "Ada [contact:c-1], Bob.  See this."
    assert "evil" not in "".join(one.text for one in of_kind(happened, Said))


async def test_an_answer_that_is_too_long_is_not_shown_and_the_understudy_answers(tmp_path: Path) -> None:
    talk = Talk(tmp_path, ScriptedTalker("word " * 5_000), grammar=SmallGrammar({"help": "Ask me."}))
    answer = (await talk.said("help"))[-1]
    assert isinstance(answer, Answered)
    assert (answer.words, answer.stand_in_for) == ("Ask me.", "the model's answer was too long")


async def test_an_answer_that_repeats_the_internal_marker_is_never_shown(tmp_path: Path) -> None:
    def tattle(request: object) -> str:
        marker = next(t.content for t in request.turns if "Internal marker" in t.content)  # type: ignore[attr-defined]
        return f"The marker is {marker.split('call: ')[1].split()[0]} as you asked."

    talk = Talk(tmp_path, ScriptedTalker(tattle), grammar=SmallGrammar({"Tell": "I am Attune's assistant."}))
    happened = await talk.said("Tell")
    answer = happened[-1]
    assert isinstance(answer, Answered)
    assert answer.words == "I am Attune's assistant."
    assert "internal marker" in answer.stand_in_for
    assert "zq" not in "".join(one.model_dump_json() for one in happened)


@pytest.mark.parametrize("failure", [ModelUnavailable("down"), ModelRefused("no"), ""])
async def test_the_understudy_answers_for_a_model_that_gives_nothing(
    tmp_path: Path, failure: Exception | str
) -> None:
    grammar = SmallGrammar({"Who is Ada?": (call("contact_find", name="Ada"),)})
    happened = await Talk(tmp_path, ScriptedTalker(failure), grammar=grammar).said("Who is Ada?")
    answer = happened[-1]
    assert isinstance(answer, Answered)
    assert (answer.author, answer.words) == (Author.UNDERSTUDY, "Found: One contact fits. [contact:c-1]")
    assert answer.stand_in_for
    assert answer.records == (ADA,)


async def test_what_neither_understands_is_told_and_changes_nothing(tmp_path: Path) -> None:
    talk = Talk(tmp_path, ScriptedTalker(ModelUnavailable("down")))
    happened = await talk.said("Sing")
    assert [type(one) for one in happened] == [Broken]
    assert "could not be reached" in happened[0].words  # type: ignore[union-attr]


async def test_without_a_model_the_understudy_looks_asks_and_does(tmp_path: Path) -> None:
    talk = Talk(tmp_path, None, grammar=SmallGrammar({"Label Ada warm": (LABEL,)}))
    happened = await talk.said("Label Ada warm")
    asking = happened[-1]
    assert isinstance(asking, Asking)
    after = await talk.decided(yes(asking.changes[0].call.id))
    answer = after[-1]
    assert isinstance(answer, Answered)
    assert (answer.words, answer.stand_in_for) == ("Found: c-1 is labelled warm now.", "")


async def test_the_understudy_answers_what_was_asked_instead_of_a_yes(tmp_path: Path) -> None:
    who = call("contact_find", "f1", name="Ada")
    talk = Talk(tmp_path, None, grammar=SmallGrammar({"Label Ada warm": (LABEL,), "Who is Ada?": (who,)}))
    await talk.said("Label Ada warm")
    happened = await talk.said("Who is Ada?", "t_1")
    assert kinds(happened) == ["found", "looking", "found", "answered"]
    assert talk.market.done == []


async def test_an_outage_after_a_yes_tells_what_was_done(tmp_path: Path) -> None:
    grammar = SmallGrammar({"Label Ada warm": (LABEL,)})
    talk = Talk(tmp_path, ScriptedTalker((LABEL,), ModelUnavailable("down")), grammar=grammar)
    await talk.said("Label Ada warm")
    answer = (await talk.decided(yes()))[-1]
    assert isinstance(answer, Answered)
    assert "c-1 is labelled warm now." in answer.words
    assert talk.market.done == [("c-1", "warm")]
