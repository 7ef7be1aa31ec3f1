"""A run's decisions are made on the features of that moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine

from app.choosing import Choosers, Drawn, Scene
from app.decide import Decider
from app.feature_feed import FeatureFeed
from app.teaching import new_bandit, prior_units
from domain.decision import Arm
from domain.events import Event, EventKind
from domain.people import Consent, ConsentBasis, EmailStatus
from learning.features import NAMES, TOPIC_AFFINITY, VERSION, ActionTable, columns
from memory.crm import codec
from memory.crm.audience import AudienceReader
from memory.crm.features_reader import FeatureReader
from memory.crm.journal import Journal
from memory.crm.statements import CONSENTS, CONTACTS, insert_all, writing
from policies.rulebook import load_rulebook
from tests.contracts.crm_sample import ADA, ASSET, CAMPAIGN, DAY, HOUR, NOON, RUN, seed


@dataclass(frozen=True)
class Witness(Choosers):
    """Chooses as the three do and remembers what it was shown."""

    shown: list[Scene] = field(default_factory=list)

    def draw(self, scene: Scene, arms: Sequence[Arm], seed: int) -> list[Drawn]:
        self.shown.append(scene)
        return super().draw(scene, arms, seed)


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
    shown: list[Scene] = []
    campaign = CAMPAIGN.model_copy(update={"holdout_share": 0.0})

    def choosers(table: ActionTable) -> Choosers:
        bandit = new_bandit(campaign, [ASSET], table, NOON, 1.0)
        return Witness(campaign, bandit, {ASSET.id: ASSET}, columns(), prior_units(campaign.goal), shown)

    decided = Decider(
        audience=AudienceReader(engine, lambda: NOON),
        rules=load_rulebook(),
        choosers=choosers,
        feed=FeatureFeed(FeatureReader(engine)),
        campaign=campaign,
        run=RUN,
        assets=[ASSET],
        now=NOON,
    ).decide()
    (scene,) = shown
    x, affinity = scene.x, scene.fits[0, :, TOPIC_AFFINITY]
    assert x.shape == (1, len(NAMES))
    assert x[0, NAMES.index("recency:visit")] > 0.9
    assert x[0, NAMES.index("recency:form")] == 0
    assert affinity.tolist() == [1.0, 1.0, 1.0, 0.0]
    assert [one.features_version for one in decided.decisions] == [VERSION]
