"""The command line: `attune`. One file a noun; heavy libraries are imported inside commands only."""

from __future__ import annotations

from app.cli.main import main

__all__ = ["main"]
