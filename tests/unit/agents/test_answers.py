from __future__ import annotations

import pytest
from pydantic import BaseModel

from agents.compliance_reviewer import ReviewAnswer
from agents.content_strategist import PlanAnswer
from agents.outreach_composer import DraftAnswer
from agents.signal_analyst import SignalAnswer
from tools.models.schema import strict_schema


@pytest.mark.parametrize("answer", [SignalAnswer, PlanAnswer, DraftAnswer, ReviewAnswer])
def test_every_answer_can_be_asked_for_from_a_strict_decoder(answer: type[BaseModel]) -> None:
    schema = strict_schema(answer)
    assert set(schema["required"]) == set(answer.model_fields)
