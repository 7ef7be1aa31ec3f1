"""Serves the door alone, for a try on this machine: `python -m app.web --workspace demo --port 8025`."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn

from app.logs import begin_plain
from app.settings import read_settings
from app.web import make_app
from app.wiring import open_house


def main() -> None:
    """Open the workspace and serve its door on 127.0.0.1. No access log: opt-out links would stand in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--port", type=int, default=8025)
    given = parser.parse_args()
    begin_plain()
    house = open_house(read_settings(**({"workspace": given.workspace} if given.workspace else {})))
    try:
        uvicorn.run(
            make_app(house),
            host="127.0.0.1",
            port=given.port,
            server_header=False,
            access_log=False,
            log_config=None,
        )
    finally:
        house.close()


if __name__ == "__main__":
    main()
