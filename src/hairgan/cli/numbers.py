"""Numbers on the command line: `nan` is refused, and is in no range."""

from __future__ import annotations

import math
from typing import Any

import click


class Number(click.ParamType):
    """A finite number, within a range if there is one.

    Args:
        low, high: the ends of the range, which belong to it.
    """

    name = "number"

    def __init__(self, low: float = -math.inf, high: float = math.inf) -> None:
        self.low, self.high = low, high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number of a text."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.fail(f"'{value}' is not a number.", param, ctx)
        if not self.low <= number <= self.high:
            self.fail(f"{value} is not between {self.low:g} and {self.high:g}.", param, ctx)
        return number
