"""LangSmith, which LangGraph tells of every step once its usual variables say so: without a word of anybody's.

Hiding inputs and outputs is not enough. A pause is told as an error whose text is the whole question, message and
recipient included; and any other error may quote what it failed on. Of an error only its class is told.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID

_CLASS = re.compile(r"\w+")


def is_on(environment: MutableMapping[str, str]) -> bool:
    """Tell whether LangGraph is going to tell LangSmith."""
    names = ("LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING", "LANGCHAIN_TRACING")
    return next((environment[name] for name in names if name in environment), "") == "true"


def keep_text_back(environment: MutableMapping[str, str], *, shows_text: bool) -> None:
    """Hide inputs, outputs and errors' words from LangSmith, unless the team asked for them; before anything is told.

    Nothing is imported where LangSmith is not on.
    """
    if shows_text:
        return
    # For clients that are not ours, such as those of a server around us.
    environment.update({"LANGSMITH_HIDE_INPUTS": "true", "LANGSMITH_HIDE_OUTPUTS": "true"})
    if is_on(environment):
        import langsmith

        langsmith.configure(client=_client())


def _client() -> Any:
    from langsmith import Client

    class Wordless(Client):
        """Tells of errors their class alone."""

        def create_run(self, name: str, inputs: dict[str, Any], run_type: Any, **more: Any) -> None:
            super().create_run(name, inputs, run_type, **_without_words(more))

        def update_run(self, run_id: UUID | str, **more: Any) -> None:
            super().update_run(run_id, **_without_words(more))

    return Wordless(hide_inputs=True, hide_outputs=True)


def _without_words(told: dict[str, Any]) -> dict[str, Any]:
    error = told.get("error")
    if not error:
        return told
    named = _CLASS.match(str(error))
    return told | {"error": named[0] if named else "error"}
