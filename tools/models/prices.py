"""What model calls cost, from a price list a person wrote; an unknown price is never a guess.

Prices change and differ by contract, so the shipped `prices.yaml` shows the format and names none;
`ATTUNE_PRICES` points to the team's own file.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from domain.base import CurrencyCode, Noun
from domain.errors import InvalidFile
from domain.message import Usage

SHIPPED = Path(__file__).with_name("prices.yaml")


class ModelPrice(Noun):
    """Prices per million tokens of every model whose name starts with `model`, and who says so since when."""

    model: str = Field(min_length=1)
    input: float = Field(ge=0)
    cached_input: float | None = Field(None, ge=0)
    output: float = Field(ge=0)
    source: str
    read_on: date

    def cost_micros(self, usage: Usage) -> int:
        """Cost in millionths of the currency unit; cached tokens are part of the input tokens."""
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = max(0, usage.input_tokens - usage.cached_tokens)
        # A price per million tokens is a price in micros per token.
        return round(fresh * self.input + usage.cached_tokens * cached + usage.output_tokens * self.output)


class PriceList(Noun):
    """Every known price, in one currency."""

    currency: CurrencyCode = "USD"
    prices: tuple[ModelPrice, ...] = ()

    def price_of(self, model: str) -> ModelPrice | None:
        """The price whose prefix fits best, or None: then the cost is shown as unknown, not as nothing."""
        fitting = [price for price in self.prices if model.startswith(price.model)]
        return max(fitting, key=lambda price: len(price.model), default=None)


def read_prices(file: Path | None = None) -> PriceList:
    """Read a price list; without a file, the shipped one, which is empty.

    Raises:
        InvalidFile: if it is missing or malformed.
    """
    path = file or SHIPPED
    try:
        return PriceList.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except OSError as error:
        raise InvalidFile(path, f"cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, ValidationError) as error:
        raise InvalidFile(path, f"is not a price list: {error}", f"See {SHIPPED.name}.") from error
