"""F-12: CSV files with everything that was ever in one: no crash, bounded memory, every row accounted for."""

from __future__ import annotations

import csv
import random
import resource
from pathlib import Path

import yaml

from app.drills.faults.seen import Fault, Seen
from app.drills.forks import fork, settled, wait
from app.drills.sink import sinking
from domain.errors import AttuneError
from evals.crowd import NOON

MOST_MEGABYTES = 400
"""Above what the process has when it begins."""

CELLS = (
    "Ana", "", " ", "=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "Robert'); DROP TABLE contacts;--", "\u200b",
    "\ufeffBOM", "Zoë", "名前", "مرحبا", "Z̷̡̛a̸l̶g̸o̶", "😀", "a\x00b", "\x1b[31mred\x1b[0m", "\u202egnp.exe", "a\tb",
    "line\nbreak",
    'quo"te', "null", "NaN", "undefined", "1e400", "0x41", "<script>alert(1)</script>", "{{7*7}}", "${jndi:ldap://x}",
    "../../etc/passwd", "x" * 40_000, "\ud7ff", "ﬁ", "ẞ", "%s%n", "\\", "NULL\\N", "1;2,3",
)  # fmt: skip
EMAILS = (
    "{n}@x.example",
    "{n}@x.example",
    "not an address",
    "",
    "a@b@c",
    "{n}@ex ample.com",
    "<{n}@x.example>",
    "{n}@пример.example",
)
MAPPING = {
    "source": "naughty",
    "outputs": [
        {
            "noun": "contacts",
            "fields": {
                "external_id": "Id",
                "email": "Email",
                "first_name": "First",
                "last_name": "Last",
                "job_title": "Title",
                "country": "Country",
            },
            "required": ["external_id"],
        }
    ],
}


def attempt(trials: int, folder: Path, seed: int) -> Seen:
    """Import `trials` files of naughty cells in changing encodings, shapes and sizes."""
    seen = Seen()
    settled(folder / "ws", 1)
    told = folder / "told"
    if wait(
        fork(lambda: told.write_text("\n".join(_import_all(folder, trials, seed))), folder / "errors"), 900
    ):
        seen.problems.append(f"a crash: {(folder / 'errors').read_text()[-500:]}")
    else:
        lines = told.read_text().splitlines()
        seen.problems += [line for line in lines if not line.startswith("note ")]
        seen.notes += [line.removeprefix("note ") for line in lines if line.startswith("note ")]
    seen.trials = trials
    return seen


def _import_all(folder: Path, trials: int, seed: int) -> list[str]:
    from app.importing import bring_in, importer_named

    house = sinking(folder / "ws", folder / "sink", NOON)
    luck, told = random.Random(seed), []
    mapping = folder / "mapping.yaml"
    mapping.write_text(yaml.safe_dump(MAPPING), encoding="utf-8")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken = rejected = refused = 0
    for number in range(trials):
        path = folder / f"file{number}.csv"
        rows = _write(path, number, luck)
        try:
            done = bring_in(house, importer_named("csv", mapping), path)
        except AttuneError:
            refused += 1  # a whole file that is none is refused with one clear line
            continue
        accounted = done.added + done.changed + done.unchanged + done.merged + done.rejected + done.skipped
        if accounted != done.rows:
            told.append(
                f"{path.name}: {accounted} of {done.rows} records are accounted for, {rows} were written"
            )
        told += _unreasoned(done.rejects_file, done.rejected, path.name)
        taken, rejected = taken + done.rows - done.rejected, rejected + done.rejected
        path.unlink()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    if grown > MOST_MEGABYTES:
        told.append(f"memory grew by {grown:.0f} MB")
    return [
        *told,
        f"note {taken} rows taken, {rejected} rejected with a reason, {refused} files refused, memory + {grown:.0f} MB",
    ]


def _unreasoned(rejects: str | None, many: int, name: str) -> list[str]:
    if not many:
        return []
    if rejects is None:
        return [f"{name}: {many} rows rejected, and no list of them"]
    with Path(rejects).open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    without = [row for row in listed if not row.get("reason")]
    return [f"{name}: {len(without)} rejected rows without a reason"] if without or len(listed) < many else []


def _write(path: Path, number: int, luck: random.Random) -> int:
    """Write one naughty file: its encoding, width, length, quoting and ending change with its number."""
    encoding = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-16-le", "latin-1")[number % 6]
    columns = [
        "Id",
        "Email",
        "First",
        "Last",
        "Title",
        "Country",
        *(f"Extra {n}" for n in range((0, 3, 2_000)[number % 3])),
    ]
    rows = (0, 1, 40, 3_000)[number % 4] if len(columns) < 100 else 5
    lines = [columns]
    for row in range(rows):
        email = luck.choice(EMAILS).format(n=f"p{number}-{row}")
        cells = [f"{number}-{row}", email, *(luck.choice(CELLS) for _ in columns[2:])]
        if luck.random() < 0.05:
            cells = cells[: luck.randint(1, len(cells))]
        elif luck.random() < 0.05:
            cells += ["more", "than", "columns"]
        lines.append(cells)
    with path.open("w", encoding=encoding, errors="replace", newline="") as file:
        csv.writer(file, lineterminator=luck.choice(["\r\n", "\n"])).writerows(lines)
    if number % 7 == 3:
        path.write_bytes(path.read_bytes()[: luck.randint(1, 400)])
    return rows


FAULT = Fault("F-12", "naughty CSV files", 120, 8, attempt)
