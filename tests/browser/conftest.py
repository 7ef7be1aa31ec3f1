"""A served workspace, a browser, pages signed in by role, and axe. Without a Chromium all of it skips.

A test module may have a `house` fixture of its own (module scope) to be served instead of the small one here.
"""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app.web import make_app
from app.web.guard import COOKIE
from app.wiring import House
from domain.staff import Role
from tests.compiled_pages import pages_are_compiled_once
from tests.learning_workspace import open_workspace
from tests.schema_template import workspaces_begin_migrated
from tests.web import member, shell_of

__all__ = ["pages_are_compiled_once", "workspaces_begin_migrated"]

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
)
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
SERIOUS = {"serious", "critical"}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
START_SECONDS = 20


@dataclass(frozen=True)
class Site:
    """What is served, and where."""

    house: House
    app: FastAPI
    url: str


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = open_workspace(tmp_path_factory.mktemp("browser") / "w", contacts=4)
    yield house
    house.close()


@pytest.fixture(scope="module")
def site(house: House) -> Iterator[Site]:
    """The workspace's web app on a free port of this machine."""
    app = make_app(house)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until = time.monotonic() + START_SECONDS
    while not server.started:
        assert thread.is_alive() and time.monotonic() < until, "the web app did not start"
        time.sleep(0.01)
    yield Site(house, app, f"http://127.0.0.1:{listening.getsockname()[1]}")
    server.should_exit = True
    thread.join(timeout=10)
    listening.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium. Module scope: while it runs, this thread has an event loop that async tests cannot share."""
    found = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`, or any Chrome on the PATH")
    with sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=found, args=list(FLAGS))
        except Exception as failure:
            pytest.skip(f"{found} does not start here: {str(failure).splitlines()[0]}")
        yield browser
        browser.close()


NewPage = Callable[..., Page]


@pytest.fixture
def new_page(browser: Browser, site: Site) -> Iterator[NewPage]:
    """Makes pages nobody is signed in with; whatever a page's console complains of fails the test.

    Call it with `size` (`wide`, `narrow`), `theme` (`light`, `dark`) and what else a browser context takes.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(size: str = "wide", theme: str = "light", **more: Any) -> Page:
        width, height = SIZES[size]
        options = {"viewport": {"width": width, "height": height}, "color_scheme": theme, **more}
        context = browser.new_context(base_url=site.url, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on(
            "console", lambda said: complaints.append(f"{page.url}: {said.text}") if is_bad(said) else None
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert not complaints, complaints


def is_bad(said: Any) -> bool:
    """Tell whether a console line is a fault; that a page answered 4xx is said by the test itself."""
    return said.type == "error" and "the server responded with a status of 4" not in said.text


@pytest.fixture
def signed_in(site: Site, new_page: NewPage) -> NewPage:
    """Makes pages signed in with a role: `signed_in(Role.REVIEWER)`; `name` tells two of one role apart."""

    def make(role: Role, name: str = "", **more: Any) -> Page:
        page = new_page(**more)
        secret = shell_of(site.app).sessions.begin(member(site.app, role, name), "test")
        cookie = {"name": COOKIE, "value": secret, "url": site.url.replace("http:", "https:")}
        page.context.add_cookies([{**cookie, "secure": True, "httpOnly": True, "sameSite": "Lax"}])  # type: ignore[typeddict-item]
        return page

    return make


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Fails where a page has a serious or critical fault by WCAG 2.2 AA; layout and focus stay for eyes and keys."""
    from axe_playwright_python.sync_playwright import Axe

    def look(page: Page) -> None:
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}}).response["violations"]
        told = [
            f"{fault['id']} ({fault['impact']}): {fault['help']}: "
            + "; ".join(node["html"][:160] for node in fault["nodes"][:3])
            for fault in found
            if fault["impact"] in SERIOUS
        ]
        assert not told, f"{page.url}\n" + "\n".join(told)

    return look


@pytest.fixture(scope="session")
def shots() -> Path | None:
    """Where screenshots go, if `ATTUNE_SHOTS` names a folder; else none are taken."""
    folder = os.environ.get("ATTUNE_SHOTS")
    if not folder:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)


def no_wider_than_the_window(page: Page) -> bool:
    """Tell whether nothing makes a page scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
