"""The outreach graph for `langgraph dev`, which brings its own checkpoints."""

from __future__ import annotations

from agents.graph import OutreachGraph, build_graph


def make_graph() -> OutreachGraph:
    """Return the graph bound to the workspace that the settings name.

    Raises:
        WorkspaceMissing: there is no workspace; `attune init` or `attune demo` makes one.
    """
    from app.settings import read_settings
    from app.wiring import open_house

    return build_graph(bench=open_house(read_settings()).bench)
