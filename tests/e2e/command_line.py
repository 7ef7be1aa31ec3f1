"""The `attune` command in processes of its own, started anew or forked from one that has imported everything.

A forked command is a process like any other: its words, folder, environment, streams, threads and end are its own.
Only the imports, seconds of every start, are done once: what they must not import is tested elsewhere.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import subprocess
import sys
import threading
import traceback
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from runpy import run_module
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]
NEVER_IN_COMMANDS = ("app.cli.__main__", "app.drills", "app.web", "app.mcp", "app.studio")
ATTUNE = [sys.executable, "-c", "from app.cli import main; main()"]


def clean() -> dict[str, str]:
    """An environment with nothing of the developer's."""
    named = ("ATTUNE_", "OPENAI_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(named)}
    return {**kept, "PYTHONPATH": str(ROOT)}


def attune(*words: str, folder: Path, expect: int = 0) -> str:
    """Run the command in `folder` in a forked process, and return what it said on both streams."""
    code, said = forge().run(words, folder)
    return as_expected(words, code, said, expect)


def attune_anew(*words: str, folder: Path, expect: int = 0) -> str:
    """The same in a process that starts from nothing, as a person's does."""
    done = subprocess.run(
        [*ATTUNE, *words], cwd=folder, env=clean(), capture_output=True, text=True, check=False
    )
    return as_expected(words, done.returncode, done.stdout + done.stderr, expect)


def as_expected(words: tuple[str, ...], code: int, said: str, expect: int) -> str:
    assert code == expect, f"attune {' '.join(words)} exited {code}:\n{said}"
    assert "Traceback" not in said
    return said


def as_json(*words: str, folder: Path) -> Any:
    said = attune(*words, "--json", folder=folder)
    return json.loads(said)


@dataclass(frozen=True)
class Forge:
    """The process that commands are forked from; it answers one line of JSON with another."""

    process: subprocess.Popen[str]

    def run(
        self, words: tuple[str, ...], folder: Path, module: str = "", **environment: str
    ) -> tuple[int, str]:
        """Run one command to its end, `attune` or `python -m module`; return its exit code and what it said."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with TemporaryDirectory(prefix="attune-said-") as streams:
            place = {"folder": str(folder), "environment": environment, "streams": streams}
            order = {"module": module, "words": words, **place}
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            code = int(self.process.stdout.readline())
            return code, "".join(Path(streams, name).read_text(encoding="utf-8") for name in ("out", "err"))

    def close(self) -> None:
        """End it."""
        self.process.communicate()


@cache
def forge() -> Forge:
    """The one of this test process, started when first asked for."""
    command = [sys.executable, "-m", "tests.e2e.command_line"]
    made = Forge(
        subprocess.Popen(
            command, cwd=ROOT, env=clean(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    )
    atexit.register(made.close)
    return made


def load() -> None:
    """Import what commands do."""
    import app
    from app.drills.forks import load as load_libraries

    load_libraries()
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if not module.name.startswith(NEVER_IN_COMMANDS):
            import_module(module.name)


def become(order: dict[str, Any]) -> None:
    """Make this forked process the one the order speaks of."""
    os.chdir(order["folder"])
    os.environ.update(order["environment"])
    sys.argv = [order["module"] or "attune", *order["words"]]
    streams = Path(order["streams"])
    kinds = ((os.devnull, os.O_RDONLY, 0), (streams / "out", os.O_CREAT | os.O_WRONLY, 1))
    for path, flags, number in (*kinds, (streams / "err", os.O_CREAT | os.O_WRONLY, 2)):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, closefd=False)


def act(order: dict[str, Any]) -> NoReturn:
    """Do what was ordered, to the end of this process: its threads, its last acts and its streams with it.

    Not by `sys.exit`: to take apart everything that was imported takes longer than most commands.
    """
    from app.cli import main

    become(order)
    code: object = 0
    try:
        if order["module"]:
            run_module(order["module"], run_name="__main__", alter_sys=True)
        else:
            main()
    except SystemExit as left:
        code = left.code
    except BaseException:
        traceback.print_exc()
        code = 1
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1 if code else 0)


def serve() -> None:
    """Fork a process for each order and tell how it ended. A forked one goes on as the command and ends as it does."""
    load()
    # What is there is never collected: a look at it would copy it into each forked process.
    gc.collect()
    gc.freeze()
    while line := sys.stdin.readline():
        child = os.fork()
        if not child:
            act(json.loads(line))
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
