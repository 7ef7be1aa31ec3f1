"""What was known of contacts when they were decided about, read again for a replay.

Features, counts and topics end at the moment of the decision. A contact's stage is only kept as it stands now: where it
was entered later, or nobody knows when, a rule is told it is unknown, so that nothing after the decision leaks in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from app.replay_rule import Traits
from app.replaying import Scene
from domain.decision import action_of
from domain.people import Contact
from learning import features
from memory.crm.decision_log import LoggedDecision

if TYPE_CHECKING:
    from app.wiring import House

LOOK_BACK = timedelta(days=90)


class SceneReader:
    """Implements `FeaturesOf` with the features of this release."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._moment: tuple[datetime, dict[str, dict[str, int]]] | None = None

    def __call__(self, decisions: Sequence[LoggedDecision], action_keys: Sequence[str]) -> Scene:
        """Return what was known, row by row. Actions whose content is gone fit nobody."""
        library = self._house.crm.assets()
        known = {asset.id: asset for asset in library}
        actions = [action_of(key) for key in action_keys]
        there = [i for i, action in enumerate(actions) if action.asset_id is None or action.asset_id in known]
        table = features.ActionTable.of([actions[i] for i in there], known)
        x, of_known = self._house.features.past(
            library,
            [one.contact_id for one in decisions],
            [one.decided_at for one in decisions],
            self._house.clock(),
            table,
        )
        fits = np.zeros((len(decisions), len(actions), len(features.DYAD_NAMES)))
        fits[:, there] = of_known
        people = {contact.id: contact for contact, _ in self._house.audience.contacts_with_accounts()}
        topics = [self._looked_at(one) for one in decisions]
        traits = tuple(
            _traits(people.get(one.contact_id), one.decided_at, seen)
            for one, seen in zip(decisions, topics, strict=True)
        )
        return Scene(x.astype(np.float64), fits, traits, tuple(topics))

    def _looked_at(self, decision: LoggedDecision) -> dict[str, int]:
        """Topics of one contact's 90 days; the last moment is kept, as one run decides at one moment."""
        at = decision.decided_at
        if self._moment is None or self._moment[0] != at:
            self._moment = (at, self._house.audience.topic_counts(since=at - LOOK_BACK, until=at))
        return self._moment[1].get(decision.contact_id, {})


def _traits(contact: Contact | None, at: datetime, seen: dict[str, int]) -> Traits:
    was_known = contact is not None and contact.stage_since is not None and contact.stage_since <= at
    return Traits(
        stage=contact.lifecycle_stage if contact is not None and was_known else None,
        topic=max(sorted(seen), key=seen.__getitem__) if seen else None,
    )
