"""Faults that lie in the contact, not in the words: opt-outs, consents, bounces, addresses, hours, pressure."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from domain.dossier import OpenMessage
from domain.people import (
    Consent,
    ConsentBasis,
    ConsentGround,
    Contact,
    EmailStatus,
    Suppression,
    SuppressionReason,
)
from evals.compliance.planted import Fault, Plant
from evals.compliance.scenes import Scene, consent
from policies.quiet_hours import next_open

EXPRESS, IMPLIED, SOFT = ConsentBasis.EXPRESS, ConsentBasis.IMPLIED, ConsentBasis.SOFT_OPT_IN
INTEREST = ConsentBasis.LEGITIMATE_INTEREST

Record = tuple[ConsentBasis, int, dict[str, Any]]
"""A basis, its age in days at the evaluation's day, and what of it is changed."""

Gaps = tuple[tuple[str, dict[str, Any]], ...]


def contact_faults() -> Iterator[Fault]:
    """Every fault of the contact's standing."""
    yield from _stops()
    yield from _bases()
    yield from _records()
    yield from _addresses()
    yield from _times()


def contact_pairs() -> Iterator[tuple[str, str, Plant]]:
    """The clean sides: as close to a fault as can be, and allowed. Rule, name, and how it is made."""
    yield "C-03", "a stop of another channel", _stopped(SuppressionReason.UNSUBSCRIBED, channel="sms")
    yield (
        "C-11",
        "implied by a purchase, 729 days ago",
        _living("CA", (IMPLIED, 729, {"ground": ConsentGround.PURCHASE})),
    )
    yield (
        "C-11",
        "implied by an inquiry, 179 days ago",
        _living("CA", (IMPLIED, 179, {"ground": ConsentGround.INQUIRY})),
    )
    yield "C-09", "legitimate interest in Britain", _living("GB", (INTEREST, 60, {}))
    yield "C-09", "no record in the United States", _living("US")
    yield "C-10", "a soft opt-in for similar goods", _living("DE", (SOFT, 60, {}))
    yield "C-19", "two soft bounces", _with(soft_bounced_days=(1, 5))
    yield "C-19", "three soft bounces, long apart", _with(soft_bounced_days=(1, 20, 50))
    yield "C-20", "a person at a firm's host", _addressed("sales.anna@northwind.example")
    yield "C-26", "the last message 17 hours ago", _with(sent_hours=(17,))
    yield "C-26", "two messages, eight days ago", _with(sent_hours=(8 * 24, 9 * 24))
    yield "C-26", "a rival worth less", _rival(1_000.0)


def _stops() -> Iterator[Fault]:
    rule_of = {
        SuppressionReason.OBJECTION: "C-13",
        SuppressionReason.HARD_BOUNCE: "C-19",
        SuppressionReason.COMPLAINT: "C-19",
    }
    for reason in SuppressionReason:
        yield Fault(rule_of.get(reason, "C-03"), reason.value, "plain", _stopped(reason))
    yield Fault(
        "C-13",
        "an objection on another channel",
        "hidden",
        _stopped(SuppressionReason.OBJECTION, channel="sms"),
    )
    yield Fault(
        "C-03",
        "an opt-out of the person's old address",
        "hidden",
        _stopped(SuppressionReason.UNSUBSCRIBED, address="old@else.example"),
    )


