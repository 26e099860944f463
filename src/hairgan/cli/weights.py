"""`hairgan weights`: show the parts and the card of a bundle."""

from __future__ import annotations

import click


@click.command()
@click.argument("bundle", required=False)
def weights(bundle: str | None) -> None:
    """Show the parts and the card of BUNDLE, a folder or OWNER/NAME[@REVISION] on the hub.

    [default: the networks that come with hairgan]
    """
    from hairgan.weights.cards import CARD, read_card
    from hairgan.weights.hub import BundleFiles
    from hairgan.weights.shipped import bundle_or_shipped

    files = BundleFiles.find(bundle_or_shipped(bundle))
    for name, part in read_card(files.folder)["parts"].items():
        file = files.folder / part["file"]
        size = f"{file.stat().st_size / 1e6:6.1f} MB" if files.name is None or file.is_file() else "not downloaded yet"
        click.echo(f"{name:<18}{part.get('parameters', 0):>12,} parameters {size}")
    click.echo()
    if files.name is not None:
        click.echo(f"# {files.name}")
    click.echo((files.folder / CARD).read_text(encoding="utf-8").rstrip())
