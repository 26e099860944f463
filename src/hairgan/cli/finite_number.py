"""A type of command line values: finite numbers. Click's own float types accept `nan`, even within a range."""

from __future__ import annotations

import math
from typing import Any

import click


class FiniteNumber(click.ParamType):
    """A finite number, from `low` to `high`, both included."""

    name = "number"

    def __init__(self, low: float = -math.inf, high: float = math.inf) -> None:
        self.low, self.high = low, high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the number in a text."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.fail(f"'{value}' is not a number.", param, ctx)
        if not self.low <= number <= self.high:
            self.fail(f"{value} is not between {self.low:g} and {self.high:g}.", param, ctx)
        return number
