"""The stores beside the CRM's tables that hold something of a person: checkpoints, jobs, files; each can forget one."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.checkpoints import open_checkpoints
from memory.crm.erasure import BLANK

if TYPE_CHECKING:
    from app.wiring import House

_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_THREAD_TABLES = ("checkpoints", "writes", "checkpoint_writes", "checkpoint_blobs")


async def forget_threads(house: House, contact_ids: Sequence[str]) -> int:
    """Delete every checkpoint of these contacts, in whatever run; return how many threads those were."""
    workspace, url = house.workspace, house.database_url
    if url is None and not workspace.checkpoints.exists():
        return 0
    async with open_checkpoints(workspace.checkpoints, url) as saver:
        threads = [one for one in await thread_ids(saver, url) if one.partition(":")[2] in contact_ids]
        for thread in threads:
            await saver.adelete_thread(thread)
    return len(threads)


async def blank_threads(
    house: House, addresses: Sequence[str], names: Sequence[str], colleagues: Collection[str]
) -> int:
    """Blank what other people's checkpoints say of this person; return how many values that changed.

    A name is blanked with colleagues only: elsewhere it may be somebody else's. A checkpoint is packed: what stands
    for the words must have as many bytes.
    """
    workspace, url = house.workspace, house.database_url

    def blanked(thread: str, held: bytes) -> bytes:
        is_near = thread.partition(":")[2] in colleagues
        return _same_length(held, (*addresses, *names) if is_near else addresses)

    if url is None:
        if not workspace.checkpoints.exists():
            return 0
        with contextlib.closing(sqlite3.connect(workspace.checkpoints, timeout=60)) as connection:
            return sum(_blank_blobs(connection, table, blanked) for table in ("checkpoints", "writes"))
    changed = 0
    with house.engine.begin() as server:
        for table in ("checkpoint_blobs", "checkpoint_writes"):
            if server.exec_driver_sql("SELECT to_regclass(%s)", (table,)).scalar() is None:
                continue
            rows = server.exec_driver_sql(f"SELECT ctid::text, thread_id, blob FROM {table}").all()  # noqa: S608
            for place, thread, held in rows:
                if held is not None and (now := blanked(thread, bytes(held))) != bytes(held):
                    change = f"UPDATE {table} SET blob = %s WHERE ctid = %s::tid"  # noqa: S608 - our own names
                    server.exec_driver_sql(change, (now, place))
                    changed += 1
    return changed


def _blank_blobs(connection: sqlite3.Connection, table: str, blanked: Callable[[str, bytes], bytes]) -> int:
    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")') if row[2] == "BLOB"]
    changed = 0
    for column in columns:
        rows = connection.execute(f'SELECT rowid, thread_id, "{column}" FROM "{table}"').fetchall()  # noqa: S608
        for rowid, thread, held in rows:
            if isinstance(held, bytes) and (now := blanked(thread, held)) != held:
                change = f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?'  # noqa: S608
                connection.execute(change, (now, rowid))
                changed += 1
    connection.commit()
    return changed


def _same_length(held: bytes, words: Sequence[str]) -> bytes:
    for word in words:
        pattern = re.compile(re.escape(word.encode()), re.IGNORECASE)
        held = pattern.sub(lambda found: BLANK.encode().ljust(len(found[0]), b".")[: len(found[0])], held)
    return held


async def thread_ids(saver: Any, url: str | None) -> list[str]:
    """Every thread there is. The savers can only list checkpoints one by one, which takes ages."""
    found: set[str] = set()
    for table in _THREAD_TABLES:
        query = f"SELECT DISTINCT thread_id FROM {table}"  # noqa: S608 - our own table names
        if url is None:
            with contextlib.suppress(sqlite3.OperationalError):  # the other kind's table
                found.update(row[0] for row in saver.conn.execute(query))
            continue
        async with saver.conn.connection() as connection:
            exists = await (await connection.execute("SELECT to_regclass(%s) AS there", (table,))).fetchone()
            if exists and exists["there"]:
                found.update(row["thread_id"] for row in await (await connection.execute(query)).fetchall())
    return sorted(found)


def threads_with(house: House, beginning: str, words: Collection[str]) -> Iterator[str]:
    """Yield the threads of this beginning in whose checkpoints one of these words stands, in whatever letters."""
    wanted = [word.lower() for word in words if word]
    for thread, packed in _blobs(house, beginning):
        # JSON within a packed value has letters beyond ASCII escaped.
        held = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), packed.decode(errors="ignore")).lower()
        if any(word in held for word in wanted):
            yield thread


def _blobs(house: House, beginning: str) -> Iterator[tuple[str, bytes]]:
    """Every value kept in these threads' checkpoints, as it is packed."""
    like = f"{beginning}%"
    if house.database_url is None:
        if not house.workspace.checkpoints.exists():
            return
        with contextlib.closing(sqlite3.connect(house.workspace.checkpoints, timeout=60)) as file:
            for table in ("checkpoints", "writes"):
                columns = [
                    row[1] for row in file.execute(f'PRAGMA table_info("{table}")') if row[2] == "BLOB"
                ]
                for column in columns:
                    query = f'SELECT thread_id, "{column}" FROM "{table}" WHERE thread_id LIKE ?'  # noqa: S608
                    for thread, held in file.execute(query, (like,)):
                        if held is not None:
                            yield thread, held if isinstance(held, bytes) else str(held).encode()
        return
    columns_of = {
        "checkpoint_blobs": ("blob",),
        "checkpoint_writes": ("blob",),
        "checkpoints": ("checkpoint::text", "metadata::text"),
    }
    with house.engine.connect() as server:
        for table, names in columns_of.items():
            if server.exec_driver_sql("SELECT to_regclass(%s)", (table,)).scalar() is None:
                continue
            for name in names:
                query = f"SELECT thread_id, {name} FROM {table} WHERE thread_id LIKE %s"  # noqa: S608
                for thread, held in server.exec_driver_sql(query, (like,)):
                    if held is not None:
                        yield thread, held.encode() if isinstance(held, str) else bytes(held)


