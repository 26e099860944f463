"""The bundle that comes with hairgan: networks trained on drawn people, free for any use."""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).parents[1] / "shipped"
"""The folder of the bundle."""

REMARK = "using the networks that come with hairgan; they learned from drawn people (`hairgan weights` says more)"


def named_source(source: Path | str) -> Path | str:
    """A run or bundle by its name; "shipped" is the bundle that comes with hairgan."""
    return SHIPPED if str(source) == "shipped" else source


def bundle_or_shipped(source: Path | str | None) -> Path | str:
    """The bundle that was named, or the one that comes with hairgan."""
    return SHIPPED if source is None else source
