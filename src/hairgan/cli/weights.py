"""`hairgan weights`: show the parts of a bundle, and what its card says about one of them."""

from __future__ import annotations

import click


@click.command()
@click.argument("bundle", required=False)
@click.option("--part", metavar="NAME", help="Print all that the card says about this part.")
def weights(bundle: str | None, part: str | None) -> None:
    """Show the parts of BUNDLE, a folder or OWNER/NAME[@REVISION] on the hub.

    [default: the networks that come with hairgan]
    """
    import yaml

    from hairgan.weights.cards import FACTS, fact_of, read_card
    from hairgan.weights.hub import BundleFiles
    from hairgan.weights.shipped import bundle_or_shipped

    files = BundleFiles.find(bundle_or_shipped(bundle))
    card = read_card(files.folder)
    parts = card["parts"]
    if part is not None:
        if part not in parts:
            raise click.UsageError(f"{bundle or 'the bundle'} has no part '{part}'; it has {', '.join(parts)}")
        facts = {fact: said for fact in FACTS if (said := fact_of(card, fact, part)) is not None}
        click.echo(yaml.safe_dump(parts[part] | facts, sort_keys=False, allow_unicode=True, width=110).rstrip())
        return
    rows = [("part", "network", "parameters", "file", "license")]
    for name, each in parts.items():
        file = files.folder / each["file"]
        there = files.name is None or file.is_file()
        network = each["class"].replace(":", ".").rpartition(".")[2]
        size = f"{file.stat().st_size / 1e6:.1f} MB" if there else "not downloaded yet"
        rows.append((name, network, f"{each.get('parameters', 0):,}", size, fact_of(card, "licence", name) or ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    if files.name is not None:
        click.echo(f"{files.name}")
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    click.echo(f"\n--part {next(iter(parts))} prints what the card says about it: its arguments, training and metrics.")