def forget_jobs(house: House, contact_ids: Sequence[str]) -> int:
    """Delete finished and waiting jobs of these contacts: a job's id and its arguments name the contact."""
    if house.database_url is None:
        return _forget_jobs_in_file(house.workspace.jobs, contact_ids)
    return _forget_jobs_on_server(house, contact_ids)


def _forget_jobs_in_file(path: Path, contact_ids: Sequence[str]) -> int:
    if not path.exists():
        return 0
    removed = 0
    with contextlib.closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for table in tables:
            columns = {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}
            if "workflow_uuid" not in columns:
                continue
            for contact_id in contact_ids:
                done = connection.execute(
                    f'DELETE FROM "{table}" WHERE workflow_uuid LIKE ?',  # noqa: S608 - names from the file itself
                    (f"%:{contact_id}:%",),
                )
                removed += done.rowcount if table == "workflow_status" else 0
    return removed


def _forget_jobs_on_server(house: House, contact_ids: Sequence[str]) -> int:
    from sqlalchemy import text

    removed = 0
    columns = text(
        "SELECT table_name FROM information_schema.columns "
        "WHERE table_schema = 'dbos' AND column_name = 'workflow_uuid'"
    )
    with house.engine.begin() as connection:
        tables = sorted(connection.execute(columns).scalars(), key=lambda name: name == "workflow_status")
        for table in tables:
            for contact_id in contact_ids:
                done = connection.execute(
                    text(f'DELETE FROM dbos."{table}" WHERE workflow_uuid LIKE :like'),  # noqa: S608
                    {"like": f"%:{contact_id}:%"},
                )
                removed += done.rowcount if table == "workflow_status" else 0
    return removed


def forget_mail(house: House, message_ids: Iterable[str], addresses: Sequence[str]) -> int:
    """Delete the `.eml` files written to this person: by Message-ID, and whatever else names an address of theirs."""
    folder = house.workspace.mailbox
    if not folder.exists():
        return 0
    wanted = {one.strip("<>") for one in message_ids}
    removed = 0
    for path in [*folder.rglob("*.eml"), *folder.rglob(".writing-*")]:
        if path.stem in wanted or _holds(path, addresses):
            path.unlink()
            removed += 1
    return removed


def forget_rejects(folder: Path, words: Sequence[str]) -> int:
    """Take the rows that name this person out of the lists of rejected rows; return how many those were."""
    removed = 0
    for path in sorted(folder.rglob("*.csv")) if folder.exists() else ():
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        kept = [row for number, row in enumerate(rows) if number == 0 or not _names(" ".join(row), words)]
        if len(kept) < len(rows):
            removed += len(rows) - len(kept)
            out = io.StringIO(newline="")
            csv.writer(out).writerows(kept)
            _replace(path, out.getvalue().encode("utf-8-sig"))
    return removed


def forget_logs(folder: Path, words: Sequence[str]) -> int:
    """Blank what names this person in the workspace's own log files; return how many files that changed."""
    changed = 0
    for path in sorted(folder.glob("*.log")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if _names(text, words):
            pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
            _replace(path, pattern.sub(BLANK, text).encode())
            changed += 1
    return changed


def forget_features(house: House) -> int:
    """Delete the features' file: sums of what everyone did, which the next run builds anew without this person."""
    if not house.workspace.features.exists():
        return 0
    house.workspace.features.unlink()
    return 1


_WRITTEN_BY_PEOPLE = frozenset({".yaml", ".yml", ".csv", ".txt", ".md", ".log", ".json"})


def leftovers(folder: Path, words: Sequence[str], names: Sequence[str]) -> Iterator[Path]:
    """Yield every file of the workspace that still holds one of these words, in whatever letters.

    A name is looked for in text files only: in a database it may be a namesake's.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            wanted = (*words, *names) if path.suffix in _WRITTEN_BY_PEOPLE else words
            if _holds(path, wanted):
                yield path


def _holds(path: Path, words: Sequence[str]) -> bool:
    """Search a file of any kind in pieces that overlap by the longest word."""
    wanted = [word.lower().encode() for word in words if word]
    if not wanted:
        return False
    overlap, tail = max(map(len, wanted)), b""
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            window = (tail + piece).lower()
            if any(word in window for word in wanted):
                return True
            tail = piece[-overlap:]
    return False


def _names(text: str, words: Sequence[str]) -> bool:
    lowered = text.lower()
    return any(word.lower() in lowered for word in words if word)


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)


def scrub(house: House) -> None:
    """Let no deleted row be read from a database file or its log any more.

    SQLite's `VACUUM` writes the file anew, without free pages and without what stood in the gaps of used ones;
    then the write-ahead log is emptied. PostgreSQL's takes dead rows out of the tables.
    """
    if house.database_url is not None:
        from sqlalchemy import text

        with house.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM"))
        return
    house.engine.dispose()
    for path in (house.workspace.database, house.workspace.checkpoints, house.workspace.jobs):
        scrub_file(path)


def scrub_file(path: Path) -> None:
    """Write one SQLite file anew and empty its write-ahead log."""
    if not path.exists():
        return
    with contextlib.closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
