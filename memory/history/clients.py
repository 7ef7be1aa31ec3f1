"""Where the vectors live: a Chroma folder beside the workspace, or a Chroma server that several share.

Two processes on one folder lose each other's vectors, so a folder is held by one: it takes a file lock,
and whoever comes second gets no client. Contact history works without one, only slower.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from domain.errors import SettingsInvalid

_LOCK_FILE = "held.lock"
_SERVER_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Lease:
    """A Chroma client while it is ours; None where another process holds the folder."""

    client: Any | None
    close: Callable[[], None]


OpenClient = Callable[[], Lease]
"""Opens the place of the vectors; Chroma is imported only when this is called."""


def embedded(folder: Path) -> OpenClient:
    """Keep vectors in a folder, which is made if it is missing."""

    def open_folder() -> Lease:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return Lease(None, lambda: None)
        import chromadb

        client: Any = chromadb.PersistentClient(str(folder.resolve()), settings=_quiet())

        def close() -> None:
            client.close()
            os.close(lock)

        return Lease(client, close)

    return open_folder


def served(url: str) -> OpenClient:
    """Keep vectors on a Chroma server, such as `http://127.0.0.1:8000`, which any number may share."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsInvalid(f"ATTUNE_CHROMA_URL: {url!r} is not an http(s) address.")
    host, uses_tls = parts.hostname, parts.scheme == "https"
    port = parts.port or (443 if uses_tls else 80)

    def open_server() -> Lease:
        import chromadb

        try:
            client: Any = chromadb.HttpClient(host, port, ssl=uses_tls, settings=_quiet())
        except ValueError as error:
            raise SettingsInvalid(
                f"ATTUNE_CHROMA_URL: no Chroma server answers at {host}:{port}. "
                "Start one with `chroma run --path FOLDER`, or unset the variable."
            ) from error
        sessions = _sessions(client)
        for session in sessions:
            session.timeout = _SERVER_TIMEOUT_SECONDS

        def close() -> None:
            client.close()
            for session in sessions:
                session.close()

        return Lease(client, close)

    return open_server


def _sessions(client: Any) -> list[Any]:
    """HTTP sessions of a client. Chroma 1.5 gives them no timeout, and its `close` leaves them open."""
    parts = (client, getattr(client, "_admin_client", None))
    servers: list[Any] = [getattr(part, "_server", None) for part in parts]
    return [server._session for server in servers if hasattr(server, "_session")]


def _quiet() -> Any:
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)
