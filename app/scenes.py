"""What was known of contacts when they were decided about, read again for a replay.

Counts and topics end at the moment of the decision. A contact's stage is only kept as it stands now: where it
was entered later, or nobody knows when, it counts as unknown, so that nothing after the decision leaks in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from app.replay_rule import Traits
from app.replaying import Scene
from domain.people import Account, Contact
from learning import features
from memory.crm.audience import AudienceReader, Tallies
from memory.crm.decision_log import LoggedDecision

LOOK_BACK = timedelta(days=90)
_STAGED = np.array([name.startswith("stage:") for name in features.NAMES])


class SceneReader:
    """Implements `FeaturesOf` with the features of this release."""

    def __init__(self, audience: AudienceReader) -> None:
        self._audience = audience
        self._contacts: dict[str, Contact] | None = None
        self._moment: tuple[datetime, Tallies, dict[str, dict[str, int]]] | None = None

    def __call__(self, decisions: Sequence[LoggedDecision]) -> Scene:
        """Return what was known, row by row."""
        people = self._people()
        contacts = [people.get(one.contact_id) or Contact(id=one.contact_id) for one in decisions]
        x = np.zeros((len(decisions), len(features.NAMES)))
        topics: list[dict[str, int]] = [{}] * len(decisions)
        moments: dict[datetime, list[int]] = {}
        for row, decision in enumerate(decisions):
            moments.setdefault(decision.decided_at, []).append(row)
        # A run decides about everyone at one moment, so there are few moments however many decisions.
        for at, rows in moments.items():
            tallies, looked_at = self._seen_by(at)
            x[rows] = features.matrix([contacts[row] for row in rows], tallies, at)
            for row in rows:
                topics[row] = looked_at.get(contacts[row].id, {})
        stood = [_stage_was_known(c, d.decided_at) for c, d in zip(contacts, decisions, strict=True)]
        x[np.ix_(~np.array(stood, dtype=bool), _STAGED)] = 0
        traits = tuple(
            Traits(
                stage=contact.lifecycle_stage if known else None,
                topic=max(sorted(seen), key=seen.__getitem__) if seen else None,
            )
            for contact, known, seen in zip(contacts, stood, topics, strict=True)
        )
        return Scene(x, traits, tuple(topics))

    def _seen_by(self, at: datetime) -> tuple[Tallies, dict[str, dict[str, int]]]:
        """Everyone's tallies at a moment; the last moment is kept, as one run fills many pages."""
        if self._moment is None or self._moment[0] != at:
            since = at - LOOK_BACK
            tallies = self._audience.event_tallies(since=since, until=at)
            self._moment = (at, tallies, self._audience.topic_counts(since=since, until=at))
        return self._moment[1:]

    def _people(self) -> dict[str, Contact]:
        if self._contacts is None:
            everyone: list[tuple[Contact, Account | None]] = self._audience.contacts_with_accounts()
            self._contacts = {contact.id: contact for contact, _ in everyone}
        return self._contacts


def _stage_was_known(contact: Contact, at: datetime) -> bool:
    return contact.stage_since is not None and contact.stage_since <= at
