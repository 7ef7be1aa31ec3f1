"""Pictures of every page, in both themes and both widths: `python -m app.drills.screens WORKSPACE FOLDER [PAGE …]`.

The workspace is served on this machine from a copy of it, so that nothing of it changes. Needs a Chromium.
"""

from __future__ import annotations

import argparse
import re
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from app import loop
from app.chat_openers import openers
from app.settings import read_settings
from app.web import make_app
from app.web.guard import COOKIE
from app.wiring import House, open_house
from domain.assistant import Asker, Door
from domain.staff import Member, Role

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
)
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
THEMES = ("light", "dark")
PLACES = {
    "inbox": "/inbox",
    "proposal": "/inbox > /inbox/(?!figures)[^/?]+$",
    "inbox-figures": "/inbox/figures",
    "autonomy": "/autonomy",
    "results": "/results",
    "campaign-results": "/results > /results/[^/.?]+$",
    "learning": "/results > /results/[^/.?]+$ > /learning/[^/.?]+$",
    "campaigns": "/campaigns",
    "campaign": "/results > /results/[^/.?]+$ > /campaigns/[^/?]+$",
    "new-campaign": "/campaigns/new",
    "run": "/results > /results/[^/.?]+$ > /campaigns/[^/?]+$ > /runs/[^/?]+$",
    "content": "/content",
    "asset": "/content > /content/(?!new)[^/?]+$",
    "rules": "/rules",
    "rule": "/rules > /rules/C-08$",
    "contacts": "/contacts",
    "contact": r"/contacts > /contacts/(?!\?)[^/?]+$",
    "accounts": "/accounts",
    "account": "/accounts > /accounts/[^/?]+$",
    "leads": "/leads",
    "chat": "/chat",
    "conversation": "/chat > /chat/[^/?]+$",
    "team": "/team",
    "me": "/me",
    "sign-in": "/sign-in",
}
"""Where to begin, and which link to follow from there, by its address."""


def main() -> int:
    """Take the pictures; 1 where a page could not be had."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("page", nargs="*", choices=[*PLACES, []], help="only these")
    given = parser.parse_args()
    found = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    if found is None:
        print(
            "No Chromium here. Next: `apt-get install chromium`, or any Chrome on the PATH.", file=sys.stderr
        )
        return 1
    given.folder.mkdir(parents=True, exist_ok=True)
    missing = 0
    talks = not given.page or "conversation" in given.page
    with _served(given.workspace, talks=talks) as (url, cookie), sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=list(FLAGS))
        for name, size, theme in product(given.page or PLACES, SIZES, THEMES):
            page = _page(browser, url, None if name == "sign-in" else cookie, size, theme)
            if _goes_to(page, PLACES[name]):
                page.screenshot(path=given.folder / f"{name}-{size}-{theme}.png")
            else:
                print(f"{name}: no such page in this workspace", file=sys.stderr)
                missing += 1
            page.context.close()
        browser.close()
    return 1 if missing else 0


def _page(browser: Browser, url: str, cookie: str | None, size: str, theme: str) -> Page:
    width, height = SIZES[size]
    context = browser.new_context(
        base_url=url,
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
    )
    if cookie is not None:
        context.add_cookies(
            [{"name": COOKIE, "value": cookie, "url": url.replace("http:", "https:"), "secure": True}]
        )
    return context.new_page()


def _goes_to(page: Page, way: str) -> bool:
    start, *links = way.split(" > ")
    page.goto(start, wait_until="load")
    for pattern in links:
        hrefs = page.eval_on_selector_all("main a[href]", "all => all.map(one => one.getAttribute('href'))")
        href = next((href for href in hrefs if re.match(pattern, href)), None)
        if href is None:
            return False
        page.goto(href, wait_until="load")
    page.wait_for_timeout(300)
    return True


def _has_talked(house: House, ada: Member) -> None:
    """Let an admin ask the assistant the first and the last of the questions it offers."""
    asker = Asker(member_id=ada.member_id, name=ada.name, role=ada.role, door=Door.WEB, zone=ada.zone)
    offered = openers(house, ada.role)
    conversation = house.assistant.begin(asker)

    async def ask(words: str) -> None:
        async for _ in house.assistant.say(asker, conversation.id, words):
            pass

    for one in offered[:: max(1, len(offered) - 1)]:
        loop.run(ask(one.words))


@contextmanager
def _served(workspace: Path, *, talks: bool) -> Iterator[tuple[str, str]]:
    """Yield the address of a copy's web app, and the cookie of an admin, who has talked to the assistant if `talks`."""
    with tempfile.TemporaryDirectory(prefix="attune-screens-") as folder:
        copy = shutil.copytree(workspace, Path(folder) / "ws")
        house = open_house(read_settings(workspace=copy))
        app = make_app(house)
        shell = app.state.shell
        ada = shell.staff.by_email("ada@team.example") or shell.staff.join(
            "ada@team.example", "Ada Okafor", Role.ADMIN, "Europe/Berlin", how="pictures"
        )
        if talks:
            _has_talked(house, ada)
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.05)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", shell.sessions.begin(ada, "pictures")
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()
        house.close()


if __name__ == "__main__":
    sys.exit(main())
