"""Companies and people of the sample market: who they are, where, and what they allowed."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from domain.people import LifecycleStage, Seniority
from domain.records import AccountRow, ContactRow
from evals.market.buyers import BUYERS, BY_DEPARTMENT, Buyer
from evals.market.chance import SOURCE, pick, place, read, stream
from evals.market.permission import permission

Status = Literal["customer", "evaluating", "prospect"]

ACCOUNTS = 300
_STATUSES = {"customer": 23.0, "evaluating": 10.0, "prospect": 67.0}
_STAGES: dict[str, dict[str, float]] = {
    "customer": {"customer": 80, "lead": 12, "subscriber": 8},
    "evaluating": {"opportunity": 34, "sql": 22, "mql": 24, "lead": 20},
    "prospect": {"subscriber": 18, "lead": 59, "mql": 20, "sql": 3},
}
_SENIORITIES = {"executive": 4.0, "director": 13.0, "manager": 40.0, "specialist": 43.0}
_DEPARTMENTS = {
    "Logistics": 40.0,
    "Finance": 14.0,
    "Procurement": 12.0,
    "IT": 17.0,
    "Compliance": 7.0,
    "Customer service": 8.0,
}
_PEOPLE = {"2": 16.0, "3": 24.0, "4": 26.0, "5": 18.0, "6": 11.0, "7": 5.0}
_SHARED_MAILBOX_SHARE = 0.018
_NO_ADDRESS_SHARE = 0.008
_NAME_FROM_ELSEWHERE_SHARE = 0.15
_NEVER_WRITTEN_SHARE = 0.03
_LETTERS = str.maketrans({"ı": "i", "ø": "o", "ß": "ss", "ł": "l", "æ": "ae", "å": "a"})


@dataclass(frozen=True)
class Company:
    """A company, and what no CRM row tells about it.

    was_written_to: whether anyone there ever heard from us. is_scanned: its mail gateway opens our links.
    """

    row: AccountRow
    status: Status
    country: str
    zone: ZoneInfo
    language: str
    was_written_to: bool
    is_scanned: bool

    @property
    def id(self) -> str:
        """What the rows call it."""
        return self.row.external_id or ""


@dataclass(frozen=True)
class Person:
    """A contact, and what drives their behaviour."""

    row: ContactRow
    company: Company
    buyer: Buyer
    topics: dict[str, float]

    @property
    def id(self) -> str:
        """What the rows call them."""
        return self.row.external_id or ""

    @property
    def zone(self) -> ZoneInfo:
        """Whose working hours their acts fall into."""
        return self.company.zone


def companies(seed: int, now: datetime) -> list[Company]:
    """Draw the companies; no two share a name."""
    parts = read("world")["companies"]
    names = [stem + ending for stem in parts["stems"] for ending in parts["endings"]]
    stream(seed, "names").shuffle(names)
    return [_company(seed, now, number, names[number - 1]) for number in range(1, ACCOUNTS + 1)]


def _company(seed: int, now: datetime, number: int, stem: str) -> Company:
    rng = stream(seed, "account", number)
    places = read("world")["places"]
    country = pick(rng, {code: entry["weight"] for code, entry in places.items()})
    where = places[country]
    kinds: dict[str, list[str]] = read("world")["companies"]["kinds"]
    industry = rng.choice(sorted(kinds))
    name = f"{stem} {rng.choice(kinds[industry])}"
    city, region, zone = rng.choice(where["cities"])
    employees = min(4_800, max(14, int(rng.lognormvariate(5.1, 1.0))))
    row = AccountRow(
        place=place("accounts", number),
        source=SOURCE,
        external_id=f"acc-{number:04}",
        name=f"{name} {where['form']}" if where["form"] else name,
        domain=f"{_plain(name)}.example",
        industry=industry,
        employees=employees,
        annual_revenue_cents=employees * rng.randrange(120, 260) * 100_000,
        currency=where["currency"],
        country=country,
        region=region,
        city=city,
        owner=rng.choice(read("world")["owners"]),
        created_at=now - timedelta(days=rng.uniform(120, 1_100)),
        attributes={"sample": "generated"},
    )
    return Company(
        row=row,
        status=pick(rng, _STATUSES),  # type: ignore[arg-type]
        country=country,
        zone=ZoneInfo(zone),
        language=where["language"],
        was_written_to=rng.random() >= _NEVER_WRITTEN_SHARE,
        is_scanned=rng.random() < 0.15,
    )


def people(seed: int, now: datetime, known: Sequence[Company]) -> list[Person]:
    """Draw the people of each company; within one, names differ and kinds of buyers tend to."""
    found: list[Person] = []
    for company in known:
        rng = stream(seed, "people", company.id)
        taken: set[str] = set()
        kinds: list[str] = []
        for _ in range(int(pick(rng, _PEOPLE))):
            person = _person(rng, now, company, len(found) + 1, taken, kinds)
            taken.add(person.row.email or person.id)
            kinds.append(person.buyer.name)
            found.append(person)
    return found


def _person(
    rng: random.Random, now: datetime, company: Company, number: int, taken: set[str], kinds: list[str]
) -> Person:
    department, seniority, title = _job(rng)
    buyer = _buyer(rng, company, department, kinds)
    stage = LifecycleStage(pick(rng, _STAGES[company.status]))
    known_days = rng.uniform(95, 900)
    identity = _identity(rng, company, taken)
    if identity.get("email", "").partition("@")[0] in read("world")["shared_mailboxes"]:
        department, seniority, title = None, Seniority.UNKNOWN, None
    row = ContactRow(
        place=place("contacts", number),
        source=SOURCE,
        external_id=f"con-{number:05}",
        account_external_id=company.id,
        job_title=title,
        department=department,
        seniority=seniority,
        country=company.country,
        region=company.row.region,
        city=company.row.city,
        time_zone=company.zone.key,
        language=company.language,
        lifecycle_stage=stage,
        stage_since=now - timedelta(days=rng.uniform(4, min(known_days, 300))),
        owner=company.row.owner,
        created_at=now - timedelta(days=known_days),
        **identity,
        **permission(rng, company.country, now, known_days),
    )
    return Person(row=row, company=company, buyer=buyer, topics=_topics(rng, buyer))


def _job(rng: random.Random) -> tuple[str | None, Seniority, str | None]:
    jobs: dict[str, dict[str, list[str]]] = read("world")["jobs"]
    seniority = pick(rng, _SENIORITIES)
    department = pick(rng, _DEPARTMENTS)
    if seniority == "executive" and (rng.random() < 0.4 or seniority not in jobs[department]):
        department = "Management"
    return department, Seniority(seniority), rng.choice(jobs[department][seniority])


def _buyer(rng: random.Random, company: Company, department: str | None, kinds: list[str]) -> Buyer:
    likely = dict(BY_DEPARTMENT[department or "Logistics"])
    if company.status == "customer":
        likely["renewing-customer"] = sum(likely.values())
    for kind in kinds:
        # A company rarely sends two people after the very same question.
        likely[kind] = likely.get(kind, 0.0) * 0.3
    return BUYERS[pick(rng, likely)]


def _topics(rng: random.Random, buyer: Buyer) -> dict[str, float]:
    """The buyer's topics, with one that is this person's own."""
    own = pick(rng, buyer.topics)
    return {topic: weight * (3.0 if topic == own else 0.5) for topic, weight in buyer.topics.items()}


def _identity(rng: random.Random, company: Company, taken: set[str]) -> dict[str, Any]:
    domain = company.row.domain
    if rng.random() < _SHARED_MAILBOX_SHARE:
        shared = f"{rng.choice(read('world')['shared_mailboxes'])}@{domain}"
        if shared not in taken:
            return {"email": shared}
    names = read("world")["names"]
    home = read("world")["places"][company.country]["names"]
    for _ in range(40):
        origin = rng.choice(sorted(names)) if rng.random() < _NAME_FROM_ELSEWHERE_SHARE else home
        first, last = rng.choice(names[origin]["first"]), rng.choice(names[origin]["last"])
        email = f"{_plain(first)}.{_plain(last)}@{domain}"
        if email not in taken:
            break
    has_address = rng.random() >= _NO_ADDRESS_SHARE
    return {"first_name": first, "last_name": last, **({"email": email} if has_address else {})}


def _plain(words: str) -> str:
    """A name as it stands in an address."""
    folded = unicodedata.normalize("NFKD", words.lower().translate(_LETTERS))
    return re.sub(r"[^a-z0-9]+", "", folded)
