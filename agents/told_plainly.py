"""Why nothing was done, to the person who asked: what a model is told of them and of its tools, in words to them."""

from __future__ import annotations

_SAID_NO = "Nothing was done: the person said no."
_YOU_SAID_NO = "Nothing was done: you said no."
_FOR_PEOPLE = (
    ("Start one (run_start with dry=true) and look", "Make one and look"),
    (
        "have the member say that it may go live without one (unrehearsed=true).",
        "go live without one on the campaign's page.",
    ),
)


def to_the_person(problem: str) -> str:
    """Return a tool's refusal, or a person's own no, in words to that person; any other text as it is."""
    if problem.startswith(_SAID_NO):
        return _YOU_SAID_NO + problem.removeprefix(_SAID_NO).replace(" They said: ", " You said: ", 1)
    for to_models, to_people in _FOR_PEOPLE:
        problem = problem.replace(to_models, to_people)
    return problem
