"""What is printed to be typed next."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

DEFAULT_SIZE = 256  # of train.py


def preparing(raw: Path, size: int) -> str:
    """Pack raw photos of a size, px: at the largest power of two they have, or the default where they are larger."""
    return f"hairgan prepare {shlex.quote(str(raw))} --size {min(1 << (size.bit_length() - 1), DEFAULT_SIZE)}"


def training(packed: Path, size: int, *, has_labels: bool) -> str:
    """Train on packed images of a size, px."""
    path = str(packed.absolute())
    root = path if re.fullmatch(r"[\w./-]+", path, re.ASCII) else "'" + path.replace("'", r"\'") + "'"
    words = ["data=celeba_hq" if has_labels else "data=image_folder", shlex.quote(f"data.root={root}")]
    words += [] if size == DEFAULT_SIZE else [f"image_size={size}"]
    words += [] if has_labels else ["model.generator.w_hpf=0"]
    return f"python train.py model=stargan {' '.join(words)}"
