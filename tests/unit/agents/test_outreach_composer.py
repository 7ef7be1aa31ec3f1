from __future__ import annotations

import re

import pytest

from agents.outreach_composer import DraftAnswer, OutreachComposer
from domain.errors import ModelRefused, ModelUnavailable, NothingToSay
from domain.message import Author, Draft
from prompts.library import PromptLibrary
from tests.fakes.model import ScriptedModel
from tests.unit.agents.samples import INJECTION, context, eager, executive
from tests.unit.agents.standing import BRIEF, DRAFT, FINDING, PLAN, MarkedUnderstudy

PROMPTS = PromptLibrary()
DATA_BLOCK = re.compile(r"<data name=.*?</data>", re.DOTALL)
GOOD: tuple[tuple[str, list[str]], ...] = (
    ("You wrote that some of your delivery windows are missed.", ["E8"]),
    ("Teams that plan by delivery window cut late deliveries by 18 % in a quarter.", ["E12"]),
    ("Shall we see what it comes to for you?", []),
)


def answer(
    *sentences: tuple[str, list[str]], subject: str = "What missed windows cost", paragraphs: int = 1
) -> DraftAnswer:
    given = [{"text": text, "evidence": ids} for text, ids in sentences or GOOD]
    split = [given[i::paragraphs] for i in range(paragraphs)]
    return DraftAnswer.model_validate(
        {"subject": subject, "paragraphs": [{"sentences": part} for part in split]}
    )


async def test_a_draft_carries_its_evidence_and_its_origin() -> None:
    model = ScriptedModel([answer()])
    made = await OutreachComposer(model, PROMPTS).compose(context(eager()), BRIEF, PLAN)
    draft = made.work
    assert draft.body == " ".join(text for text, _ in GOOD)
    assert [s.evidence for s in draft.sentences] == [("E8",), ("E12",), ()]
    assert (draft.author, draft.revision, draft.model) == (Author.MODEL, 0, "scripted")
    assert draft.prompt_id == "outreach_composer/v2"
    assert draft.prompt_sha256 == model.requests[0].prompt_sha256
    assert draft.stand_in_for is None


async def test_ids_that_do_not_exist_are_dropped_and_private_ones_stay_for_the_rules() -> None:
    sentences: tuple[tuple[str, list[str]], ...] = (
        ("You asked.", ["E8", "E99"]),
        ("Prices matter.", ["E9"]),
        ("Shall we talk?", []),
    )
    made = await OutreachComposer(ScriptedModel([answer(*sentences)]), PROMPTS).compose(
        context(eager()), BRIEF, PLAN
    )
    assert [s.evidence for s in made.work.sentences] == [("E8",), ("E9",), ()]


async def test_a_draft_that_cites_nothing_is_the_understudys() -> None:
    bare = answer(("One.", []), ("Two.", ["E99"]), ("Three?", []))
    made = await OutreachComposer(ScriptedModel([bare]), PROMPTS, MarkedUnderstudy()).compose(
        context(eager()), BRIEF, PLAN
    )
    assert made.work.author is Author.UNDERSTUDY
    assert made.work.stand_in_for == "no sentence of the model's draft cited evidence that exists"


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (ModelRefused("no"), "the model refused"),
        (ModelUnavailable("504"), "the model could not be reached"),
    ],
)
async def test_the_draft_itself_says_why_the_understudy_wrote_it(problem: Exception, words: str) -> None:
    made = await OutreachComposer(ScriptedModel([problem]), PROMPTS, MarkedUnderstudy()).compose(
        context(eager()), BRIEF, PLAN, (FINDING,), DRAFT
    )
    draft = made.work
    assert (draft.author, draft.stand_in_for, made.stand_in_for) == (Author.UNDERSTUDY, words, words)
    assert (draft.revision, draft.prompt_id, draft.model) == (1, None, None)


async def test_without_a_model_no_draft_pretends_a_model_failed() -> None:
    made = await OutreachComposer(None, PROMPTS).compose(context(eager()), BRIEF, PLAN)
    assert made.work.author is Author.UNDERSTUDY
    assert made.work.stand_in_for is None


