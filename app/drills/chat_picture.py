"""A picture of a talk in the terminal: `python -m app.drills.chat_picture FILE.svg [--workspace DEMO] [QUESTION …]`.

A real session over a copy of the workspace: what is asked, what `attune chat` prints, and a yes to whatever waits.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from app.chat_openers import openers
from app.cli.chat_screen import ChatScreen
from app.cli.chat_session import ChatSession
from app.settings import read_settings
from app.wiring import open_house
from domain.assistant import Asker, Door
from domain.staff import Role

COLUMNS = 92
QUESTIONS = ("Which accounts in Germany went quiet after the pricing page?", "List people at the first one")
THEME = TerminalTheme(
    (23, 24, 27),
    (226, 226, 230),
    [
        (60, 62, 70),
        (255, 125, 115),
        (111, 211, 162),
        (239, 185, 92),
        (140, 192, 245),
        (190, 160, 255),
        (120, 205, 215),
        (226, 226, 230),
    ],
)


def main() -> int:
    """Make the picture; 1 where there is no workspace to ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("question", nargs="*", help="what to ask; else a few questions the demo can answer")
    parser.add_argument(
        "--workspace", type=Path, default=Path("demo"), help="a workspace; a copy of it is asked"
    )
    given = parser.parse_args()
    if not (given.workspace / "attune.db").is_file():
        print(
            f"{given.workspace} is no workspace. Next: `make demo`, or name one with --workspace.",
            file=sys.stderr,
        )
        return 1
    given.file.parent.mkdir(parents=True, exist_ok=True)
    given.file.write_text(drawn(given.workspace, given.question), encoding="utf-8")
    return 0


def drawn(workspace: Path, questions: list[str]) -> str:
    """Hold the talk and return it as an SVG without a font from elsewhere."""
    console = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
    )
    with tempfile.TemporaryDirectory(prefix="attune-picture-") as folder:
        house = open_house(read_settings(workspace=shutil.copytree(workspace, Path(folder) / "ws")))
        asker = Asker(
            member_id="dana", name="Dana", role=Role.ADMIN, door=Door.TERMINAL, zone=house.settings.time_zone
        )
        asked = list(questions) or [*QUESTIONS, openers(house, asker.role)[-1].words]

        def typed(prompt: str) -> str:
            words = asked.pop(0) if prompt == "> " and asked else "" if prompt == "> " else "y"
            if not words:
                raise EOFError
            console.print(Text.assemble((prompt, "bold cyan"), (words, "bold")), soft_wrap=True)
            return words

        ChatSession(house, asker, ChatScreen(console, asker.zone), typed).talk()
        house.close()
    svg = console.export_svg(title="attune chat", theme=THEME)
    return re.sub(r"@font-face\s*\{[^}]*\}\s*", "", svg)


if __name__ == "__main__":
    sys.exit(main())
