"""Rules asked at other doors than a message's: replies, requests, text messages, DNS, rates, machines' answers.

Each line is a question with the answer that is right by construction; both sides of every pair are there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from domain.people import ConsentBasis
from domain.rights import PrivacyRequest, RequestKind
from evals.compliance.scenes import Scene, clean_scene, consent
from policies.answering import may_answer, review_answer
from policies.deadlines import Asked, alarm, due_at, opt_out_alarm
from policies.mail import Mail, review_signature
from policies.opt_out import read_opt_out
from policies.reputation import SendingCounts, judge_reputation
from policies.rulebook import RuleBook
from policies.sending_domain import DomainCheck, judge_domain
from policies.sms import review_sms

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
REPLIES: dict[str, list[str]] = yaml.safe_load(
    Path(__file__).with_name("replies.yaml").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Question:
    """One question at another door: whether the rule should stop it, and whether it did."""

    rule_id: str
    name: str
    should_stop: bool
    stopped: bool


def questions(rng: random.Random, rules: RuleBook) -> Iterator[Question]:
    """Every question of every other door."""
    scene = clean_scene(rng, rules)
    yield from _replies()
    yield from _requests(rules)
    yield from _texts(scene, rules)
    yield from _domain(scene, rules)
    yield from _rates(rules)
    yield from _answers()
    yield from _signatures()


def _replies() -> Iterator[Question]:
    for should_stop, part in ((True, "stop"), (True, "unsure"), (False, "ordinary")):
        for text in REPLIES[part]:
            yield Question("C-17", text, should_stop, read_opt_out(text).suppresses)


def _requests(rules: RuleBook) -> Iterator[Question]:
    for kind, country, days, late in (
        ("access", "DE", 29, False),
        ("access", "DE", 31, True),
        ("erasure", None, 31, True),
        ("export", "US", 44, False),
        ("export", "US", 46, True),
        ("objection", "GB", 0, False),
        ("objection", "GB", 1, True),
        ("erasure", "FR", 40, True),
    ):
        request = Asked(
            contact_id="c_1", kind=RequestKind(kind), asked_at=NOW - timedelta(days=days), country=country
        )
        noted = PrivacyRequest(
            id="q_1",
            kind=request.kind,
            contact_id=request.contact_id,
            person_hash="",
            received_at=request.asked_at,
            due_at=due_at(request, rules.deadlines),
        )
        found = alarm(noted, NOW, rules.deadlines)
        is_late = found is not None and found.severity.value == "block"
        yield Question("C-14", f"{kind} in {country}, {days} days", late, is_late)
    for seconds, done, late in (
        (30, 30, False),
        (59, None, False),
        (61, None, True),
        (3600, 90, True),
        (3600, 20, False),
    ):
        asked = NOW - timedelta(seconds=seconds)
        stopped = asked + timedelta(seconds=done) if done is not None else None
        found = opt_out_alarm(asked, stopped, NOW, rules.deadlines)
        yield Question("C-03", f"an opt-out, {seconds} s ago, obeyed after {done}", late, found is not None)


def _texts(scene: Scene, rules: RuleBook) -> Iterator[Question]:
    yes = consent(ConsentBasis.EXPRESS, scene.asset, channel="sms")
    brand = scene.sender.organisation
    good = f"{brand}: dock slots for next week are open. Reply STOP to opt out."
    for name, body, consents, wrong in (
        ("complete", good, (yes,), False),
        ("no consent", good, (), True),
        ("only e-mail consent", good, (consent(ConsentBasis.EXPRESS, scene.asset),), True),
        ("implied consent", good, (yes.model_copy(update={"basis": ConsentBasis.IMPLIED}),), True),
        ("no brand", "Dock slots are open. Reply STOP to opt out.", (yes,), True),
        ("no way to stop", f"{brand}: dock slots are open.", (yes,), True),
    ):
        stopped = any(review_sms(body, scene.contact, consents, scene.sender, NOW, rules))
        yield Question("C-16", name, wrong, stopped)


def _domain(scene: Scene, rules: RuleBook) -> Iterator[Question]:
    domain = str(scene.sender.from_email).rpartition("@")[2]
    good = DomainCheck(
        domain=domain,
        checked_at=NOW,
        has_spf=True,
        has_dkim=True,
        dmarc_policy="reject",
        spf_aligned=True,
        dkim_aligned=True,
    )
    for name, change, wrong in (
        ("complete", {}, False),
        ("only DKIM aligned", {"spf_aligned": False}, False),
        ("no SPF", {"has_spf": False}, True),
        ("no DKIM", {"has_dkim": False}, True),
        ("DKIM unknown", {"has_dkim": None}, True),
        ("no DMARC", {"dmarc_policy": None}, True),
        ("nothing aligned", {"spf_aligned": False, "dkim_aligned": False}, True),
        ("another domain", {"domain": "else.example"}, True),
        ("looked at days ago", {"checked_at": NOW - timedelta(days=3)}, True),
    ):
        yield Question(
            "C-23",
            name,
            wrong,
            judge_domain(good.model_copy(update=change), scene.sender, NOW, rules.domain).blocks,
        )
    yield Question("C-23", "never looked", True, judge_domain(None, scene.sender, NOW, rules.domain).blocks)


def _rates(rules: RuleBook) -> Iterator[Question]:
    for sent, complaints, bounces, pauses in (
        (10_000, 9, 0, False),
        (10_000, 29, 0, False),
        (10_000, 30, 0, True),
        (1_000, 3, 0, True),
        (300, 1, 0, False),
        (300, 2, 0, True),
        (1_000, 0, 49, False),
        (1_000, 0, 50, True),
        (20, 0, 2, False),
        (0, 0, 0, False),
        (0, 2, 0, True),
    ):
        counts = SendingCounts(sent=sent, complaints=complaints, hard_bounces=bounces)
        name = f"{complaints} complaints, {bounces} bounces of {sent}"
        yield Question("C-24", name, pauses, judge_reputation(counts, rules.reputation).blocks)


def _answers() -> Iterator[Question]:
    for wrong, part in ((False, "says_ai"), (True, "hides_ai")):
        for text in REPLIES[part]:
            yield Question("C-22", text, wrong, any(review_answer(text)))
    for headers, never in (
        ({"From": "dana@x.example"}, False),
        ({"Auto-Submitted": "no"}, False),
        ({"Auto-Submitted": "auto-replied"}, True),
        ({"auto-submitted": "auto-generated; x=y"}, True),
        ({"Precedence": "bulk"}, True),
        ({"List-Id": "<a.b>"}, True),
        ({"Return-Path": "<>"}, True),
        ({"From": "MAILER-DAEMON@x.example"}, True),
        ({"X-Auto-Response-Suppress": "All"}, True),
        ({"Precedence": "first-class"}, False),
    ):
        yield Question("C-25", f"an answer to {headers}", never, may_answer(headers) is not None)


def _signatures() -> Iterator[Question]:
    for covered, wrong in (
        ("from:to:subject:list-unsubscribe:list-unsubscribe-post", False),
        ("From : List-Unsubscribe : List-Unsubscribe-Post", False),
        ("from:to:subject", True),
        ("from:list-unsubscribe", True),
        ("to:list-unsubscribe:list-unsubscribe-post", True),
        ("", True),
    ):
        value = f"v=1; a=rsa-sha256; d=kestrelyard.example; s=a; h={covered}; bh=x; b=y"
        mail = Mail(headers=(("DKIM-Signature", value),), text="", html="")
        yield Question("C-21", f"signed {covered or 'nothing'}", wrong, any(review_signature(mail)))
