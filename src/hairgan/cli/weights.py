"""`hairgan weights`: show the parts and the card of a bundle."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("bundle", required=False, type=click.Path(path_type=Path))
def weights(bundle: Path | None) -> None:
    """Show the parts and the card of BUNDLE. [default: the networks that come with hairgan]"""
    from hairgan.weights.cards import CARD, read_card
    from hairgan.weights.shipped import bundle_or_shipped

    folder = Path(bundle_or_shipped(bundle))
    card = read_card(folder)
    for name, part in card["parts"].items():
        megabytes = (folder / part["file"]).stat().st_size / 1e6
        click.echo(f"{name:<18}{part.get('parameters', 0):>12,} parameters {megabytes:6.1f} MB")
    click.echo()
    click.echo((folder / CARD).read_text(encoding="utf-8").rstrip())
