"""Rows to nouns and back. The only place that knows how a noun is laid out in columns.

What is read is what an earlier version of this file wrote, so nouns are validated on reading: a row
nobody can explain stops here and not in a message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from domain.base import Noun
from domain.campaign import Campaign, SendSlot
from domain.content import ApprovedClaim, ContentAsset
from domain.decision import Action, Alternative, Arm, Contribution, Decision, Knowledge
from domain.events import Event
from domain.message import OWN_EDIT, Message, OutboxEntry, StakesLevel, StakesReason, Usage
from domain.people import Account, BuyingRole, Consent, Contact, Deal, Suppression
from domain.review import Proposal, Review
from domain.run import Run, RunContact

Row = Mapping[Any, Any]
NounT = TypeVar("NounT", bound=Noun)

_USAGE = tuple(Usage.model_fields)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _columns(noun: Noun, *left_out: str) -> dict[str, Any]:
    return {name: _plain(value) for name, value in noun if name not in left_out}


def _noun(kind: type[NounT], row: Row, **given: Any) -> NounT:
    kept = {name: row[name] for name in kind.model_fields if name in row}
    return kind.model_validate({**kept, **given})


def without_nul(text: str | None) -> str | None:
    """Drop NUL characters: PostgreSQL cannot keep them and no reader misses them."""
    return text.replace("\x00", "") if text else text


# People -----------------------------------------------------------------------------------------------


def contact_of(row: Row, external_ids: Mapping[str, str] | None = None) -> Contact:
    """A contact; its external ids come from `identities`."""
    return _noun(Contact, row, external_ids=dict(external_ids or {}))


def contact_row(contact: Contact) -> dict[str, Any]:
    """Columns of `contacts`; external ids are rows of `identities`, see `identity_rows`."""
    return _columns(contact, "external_ids")


def account_of(row: Row, external_ids: Mapping[str, str] | None = None) -> Account:
    """An account; its external ids come from `identities`."""
    return _noun(Account, row, external_ids=dict(external_ids or {}))


def account_row(account: Account) -> dict[str, Any]:
    """Columns of `accounts`."""
    return _columns(account, "external_ids")


def deal_of(row: Row, external_ids: Mapping[str, str] | None = None) -> Deal:
    """A deal; its external ids come from `identities`."""
    return _noun(Deal, row, external_ids=dict(external_ids or {}))


def deal_row(deal: Deal) -> dict[str, Any]:
    """Columns of `deals`."""
    return _columns(deal, "external_ids")


def identity_rows(noun: str, thing: Contact | Account | Deal) -> list[dict[str, Any]]:
    """Rows of `identities` for one thing; `noun` is `contact`, `account` or `deal`."""
    return [
        {"source": source, "noun": noun, "external_id": external_id, "internal_id": thing.id}
        for source, external_id in thing.external_ids.items()
    ]


def role_of(row: Row) -> BuyingRole:
    """Who plays which part in a deal."""
    return _noun(BuyingRole, row)


def role_row(role: BuyingRole) -> dict[str, Any]:
    """Columns of `buying_roles`."""
    return _columns(role)


def consent_of(row: Row) -> Consent:
    """One recorded yes or no."""
    return _noun(Consent, row)


def consent_row(consent: Consent) -> dict[str, Any]:
    """Columns of `consents`."""
    return _columns(consent)


def suppression_of(row: Row) -> Suppression:
    """One lasting stop."""
    return _noun(Suppression, row)


def suppression_row(suppression: Suppression) -> dict[str, Any]:
    """Columns of `suppressions`."""
    return _columns(suppression)


# What happened ----------------------------------------------------------------------------------------


def event_of(row: Row) -> Event:
    """One event of the journal."""
    return _noun(Event, row)


def event_row(event: Event, received_at: datetime) -> dict[str, Any]:
    """Columns of `events`."""
    columns = _columns(event)
    for name in ("topic", "subject", "text"):
        columns[name] = without_nul(columns[name])
    return {**columns, "received_at": received_at}


# What we have to say ----------------------------------------------------------------------------------


def asset_of(row: Row, claims: Sequence[Row] = ()) -> ContentAsset:
    """A content asset with its claims, oldest id first."""
    return ContentAsset.model_validate({**row["record"], "claims": [_noun(ApprovedClaim, c) for c in claims]})


def asset_row(asset: ContentAsset) -> dict[str, Any]:
    """Columns of `assets`; claims are rows of their own, see `claim_rows`."""
    return {
        "id": asset.id,
        "title": asset.title,
        "kind": asset.kind.value,
        "is_active": asset.is_active,
        "record": asset.model_dump(mode="json", exclude={"claims"}),
    }


def claim_rows(asset: ContentAsset) -> list[dict[str, Any]]:
    """Rows of `claims`."""
    return [{**_columns(claim), "asset_id": asset.id} for claim in asset.claims]


def campaign_of(row: Row) -> Campaign:
    """A campaign as it was last run."""
    return Campaign.model_validate(row["record"])


def campaign_record(campaign: Campaign) -> dict[str, Any]:
    """The JSON a campaign is kept and hashed as, in the words of its file."""
    return campaign.model_dump(mode="json", by_alias=True)


# Runs and decisions -----------------------------------------------------------------------------------


def decision_of(row: Row) -> Decision:
    """One decision, complete enough to replay."""
    return Decision(
        id=row["id"],
        run_id=row["run_id"],
        campaign_id=row["campaign_id"],
        contact_id=row["contact_id"],
        arm=Arm(row["arm"]),
        action=Action(
            asset_id=row["asset_id"],
            channel=row["channel"],
            slot=SendSlot(row["slot"]) if row["slot"] else None,
        ),
        propensity=row["propensity"],
        alternatives=tuple(
            Alternative(action_key=key, probability=probability, value_cents=value, uncertainty_cents=spread)
            for key, probability, value, spread in row["alternatives"]
        ),
        reasons=tuple(row["reasons"]),
        contributions=tuple(
            Contribution(label=label, group=group, cents=cents)
            for label, group, cents in row["contributions"]
        ),
        knowledge=Knowledge(row["knowledge"]),
        learner_version=row["learner_version"],
        features_version=row["features_version"],
        decided_at=row["decided_at"],
        unit_cents=row["unit_cents"],
    )


def decision_row(decision: Decision) -> dict[str, Any]:
    """Columns of `decisions`. An alternative is kept as a list of four: a quarter of the bytes."""
    action = decision.action
    return {
        **_columns(decision, "action", "alternatives", "reasons", "contributions"),
        "action_key": action.key,
        "asset_id": action.asset_id,
        "channel": action.channel,
        "slot": _plain(action.slot),
        "alternatives": [
            [other.action_key, other.probability, other.value_cents, other.uncertainty_cents]
            for other in decision.alternatives
        ],
        "reasons": list(decision.reasons),
        "contributions": [[part.label, part.group, part.cents] for part in decision.contributions],
    }


def run_of(row: Row) -> Run:
    """One campaign run."""
    return _noun(Run, row)


def run_row(run: Run) -> dict[str, Any]:
    """Columns of `runs`."""
    return _columns(run)


def run_contact_of(row: Row) -> RunContact:
    """One line of a run's ledger."""
    return _noun(RunContact, row, usage={name: row[name] for name in _USAGE})


