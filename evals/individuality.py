"""How individual the understudy's messages are: colleagues at one stage who behaved differently.

Pairs of made-up contacts share company, stage and seniority and differ in what they did. In "one asset"
both are sent the very same content, which is the hard case; in "own asset" each gets what fits.

    python -m evals.individuality [--pairs 200] [--seed 7] [--show 0]
"""

from __future__ import annotations

import argparse
import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from agents.context import DraftingContext
from agents.facts import gather
from agents.understudy import analyse, compose, plan
from domain.campaign import Campaign, Goal, Outcome, SendSlot
from domain.content import ApprovedClaim, ContentAsset
from domain.decision import Action, Arm, Decision
from domain.dossier import Dossier, Standing
from domain.events import Event, EventKind
from domain.message import Draft
from domain.people import Account, Contact, LifecycleStage
from domain.sender import SenderProfile
from policies.claims import ground
from policies.rulebook import RuleBook, load_rulebook

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
VISIBLY_DIFFERENT = 0.3
"""Least token Jaccard distance of two bodies, company and role words apart, to count as different."""

_MARKET: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
)
_TOPICS = (
    "pricing",
    "integrations",
    "security",
    "onboarding",
    "analytics",
    "migration",
    "automation",
    "compliance",
)
_KNOWN_ACTS = (
    EventKind.FORM_SUBMITTED,
    EventKind.WEBINAR_ATTENDED,
    EventKind.CONTENT_DOWNLOADED,
    EventKind.EMAIL_REPLIED,
    EventKind.MEETING_HELD,
    EventKind.TRIAL_STARTED,
)
_OBSERVED = (EventKind.PAGE_VIEWED, EventKind.EMAIL_CLICKED, EventKind.PRODUCT_USED)
_SENDER = SenderProfile.model_validate(
    {
        "organisation": "Northlight Routing",
        "from_name": "Northlight",
        "from_email": "hello@northlight.example",
        "postal_address": "1 Harbour Street, 20457 Hamburg, Germany",
        "website": "https://northlight.example",
        "unsubscribe_url": "https://northlight.example/stop",
    }
)
_CAMPAIGN = Campaign(id="eval", name="Eval", goal=Goal(outcome=Outcome.REPLY, worth_cents=1_000))


@dataclass(frozen=True)
class Written:
    """One message and what it was written from."""

    ctx: DraftingContext
    draft: Draft


@dataclass(frozen=True)
class Figures:
    """What a set of pairs came to."""

    distances: tuple[float, ...]
    other_openings: int
    grounded: int
    sentences: int
    messages: int
    word_counts: tuple[int, ...]
    distinct_openings: int
    distinct_subjects: int

    @property
    def visibly_different(self) -> int:
        """Pairs whose bodies differ beyond names."""
        return sum(distance >= VISIBLY_DIFFERENT for distance in self.distances)


@lru_cache(maxsize=1)
def library() -> tuple[ContentAsset, ...]:
    """The content a made-up shipper's software house could send."""
    return tuple(_asset(entry) for entry in _MARKET["assets"])


def _asset(entry: dict[str, Any]) -> ContentAsset:
    claims = [
        ApprovedClaim(
            id=f"{entry['id']}-{number}",
            text=text,
            source="sample",
            approved_by="sample",
            approved_on=date(2026, 1, 5),
        )
        for number, text in enumerate(entry["claims"])
    ]
    return ContentAsset.model_validate(
        {
            **entry,
            "url": f"https://northlight.example/{entry['id']}",
            "summary": f"Deals with {' and '.join(entry['topics'])}",
            "claims": claims,
        }
    )


def pairs(count: int, seed: int, *, is_one_asset: bool) -> list[tuple[Written, Written]]:
    """Write to `count` pairs of colleagues with different behaviour."""
    rng = random.Random(seed)
    return [_pair(rng, number, is_one_asset) for number in range(count)]


def _pair(rng: random.Random, number: int, is_one_asset: bool) -> tuple[Written, Written]:
    account = Account(id=f"a-{number}", **rng.choice(_MARKET["companies"]))
    stage = rng.choice(list(LifecycleStage))
    person = rng.choice(_MARKET["people"])
    topics = rng.sample(_TOPICS, 2)
    shared = rng.choice(library())
    written = []
    for side, topic in enumerate(topics):
        contact = Contact(
            id=f"c-{number}-{side}",
            account_id=account.id,
            job_title=person["job_title"],
            seniority=person["seniority"],
            lifecycle_stage=stage,
        )
        dossier = Dossier(
            standing=Standing(contact=contact), account=account, events=_behaviour(rng, contact.id, topic)
        )
        fitting = [asset for asset in library() if topic in asset.topics]
        written.append(write(dossier, shared if is_one_asset or not fitting else rng.choice(fitting)))
    return written[0], written[1]


def _behaviour(rng: random.Random, contact_id: str, topic: str) -> tuple[Event, ...]:
    """One main topic, a few acts; about one contact in four did nothing that may be mentioned."""
    kinds = [rng.choice(_OBSERVED) for _ in range(rng.randint(1, 5))]
    kinds += [rng.choice(_KNOWN_ACTS) for _ in range(rng.choice((0, 1, 1, 2)))]
    events = [
        Event(
            id=f"eval:{contact_id}-{n}",
            kind=kind,
            at=NOW - timedelta(days=rng.uniform(1, 200)),
            source="eval",
            contact_id=contact_id,
            topic=topic if rng.random() < 0.8 else rng.choice(_TOPICS),
        )
        for n, kind in enumerate(kinds)
    ]
    return tuple(sorted(events, key=lambda event: event.at, reverse=True))


