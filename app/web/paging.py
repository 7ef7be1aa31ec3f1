"""Long lists, a page at a time, by the server."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import Request

from domain.base import Noun

PAGE_SIZE = 50
MOST_PAGES = 100_000


class Page(Noun):
    """One page of a list: which one, of how many, and where the others are."""

    number: int
    total: int
    size: int = PAGE_SIZE
    path: str
    query: tuple[tuple[str, str], ...] = ()

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // self.size))

    @property
    def offset(self) -> int:
        """How many rows come before."""
        return (self.number - 1) * self.size

    @property
    def first(self) -> int:
        """The number of the first row shown, 0 where there is none."""
        return min(self.offset + 1, self.total)

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return min(self.offset + self.size, self.total)

    def url(self, number: int) -> str:
        """The address of another page of this list, filters kept."""
        told = [*self.query, *([("page", str(number))] if number > 1 else [])]
        return f"{self.path}?{urlencode(told)}" if told else self.path


def page_number(request: Request) -> int:
    """Which page an address asks for; what is no number asks for the first."""
    told = request.query_params.get("page", "")
    return min(max(1, int(told)), MOST_PAGES) if told.isascii() and told.isdigit() and len(told) < 8 else 1


def page_of(request: Request, total: int, size: int = PAGE_SIZE) -> Page:
    """The page an address asks for, of a list with `total` rows; beyond the end it is the last."""
    pages = max(1, -(-total // size))
    kept = tuple((name, value) for name, value in request.query_params.multi_items() if name != "page")
    number = min(page_number(request), pages)
    return Page(number=number, total=total, size=size, path=request.url.path, query=kept)


def url_with(request: Request, changes: Mapping[str, str | None]) -> str:
    """The address of this page with other filters; None takes one away, and the list begins at its first page."""
    kept = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if name not in changes and name != "page"
    ]
    told = [*kept, *((name, value) for name, value in changes.items() if value is not None)]
    return f"{request.url.path}?{urlencode(told)}" if told else request.url.path
