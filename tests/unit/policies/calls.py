"""Which functions of `policies/` the rooms that act ever come to: a walk along the calls in the sources."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ACTING = ("app", "agents", "memory", "tools")
Name = tuple[str, str]
"""A module of `policies/` and a name in it."""


@cache
def come_to() -> frozenset[Name]:
    """Every name of `policies/` that what acts uses, directly or through other rules."""
    uses, waiting = dict(_definitions()), list(_asked_from_outside())
    found: set[Name] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(uses.get(name, ()))
    return frozenset(found)


def is_come_to(check: Callable[..., object]) -> bool:
    """Tell whether what acts ever comes to this function."""
    return (check.__module__.rpartition(".")[2], check.__name__) in come_to()


def _asked_from_outside() -> Iterator[Name]:
    for room in ACTING:
        for file in (ROOT / room).rglob("*.py"):
            # The drills only try, and `attune policy check` only tells.
            if "drills" not in file.parts and file.name != "policy_check.py":
                tree = ast.parse(file.read_text(encoding="utf-8"))
                # A name that is imported and never used again asks nothing.
                yield from _used(tree.body, _imported(tree), None)


def _definitions() -> Iterator[tuple[Name, list[Name]]]:
    for file in (ROOT / "policies").glob("*.py"):
        # The register names every function; that is no call.
        if file.stem == "book":
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        known = _imported(tree)
        for statement in tree.body:
            for name in _named(statement):
                yield (file.stem, name), list(_used([statement], known, file.stem))


def _named(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    return []


def _imported(tree: ast.Module) -> dict[str, Name | str]:
    """What a file calls by which name: a name of a module of `policies/`, or a whole module."""
    known: dict[str, Name | str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "policies":
            known.update({alias.asname or alias.name: alias.name for alias in node.names})
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("policies."):
            module = str(node.module).partition(".")[2]
            known.update({alias.asname or alias.name: (module, alias.name) for alias in node.names})
    return known


def _used(body: Iterable[ast.AST], known: dict[str, Name | str], own: str | None) -> Iterator[Name]:
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                meant = known.get(node.id)
                if isinstance(meant, tuple):
                    yield meant
                elif meant is None and own is not None:
                    yield own, node.id
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                module = known.get(node.value.id)
                if isinstance(module, str):
                    yield module, node.attr
