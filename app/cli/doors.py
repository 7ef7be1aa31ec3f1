"""Opens the house once per command, on the workspace the person named."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from app import logs
from app.settings import Settings, read_settings

if TYPE_CHECKING:
    from app.wiring import House


class Doors:
    """The chosen workspace, and the house on it once somebody asks."""

    def __init__(self) -> None:
        self.named: Path | None = None
        """The workspace given on the command line, if any."""
        self._folder: Path | None = None
        self._house: House | None = None

    def choose(self, folder: Path | None) -> None:
        """Remember the workspace given on the command line; None leaves it to the settings."""
        self.named = self._folder = folder

    def settings(self) -> Settings:
        """The settings, with the workspace of the command line on top."""
        return read_settings(**({"workspace": self._folder} if self._folder else {}))

    def house(self) -> House:
        """The house on the chosen workspace. Raises `WorkspaceMissing` where there is none."""
        if self._house is None:
            from app.wiring import open_house

            settings = self.settings()
            logs.begin(settings)
            self._house = open_house(settings)
        return self._house

    def person(self) -> str:
        """Who is at work: the name acts are signed with."""
        return self.settings().reviewer or getpass.getuser()

    def use(self, house: House) -> None:
        """Go on with a house that was opened elsewhere."""
        self.close()
        self._folder, self._house = house.workspace.folder, house

    def log_file(self) -> Path:
        """Where the details of a fault go."""
        folder = self._folder or Path("attune-workspace")
        return (folder if folder.is_dir() else Path()) / "attune-fault.log"

    def close(self) -> None:
        """Close what was opened."""
        if self._house is not None:
            self._house.close()
            self._house = None


doors = Doors()
