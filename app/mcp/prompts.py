"""Prompts a host offers its person to begin with."""

from __future__ import annotations

from dataclasses import dataclass

from mcp import types


@dataclass(frozen=True)
class Opening:
    """One prompt; `text` has a place for each argument."""

    title: str
    words: str
    text: str
    arguments: tuple[tuple[str, str], ...] = ()


OPENINGS: dict[str, Opening] = {
    "inbox_review": Opening(
        title="Review the inbox",
        words="Go through the messages that wait for a person, the high stakes first.",
        text=(
            "List the proposals that wait for a person in Attune, the high stakes first. For each of the first ten "
            "tell me in two lines whom it is for, what it says and rests on, and what the review found. Recommend "
            "approving or rejecting each with a reason. Decide nothing: I say yes in Attune."
        ),
    ),
    "results_weekly": Opening(
        title="What last week brought",
        words="What the campaigns brought against the holdout, and where there is not enough data to tell.",
        text=(
            "For each running campaign in Attune, tell me what it brought against the holdout, with the interval, and "
            "say so plainly where there is not enough data to tell. Then what the learner changed its mind about, and "
            "one thing worth trying next week."
        ),
    ),
    "contact_prepare": Opening(
        title="Prepare a talk with a contact",
        words="One contact's story, signals and open questions, before a call.",
        text=(
            "Prepare me for a talk with this contact in Attune: {contact}. Who they are, what they did lately, what we "
            "sent and what came of it, what speaks for a hand-off or a risk of leaving, and three questions worth "
            "asking. Name the records you rest on."
        ),
        arguments=(("contact", "The contact's name, address or id."),),
    ),
}


def listed() -> list[types.Prompt]:
    """The prompts as hosts list them."""
    return [
        types.Prompt(
            name=name,
            title=one.title,
            description=one.words,
            arguments=[
                types.PromptArgument(name=given, description=words, required=True)
                for given, words in one.arguments
            ],
        )
        for name, one in OPENINGS.items()
    ]


def filled(name: str, arguments: dict[str, str]) -> types.GetPromptResult | None:
    """One prompt with its arguments in place, or None where there is no such one, or an argument lacks."""
    one = OPENINGS.get(name)
    if one is None or any(not arguments.get(given) for given, _ in one.arguments):
        return None
    text = one.text
    for given, _ in one.arguments:
        text = text.replace(f"{{{given}}}", arguments[given][:200])
    message = types.PromptMessage(role="user", content=types.TextContent(text=text))
    return types.GetPromptResult(description=one.words, messages=[message])
