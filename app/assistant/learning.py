"""What learners believe, as answers: of one campaign, or of each that has decided anything; and what silence is about.

Each answer holds the same three parts, so that a question about one of them is answered: how much is known and what
most is expected of, what changed, and how many people got nothing and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.assistant.campaign_meant import campaign_that_ran
from app.assistant.campaigns import campaign_ref, run_ref
from app.assistant.result_tables import amount, answer_table
from app.assistant.words import columns, day, known, table, unique
from app.learner_status import LearnerStatus, status_of
from app.reasons import is_nothing
from app.results import tables
from app.results.beliefs import EVERYONE, SILENCE, Belief, Beliefs, By
from app.results.kept import BeingCounted, ResultsShelf
from app.results.silence import Silences, has_decided, newest_silences
from app.story_words import title_of
from app.web.words import percent
from domain.assistant import AnswerPicture, Asker, RecordRef, ToolAnswer
from domain.campaign import Campaign
from tools.results import LearningShow

if TYPE_CHECKING:
    from app.wiring import House

MOST_BELIEFS = 12
MOST_ALARMS = 3
MOST_RULES = 3
MOST_CAMPAIGNS = 20
MOST_NAMED = 5


def learned(house: House, shelf: ResultsShelf, asker: Asker, given: LearningShow) -> ToolAnswer:
    """What is believed; without a campaign, of the only one that decided anything, else of each in a line.

    Raises:
        NotFound, Ambiguous, ToolRefused: as `campaign_that_ran`, where a campaign is named.
        BeingCounted: results of a large workspace, before upkeep has counted them.
    """
    if given.campaign is not None:
        return _of_one(house, shelf, asker, campaign_that_ran(house, given.campaign), given)
    decided = [one for one in shelf.campaigns() if has_decided(house, one.id)]
    if not decided:
        return ToolAnswer(
            words="No campaign has decided anything yet, so nothing is believed and nothing was left in silence; dry "
            "runs do not count.",
            facts={"campaigns": []},
        )
    if len(decided) == 1:
        return _of_one(house, shelf, asker, decided[0], given)
    return _of_each(house, shelf, asker, decided)


def _of_one(
    house: House, shelf: ResultsShelf, asker: Asker, campaign: Campaign, given: LearningShow
) -> ToolAnswer:
    status = status_of(house, campaign, house.clock())
    believed = shelf.beliefs(campaign, By(given.by.value))
    ref, silences = campaign_ref(campaign.id, campaign.name), newest_silences(house, campaign.id)
    titles = _titles(house)
    best = _best(believed)
    changed, silence = _changed(status), _silence(house, asker, campaign, believed, silences)
    facts: dict[str, Any] = known(
        campaign=ref.mark,
        knowledge=status.knowledge,
        versions=len(status.versions),
        outcomes=status.versions[0].outcomes if status.versions else None,
        changed=changed,
        silence=silence,
        shifts=list(status.shifts),
        notes=list(status.notes),
    )
    if believed is None:
        nothing = "It has decided for nobody yet, so there are no beliefs to show."
        return ToolAnswer(
            words=_joined(_known(campaign, status), nothing, changed, silence.get("in_short", "")),
            facts=facts,
            records=_records(house, asker, (ref,), campaign, silences),
        )
    currency = campaign.goal.currency
    cells = sorted(believed.cells, key=lambda one: (one.segment != EVERYONE, one.segment, -one.cents))
    facts["beliefs"] = [
        {
            "content": tables.content_name(one.asset_id, titles),
            "for": one.segment,
            "worth": amount(one.cents, currency),
            "give_or_take": amount(one.doubt_cents, currency),
            "knowledge": one.knowledge.value,
        }
        for one in cells[:MOST_BELIEFS]
    ]
    facts["beliefs_in_all"] = len(cells)
    picture = AnswerPicture(
        path=f"/results/{campaign.id}/chart/beliefs?by={given.by.value}",
        words="What content is expected to be worth, with its doubt",
    )
    lead = f"Most is expected of {_expected(best, titles, currency)}." if best else ""
    if best and best.asset_id == SILENCE and (content := _best(believed, is_sent=True)):
        lead += f" Of content, most is expected of {_expected(content, titles, currency)}."
    return ToolAnswer(
        words=_joined(_known(campaign, status), lead, changed, silence.get("in_short", "")),
        facts=facts,
        tables=(answer_table(tables.beliefs(believed, titles, currency)),),
        pictures=(picture,) if best else (),
        records=_records(house, asker, (ref,), campaign, silences),
    )


def _of_each(house: House, shelf: ResultsShelf, asker: Asker, decided: list[Campaign]) -> ToolAnswer:
    titles, rows, facts = _titles(house), [], []
    statuses = [status_of(house, one, house.clock()) for one in decided[:MOST_CAMPAIGNS]]
    for campaign, status in zip(decided, statuses, strict=False):
        ref, state = campaign_ref(campaign.id, campaign.name), _state(status)
        try:
            best = _best(shelf.beliefs(campaign, By.STAGE))
            most = _expected(best, titles, campaign.goal.currency) if best else "nothing yet"
        except BeingCounted:
            most = "still being counted"
        silences = newest_silences(house, campaign.id)
        silent = f"{silences.silent:,} of {silences.decided:,}" if silences else None
        shifts = "; ".join(status.alarm_lines[-MOST_ALARMS:]) or "none noticed"
        rows.append((ref, state, shifts, most, silent))
        facts.append(
            known(
                campaign=ref.mark,
                name=ref.label,
                knowledge=status.knowledge,
                shifts=shifts,
                most_is_expected_of=most,
                in_silence=silent,
            )
        )
    newest = newest_silences(house)
    of_newest = next((one for one in decided if newest and one.id == newest.campaign_id), None)
    silence = _silence(house, asker, of_newest, None, newest) if of_newest else {}
    named = "; ".join(f"{row[0].label}: {row[1]}" for row in rows[:MOST_NAMED])
    more = f"; {len(decided) - MOST_NAMED} more in the table" if len(decided) > MOST_NAMED else ""
    noticed = [ref.label for (ref, *_), status in zip(rows, statuses, strict=True) if status.alarm_lines]
    changed = (
        f"Shifts were noticed in {', '.join(noticed)}; the table says which."
        if noticed
        else "No shift was noticed in any of them so far."
    )
    head = columns(
        ("Campaign", "record"),
        "State of knowledge",
        "Shifts noticed",
        "Most is expected of",
        "Left in silence",
    )
    return ToolAnswer(
        words=_joined(
            f"Each of the {len(decided)} campaigns that decided has a learner of its own: {named}{more}.",
            changed,
            silence.get("in_short", ""),
        ),
        facts=known(campaigns=facts, changed=changed, silence=silence),
        tables=(table("What each learner knows", head, rows),),
        records=_records(house, asker, tuple(row[0] for row in rows), of_newest, newest),
    )


def _records(
    house: House,
    asker: Asker,
    refs: tuple[RecordRef, ...],
    campaign: Campaign | None,
    silences: Silences | None,
) -> tuple[RecordRef, ...]:
    if campaign is None or silences is None:
        return refs
    return unique((*refs, run_ref(house.runs.get(silences.run_id), campaign.name, asker)))


def _titles(house: House) -> dict[str, str]:
    return {asset.id: asset.title for asset in house.crm.assets()}


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


# How much is known, and what most is expected of ---------------------------------------------------------------


def _known(campaign: Campaign, status: LearnerStatus) -> str:
    outcomes = status.versions[0].outcomes if status.versions else 0
    of = f" It learned from {outcomes:,} outcomes so far." if outcomes else ""
    return f"The learner of {campaign.name} is {status.knowledge}.{of}"


def _state(status: LearnerStatus) -> str:
    return status.knowledge.partition(":")[0]


def _best(believed: Beliefs | None, *, is_sent: bool = False) -> Belief | None:
    """What most is expected of, for everyone; `is_sent`: of content alone."""
    cells = [
        one
        for one in (believed.cells if believed else ())
        if one.segment == EVERYONE and not (is_sent and one.asset_id == SILENCE)
    ]
    return max(cells, key=lambda one: one.cents, default=None)


def _expected(best: Belief, titles: dict[str, str], currency: str) -> str:
    is_silence = best.asset_id == SILENCE
    if is_silence and is_nothing(best.cents):
        return "silence, which is worth nothing: no content promises more to people in general"
    what, each = (
        ("silence", "a time") if is_silence else (titles.get(best.asset_id, best.asset_id), "a message")
    )
    return (
        f"{what}: {amount(best.cents, currency)} {each}, give or take "
        f"{amount(best.doubt_cents, currency)} ({best.knowledge.value})"
    )


# What changed ---------------------------------------------------------------------------------------------------


def _changed(status: LearnerStatus) -> str:
    if not status.versions:
        return ""
    if not status.alarm_lines:
        return "No shift of the market was noticed so far: what came of messages was as expected."
    shown = status.alarm_lines[-MOST_ALARMS:]
    rest = len(status.alarm_lines) - len(shown)
    more = f" {rest} earlier {'one' if rest == 1 else 'ones'} besides." if rest else ""
    lines = "; and ".join(line.rstrip(".") for line in shown)
    return _joined(f"What changed: {lines}.{more}", *status.shifts)


# Silence --------------------------------------------------------------------------------------------------------


def _silence(
    house: House,
    asker: Asker,
    campaign: Campaign,
    believed: Beliefs | None,
    found: Silences | None,
) -> dict[str, Any]:
    """What silence is believed to be `worth`, and how many got nothing in the newest run, and why (`told`), in words.

    `in_short` is what the answer's words hold of both.
    """
    cells = believed.cells if believed else ()
    own = next((one for one in cells if one.asset_id == SILENCE and one.segment == EVERYONE), None)
    currency = campaign.goal.currency
    worth = _worth(own, currency)
    if found is None:
        return known(worth=worth, in_short=worth)
    why = _why(found)
    rules = [(title_of(rule, house.rules) or rule, rule, many) for rule, many in found.rules[:MOST_RULES]]
    run = _run_words(campaign, asker, found)
    return known(
        worth=worth,
        told=_joined(run, _why_words(why), _beside(found, rules)),
        in_short=_joined(worth, run),
        run=f"[run:{found.run_id}]",
        decided_about=found.decided,
        written_to=found.written,
        in_silence=found.silent,
        why=dict(why),
        held_out=found.held_out,
        kept_back_by_rules=found.refused,
        rules=[{"rule": f"[rule:{rule}]", "title": title, "contacts": many} for title, rule, many in rules],
    )


def _worth(own: Belief | None, currency: str) -> str:
    if own is None:
        return ""
    if is_nothing(own.cents):
        return "Silence is believed to be worth nothing: a message is worth sending where it promises more than that."
    return (
        f"Silence is believed to be worth {amount(own.cents, currency)} a time, give or take "
        f"{amount(own.doubt_cents, currency)}."
    )


def _why(found: Silences) -> tuple[tuple[str, int], ...]:
    """Why people got nothing, in words, the commonest first."""
    told = (
        ("no message promised more than silence", found.none_promised),
        ("a message promised more, but chance drew silence, to keep learning", found.drawn),
        ("no content of the campaign fitted", found.none_fits),
        ("it was not looked into", found.unread),
        ("usual practice decided, which sends them nothing", found.by_usual),
        ("chance alone decided, to learn from it", found.by_chance),
    )
    return tuple(sorted((one for one in told if one[1]), key=lambda one: -one[1]))


def _run_words(campaign: Campaign, asker: Asker, found: Silences) -> str:
    run = f"In the newest run of {campaign.name}, of {day(found.started_at, asker)},"
    if not found.decided:
        return f"{run} nobody was left to decide about."
    if not found.silent:
        return f"{run} nobody of the {found.decided:,} people decided about was left in silence."
    share = percent(found.silent / found.decided, 0)
    return (
        f"{run} {found.silent:,} of the {found.decided:,} people decided about were left in silence ({share}), and "
        f"for {found.written:,} a message was chosen."
    )


def _why_words(why: tuple[tuple[str, int], ...]) -> str:
    return f"Why: {'; '.join(f'for {many:,} {words}' for words, many in why)}." if why else ""


def _beside(found: Silences, rules: list[tuple[str, str, int]]) -> str:
    named = ", ".join(f"{rule} {title} {many:,}" for title, rule, many in rules)
    parts = [
        f"{found.held_out:,} {'was' if found.held_out == 1 else 'were'} held out, to measure what messages bring"
        if found.held_out
        else "",
        f"{found.refused:,} {'was' if found.refused == 1 else 'were'} kept back by rules (most by {named})"
        if found.refused and named
        else "",
        f"for {found.before:,} an earlier silence still held" if found.before else "",
    ]
    said = [part for part in parts if part]
    return f"Beside them {'; '.join(said)}." if said else ""