def _bases() -> Iterator[Fault]:
    for country, basis in (
        ("CA", None),
        ("DE", None),
        ("FR", None),
        ("GB", None),
        ("AU", None),
        ("BR", None),
        ("JP", None),
        (None, None),
        ("DE", INTEREST),
        ("FR", INTEREST),
        ("IT", IMPLIED),
        ("DE", IMPLIED),
        ("CA", INTEREST),
        ("JP", SOFT),
        (None, SOFT),
        (None, INTEREST),
        ("SG", IMPLIED),
        ("GB", IMPLIED),
        ("AU", INTEREST),
    ):
        record: tuple[Record, ...] = ((basis, 60, {}),) if basis else ()
        name = f"{basis.value if basis else 'nothing'} in {country or 'an unknown country'}"
        yield Fault("C-09", name, "plain", _living(country, *record))
    yield Fault(
        "C-09",
        "interest, private address in Britain",
        "plain",
        _living("GB", (INTEREST, 60, {}), email="dana@gmail.com"),
    )
    yield Fault(
        "C-09",
        "interest, consumer in Britain",
        "hidden",
        _living("GB", (INTEREST, 60, {}), attributes={"contact_type": "Consumer"}),
    )
    yield Fault("C-09", "US record, German zone", "hidden", _living("US", zone="Europe/Berlin"))
    yield Fault("C-09", "US record, German address", "hidden", _living("US", email="dana@rampe.de"))
    yield Fault("C-09", "withdrawn since", "plain", _withdrawn)
    yield Fault(
        "C-09", "consent to service mail only", "hidden", _living("DE", (EXPRESS, 60, {"scope": "service"}))
    )
    yield Fault(
        "C-09", "consent to another channel", "hidden", _living("DE", (EXPRESS, 60, {"channel": "sms"}))
    )
    yield Fault("C-09", "consent dated tomorrow", "hidden", _living("DE", (EXPRESS, -2, {})))


def _records() -> Iterator[Fault]:
    gaps: Gaps = (
        ("source", {"source": " "}),
        ("wording", {"wording": None}),
        ("proof", {"proof": None}),
        ("empty proof", {"proof": ""}),
    )
    for name, gap in gaps:
        yield Fault("C-08", f"no {name}", "plain", _living("DE", (EXPRESS, 60, gap)))
    sales: Gaps = (
        ("no sale", {"ground": None}),
        ("only an inquiry", {"ground": ConsentGround.INQUIRY}),
        ("no order", {"ground_ref": None}),
        ("no opt-out offered", {"opt_out_offered": False}),
        ("not recorded whether offered", {"opt_out_offered": None}),
        ("goods unknown", {"goods": None}),
        ("other goods", {"goods": "garden furniture"}),
    )
    for name, gap in sales:
        yield Fault("C-10", name, "plain", _living("FR", (SOFT, 60, gap)))
    for name, days, more in (
        ("inquiry, 181 days", 181, {"ground": ConsentGround.INQUIRY}),
        ("purchase, 731 days", 731, {"ground": ConsentGround.PURCHASE}),
        ("ground unknown, 181 days", 181, {}),
        ("years ago", 2000, {}),
    ):
        yield Fault("C-11", name, "plain", _living("CA", (IMPLIED, days, more)))
    yield Fault("C-11", "inquiry with a stated end beyond the law's", "hidden", _overlong)


def _addresses() -> Iterator[Fault]:
    for address in (
        "info@northwind.example",
        "sales@northwind.example",
        "no-reply@northwind.example",
        "Support+dock@northwind.example",
        "postmaster@northwind.example",
        "dana@mailinator.com",
        "dana@guerrillamail.com",
        "dana@sub.yopmail.com",
        "dana@10minutemail.net",
    ):
        yield Fault("C-20", address, "plain", _addressed(address), ("C-20", "A-02"))
    yield Fault("C-20", "marked invalid", "plain", _contact(email_status=EmailStatus.INVALID))
    yield Fault("C-20", "bounced", "plain", _contact(email_status=EmailStatus.BOUNCED), ("C-20", "C-19"))


def _times() -> Iterator[Fault]:
    for name, hours in (
        ("an hour ago", (1,)),
        ("15 hours ago", (15,)),
        ("two this week", (30, 60)),
        ("a clock set back", (-3,)),
        ("many", (20, 40, 60, 80)),
    ):
        yield Fault("C-26", name, "plain", _with(sent_hours=hours))
    yield Fault("C-26", "a rival worth more", "hidden", _rival(10_000_000.0))
    yield Fault("C-19", "three soft bounces", "plain", _with(soft_bounced_days=(1, 5, 9)))
    yield Fault(
        "C-19",
        "four soft bounces, three close",
        "plain",
        _with(soft_bounced_days=(2, 3, 4, 50)),
    )
    for name, hour in (("at night", 23), ("before seven", 6), ("on a Sunday", None)):
        yield Fault("C-18", name, "plain", _clock(hour))
    yield Fault("C-18", "half past eight in Texas", "hidden", _texas)
    yield Fault("H-06", "before its slot", "plain", _early)


