"""How fast procedural portraits are drawn: images a second on one core."""

from __future__ import annotations

import time

import click
import cv2
import numpy as np

from hairgan.data.portraits import portrait


@click.command()
@click.option("--sizes", default="128,256", show_default=True, help="Picture sizes in pixels, comma-separated.")
@click.option("--images", default=60, show_default=True, help="Portraits a round.")
@click.option("--rounds", default=3, show_default=True, help="The fastest round counts: other work only slows it down.")
@click.option("--seed", default=0, show_default=True)
def main(sizes: str, images: int, rounds: int, seed: int) -> None:
    """Draw portraits on one thread and print a line a size."""
    cv2.setNumThreads(1)
    for size in (int(text) for text in sizes.split(",")):
        portrait(seed, 0, size)
        seconds = []
        for _ in range(rounds):
            start = time.perf_counter()
            for index in range(images):
                portrait(seed, index, size)
            seconds.append(time.perf_counter() - start)
        spread = ", ".join(f"{images / s:.1f}" for s in seconds)
        print(f"{size:5d} px: {images / np.min(seconds):6.1f} images/s/core   (rounds: {spread})")


if __name__ == "__main__":
    main()
