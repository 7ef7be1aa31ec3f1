"""One contact's story, memory and signals, for whoever asks the assistant.

What others wrote reaches people in tables; facts say what kind of thing it was, when, and about which topic (A-01).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.assistant.campaigns import rule_ref
from app.assistant.meant import contact_of
from app.assistant.words import (
    PAGE_ROWS,
    columns,
    contact_ref,
    day,
    known,
    label,
    moment,
    own_subject,
    plain_label,
    record,
    table,
    unique,
)
from app.story_words import EVENT_WORDS, StoryLine, told
from app.web.searches import place_asked, place_told
from app.web.words import count
from domain.assistant import AnswerTable, Asker, RecordKind, RecordRef, ToolAnswer
from domain.errors import ToolRefused
from domain.events import EventKind
from domain.history import Recalled
from domain.people import Contact
from domain.story import Moment
from policies.suppression import may_profile
from tools.stories import ContactRecall, ContactSignals, ContactStory

if TYPE_CHECKING:
    from app.signals_now import SignalsNow
    from app.wiring import House

MOST_RECALLED = 15
OUTBOX = "outbox"
"""How the ref of a message of ours begins."""


class Stories:
    """Does the tools of `tools/stories.py`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def contact_story(self, asker: Asker, given: ContactStory) -> ToolAnswer:
        """Tell a page of a story."""
        house, contact = self._house, contact_of(self._house, given.who)
        after = place_asked(given.before) if given.before else None
        if given.before and after is None:
            raise ToolRefused(
                f"before={given.before!r} is no place of a story: give `older` of the page before."
            )
        page = house.stories.page(contact.id, after, PAGE_ROWS, given.kinds)
        assets = {asset.id: asset for asset in house.crm.assets()}
        names = {member.member_id: member.name for member in house.staff.members()}
        lines = [told(one, assets, house.rules, names) for one in page.moments]
        older = place_told(page.older) if page.older else None
        rows = [_moment_row(one, line, asker) for one, line in zip(page.moments, lines, strict=True)]
        span = f", {day(lines[-1].at, asker)} to {day(lines[0].at, asker)}" if lines else ""
        more = " There is more before that." if older else ""
        return ToolAnswer(
            words=f"{label(contact.name)}: {count(len(lines), 'moment')} of the story{span}, newest first.{more}"
            if lines
            else f"Nothing {'older ' if after else ''}is on record of {label(contact.name)}.",
            facts=known(record=contact_ref(contact.id).mark, name=label(contact.name), older=older)
            | {"moments": rows},
            tables=(
                table(
                    f"Story of {label(contact.name)}",
                    columns(("When", "moment"), "Whose doing", "What", "About", "Words", "Marks", "From"),
                    (
                        (
                            line.at,
                            line.teller.value,
                            line.title,
                            line.about,
                            line.text,
                            ", ".join(line.marks),
                            line.source,
                        )
                        for line in lines
                    ),
                ).model_copy(update={"more": older is not None}),
            ),
            records=unique(
                (contact_ref(contact.id, contact.name), *(_line_ref(line, contact.name) for line in lines))
            ),
        )

    def contact_recall(self, asker: Asker, given: ContactRecall) -> ToolAnswer:
        """Recall what bears on something."""
        house, contact = self._house, contact_of(self._house, given.who)
        found = house.remembered.recall(
            contact.id, given.about, now=house.clock(), limit=MOST_RECALLED, kinds=given.kinds
        )
        topics = _topics_of(house, contact, found)
        bears = (" that bears on this" if len(found) == 1 else " that bear on this") if given.about else ""
        return ToolAnswer(
            words=f"{count(len(found), 'memory', 'memories')} of {label(contact.name)}{bears}, best first; the "
            "words stand in the table."
            if found
            else f"Nothing is remembered of {label(contact.name)}{' that bears on this' if given.about else ''}.",
            facts={
                "record": contact_ref(contact.id).mark,
                "name": label(contact.name),
                "memories": [
                    known(
                        kind=one.remembered.kind.value,
                        on=day(one.remembered.at, asker),
                        fits=round(one.score, 2),
                        topic=topics.get(one.remembered.ref, ("", ""))[0],
                        our_subject=topics.get(one.remembered.ref, ("", ""))[1],
                    )
                    for one in found
                ],
            },
            tables=(
                table(
                    f"Remembered of {label(contact.name)}",
                    columns(("When", "moment"), "Kind", "Words", ("Fits", "number"), "From"),
                    (
                        (
                            one.remembered.at,
                            one.remembered.kind.value,
                            one.remembered.text,
                            round(one.score, 2),
                            one.remembered.ref,
                        )
                        for one in found
                    ),
                ),
            )
            if found
            else (),
            records=(contact_ref(contact.id, contact.name),),
        )

    def contact_signals(self, asker: Asker, given: ContactSignals) -> ToolAnswer:
        """Say what the evidence says."""
        from app.signals_now import kept_signals, read_signals

        house, contact = self._house, contact_of(self._house, given.who)
        objected = may_profile(contact, house.crm.standing(contact.id).suppressions)
        if objected is not None:
            return ToolAnswer(
                words=f"{label(objected.reason, 300)} ({objected.rule_id}).",
                facts={"record": contact_ref(contact.id).mark, "rule": f"[rule:{objected.rule_id}]"},
                records=(contact_ref(contact.id, contact.name), rule_ref(objected.rule_id, house)),
            )
        found = None if given.afresh else kept_signals(house, contact.id)
        found = found or read_signals(house, contact.id)
        brief = found.brief
        made = "Of the draft of" if found.decision_id else "Read anew, without a model,"
        first = f" {brief.signals[0].text}" if brief.signals else " Nothing on record says anything yet."
        return ToolAnswer(
            words=f"{made} {moment(found.at, asker)}: {count(len(brief.signals), 'signal')} of "
            f"{label(contact.name)}.{first}",
            facts=known(
                record=contact_ref(contact.id).mark,
                name=label(contact.name),
                as_of=day(found.at, asker),
                made_for=f"[decision:{found.decision_id}]"
                if found.decision_id
                else "read anew, without a model",
                topic=plain_label(brief.topic),
                intent=brief.intent,
                caution=brief.caution,
                signals=[
                    {"text": label(signal.text, 240), "strength": signal.strength} for signal in brief.signals
                ],
            ),
            tables=_evidence_tables(found),
            records=unique(
                (
                    contact_ref(contact.id, contact.name),
                    record(
                        RecordKind.DECISION, found.decision_id, f"Decision about {label(contact.name, 30)}"
                    )
                    if found.decision_id
                    else None,
                )
            ),
        )