def _contact(**changes: Any) -> Plant:
    return lambda scene, _: replace(scene, contact=scene.contact.model_copy(update=changes))


def _addressed(address: str) -> Plant:
    return _contact(email=address)


def _living(
    country: str | None,
    *records: Record,
    zone: str | None = None,
    **changes: Any,
) -> Plant:
    def plant(scene: Scene, _: random.Random) -> Scene:
        update = {"country": country, "time_zone": zone, "region": None, **changes}
        contact: Contact = scene.contact.model_copy(update=update)
        consents = tuple(consent(basis, scene.asset, days, **more) for basis, days, more in records)
        # The hour stays right where the contact now lives: only the basis is in question.
        return replace(
            scene, contact=contact, consents=consents, now=next_open(contact, scene.now, scene.rules)
        )

    return plant


def _stopped(reason: SuppressionReason, channel: str = "email", address: str = "") -> Plant:
    def plant(scene: Scene, _: random.Random) -> Scene:
        stop = Suppression(
            address=address or scene.contact.email or "",
            channel=channel,
            reason=reason,
            source="webhook",
            since=scene.now - timedelta(days=3),
            contact_id=scene.contact.id,
        )
        return _standing(scene, suppressions=(stop,))

    return plant


def _standing(scene: Scene, **parts: Any) -> Scene:
    return replace(scene, standing_parts={**scene.standing_parts, **parts})


def _with(sent_hours: tuple[int, ...] = (), soft_bounced_days: tuple[int, ...] = ()) -> Plant:
    def plant(scene: Scene, _: random.Random) -> Scene:
        return _standing(
            scene,
            sent_at=tuple(scene.now - timedelta(hours=hours) for hours in sent_hours),
            soft_bounced_at=tuple(scene.now - timedelta(days=days) for days in soft_bounced_days),
        )

    return plant


def _rival(value_cents: float) -> Plant:
    """One place is left (one message this week), and an approved message of another campaign wants it too."""

    def plant(scene: Scene, _: random.Random) -> Scene:
        rival = OpenMessage(
            entry_id="m_2",
            campaign_id="other",
            planned_at=scene.now + timedelta(hours=2),
            is_approved=True,
            value_cents=value_cents,
        )
        rivals = (rival,) if value_cents > 1_000 else (rival.model_copy(update={"is_approved": False}),)
        return _standing(scene, open_messages=rivals, sent_at=(scene.now - timedelta(days=3),))

    return plant


def _withdrawn(scene: Scene, _: random.Random) -> Scene:
    no: Consent = consent(EXPRESS, scene.asset, 5, is_granted=False)
    return replace(scene, consents=(*scene.consents, no))


def _overlong(scene: Scene, rng: random.Random) -> Scene:
    later = scene.now + timedelta(days=900)
    more = {"ground": ConsentGround.INQUIRY, "expires_at": later}
    return _living("CA", (IMPLIED, 200, more))(scene, rng)


def _clock(hour: int | None) -> Plant:
    def plant(scene: Scene, rng: random.Random) -> Scene:
        moved = _contact(country="DE", time_zone="Europe/Berlin", region=None)(scene, rng)
        moved = replace(moved, consents=(consent(EXPRESS, scene.asset),))
        day = scene.now.replace(
            day=29 if hour is None else 25, hour=12 if hour is None else hour - 1, minute=0
        )
        return replace(moved, now=day)

    return plant


def _texas(scene: Scene, rng: random.Random) -> Scene:
    moved = _contact(country="US", time_zone="America/Chicago", region="TX")(scene, rng)
    return replace(moved, now=scene.now.replace(day=25, hour=14, minute=30))


def _early(scene: Scene, _: random.Random) -> Scene:
    return replace(scene, entry_parts={"not_before": scene.now + timedelta(hours=1)})
