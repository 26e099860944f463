"""Speed of drawing procedural portraits: images per second on one core, for each style.

Processor time is measured, not wall-clock time: drawing runs on one thread, and other work on the machine matters less.
"""

from __future__ import annotations

import time

import click
import cv2
import numpy as np

from hairgan.portraits.items import DRAW


@click.command()
@click.option("--sizes", default="128,256", show_default=True, help="Picture sizes in pixels, comma-separated.")
@click.option("--images", default=60, show_default=True, help="Portraits per round.")
@click.option("--rounds", default=3, show_default=True, help="The fastest round counts: other work only slows it down.")
@click.option("--seed", default=0, show_default=True)
def main(sizes: str, images: int, rounds: int, seed: int) -> None:
    """Draw portraits on one thread and print a line for each size and style."""
    cv2.setNumThreads(1)
    for size in (int(text) for text in sizes.split(",")):
        seconds: dict[str, list[float]] = {style: [] for style in DRAW}
        for round_ in range(rounds + 1):
            for style, portrait in DRAW.items():  # in turns, so that other work on the machine affects all of them
                start = time.process_time()
                for index in range(images if round_ else 1):
                    portrait(seed, index, size)
                seconds[style].append(time.process_time() - start)
        for style, taken in seconds.items():
            spread = ", ".join(f"{images / s:.1f}" for s in taken[1:])
            print(f"{size:5d} px {style:10s} {images / np.min(taken[1:]):6.1f} images/s/core   (rounds: {spread})")


if __name__ == "__main__":
    main()