def write(dossier: Dossier, asset: ContentAsset, hints: tuple[str, ...] = ()) -> Written:
    """Run the understudy's three parts for one contact."""
    decision = Decision(
        id=f"d-{dossier.contact.id}",
        run_id="eval",
        campaign_id=_CAMPAIGN.id,
        contact_id=dossier.contact.id,
        arm=Arm.EXPLORE,
        action=Action(asset_id=asset.id, channel="email", slot=SendSlot.MORNING),
        propensity=0.5,
        learner_version="eval",
        features_version="eval",
        decided_at=NOW,
    )
    ctx = DraftingContext(
        run_id="eval",
        now=NOW,
        campaign=_CAMPAIGN,
        sender=_SENDER,
        decision=decision,
        dossier=dossier,
        asset=asset,
        evidence=gather(dossier, (), asset, NOW),
        canary="CANARY",
        hints=hints,
    )
    brief = analyse(ctx)
    return Written(ctx, compose(ctx, brief, plan(ctx, brief)))


def measure(sample: Sequence[tuple[Written, Written]], rules: RuleBook) -> Figures:
    """Compare each pair, and hold every sentence against the grounding rules that guard real drafts."""
    everyone = [written for pair in sample for written in pair]
    firsts = [one.draft.sentences[0].text for pair in sample for one in pair]
    faults = [
        len({f.span for f in ground(one.draft, one.ctx.evidence, one.ctx.asset, NOW.date(), rules)})
        for one in everyone
    ]
    total = sum(len(one.draft.sentences) for one in everyone)
    return Figures(
        distances=tuple(_distance(left, right) for left, right in sample),
        other_openings=sum(a.draft.sentences[0].text != b.draft.sentences[0].text for a, b in sample),
        grounded=total - sum(faults),
        sentences=total,
        messages=len(everyone),
        word_counts=tuple(len(one.draft.body.split()) for one in everyone),
        distinct_openings=len(set(firsts)),
        distinct_subjects=len({one.draft.subject for one in everyone}),
    )


def _distance(left: Written, right: Written) -> float:
    one, other = _tokens(left), _tokens(right)
    return 1 - len(one & other) / len(one | other)


def _tokens(written: Written) -> set[str]:
    contact, account = written.ctx.dossier.contact, written.ctx.dossier.account
    names = " ".join(
        part or "" for part in (contact.job_title, account and account.name, account and account.industry)
    )
    return set(re.findall(r"\w+", written.draft.body.lower())) - set(re.findall(r"\w+", names.lower()))


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share. Source: Wilson (1927), J. Amer. Statist. Assoc. 22(158)."""
    z, share = 1.959964, successes / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return (centre - half) / (1 + z * z / trials), (centre + half) / (1 + z * z / trials)


def bootstrap(values: Sequence[float], seed: int, rounds: int = 2_000) -> tuple[float, float]:
    """The 95 % percentile interval of a mean. Source: Efron (1979), Ann. Statist. 7(1)."""
    drawn = np.random.default_rng(seed).choice(np.asarray(values, dtype=float), size=(rounds, len(values)))
    low, high = np.quantile(drawn.mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def report(name: str, figures: Figures, seed: int) -> str:
    """The figures of one set as lines of a table."""
    lines = [f"{name}: {len(figures.distances)} pairs, {figures.messages} messages"]

    def share(what: str, successes: int, trials: int) -> None:
        low, high = wilson(successes, trials)
        lines.append(f"  {what:<46} {successes / trials:7.1%}   [{low:.1%}, {high:.1%}]")

    def mean(what: str, values: Sequence[float]) -> None:
        low, high = bootstrap(values, seed)
        lines.append(f"  {what:<46} {float(np.mean(values)):7.2f}   [{low:.2f}, {high:.2f}]")

    share(
        f"pairs visibly different (distance >= {VISIBLY_DIFFERENT})",
        figures.visibly_different,
        len(figures.distances),
    )
    mean("mean token distance within a pair", figures.distances)
    lines.append(f"  {'smallest token distance':<46} {min(figures.distances):7.2f}")
    share("pairs with another first sentence", figures.other_openings, len(figures.distances))
    share("sentences without a grounding finding", figures.grounded, figures.sentences)
    mean("words a message", figures.word_counts)
    share("distinct first sentences", figures.distinct_openings, figures.messages)
    share("distinct subjects", figures.distinct_subjects, figures.messages)
    return "\n".join(lines)


def main() -> None:
    """Print the table, and some messages on request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", type=int, default=0, help="print so many messages")
    asked = parser.parse_args()
    rules = load_rulebook()
    for name, is_one_asset in (("one asset for both", True), ("own asset for each", False)):
        sample = pairs(asked.pairs, asked.seed, is_one_asset=is_one_asset)
        print(report(name, measure(sample, rules), asked.seed))
        for one in [written for pair in sample for written in pair][: asked.show]:
            contact = one.ctx.dossier.contact
            print(f"\n--- {contact.id} {contact.job_title} ({contact.lifecycle_stage.value})")
            print(f"Subject: {one.draft.subject}\n\n{one.draft.body}")


if __name__ == "__main__":
    main()
