"""A run's decisions are made on the features of that moment."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from app.decide import Decider
from domain.events import Event, EventKind
from domain.learner import Choice
from domain.people import Consent, ConsentBasis, EmailStatus
from learning.explorer import Explorer
from learning.features import NAMES, VERSION
from memory.crm import codec
from memory.crm.audience import AudienceReader
from memory.crm.journal import Journal
from memory.crm.statements import CONSENTS, CONTACTS, insert_all, writing
from policies.rulebook import load_rulebook
from tests.contracts.crm_sample import ADA, ASSET, CAMPAIGN, DAY, HOUR, NOON, RUN, seed


@dataclass
class Witness:
    """Chooses as the explorer does and remembers what it was shown."""

    version: str = "witness"
    shown: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = field(default_factory=list)

    def choose(
        self,
        features: NDArray[np.float64],
        allowed: NDArray[np.bool_],
        affinity: NDArray[np.float64],
        seed: int,
    ) -> Choice:
        self.shown.append((features, affinity))
        return Explorer().choose(features, allowed, affinity, seed)


def test_a_chooser_is_shown_features_and_affinity_of_the_moment_of_the_run(engine: Engine) -> None:
    seed(engine)
    consent = Consent(
        contact_id=ADA.id,
        basis=ConsentBasis.EXPRESS,
        is_granted=True,
        recorded_at=NOON - DAY,
        source="form",
        wording="Yes",
        proof="p",
    )
    with writing(engine) as connection:
        insert_all(connection, CONSENTS, [codec.consent_row(consent)])
        connection.execute(
            CONTACTS.update().where(CONTACTS.c.id != ADA.id).values(email_status=EmailStatus.INVALID.value)
        )
    visit = Event(
        id="w:1", kind=EventKind.PAGE_VIEWED, at=NOON - DAY, source="w", contact_id=ADA.id, topic="planning"
    )
    Journal(engine, lambda: NOON - DAY).append([visit])
    late = visit.model_copy(update={"id": "w:2", "kind": EventKind.FORM_SUBMITTED, "topic": "other"})
    Journal(engine, lambda: NOON + HOUR).append([late])
    witness = Witness()
    decided = Decider(
        audience=AudienceReader(engine, lambda: NOON),
        rules=load_rulebook(),
        chooser=witness,
        campaign=CAMPAIGN.model_copy(update={"holdout_share": 0.0}),
        run=RUN,
        assets=[ASSET],
        now=NOON,
    ).decide()
    ((x, affinity),) = witness.shown
    assert x.shape == (1, len(NAMES))
    assert x[0, NAMES.index("recency:visit")] > 0.9
    assert x[0, NAMES.index("recency:form")] == 0
    assert affinity.tolist() == [[1.0, 1.0, 1.0, 0.0]]
    assert [one.features_version for one in decided.decisions] == [VERSION]
