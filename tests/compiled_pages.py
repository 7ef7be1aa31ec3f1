"""Pages' templates are compiled once a test process: each test builds an app, and each app would compile them anew."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import CodeType

import pytest
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket


class Compiled(BytecodeCache):
    """Holds what templates compiled to, by their name and text, for environments made with the same options."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill in what is kept."""
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        assert bucket.code is not None
        self._kept[bucket.key, bucket.checksum] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def pages_are_compiled_once() -> Iterator[None]:
    """For a conftest to bring in."""
    with pytest.MonkeyPatch.context() as patched:
        for module in ("app.web.shell", "app.web.pages"):
            patched.setattr(f"{module}.Environment", partial(Environment, bytecode_cache=Compiled()))
        yield