def run_contact_row(line: RunContact) -> dict[str, Any]:
    """Columns of `run_contacts`."""
    return {**_columns(line, "usage"), **_columns(line.usage)}


# On the way out ---------------------------------------------------------------------------------------


def entry_of(row: Row) -> OutboxEntry:
    """One message in the outbox."""
    return _noun(OutboxEntry, row, message=Message.model_validate(row["message"]))


def entry_row(entry: OutboxEntry) -> dict[str, Any]:
    """Columns of `outbox`; the hash is computed here, never taken from a caller."""
    return {
        **_columns(entry, "message"),
        "channel": entry.message.channel,
        "message": entry.message.model_dump(mode="json"),
        "message_id": entry.message.message_id,
        "message_sha256": entry.message.sha256,
        "receipt": {},
    }


def proposal_of(row: Row) -> Proposal:
    """What waits for a person; status and times stand in columns and win over the record."""
    columns = {name: row[name] for name in ("status", "version", "decided_at")}
    return Proposal.model_validate({**row["record"], **columns})


def proposal_row(proposal: Proposal, outbox_id: str) -> dict[str, Any]:
    """Columns of `proposals`."""
    names = ("id", "run_id", "campaign_id", "contact_id", "message_sha256", "version")
    return {
        **{name: getattr(proposal, name) for name in names},
        "outbox_id": outbox_id,
        "status": proposal.status.value,
        "record": proposal.model_dump(mode="json"),
        "created_at": proposal.created_at,
        "decided_at": proposal.decided_at,
    }


LEVELS = {StakesLevel.LOW: 1, StakesLevel.ORDINARY: 2, StakesLevel.HIGH: 3}
LEVEL_OF = {number: level for level, number in LEVELS.items()}
"""Levels of stakes as tables hold them, so that they sort."""


def _gravity(reason: StakesReason) -> int:
    """Sorts reasons: those that make the stakes high, the ordinary, a reviewer's edit, the minor."""
    if reason.code == OWN_EDIT:
        return 2
    return 0 if reason.is_locked else 3 if reason.is_minor else 1


def queue_columns(proposal: Proposal) -> dict[str, Any]:
    """Columns of `proposals` that the queue sorts, narrows and shows by, as far as the proposal itself tells them."""
    reasons = proposal.stakes.reasons
    gravest = min(reasons, key=_gravity, default=None)
    return {
        "level": LEVELS[proposal.stakes.level],
        "subject": without_nul(proposal.message.subject) or "",
        "reason": without_nul(gravest.text if gravest else "") or "",
        "more_reasons": max(len(reasons) - 1, 0),
        "is_clean": not (proposal.verdict.blocks or proposal.verdict.holds),
        "not_before": proposal.not_before,
    }


def review_of(row: Row) -> Review:
    """One reviewer's act."""
    return _noun(Review, row)


def review_row(review: Review) -> dict[str, Any]:
    """Columns of `reviews`."""
    return _columns(review)
