"""A run that goes on from an older checkpoint: what came after it is set aside, not lost."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from hairgan.files import put_in_place
from hairgan.weights.files import archive_is_whole
from hairgan.weights.runs import BEST, CONFIG, FOLDER
from lightning_modules.launch import record
from lightning_modules.launch.run_directory import steps_of

COPIED = (CONFIG, record.AS_WRITTEN, record.RECORD, "metrics.csv", "curves.png")
MOVED = (FOLDER, "samples")
_STEP = re.compile(r"_(\d{8,})\.\w+")


def rewind_run(run_dir: Path, checkpoint: Path | None, step: int) -> Path | None:
    """Make a checkpoint the newest of its run: move what the run made after it into a run directory of its own.

    Those checkpoints and samples could neither be told from the ones that the run now makes, nor would they survive
    them.

    Args:
        run_dir: the run.
        checkpoint: what the run goes on from; None from the first step.
        step: its step.

    Returns:
        `RUN/until_step_NNNNNNNN`, which can be gone on with, evaluated and bundled like any run directory; None where
        there was no checkpoint after that step.
    """
    if checkpoint is not None:
        _name_by_step(checkpoint, run_dir / FOLDER / f"step_{step:08d}.ckpt")
    later = {path: made for folder in MOVED for path in (run_dir / folder).glob("*") if (made := _step(path)) > step}
    checkpoints = [made for path, made in later.items() if path.suffix == ".ckpt"]
    if not checkpoints:
        return None
    aside = _fresh(run_dir / f"until_step_{max(checkpoints):08d}")
    for name in COPIED:
        if (run_dir / name).is_file():
            shutil.copy2(run_dir / name, aside / name)
    # newest first: after a kill in between, what is left is still one branch, up to some step
    for path in sorted(later, key=later.__getitem__, reverse=True):
        target = aside / path.relative_to(run_dir)
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
    return aside


def _name_by_step(checkpoint: Path, name: Path) -> None:
    """The best checkpoint, or a copy of the user's, gets the name by which the run is gone on with the next time."""
    if name.exists():
        return
    partial = name.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    try:
        os.link(checkpoint, partial)
    except OSError:  # a file system without links
        shutil.copy2(checkpoint, partial)
    put_in_place(partial, name)


def _step(path: Path) -> int:
    """The step at which a file was made, by its name, or for the best checkpoint by what it holds; -1 if unknown."""
    if path.name == BEST:
        return steps_of(path) if archive_is_whole(path) else -1
    match = _STEP.search(path.name)
    return int(match[1]) if match else -1


def _fresh(path: Path) -> Path:
    for attempt in range(1, 1000):
        folder = path if attempt == 1 else path.with_name(f"{path.name}_{attempt}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise OSError(f"could not make a directory {path} or with a number after it")
