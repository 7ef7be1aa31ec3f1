"""The assistant's tools about one contact's past: their story, what is remembered, what the evidence says now."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import Field

from domain.assistant import Asker, ToolAnswer
from domain.history import MemoryKind
from domain.staff import Act
from domain.story import StoryKind
from tools.people import Who
from tools.toolset import Arguments, Tool


class ContactStory(Arguments):
    """A page of one contact's story."""

    who: str = Who
    kinds: tuple[StoryKind, ...] = Field(
        (),
        description="Only these: event (what they did), message (what we sent), decision, line (a run that decided "
        "nothing), review, consent, stop. All where left out.",
    )
    before: str | None = Field(
        None,
        max_length=300,
        description="For the next, older page: `older` of the page before, as it stands.",
    )


class ContactRecall(Arguments):
    """What is remembered of one contact that bears on something."""

    who: str = Who
    about: str = Field(
        "",
        max_length=500,
        description="What it should bear on, in plain words; the newest memories where left out.",
    )
    kinds: tuple[MemoryKind, ...] = Field(
        (), description="Only these kinds, such as reply, note, call, meeting, form."
    )


class ContactSignals(Arguments):
    """What the evidence says of one contact."""

    who: str = Who
    afresh: bool = Field(
        False,
        description="True reads all that is known now anew, without a model, instead of the brief of the last draft.",
    )


class StoryDesk(Protocol):
    """What answers them."""

    def contact_story(self, asker: Asker, given: ContactStory) -> ToolAnswer:
        """Tell a page of a story."""
        ...

    def contact_recall(self, asker: Asker, given: ContactRecall) -> ToolAnswer:
        """Recall what bears on something."""
        ...

    def contact_signals(self, asker: Asker, given: ContactSignals) -> ToolAnswer:
        """Say what the evidence says."""
        ...


def story_tools(desk: StoryDesk) -> tuple[Tool[Any], ...]:
    """The tools, done by a desk."""
    return (
        Tool(
            "contact_story",
            "What happened with one contact, newest first: what they did, what we sent and decided, reviews, consents, "
            "stops. Others' words are shown to people only; you get kind, day and topic.",
            ContactStory,
            Act.READ,
            look=desk.contact_story,
        ),
        Tool(
            "contact_recall",
            "What is remembered of one contact that bears on some words: replies, notes, calls, meetings, forms, "
            "visits, lessons of reviewers. The words are shown to people only; you get kind, day, topic and fit.",
            ContactRecall,
            Act.READ,
            look=desk.contact_recall,
        ),
        Tool(
            "contact_signals",
            "What the evidence says about one contact: signals, strongest first, their topic, what they probably want, "
            "what to mind. Use it to say why somebody is interesting.",
            ContactSignals,
            Act.READ,
            look=desk.contact_signals,
        ),
    )
