"""Loads, checks, renders and hashes prompts, so that every draft can name the exact words it came from.

A version is one file, `prompts/<name>/v<number>.md`: front matter (`purpose`, `needs`), then sections that
begin with the lines `# system` and `# user`. A version is never edited once used: `versions.lock` holds
its hash, and `python -m prompts.library lock` adds new versions only.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from jinja2 import StrictUndefined, Template, TemplateError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import ValidationError

from domain.base import Noun, Sha256
from domain.errors import PromptError
from domain.model import ChatMessage

MOST_DATA_CHARACTERS = 4_000
LOCK_FILE = "versions.lock"

_FILE = re.compile(r"\A---\n(?P<header>.*?)\n---\n(?P<text>.*)\Z", re.DOTALL)
_SECTION = re.compile(r"^# (system|user)[ \t]*$", re.MULTILINE)
_VERSION = re.compile(r"v([1-9][0-9]*)")
_FENCE = re.compile(r"[<＜﹤](?=[\s/]*data)", re.IGNORECASE)
_DATA_NAME = re.compile(r"[a-z][a-z0-9_]*")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}


class PromptHeader(Noun):
    """Front matter: what the prompt is for, what it must be given, and a note on the answer's shape."""

    purpose: str
    needs: tuple[str, ...] = ()
    answer: str = ""


class RenderedPrompt(Noun):
    """A prompt as a model receives it. `id` and `sha256` travel with whatever is made from it."""

    id: str
    sha256: Sha256
    messages: tuple[ChatMessage, ...]


@dataclass(frozen=True)
class Prompt:
    """One version, parsed. `sections` keep the file's order: what changes least stands first."""

    id: str
    header: PromptHeader
    sections: tuple[tuple[Literal["system", "user"], Template], ...]


def fence(text: str, name: str, most: int = MOST_DATA_CHARACTERS) -> str:
    """Put outside text between `<data>` marks it cannot close, so that a model reads it as data.

    This is the Jinja filter `data`: `{{ note | data("note") }}`. Invisible characters are dropped, a
    `<data` or `</data` inside is spelled `&lt;data`, and what is longer than `most` is cut and says so.
    """
    if not isinstance(text, str):
        raise PromptError(f"The data block {name!r} was given {type(text).__name__}; it takes text.")
    if not _DATA_NAME.fullmatch(name):
        raise PromptError(f"A data block cannot be called {name!r}; use lower-case letters, digits and _.")
    cut = len(text) - most
    kept = _visible(text[:most])
    inside = _FENCE.sub("&lt;", kept)
    note = f"\n[cut here: {cut} more characters]" if cut > 0 else ""
    return f'<data name="{name}">\n{inside}{note}\n</data>'


def _visible(text: str) -> str:
    lines = re.sub("\r\n?|[\u2028\u2029\x85]", "\n", text)
    if lines.replace("\n", " ").replace("\t", " ").isprintable():
        return lines
    return "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) not in _INVISIBLE)


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.clear()
    environment.filters["data"] = fence
    return environment


