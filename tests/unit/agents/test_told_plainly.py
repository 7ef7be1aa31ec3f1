"""What a person reads of a refusal that a model was told."""

from __future__ import annotations

import pytest

from agents.told_plainly import to_the_person


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("Nothing was done: the person said no.", "Nothing was done: you said no."),
        (
            "Nothing was done: the person said no. They said: the person said no. They said: so",
            "Nothing was done: you said no. You said: the person said no. They said: so",
        ),
        ("No contact 'x'.", "No contact 'x'."),
    ],
)
def test_a_no_is_told_to_whoever_said_it(told: str, read: str) -> None:
    assert to_the_person(told) == read
