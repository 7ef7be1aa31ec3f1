"""Every tool of the assistant, joined to what does its work in one house: the one list behind every door (A-10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.assistant.people import Finding
from tools.people import people_tools
from tools.toolset import Tool, Toolset

if TYPE_CHECKING:
    from app.wiring import House


def toolset_of(house: House) -> Toolset:
    """Return the tools over one house."""
    return Toolset((*looking_tools(house),))


def looking_tools(house: House) -> tuple[Tool[Any], ...]:
    """Tools about people and decisions; all of them only look."""
    return (*people_tools(Finding(house)),)
