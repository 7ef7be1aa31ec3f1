"""Content, campaigns and workspace facts are kept as they were last given."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from domain.campaign import Audience, FieldCondition
from memory.crm.content import ContentStore
from memory.crm.reader import CrmStore
from memory.crm.statements import CAMPAIGNS
from tests.contracts.crm_sample import ASSET, CAMPAIGN, NOON, seed


@pytest.fixture
def content(engine: Engine) -> ContentStore:
    seed(engine)
    return ContentStore(engine, lambda: NOON)


def test_saving_an_asset_again_replaces_it_and_its_claims(content: ContentStore, engine: Engine) -> None:
    claim = ASSET.claims[0].model_copy(update={"id": "C-2", "text": "It still works."})
    changed = ASSET.model_copy(update={"title": "The new guide", "claims": (claim,), "is_active": False})
    content.save_assets([changed])
    assert CrmStore(engine).asset("guide") == changed
    assert CrmStore(engine).assets(only_active=True) == ()
    assert CrmStore(engine).counts()["claims"] == 1


def test_a_campaigns_hash_changes_with_its_record_only(content: ContentStore, engine: Engine) -> None:
    condition = FieldCondition.model_validate({"field": "country", "in": ["DE"]})
    changed = CAMPAIGN.model_copy(update={"audience": Audience(all=(condition,))})
    first = content.save_campaign(CAMPAIGN)
    assert content.save_campaign(CAMPAIGN) == first
    second = content.save_campaign(changed)
    assert second != first
    assert CrmStore(engine).campaign("spring") == changed
    with engine.connect() as connection:
        assert connection.execute(select(CAMPAIGNS.c.record_sha256)).scalar() == second


def test_facts_are_kept_by_name(content: ContentStore) -> None:
    assert content.get_fact("embedder") is None
    content.set_fact("embedder", {"name": "lexical-v1"})
    content.set_fact("embedder", {"name": "lexical-v2"})
    assert content.get_fact("embedder") == {"name": "lexical-v2"}
