"""Speed of packing raw CelebAMask-HQ: images per second on one core, from a folder and from a zip.

    python benchmarks/prepare.py --count 100 --size 256

Draws a few portraits at the size of the real photos, writes them repeatedly in the raw layout, and packs the result
in one process. Folder and zip alternate and the fastest round of each counts. Also prints the time to find the files,
which happens once.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from hairgan.data.celebamask import CelebAMaskHQ
from hairgan.data.celebamask.writer import write_raw
from hairgan.data.packing import pack
from hairgan.portraits import portrait
from hairgan.text_tables import markdown_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100, help="images in the raw dataset")
    parser.add_argument("--people", type=int, default=4, help="different portraits among them")
    parser.add_argument("--photo-size", type=int, default=1024, help="edge of the raw photos, px")
    parser.add_argument("--size", type=int, default=256, help="edge of the packed images, px")
    parser.add_argument("--rounds", type=int, default=5, help="packings of each source")
    arguments = parser.parse_args()
    people = [portrait(0, index, arguments.photo_size) for index in range(arguments.people)]
    items = [(drawn.image, drawn.labels, drawn.attributes) for drawn in people]
    with tempfile.TemporaryDirectory() as folder:
        sources = {"folder": Path(folder) / "raw", "zip": Path(folder) / "raw.zip"}
        for path in sources.values():
            write_raw((items[index % len(items)] for index in range(arguments.count)), path)
        opening = dict.fromkeys(sources, float("inf"))
        packing = dict.fromkeys(sources, float("inf"))
        for _ in range(arguments.rounds):
            for name, path in sources.items():
                start = time.perf_counter()
                raw = CelebAMaskHQ.open(path)
                opening[name] = min(opening[name], time.perf_counter() - start)
                out = Path(folder) / "packed"
                done = pack(raw.item, len(raw), out, size=arguments.size, source=raw.describe(), workers=1)
                packing[name] = min(packing[name], done.seconds)
                shutil.rmtree(out)
        rows = []
        for name in sources:
            rate = arguments.count / packing[name]
            rows.append([name, f"{rate:.1f}", f"{30_000 / rate / 8 / 60:.1f}", f"{1000 * opening[name]:.0f}"])
        print(markdown_table(["source", "images/s per core", "30,000 images on 8 cores, min", "look-up, ms"], rows))


if __name__ == "__main__":
    main()
