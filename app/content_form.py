"""A content asset as the answers of a form, and back. Pure; the loader that reads content files judges."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from domain.content import ContentAsset
from policies.mistakes import Mistake

Answers = Mapping[str, Sequence[str]]

MOST_CLAIMS = 40
BLANK_CLAIMS = 2


def asset_answers(asset: ContentAsset) -> dict[str, list[str]]:
    """What a form says that shows this asset."""
    said = {
        "id": [asset.id],
        "title": [asset.title],
        "kind": [asset.kind.value],
        "url": [str(asset.url)],
        "summary": [asset.summary],
        "call_to_action": [asset.call_to_action],
        "topics": [", ".join(asset.topics)],
        "stages": [stage.value for stage in asset.stages],
        "seniorities": [level.value for level in asset.seniorities],
        "industries": [", ".join(asset.industries)],
        "language": [asset.language],
        "is_active": ["yes"] if asset.is_active else [],
    }
    for number, claim in enumerate(asset.claims):
        said[f"k{number}.id"] = [claim.id]
        said[f"k{number}.text"] = [claim.text]
        said[f"k{number}.source"] = [claim.source]
        said[f"k{number}.expires_on"] = [claim.expires_on.isoformat() if claim.expires_on else ""]
    if offer := asset.offer:
        said |= {
            "offer.id": [offer.id],
            "offer.name": [offer.name],
            "offer.terms": [offer.terms],
            "offer.price": ["" if offer.price_cents is None else f"{Decimal(offer.price_cents) / 100:f}"],
            "offer.currency": [offer.currency],
            "offer.discount_percent": [
                "" if offer.discount_percent is None else f"{offer.discount_percent:g}"
            ],
            "offer.valid_until": [offer.valid_until.isoformat() if offer.valid_until else ""],
        }
    return said


def start_asset() -> dict[str, list[str]]:
    """What a new asset's form says before anybody wrote into it."""
    return {"language": ["en"], "is_active": ["yes"], "kind": ["guide"]}


def claim_numbers(answers: Answers) -> tuple[int, ...]:
    """The claims a form shows: those written, then some to write into."""
    written = [number for number in range(MOST_CLAIMS) if _one(answers, f"k{number}.text")]
    begin = max(written, default=-1) + 1
    return (*written, *range(begin, min(begin + BLANK_CLAIMS, MOST_CLAIMS)))


def asset_record(answers: Answers) -> tuple[dict[str, Any], dict[int, int]]:
    """The asset as a content file would say it, and which number in the form each of its claims has."""
    record: dict[str, Any] = {
        name: _one(answers, name) for name in ("id", "title", "kind", "url", "summary", "call_to_action")
    }
    record["id"] = record["id"] or slug(record["title"])
    record["language"] = _one(answers, "language") or "en"
    record |= {name: _listed(_one(answers, name)) for name in ("topics", "industries")}
    record |= {name: list(answers.get(name, ())) for name in ("stages", "seniorities")}
    record["is_active"] = bool(_one(answers, "is_active"))
    claims: list[dict[str, Any]] = []
    number_of: dict[int, int] = {}
    for number in claim_numbers(answers):
        text = _one(answers, f"k{number}.text")
        if not text or _one(answers, f"k{number}.drop"):
            continue
        number_of[len(claims)] = number
        claim = {
            "id": _one(answers, f"k{number}.id"),
            "text": text,
            "source": _one(answers, f"k{number}.source"),
        }
        claims.append({**claim, "expires_on": _one(answers, f"k{number}.expires_on") or None})
    taken = {str(told["id"]) for told in claims}
    for at, told in enumerate(claims):
        told["id"] = told["id"] or _free(f"{record['id']}-{at + 1}", taken)
        taken.add(told["id"])
    record["claims"] = claims
    record["offer"] = _offer(answers)
    return record, number_of


def placed(mistakes: Sequence[Mistake], number_of: Mapping[int, int]) -> dict[str, str]:
    """What is wrong, by the form's field."""
    errors: dict[str, str] = {}
    for mistake in mistakes:
        match mistake.place:
            case ("claims", int(at), *rest):
                name = f"k{number_of.get(at, at)}.{rest[0] if rest else 'text'}"
            case ("offer", "price_cents"):
                name = "offer.price"
            case ("offer", str(part)):
                name = f"offer.{part}"
            case (first, *_):
                name = str(first)
            case _:
                name = ""
        errors.setdefault(name, mistake.says)
    return errors


def empties(record: Mapping[str, Any], number_of: Mapping[int, int]) -> dict[str, str]:
    """What was left empty although a reader of the message would miss it: the loader takes empty words for words."""
    needed = {
        "id": "an id",
        "title": "a title",
        "summary": "a summary",
        "call_to_action": "what the link says",
    }
    errors = {name: f"is missing: it needs {what}" for name, what in needed.items() if not record[name]}
    for at, claim in enumerate(record["claims"]):
        if not claim["source"]:
            errors[f"k{number_of[at]}.source"] = "is missing: a claim is said only with its source"
    return errors


def slug(title: str) -> str:
    """An id made of a title's words."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].strip("-")


def _offer(answers: Answers) -> dict[str, Any] | None:
    if not any(_one(answers, f"offer.{name}") for name in ("id", "name", "terms")):
        return None
    offer: dict[str, Any] = {name: _one(answers, f"offer.{name}") for name in ("id", "name", "terms")}
    offer["currency"] = _one(answers, "offer.currency").upper() or "USD"
    offer["discount_percent"] = _one(answers, "offer.discount_percent") or None
    offer["valid_until"] = _one(answers, "offer.valid_until") or None
    offer["price_cents"] = _cents(_one(answers, "offer.price"))
    return offer


def _cents(said: str) -> int | str | None:
    if not said:
        return None
    try:
        cents = Decimal(re.sub(r",(?=\d{3}(\D|$))", "", said).replace(",", ".")) * 100
        return int(cents) if cents == cents.to_integral_value() else said
    except (InvalidOperation, ValueError, OverflowError):
        return said


def _free(wanted: str, taken: set[str]) -> str:
    number = 2
    chosen = wanted
    while chosen in taken:
        chosen, number = f"{wanted}-{number}", number + 1
    return chosen


def _listed(said: str) -> list[str]:
    return [word.strip() for word in said.split(",") if word.strip()]


def _one(answers: Answers, name: str) -> str:
    given = answers.get(name) or [""]
    return given[-1].strip()