def _moment_row(one: Moment, line: StoryLine, asker: Asker) -> dict[str, Any]:
    """A moment without any word from outside: an event's own title, topic and, where it is ours, subject."""
    row = known(on=day(line.at, asker), kind=line.kind.value, what=line.title, marks=list(line.marks))
    if one.event:
        title, event = EVENT_WORDS[one.event.kind], one.event
        entered = plain_label(str(event.properties.get("to", "")))
        if event.kind is EventKind.STAGE_CHANGED and entered:
            title = f"{title} to {entered}"
        row |= known(what=title, topic=plain_label(event.topic), our_subject=own_subject(event))
        row["marks"] = ["by a machine"] if event.is_machine else []
    elif one.message:
        row |= known(our_subject=label(one.message.message.subject, 120))
    elif one.consent or one.stop:
        row["what"] = label(line.title, 80)
    ref = _line_ref(line, "")
    return known(**row, record=ref.mark if ref else None)


def _line_ref(line: StoryLine, name: str) -> RecordRef | None:
    if line.proposal_id:
        return record(RecordKind.PROPOSAL, line.proposal_id, f"{name}: {line.title}")
    return (
        record(RecordKind.DECISION, line.decision_id, f"{name}: {line.title}") if line.decision_id else None
    )


def _topics_of(house: House, contact: Contact, found: list[Recalled]) -> dict[str, tuple[str, str]]:
    """Topic and our own subject of each memory that an event or a message of ours tells of, by its ref."""
    refs = {one.remembered.ref for one in found}
    told_of = {
        event.id: (plain_label(event.topic) or "", own_subject(event) or "")
        for event in house.crm.dossier(contact.id).events
        if event.id in refs
    }
    for entry in house.outbox.entries(contact_id=contact.id, limit=200):
        if f"{OUTBOX}:{entry.id}" in refs:
            told_of[f"{OUTBOX}:{entry.id}"] = ("", label(entry.message.subject, 120) or "")
    return told_of


def _evidence_tables(found: SignalsNow) -> tuple[AnswerTable, ...]:
    facts = {fact.id: fact for fact in found.evidence}
    rows = [
        (
            signal.text,
            signal.strength,
            "; ".join(facts[one].text for one in signal.evidence if one in facts),
            ", ".join(facts[one].ref for one in signal.evidence if one in facts),
        )
        for signal in found.brief.signals
    ]
    return (
        (table("Signals and their evidence", columns("Signal", "Strength", "Evidence", "From"), rows),)
        if rows
        else ()
    )
