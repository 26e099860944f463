"""The command that a user can run next, ready to be pasted into a shell."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from hairgan import programs

DEFAULT_SIZE = 256
"""`image_size` of train.py if it is left out, in pixels."""


def prepare_command(raw: Path, size: int) -> str:
    """Pack photos of `size` pixels: at the largest power of two that they have, and at most at the default size."""
    return f"hairgan prepare {shlex.quote(str(raw))} --size {min(1 << (size.bit_length() - 1), DEFAULT_SIZE)}"


def train_command(packed: Path | str, size: int, *, has_labels: bool, streamed: bool = False) -> str:
    """Train StarGAN v2 on packed images of `size` pixels, or on their shards in a folder or at a URL."""
    path = str(packed) if "://" in str(packed) else str(Path(packed).absolute())
    root = path if re.fullmatch(r"[\w./:-]+", path, re.ASCII) else "'" + path.replace("'", r"\'") + "'"
    data = "streaming" if streamed else "celeba_hq" if has_labels else "image_folder"
    words = [f"data={data}", shlex.quote(f"data.root={root}")]
    words += ["data.domains=null"] if streamed and not has_labels else []
    words += [] if size == DEFAULT_SIZE else [f"image_size={size}"]
    words += [] if has_labels else ["model.generator.w_hpf=0"]
    return f"{programs.command('train')} model=stargan {' '.join(words)}"
