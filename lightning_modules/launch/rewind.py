"""Continuing from an older checkpoint: later files of the run are moved to a run directory of their own."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from hairgan.files import put_in_place
from hairgan.weights.files import archive_is_whole
from hairgan.weights.runs import BEST, CONFIG, FOLDER
from lightning_modules.launch import record
from lightning_modules.launch.folders import make_new_folder
from lightning_modules.launch.run_directory import steps_of

COPIED = (CONFIG, record.AS_WRITTEN, record.RECORD, "metrics.csv", "curves.png")
MOVED = (FOLDER, "samples")
_STEP = re.compile(r"_(\d{8,})\.\w+")


def rewind_run(run_dir: Path, checkpoint: Path | None, step: int) -> Path | None:
    """Make a checkpoint the newest of its run, and move later checkpoints and samples to a run directory of their own.

    Otherwise they would be mixed with the files that the run writes next, and be overwritten by them.

    Args:
        run_dir: the run.
        checkpoint: the one that the run continues from; None to start from the first step.
        step: the step of the checkpoint.

    Returns:
        `RUN/until_step_NNNNNNNN`, which can be continued, evaluated and bundled like any run directory; None where
        no checkpoint was later.
    """
    if checkpoint is not None:
        _name_by_step(checkpoint, run_dir / FOLDER / f"step_{step:08d}.ckpt")
    later = {path: at for folder in MOVED for path in (run_dir / folder).glob("*") if (at := _step(path)) > step}
    checkpoints = [at for path, at in later.items() if path.suffix == ".ckpt"]
    if not checkpoints:
        return None
    aside = make_new_folder(run_dir / f"until_step_{max(checkpoints):08d}")
    for name in COPIED:
        if (run_dir / name).is_file():
            shutil.copy2(run_dir / name, aside / name)
    # newest first, so that a kill in between leaves a run that ends at some earlier step
    for path in sorted(later, key=later.__getitem__, reverse=True):
        target = aside / path.relative_to(run_dir)
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
    return aside


def _name_by_step(checkpoint: Path, name: Path) -> None:
    """Give a checkpoint of any name (`best.ckpt`, or a copy made by the user) the name by which a run finds it."""
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
    """The step of a file, from its name, or for the best checkpoint from its content; -1 if unknown."""
    if path.name == BEST:
        return steps_of(path) if archive_is_whole(path) else -1
    match = _STEP.search(path.name)
    return int(match[1]) if match else -1
