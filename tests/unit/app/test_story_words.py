"""A contact's story in words: a member stands there by name, whoever is no member as they called themselves."""

from __future__ import annotations

import pytest

from app.story_words import told
from domain.review import Review, ReviewAct
from domain.story import Moment, StoryKind, StoryPlace
from tests.unit.policies.cases import NOW, RULES


@pytest.mark.parametrize(
    ("reviewer", "said"), [("m_1", "Ann Lee"), ("ann on the server", "ann on the server")]
)
def test_a_review_is_told_with_the_name_of_who_decided(reviewer: str, said: str) -> None:
    review = Review(
        proposal_id="p_1", act=ReviewAct.APPROVE, reviewer=reviewer, message_sha256="0" * 64, at=NOW
    )
    moment = Moment(place=StoryPlace(at=NOW, kind=StoryKind.REVIEW, id="1"), review=review)
    assert told(moment, {}, RULES, {"m_1": "Ann Lee"}).title == f"{said} approved a message"
