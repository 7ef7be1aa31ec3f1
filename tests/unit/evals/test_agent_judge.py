"""The judge is blind, its letters lead back to writers, and its quotes are held against the messages."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from evals.agents.judge import JudgeAnswer, JudgedMessage, Quote, read, shuffled
from evals.agents.writing import Written, sentences_of
from tests.unit.evals.agent_messages import GOOD, draft, written


def by(writer: str, text: str = "One plain sentence.") -> Written:
    made = written(draft((text, ())))
    return Written(writer, made.case, made.evidence, draft=made.draft)


def marks(letter: str, **changes: int) -> JudgedMessage:
    told = {"grounded": 5, "individual": 5, "relevant": 5, "clear": 5, "voice": 5} | changes
    return JudgedMessage.model_validate({"letter": letter, **told, "quotes": []})


def test_the_order_is_the_cases_own_and_the_same_each_time() -> None:
    ours = [by(name) for name in ("agents", "understudy", "one_prompt", "mail_merge")]
    first = [one.writer for one in shuffled(ours)]
    assert first == [one.writer for one in shuffled(ours[::-1])]
    elsewhere = [
        Written(o.writer, o.case.model_copy(update={"id": str(n)}), (), draft=GOOD)
        for n in range(12)
        for o in ours
    ]
    firsts = {tuple(o.writer for o in shuffled(elsewhere[n : n + 4])) for n in range(0, 48, 4)}
    assert len(firsts) > 4


def test_letters_lead_back_to_writers() -> None:
    order = [by("agents"), by("one_prompt")]
    found = read(JudgeAnswer(messages=[marks("B", clear=4), marks("A")], best="b"), order)
    assert found["one_prompt"].marks["clear"] == 4
    assert (found["agents"].is_best, found["one_prompt"].is_best) == (False, True)


def test_a_quote_that_is_not_in_the_message_is_thrown_out_and_counted() -> None:
    true = Quote(mark="clear", quote="one plain  sentence", why="vague")
    false = Quote(mark="voice", quote="never written", why="invented")
    said = marks("A", clear=3, voice=2).model_copy(update={"quotes": [true, false]})
    judged = read(JudgeAnswer(messages=[said], best="A"), [by("agents")])["agents"]
    assert judged.quotes == (true,)
    assert judged.unfounded == 1


def test_a_low_mark_without_a_quote_is_counted() -> None:
    judged = read(JudgeAnswer(messages=[marks("A", individual=1)], best="A"), [by("agents")])["agents"]
    assert judged.unfounded == 1


@pytest.mark.parametrize("mark", [0, 6])
def test_a_mark_off_the_scale_is_no_answer(mark: int) -> None:
    with pytest.raises(ValidationError, match="1 to 5"):
        marks("A", grounded=mark)


def test_prose_is_split_into_sentences() -> None:
    assert sentences_of("It took 2.5 days. Did it?\nYes! “All of it.” So be it.") == [
        "It took 2.5 days.",
        "Did it?",
        "Yes!",
        "“All of it.”",
        "So be it.",
    ]