class PromptLibrary:
    """Every prompt in one folder; versions are parsed once and kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(__file__).parent
        self._environment = _environment()
        self._prompts: dict[str, Prompt] = {}
        self._latest: dict[str, str] = {}

    def names(self) -> list[str]:
        """Every prompt that has a version."""
        return sorted({version.parent.name for version in version_files(self._folder)})

    def latest(self, name: str) -> str:
        """Return the id of the newest version, such as `outreach_composer/v2`. Raises `PromptError`."""
        if name not in self._latest:
            numbers = [_number(file) for file in version_files(self._folder) if file.parent.name == name]
            if not numbers:
                raise PromptError(
                    f"There is no prompt {name!r} in {self._folder.name}/. Known: {', '.join(self.names())}."
                )
            self._latest[name] = f"{name}/v{max(numbers)}"
        return self._latest[name]

    def load(self, name_or_id: str) -> Prompt:
        """Return one parsed version; a name without a version means the newest. Raises `PromptError`."""
        prompt_id = name_or_id if "/" in name_or_id else self.latest(name_or_id)
        if prompt_id not in self._prompts:
            self._prompts[prompt_id] = self._parse(prompt_id)
        return self._prompts[prompt_id]

    def render(self, name_or_id: str, /, **needs: Any) -> RenderedPrompt:
        """Fill one version. A section that comes out empty is left out.

        Raises:
            PromptError: naming a missing or an extra need, or the line that could not be rendered.
        """
        prompt = self.load(name_or_id)
        _match(prompt.id, "missing", set(prompt.header.needs) - set(needs))
        _match(prompt.id, "unknown", set(needs) - set(prompt.header.needs))
        try:
            texts = [(role, template.render(needs).strip()) for role, template in prompt.sections]
        except TemplateError as error:
            raise PromptError(f"Prompt {prompt.id} could not be rendered: {error}.") from error
        messages = tuple(ChatMessage(role=role, content=text) for role, text in texts if text)
        return RenderedPrompt(id=prompt.id, sha256=sha256_of(messages), messages=messages)

    def _parse(self, prompt_id: str) -> Prompt:
        file = self._folder / f"{prompt_id}.md"
        if file not in version_files(self._folder):
            raise PromptError(f"There is no prompt version {prompt_id!r}; it would be the file {file.name}.")
        found = _FILE.match(file.read_text(encoding="utf-8"))
        if not found:
            raise PromptError(f"Prompt {prompt_id} does not begin with front matter between two `---` lines.")
        header = _header(prompt_id, found["header"])
        head, *parts = _SECTION.split(found["text"])
        roles, texts = parts[::2], parts[1::2]
        if head.strip() or roles[:1] != ["system"] or "user" not in roles or roles.count("system") > 1:
            raise PromptError(f"Prompt {prompt_id} needs one `# system` section, then `# user` sections.")
        try:
            self._check(prompt_id, header, texts)
            templates = [self._environment.from_string(text) for text in texts]
        except TemplateError as error:
            raise PromptError(f"Prompt {prompt_id} is not a valid template: {error}.") from error
        sections = tuple((_role(role), template) for role, template in zip(roles, templates, strict=True))
        return Prompt(id=prompt_id, header=header, sections=sections)

    def _check(self, prompt_id: str, header: PromptHeader, texts: list[str]) -> None:
        trees = [self._environment.parse(text) for text in texts]
        if not _is_constant(trees[0]):
            raise PromptError(
                f"Prompt {prompt_id} has a variable or a statement in `# system`. "
                "That section must be the same for everyone: move it to a `# user` section."
            )
        used = set[str]().union(*(meta.find_undeclared_variables(tree) for tree in trees))
        _match(prompt_id, "undeclared", used - set(header.needs))
        _match(prompt_id, "unused", set(header.needs) - used)


def _role(word: str) -> Literal["system", "user"]:
    return "system" if word == "system" else "user"


def _header(prompt_id: str, text: str) -> PromptHeader:
    try:
        return PromptHeader.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise PromptError(f"Prompt {prompt_id} has front matter that cannot be read: {error}") from error


def _is_constant(tree: nodes.Template) -> bool:
    plain = (nodes.Output, nodes.TemplateData)
    return all(isinstance(node, plain) for node in tree.find_all(nodes.Node))


def _match(prompt_id: str, fault: str, names: set[str]) -> None:
    if names:
        raise PromptError(
            f"Prompt {prompt_id}: {fault} {', '.join(sorted(names))}. "
            "What it is given, its `needs` and the names its text uses must be the same."
        )


def sha256_of(messages: tuple[ChatMessage, ...]) -> str:
    """Hash rendered messages: roles, contents and their order."""
    plain = [[message.role, message.content] for message in messages]
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False).encode()).hexdigest()


def version_files(folder: Path) -> list[Path]:
    """Every version file below `folder`."""
    return sorted(file for file in folder.glob("*/v*.md") if _VERSION.fullmatch(file.stem))


def _number(file: Path) -> int:
    return int(file.stem[1:])


def read_lock(folder: Path) -> dict[str, str]:
    """What is locked: file below `folder` → SHA-256. The format is the one `sha256sum -c` reads."""
    lock = folder / LOCK_FILE
    lines = lock.read_text(encoding="utf-8").splitlines() if lock.exists() else []
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def _hashes(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in version_files(folder)
    }


def changed_versions(folder: Path) -> list[str]:
    """Locked version files that were edited or removed since."""
    now = _hashes(folder)
    return sorted(name for name, digest in read_lock(folder).items() if now.get(name) != digest)


def lock_versions(folder: Path) -> list[str]:
    """Add versions that are not locked yet and return their files.

    Raises:
        PromptError: if a locked version changed; nothing is written then.
    """
    if changed := changed_versions(folder):
        raise PromptError(
            f"Locked prompt versions changed: {', '.join(changed)}. "
            "Put them back as they were and make the change in the next version."
        )
    library, locked, now = PromptLibrary(folder), read_lock(folder), _hashes(folder)
    added = sorted(set(now) - set(locked))
    for name in added:
        library.load(name.removesuffix(".md"))
    lines = [f"{digest}  {name}\n" for name, digest in sorted(now.items())]
    (folder / LOCK_FILE).write_text("".join(lines), encoding="utf-8")
    return added


def main(arguments: list[str], folder: Path | None = None) -> int:
    """`python -m prompts.library lock`: lock new versions; tell what was locked."""
    if arguments != ["lock"]:
        sys.stderr.write("usage: python -m prompts.library lock\n")
        return 2
    try:
        added = lock_versions(folder or Path(__file__).parent)
    except PromptError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write("".join(f"locked {name}\n" for name in added) or "nothing new to lock\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