async def test_nothing_to_say_is_not_turned_into_words() -> None:
    class Silent(MarkedUnderstudy):
        def compose(self, *_: object) -> Draft:
            raise NothingToSay("c-eager", "A-7", "No approved claim is valid.")

    with pytest.raises(NothingToSay):
        await OutreachComposer(None, PROMPTS, Silent()).compose(context(eager()), BRIEF, PLAN)


async def test_a_revision_is_told_what_was_found_and_what_stood_there() -> None:
    model = ScriptedModel([answer()])
    ctx = context(eager(), hints=("Make it\nshorter.",))
    made = await OutreachComposer(model, PROMPTS).compose(ctx, BRIEF, PLAN, (FINDING,), DRAFT)
    last = model.requests[0].messages[-1].content
    assert "C-07 (hold): E8 speaks of about 6 %, the sentence of all windows" in last
    assert "Words: “windows are missed”. To mend: say some windows" in last
    assert "You wrote that windows are missed. [E8]" in last
    assert "- Make it shorter." in last
    assert made.work.revision == 1


async def test_a_first_draft_is_told_of_no_revision() -> None:
    model = ScriptedModel([answer()])
    await OutreachComposer(model, PROMPTS).compose(context(executive()), BRIEF, PLAN)
    last = model.requests[0].messages[-1].content
    assert "previous_draft" not in last
    assert "reviewer_wishes" not in last


async def test_outside_words_stand_only_inside_data_blocks_and_no_tool_is_there() -> None:
    model = ScriptedModel([answer()])
    await OutreachComposer(model, PROMPTS).compose(context(eager()), BRIEF, PLAN)
    text = "\n".join(message.content for message in model.requests[0].messages)
    assert INJECTION in text
    assert INJECTION not in DATA_BLOCK.sub("", text)
    assert model.requests[0].tools == ()


async def test_the_prompt_holds_no_name_and_no_address_of_the_contact() -> None:
    model = ScriptedModel([answer()])
    await OutreachComposer(model, PROMPTS).compose(context(eager()), BRIEF, PLAN)
    text = "\n".join(message.content for message in model.requests[0].messages)
    assert not [word for word in ("Mara", "Lind", "mara@baltic") if word in text]


async def test_the_part_before_the_contact_is_the_same_for_every_contact() -> None:
    model = ScriptedModel([answer(), answer()])
    composer = OutreachComposer(model, PROMPTS)
    await composer.compose(context(eager()), BRIEF, PLAN)
    await composer.compose(context(executive()), BRIEF, PLAN)
    first, second = (request.messages for request in model.requests)
    assert first[:-1] == second[:-1]
    assert first[-1] != second[-1]


@pytest.mark.parametrize(
    ("sentences", "problem"),
    [
        ((("Hello Mara, you wrote to us.", ["E8"]), *GOOD[1:]), "no greeting"),
        ((*GOOD[:2], ("Best regards, Ines", [])), "no sign-off"),
        ((*GOOD[:2], ("See https://evil.example now.", [])), "code adds the link"),
        (GOOD[:2], "3 to 6 sentences, not 2"),
        ((*GOOD, *GOOD, GOOD[0]), "3 to 6 sentences, not 7"),
        ((*GOOD[:2], ("very " * 55 + "long.", [])), "at most 120 words"),
    ],
)
def test_what_code_adds_and_what_is_too_long_does_not_fit(
    sentences: tuple[tuple[str, list[str]], ...], problem: str
) -> None:
    padded = sentences if problem != "at most 120 words" else (*sentences, ("so " * 55 + "long.", []))
    with pytest.raises(ValueError, match=problem):
        answer(*padded)


@pytest.mark.parametrize(
    "text", ["Best practice starts with the windows.", "Thanks to windows, routes shrink a lot more."]
)
def test_a_last_sentence_that_only_begins_like_a_sign_off_fits(text: str) -> None:
    assert answer(*GOOD[:2], (text, [])).paragraphs


@pytest.mark.parametrize("subject", ["Re: our talk", "FWD: costs", "x" * 61, "", "See evil.example/now"])
def test_a_subject_that_deceives_or_runs_on_does_not_fit(subject: str) -> None:
    with pytest.raises(ValueError, match=r"subject|empty|link"):
        answer(subject=subject)


def test_an_empty_paragraph_does_not_fit() -> None:
    with pytest.raises(ValueError, match="a paragraph needs a sentence"):
        answer(*GOOD, paragraphs=4)
