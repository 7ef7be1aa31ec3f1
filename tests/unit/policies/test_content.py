from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from domain.message import Author, DraftSentence, Severity
from domain.sender import SenderProfile
from policies import content
from tests.header_injections import SHARED, must_be_accepted, must_be_refused
from tests.unit.policies.cases import (
    ASSET,
    EVIDENCE,
    OFFER,
    SENDER,
    TODAY,
    draft,
    judged,
    message,
    severities,
)

OFFERING = ASSET.model_copy(update={"offer": OFFER})


def test_a_grounded_message_has_no_findings() -> None:
    assert judged().findings == ()


@pytest.mark.parametrize(
    ("sentence", "rule", "severity"),
    [
        ("See https://evil.example/login for more.", "A-05", "block"),
        ("Write to me at boss@evil.example instead.", "A-05", "block"),
        ("Look at evil-shop.com today.", "A-05", "block"),
        ("Hello <b>you</b>.", "A-05", "block"),
        ("Dear {{first_name}}, a word.", "H-04", "block"),
        ("Dear [Name], a word.", "H-04", "block"),
        ("TODO write this part.", "H-04", "block"),
        ("I typed this e-mail myself.", "C-22", "block"),
        ("This message is not automated.", "C-22", "block"),
        ("Your token is zq0123456789abcd today.", "A-03", "block"),
        ("Only a few hours left, hurry.", "C-05", "hold"),
        ("You get 40% off if you order now.", "C-05", "block"),
        ("This concerns your medical condition.", "C-12", "hold"),
        ("Action required on your part.", "C-06", "hold"),
        ("READ THIS MESSAGE please.", "H-02", "warn"),
        ("What a day!!", "H-02", "warn"),
    ],
)
def test_one_sentence_breaks_one_rule(sentence: str, rule: str, severity: str) -> None:
    assert (rule, severity) in severities(judged(draft(sentence)))


@pytest.mark.parametrize(
    "sentence",
    [
        "Would 15 minutes next week suit you?",
        "Your account team may know more.",
        "It comes as a [PDF] to print.",
        "You may find it useful.",
        "The checklist is short and asks about your own process.",
        "Your CRM and your B2B team know this better than I do.",
        "Whether the approval process is not automated yet matters less.",
        "I would like to hear what you think.",
    ],
)
def test_ordinary_sentences_raise_no_alarm(sentence: str) -> None:
    assert judged(draft(sentence)).findings == ()


@pytest.mark.parametrize("subject", ["Re: our call", "FWD: offer", "Aw: Termin", "re[2]: hello"])
def test_a_faked_reply_is_blocked_and_a_true_one_is_not(subject: str) -> None:
    faked = draft(subject=subject)
    assert ("C-05", "block") in severities(judged(faked))
    assert ("C-05", "block") not in severities(judged(faked, is_reply=True))


@pytest.mark.parametrize(
    ("sentence", "is_true"),
    [
        ("Existing customers get 20% off the first year.", True),
        ("Existing customers get 30% off the first year.", False),
        ("It costs 1,200 USD.", True),
        ("It costs $900.", False),
        ("It is open until 31 December.", True),
        ("It is open until 15 December.", False),
        ("The offer ends tonight.", False),
    ],
)
def test_terms_equal_the_offer_record(sentence: str, is_true: bool) -> None:
    backing = EVIDENCE[0].model_copy(update={"text": f"{OFFER.terms} 1,200 USD. Until 31 Dec 2026."})
    said = draft(DraftSentence(text=sentence, evidence=("E1",)))
    found = severities(judged(said, asset=OFFERING, evidence=(backing,)))
    assert (("C-05", "block") not in found) is is_true


def test_an_offer_that_ends_today_may_say_so() -> None:
    ending = ASSET.model_copy(update={"offer": OFFER.model_copy(update={"valid_until": TODAY})})
    assert not judged(draft("The offer ends tonight."), asset=ending).blocks


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"from_address": "boss@acme.example"}, "C-04"),
        ({"from_name": "Apple Support"}, "C-04"),
        ({"reply_to": "me@evil.example"}, "C-04"),
        ({"headers": ()}, "C-21"),
        ({"headers": (("Bcc", "x@evil.example"),)}, "C-25"),
        ({"headers": (("X-Attune-Id", "1"), ("x-attune-id", "2"))}, "C-25"),
        ({"message_id": "<m_1@evil.example>"}, "C-25"),
        ({"to_address": "a@b.example, c@d.example"}, "C-25"),
        ({"to_name": "Dana\nBcc: x@evil.example"}, "C-25"),
        ({"subject": "Another subject"}, "A-02"),
    ],
)
def test_a_changed_envelope_is_blocked(change: dict[str, Any], rule: str) -> None:
    assert (rule, "block") in severities(judged(said=message(**change)))


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("1 Main St", "Main", "C-01"),
        (">Unsubscribe<", ">Settings<", "C-02"),
        ("<p>Hello Dana,</p>", "<p>Hello Dana,</p><script>x()</script>", "A-05"),
        ("<p>Hello Dana,</p>", '<p style="display:none">Hello Dana,</p>', "A-05"),
        ("<p>Hello Dana,</p>", '<p>Hello Dana,</p><img src="https://evil.example/p.png">', "A-05"),
        ("https://content.acme.example/quote-checklist", "https://evil.example/x", "A-05"),
        ("Hello Dana", "Hello Dana and all", "A-05"),
    ],
)
def test_changed_html_is_blocked(old: str, new: str, rule: str) -> None:
    good = message()
    assert old in good.html
    assert (rule, "block") in severities(judged(said=message(html=good.html.replace(old, new, 1))))


