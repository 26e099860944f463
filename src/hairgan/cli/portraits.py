"""`hairgan portraits`: draw people in the raw CelebAMask-HQ layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hairgan.cli.suggested_commands import prepare_command


@click.command(context_settings={"show_default": True})
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--count", default=1000, type=click.IntRange(min=1), help="Number of people.")
@click.option("--size", default=512, type=click.IntRange(32, 1024), help="Side of the photos, px; masks have 512.")
@click.option("--seed", default=0, help="Decides who is drawn.")
@click.option(
    "--style",
    default="plain",
    type=click.Choice(["plain", "randomized", "mixed", "hard", "mixed_hard"]),
    help="randomized: varied backgrounds, light and framing, for networks that must work on photographs; "
    "mixed: half; hard: randomized, with cases in which parsers fail; mixed_hard: half hard.",
)
@click.option("--zip", "zipped", is_flag=True, help="Write one zip instead of a folder; also when OUT ends in .zip.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes that draw.  [default: one per core]")
def portraits(out: Path, count: int, size: int, seed: int, style: str, zipped: bool, workers: int | None) -> None:
    """Draw COUNT people, with exact label maps and attributes, and write them to OUT in the raw CelebAMask-HQ layout.

    The same style, seed and size give the same people, on any number of cores.
    """
    import time
    from collections.abc import Iterator
    from functools import partial

    from tqdm import tqdm

    from hairgan.data.celebamask.writer import raw_writer
    from hairgan.data.processes import cores, possible_workers, process_pool

    if zipped and out.suffix != ".zip":
        out = out.with_name(out.name + ".zip")
    workers = max(1, possible_workers(min(cores() if workers is None else workers, count)))
    draw = partial(_draw, style, seed, size)
    started = time.perf_counter()

    def drawn() -> Iterator[tuple[dict[str, bytes], dict[str, Any]]]:
        if workers == 1:
            yield from map(draw, range(count))
            return
        pool = process_pool(workers, "hairgan.portraits.items")
        try:
            yield from pool.map(draw, range(count), chunksize=4)
        finally:
            pool.shutdown(cancel_futures=True)

    with raw_writer(out) as writer:
        for files, attributes in tqdm(drawn(), total=count, unit="portrait", disable=None):
            writer.add(files, attributes)

    seconds = time.perf_counter() - started
    click.echo(f"{count:,} portraits of {size} px in {out}")
    click.echo(f"{seconds:.0f} s, {count / seconds / workers:.1f} images/s per core ({workers} processes)")
    click.echo(f"next: {prepare_command(out, size)}")


def _draw(style: Any, seed: int, size: int, index: int) -> tuple[dict[str, bytes], dict[str, Any]]:
    from hairgan.data.celebamask.writer import encode
    from hairgan.portraits.items import DRAW

    drawn = DRAW[style](seed, index, size)
    return encode(index, drawn.image, drawn.labels), drawn.attributes
