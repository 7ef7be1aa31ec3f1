"""Every way by which a message can leave the house: one list, so that none is forgotten.

The same policy holds on each (A-10). `tests/integration/test_ways_out.py` drives every one of them against the same
contacts, and fails where a module begins, carries, reviews or delivers and is not named here.
"""

from __future__ import annotations

from importlib.util import find_spec

from domain.base import Noun


class Way(Noun):
    """One way out. `modules` are those that take it; the first one must be there for the way to exist."""

    name: str
    modules: tuple[str, ...]

    @property
    def is_here(self) -> bool:
        """Tell whether this release has it."""
        try:
            return find_spec(self.modules[0]) is not None
        except ModuleNotFoundError:
            return False


WAYS = (
    Way(name="attune run", modules=("app.cli.running", "app.runs")),
    Way(name="attune demo", modules=("app.cli.samples", "app.demo", "app.twelve_weeks")),
    Way(name="attune review approve", modules=("app.cli.reviewing", "app.reviews")),
    Way(name="attune review edit", modules=("app.cli.reviewing", "app.reviews")),
    Way(
        name="inbox page",
        modules=("app.web.inbox_desk", "app.web.inbox_acts", "app.reviewing", "app.batches", "app.desk"),
    ),
    Way(name="attune outbox send", modules=("app.cli.outboxes", "app.deliver")),
    Way(name="schedule", modules=("app.serving", "app.schedules", "app.cli.serving")),
    Way(name="Python API", modules=("app.wiring", "app.carry", "app.jobs")),
    Way(name="LangGraph studio", modules=("app.studio",)),
    Way(
        name="assistant",
        modules=("app.assistant.messages", "app.assistant.reviews", "app.asked", "app.reviewing"),
    ),
    Way(name="MCP", modules=("app.mcp",)),
)
"""Those that are not here yet have no row to pass; the day they come, the test asks for one."""

NO_WAYS = ("app.drills", "app.evaluating", "app.privacy", "app.trying", "app.replaying")
"""Modules that use the same parts and let nothing out: drills and evals on workspaces of their own, stops, replays."""
