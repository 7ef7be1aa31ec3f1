"""Facts: everything known about one contact, as numbered sentences a draft may rest on.

One sentence is one `Evidence`, readable in the review inbox as it stands. What is chosen, and why:

- What the person knowingly did (a reply, a form, a download, a webinar, a meeting, a trial) is told
  one by one, newest first, and may be mentioned to them. What was only observed (page views, opens,
  clicks, product use) is counted into one sentence a topic and stays private, like notes, calls,
  tickets, deals and our own labels: it steers a message and is never said in it.
- A count covers the 90 days up to the latest act, not up to today, so old history is still told, with
  its date. Dates are absolute, because a draft may wait a week for its reviewer.
- Words from outside are quoted, shortened, stripped of control characters, and marked tainted. A topic
  or a deal stage is taken as a label of ours only when it is at most three plain words.
- Custom attributes and event properties never become facts: nobody has said which may reach a prompt.
- What a machine did, and what lies in the future, never counts.
- At most `MOST_FACTS` are kept: first what the draft may claim, then what was asked or said, then
  what was observed, then firmographics, then the rest; within a rank the newest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum

from agents.wording import day, label, money, quoted, sentence
from domain.content import ContentAsset, Offer
from domain.dossier import Dossier
from domain.events import Event, EventKind
from domain.history import EDITED, MemoryKind, Recalled
from domain.message import Evidence, EvidenceKind
from domain.people import BuyingRole, Deal, Seniority

MOST_FACTS = 24
MOST_OF_ONE_KIND = 3
MOST_CLAIMS = 8
COUNTED_SPAN = timedelta(days=90)


class _Rank(IntEnum):
    """What is kept when there is too much: the lowest first."""

    CLAIMABLE = 0
    ASKED_OR_SAID = 1
    OBSERVED = 2
    WHO = 3
    BACKGROUND = 4


@dataclass(frozen=True)
class _Fact:
    """A candidate: evidence without its number, and how much it is worth keeping."""

    rank: _Rank
    kind: EvidenceKind
    ref: str
    text: str
    at: datetime | None = None
    topic: str | None = None
    is_tainted: bool = False
    is_private: bool = False


@dataclass(frozen=True)
class _Telling:
    """How one kind of act is told. `quotes` says whether outside words are repeated, quoted."""

    phrase: str
    rank: _Rank = _Rank.ASKED_OR_SAID
    is_private: bool = False
    quotes: bool = True
    ref_suffix: str = ""


_ONE_BY_ONE: dict[EventKind, _Telling] = {
    EventKind.EMAIL_REPLIED: _Telling("Replied to our email"),
    EventKind.FORM_SUBMITTED: _Telling("Filled in a form"),
    EventKind.CONTENT_DOWNLOADED: _Telling("Downloaded content"),
    EventKind.WEBINAR_ATTENDED: _Telling("Attended a webinar"),
    EventKind.TRIAL_STARTED: _Telling("Started a trial", quotes=False),
    EventKind.MEETING_BOOKED: _Telling("Booked a meeting with us", quotes=False),
    EventKind.MEETING_HELD: _Telling("Met with us", quotes=False),
    EventKind.CALL_HELD: _Telling("Our record of a call held", is_private=True),
    EventKind.NOTE_ADDED: _Telling("Our note made", is_private=True),
    EventKind.TICKET_OPENED: _Telling("Opened a support ticket", is_private=True),
    EventKind.EMAIL_UNSUBSCRIBED: _Telling("Unsubscribed", is_private=True, quotes=False),
    EventKind.EMAIL_COMPLAINED: _Telling("Complained about our email", is_private=True, quotes=False),
    EventKind.EMAIL_FORWARDED: _Telling("Forwarded our email", _Rank.OBSERVED, True, False),
    EventKind.TASK_ADDED: _Telling("Our task made", _Rank.BACKGROUND, True),
    EventKind.DEAL_WON: _Telling("A deal with the account was won", _Rank.WHO, True, False),
    EventKind.DEAL_LOST: _Telling("A deal with the account was lost", _Rank.WHO, True, False),
    EventKind.RENEWED: _Telling("The account renewed", _Rank.WHO, True, False),
    EventKind.CUSTOMER_LOST: _Telling("The account stopped being a customer", _Rank.WHO, True, False),
}

_MEETING_NOTES = _Telling("Our notes of a meeting held", is_private=True, ref_suffix=":notes")

_COUNTED: dict[EventKind, tuple[str, str, _Rank]] = {
    EventKind.PAGE_VIEWED: ("Visited pages", "Visited {topic} pages", _Rank.OBSERVED),
    EventKind.PRODUCT_USED: ("Used the product", "Used {topic} in the product", _Rank.OBSERVED),
    EventKind.EMAIL_CLICKED: (
        "Clicked links in our emails",
        "Clicked links about {topic} in our emails",
        _Rank.OBSERVED,
    ),
    EventKind.EMAIL_OPENED: ("Opened our emails", "Opened our emails about {topic}", _Rank.BACKGROUND),
}

_MAY_BE_SAID_FROM_MEMORY = frozenset({MemoryKind.REPLY, MemoryKind.FORM})


def gather(
    dossier: Dossier, recalled: Sequence[Recalled], asset: ContentAsset, now: datetime
) -> tuple[Evidence, ...]:
    """Return what a draft about `asset` to this contact may rest on, numbered `E1`, `E2`, ….

    The order is stable: who they are, what happened (newest first), deals, our earlier messages,
    memories, then the asset, its approved claims and its offer.

    Args:
        dossier: the contact with account, deals and timeline.
        recalled: what contact history remembers; what an event already tells is not told twice.
        asset: the content decided for; its expired claims and offer are left out.
        now: aware time of the run.

    """
    events = [event for event in dossier.events if not event.is_machine and event.at <= now]
    facts = [
        *_who(dossier),
        *_acts(events, asset),
        *_deals(dossier),
        *_our_messages(dossier, events),
    ]
    told = {fact.ref for fact in facts}
    facts += [
        fact for fact in _memories(recalled, now) if fact.ref not in told and f"event:{fact.ref}" not in told
    ]
    facts += _claimable(asset, now.date())
    return tuple(
        Evidence(
            id=f"E{number}",
            kind=fact.kind,
            ref=fact.ref,
            text=fact.text,
            at=fact.at,
            topic=fact.topic,
            is_tainted=fact.is_tainted,
            is_private=fact.is_private,
        )
        for number, fact in enumerate(_most_useful(facts), start=1)
    )


def _most_useful(facts: Sequence[_Fact]) -> list[_Fact]:
    def worth(index: int) -> tuple[int, float, int]:
        fact = facts[index]
        return (fact.rank, -fact.at.timestamp() if fact.at else 0.0, index)

    kept = sorted(range(len(facts)), key=worth)[:MOST_FACTS]
    return [facts[index] for index in sorted(kept)]


def _who(dossier: Dossier) -> Iterator[_Fact]:
    contact, account = dossier.contact, dossier.account

    def field(ref: str, text: str, *, tainted: bool = False, private: bool = False) -> _Fact:
        return _Fact(_Rank.WHO, EvidenceKind.FIELD, ref, text, is_tainted=tainted, is_private=private)

    if contact.job_title:
        yield field("contact:job_title", f"Job title: {quoted(contact.job_title)}.", tainted=True)
    if contact.seniority is not Seniority.UNKNOWN:
        yield field("contact:seniority", f"Seniority: {contact.seniority.value}.", private=True)
    if account:
        yield field("account:name", f"Works at {quoted(account.name)}.", tainted=True)
        if account.industry:
            yield field("account:industry", f"Industry: {quoted(account.industry)}.", tainted=True)
        if account.employees:
            yield field("account:employees", f"The company has about {account.employees:,} employees.")
    since = f" since {day(contact.stage_since)}" if contact.stage_since else ""
    yield field(
        "contact:lifecycle_stage",
        f"Lifecycle stage in our CRM: {_stage_name(contact.lifecycle_stage.value)}{since}.",
        private=True,
    )
    country = contact.country or (account.country if account else None)
    if country:
        yield field("contact:country", f"Country: {country}.")


def _acts(events: Sequence[Event], asset: ContentAsset) -> list[_Fact]:
    facts = list(_counts(events))
    seen: dict[EventKind, int] = defaultdict(int)
    for event in sorted(events, key=lambda e: (e.at, e.id), reverse=True):
        telling = _ONE_BY_ONE.get(event.kind)
        if telling is None or seen[event.kind] >= MOST_OF_ONE_KIND:
            continue
        seen[event.kind] += 1
        facts.append(_one_act(event, telling, asset))
        if event.kind is EventKind.MEETING_HELD and (event.text or event.subject):
            facts.append(_one_act(event, _MEETING_NOTES, asset))
    return sorted(facts, key=lambda f: (-f.at.timestamp() if f.at else 0.0, f.ref))


def _one_act(event: Event, telling: _Telling, asset: ContentAsset) -> _Fact:
    words: list[str] = []
    is_tainted = False
    if telling.quotes and event.asset_id == asset.id:
        words = [quoted(asset.title)]
    elif telling.quotes:
        wanted = (event.text,) if event.kind is EventKind.EMAIL_REPLIED else (event.subject, event.text)
        words = [quoted(part) for part in wanted if part and part.strip()]
        is_tainted = bool(words)
    topic = label(event.topic)
    about = f" about {_spoken(topic)}" if topic else ""
    said = f": {', '.join(words)}" if words else ""
    return _Fact(
        rank=telling.rank,
        kind=EvidenceKind.EVENT,
        ref=f"event:{event.id}{telling.ref_suffix}",
        text=sentence(f"{telling.phrase} on {day(event.at)}{about}{said}"),
        at=event.at,
        topic=topic,
        is_tainted=is_tainted,
        is_private=telling.is_private,
    )


def _counts(events: Sequence[Event]) -> Iterator[_Fact]:
    groups: dict[tuple[EventKind, str], list[datetime]] = defaultdict(list)
    for event in events:
        if event.kind in _COUNTED:
            groups[event.kind, label(event.topic) or ""].append(event.at)
    shown: dict[EventKind, int] = defaultdict(int)
    newest_first = sorted(groups.items(), key=lambda g: (-max(g[1]).timestamp(), g[0]))
    for (kind, topic), times in newest_first:
        if shown[kind] >= MOST_OF_ONE_KIND:
            continue
        shown[kind] += 1
        last = max(times)
        recent = [at for at in times if at >= last - COUNTED_SPAN]
        plain, about, rank = _COUNTED[kind]
        yield _Fact(
            rank=rank,
            kind=EvidenceKind.EVENT,
            ref=f"events:{kind.value}" + (f":{topic}" if topic else ""),
            text=f"{about.format(topic=_spoken(topic)) if topic else plain} {_how_often(recent)}.",
            at=last,
            topic=topic or None,
            is_private=True,
        )


def _how_often(times: Sequence[datetime]) -> str:
    first, last = min(times), max(times)
    if len(times) == 1:
        return f"once, on {day(last)}"
    days = (last.date() - first.date()).days + 1
    span = "in one day" if days == 1 else f"in {days} days"
    return f"{len(times)} times {span}, last on {day(last)}"


def _deals(dossier: Dossier) -> Iterator[_Fact]:
    parts: dict[str, BuyingRole] = {
        role.deal_id: role for role in dossier.roles if role.contact_id == dossier.contact.id
    }
    still_open = [deal for deal in dossier.deals if not deal.is_closed]
    for deal in sorted(still_open, key=lambda d: (-(d.amount_cents or 0), d.id))[:MOST_OF_ONE_KIND]:
        yield _deal(deal, parts.get(deal.id))


def _deal(deal: Deal, part: BuyingRole | None) -> _Fact:
    stage = label(deal.stage)
    worth = f", worth {money(deal.amount_cents, deal.currency)}" if deal.amount_cents else ""
    closes = f", expected to close on {day(deal.closes_on)}" if deal.closes_on else ""
    role = f"; this contact's part: {part.kind.value.replace('_', ' ')}" if part else ""
    return _Fact(
        rank=_Rank.OBSERVED,
        kind=EvidenceKind.FIELD,
        ref=f"deal:{deal.id}",
        text=f"Open deal ({deal.kind.value}) at stage {quoted(deal.stage)}{worth}{closes}{role}.",
        is_tainted=stage is None,
        is_private=True,
    )


def _our_messages(dossier: Dossier, events: Sequence[Event]) -> Iterator[_Fact]:
    sent = [event for event in events if event.kind is EventKind.EMAIL_SENT]
    # The journal and the outbox may both know a message, at slightly different times: never their sum.
    times = max([event.at for event in sent], list(dossier.standing.sent_at), key=len)
    if not times:
        yield _Fact(
            _Rank.WHO,
            EvidenceKind.FIELD,
            "contact:first_message",
            "No earlier email of ours to this contact is on record.",
            is_private=True,
        )
        return
    last_at = max(times)
    recent = [at for at in times if at >= last_at - COUNTED_SPAN]
    yield _Fact(
        _Rank.WHO,
        EvidenceKind.EVENT,
        "events:email_sent",
        f"We emailed this contact {_how_often(recent)}.",
        at=last_at,
        is_private=True,
    )
    with_subject = [event for event in sent if event.subject and event.subject.strip()]
    if with_subject:
        last = max(with_subject, key=lambda e: (e.at, e.id))
        yield _Fact(
            _Rank.WHO,
            EvidenceKind.EVENT,
            f"event:{last.id}",
            f"Our email of {day(last.at)} had the subject {quoted(last.subject or '')}.",
            at=last.at,
            topic=label(last.topic),
            is_tainted=True,
        )


def _memories(recalled: Iterable[Recalled], now: datetime) -> Iterator[_Fact]:
    for item in recalled:
        memory = item.remembered
        if memory.at > now:
            continue
        is_lesson = memory.kind is MemoryKind.LESSON
        # An edit is told with the message's words, and a model wrote most of those: data, like a stranger's.
        is_own = is_lesson and not memory.text.startswith(EDITED)
        what = "A reviewer's lesson" if is_lesson else f"Remembered {memory.kind.value}"
        yield _Fact(
            rank=_Rank.ASKED_OR_SAID if is_lesson else _Rank.OBSERVED,
            kind=EvidenceKind.MEMORY,
            ref=memory.ref,
            text=sentence(f"{what} of {day(memory.at)}: {quoted(memory.text)}"),
            at=memory.at,
            is_tainted=not is_own,
            is_private=memory.kind not in _MAY_BE_SAID_FROM_MEMORY,
        )


def _claimable(asset: ContentAsset, today: date) -> Iterator[_Fact]:
    yield _Fact(
        _Rank.CLAIMABLE,
        EvidenceKind.FIELD,
        f"asset:{asset.id}",
        f"“{asset.title}” ({asset.kind.value.replace('_', ' ')}): {sentence(asset.summary)}",
    )
    valid = [claim for claim in asset.claims if claim.expires_on is None or claim.expires_on >= today]
    for claim in valid[:MOST_CLAIMS]:
        yield _Fact(_Rank.CLAIMABLE, EvidenceKind.CLAIM, f"claim:{claim.id}", sentence(claim.text))
    offer = asset.offer
    if offer and (offer.valid_until is None or offer.valid_until >= today):
        yield _Fact(_Rank.CLAIMABLE, EvidenceKind.OFFER, f"offer:{offer.id}", _terms(offer))


def _terms(offer: Offer) -> str:
    parts = [f"Offer “{offer.name}”: {sentence(offer.terms)}"]
    if offer.price_cents is not None:
        parts.append(f"Price: {money(offer.price_cents, offer.currency)}.")
    if offer.discount_percent is not None:
        parts.append(f"Discount: {offer.discount_percent:g} %.")
    if offer.valid_until is not None:
        parts.append(f"Valid until {day(offer.valid_until)}.")
    return " ".join(parts)


def _spoken(topic: str) -> str:
    return topic.replace("_", " ")


def _stage_name(stage: str) -> str:
    return stage.upper() if stage in {"mql", "sql"} else stage