def test_a_link_that_shows_another_address_is_blocked() -> None:
    asset = ASSET.model_copy(update={"call_to_action": "https://bank.example"})
    assert ("A-05", "block") in severities(judged(asset=asset))


def test_an_approved_address_with_brackets_passes() -> None:
    asset = type(ASSET).model_validate(
        {**ASSET.model_dump(), "url": "https://acme.example/wiki/Quote_(sales)"}
    )
    assert judged(asset=asset).findings == ()


def test_an_address_mail_servers_do_not_take_is_blocked() -> None:
    assert ("C-25", "block") in severities(judged(said=message(to_address="dána@northwind.example")))


def test_invisible_characters_are_blocked() -> None:
    assert ("A-05", "block") in severities(judged(draft("A wo\u200brd.")))


def test_an_incomplete_postal_address_is_blocked() -> None:
    bare = SENDER.model_copy(update={"postal_address": "Acme Inc."})
    assert ("C-01", "block") in severities(judged(sender=bare))


def test_one_click_needs_https() -> None:
    plain = SenderProfile.model_validate({**SENDER.model_dump(), "unsubscribe_url": "http://acme.example/u"})
    assert ("C-21", "block") in severities(judged(sender=plain))


def test_an_empty_subject_is_blocked_and_a_long_one_noted() -> None:
    assert ("H-04", "block") in severities(judged(draft(subject="  ")))
    assert ("C-25", "warn") in severities(judged(draft(subject="Quotes through finance " * 4)))


def test_the_contexts_own_canary_is_blocked_in_any_shape() -> None:
    assert ("A-03", "block") in severities(judged(draft("Say pelican-7 now."), canary="pelican-7"))


def test_a_reviewers_words_are_judged_like_any_others() -> None:
    edited = draft("See https://evil.example now.", author=Author.REVIEWER)
    assert judged(edited).blocks


def test_a_rule_that_cannot_be_evaluated_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("no table")

    monkeypatch.setattr(content, "WORD_RULES", (("C-12", broken),))
    found = judged().findings
    assert [(f.rule_id, f.severity) for f in found] == [("C-12", Severity.BLOCK)]
    assert "could not be evaluated" in found[0].reason


@pytest.mark.parametrize("subject", must_be_refused())
def test_a_header_injection_is_blocked(subject: str) -> None:
    assert ("C-25", "block") in severities(judged(draft(subject=subject)))


@pytest.mark.parametrize("subject", must_be_accepted())
def test_a_subject_that_only_looks_odd_is_not_blocked_for_it(subject: str) -> None:
    assert ("C-25", "block") not in severities(judged(draft(subject=subject)))


def _pair(case: dict[str, str], text: str) -> set[tuple[str, str]]:
    """One side of a minimal pair, put where it belongs in a message."""
    offering = ASSET.model_copy(
        update={"offer": OFFER.model_copy(update={"valid_until": None, "price_cents": None})}
    )
    if case["id"] == "P05":
        offering = ASSET.model_copy(
            update={"offer": OFFER.model_copy(update={"valid_until": date(2026, 12, 12)})}
        )
        text = text.replace("30 September", "12 December")
    if text.startswith("Subject: "):
        subject = text.removeprefix("Subject: ").split("  (")[0]
        return severities(judged(draft(subject=subject), asset=offering))
    if text.startswith("From: "):
        name = text.split('"')[1]
        own = SENDER.model_copy(update={"from_name": "Acme"})
        said = message(sender=own, from_name=name)
        return severities(judged(said=said.model_copy(update={"from_name": name}), sender=own))
    if case["rule"] == "C-01":
        own = SENDER.model_copy(update={"postal_address": text.split("| ")[1]})
        return severities(judged(sender=own))
    good = message()
    footer = good.text.rindex("Unsubscribe: ")
    kept = good.text if "one click" in text else good.text[:footer] + text
    return severities(judged(said=message(text=kept)))


def _pairs() -> list[dict[str, str]]:
    """Our own, and those of the evaluation data where it is at hand."""
    files = (Path(__file__).with_name("minimal_pairs.jsonl"), SHARED / "compliance" / "minimal_pairs.jsonl")
    lines = (
        line for file in files if file.exists() for line in file.read_text(encoding="utf-8").splitlines()
    )
    return [json.loads(line) for line in lines if line.strip()]


@pytest.mark.parametrize("case", _pairs(), ids=lambda case: case["id"])
def test_a_minimal_pair_splits_at_its_rule(case: dict[str, str]) -> None:
    def caught(side: str) -> bool:
        return any(rule == case["rule"] and level != "warn" for rule, level in _pair(case, case[side]))

    assert (caught("violating"), caught("clean")) == (True, False)
