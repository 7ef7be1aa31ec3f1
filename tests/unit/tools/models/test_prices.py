"""A cost is told only where a person wrote down the price."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from domain.errors import InvalidFile
from domain.message import Usage
from tools.models.prices import ModelPrice, PriceList, read_prices

SMALL = ModelPrice(
    model="acme-1", input=2, cached_input=0.5, output=8, source="price page", read_on=date(2026, 1, 2)
)
MINI = SMALL.model_copy(update={"model": "acme-1-mini", "input": 1.0, "cached_input": None})
PRICES = PriceList(prices=(SMALL, MINI))


def test_cached_tokens_have_their_own_price() -> None:
    usage = Usage(input_tokens=1_000, cached_tokens=400, output_tokens=100)
    assert SMALL.cost_micros(usage) == 600 * 2 + 400 * 0.5 + 100 * 8
    assert MINI.cost_micros(usage) == 1_000 * 1 + 100 * 8


def test_the_longest_fitting_name_wins() -> None:
    assert PRICES.price_of("acme-1-mini-2026-01-01") == MINI
    assert PRICES.price_of("acme-1-2026-01-01") == SMALL
    assert PRICES.price_of("other") is None


def test_the_shipped_list_invents_nothing() -> None:
    assert read_prices() == PriceList()


def test_a_teams_own_list_is_read(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(
        "currency: EUR\nprices:\n"
        "  - {model: acme-1, input: 2, cached_input: 0.5, output: 8, source: price page, read_on: 2026-01-02}\n"
    )
    assert read_prices(file) == PriceList(currency="EUR", prices=(SMALL,))


@pytest.mark.parametrize(
    "text", ["prices: 3", "prices: [", "prices: [{model: acme-1, input: -2, output: 8}]"]
)
def test_a_malformed_list_names_its_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(text)
    with pytest.raises(InvalidFile, match=r"prices\.yaml"):
        read_prices(file)


def test_a_missing_list_names_its_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"none\.yaml"):
        read_prices(tmp_path / "none.yaml")
