"""The programs `train.py`, `evaluate.py` and `sweep.py`: where they are, and what a user types to start them.

In a clone they stand at its top, with `conf/`, `lightning_modules/` and `datamodules/`. A wheel carries the same files
in `hairgan/training/`, where none of these names can collide with a user's own. A script finds the modules beside it,
so `hairgan train` in an installed package is `python train.py` in a clone, with the same names in configs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

PROGRAMS = ("train", "evaluate", "sweep")
STARTED_BY = "HAIRGAN_STARTED_BY"
"""Environment variable that is `hairgan` in programs that this command started."""

_INSTALLED = Path(__file__).resolve().parent / "training"


def is_installed() -> bool:
    """Whether this is an installed package, not a clone (or an editable install of one)."""
    return _INSTALLED.is_dir()


def folder() -> Path:
    """The folder with the programs, their modules and `conf/`."""
    return _INSTALLED if is_installed() else _INSTALLED.parents[2]


def config_dir() -> Path:
    """The folder of configuration files."""
    return folder() / "conf"


def command(program: str) -> str:
    """What a user types to start a program: `python train.py` in a clone, otherwise `hairgan train`.

    Args:
        program: `train`, `evaluate` or `sweep`.
    """
    return f"hairgan {program}" if _typed_hairgan() else f"python {program}.py"


def spoken(program: str) -> str:
    """A program's name in messages: `train.py` in a clone, otherwise `hairgan train`."""
    return command(program).removeprefix("python ")


def _typed_hairgan() -> bool:
    return is_installed() or os.environ.get(STARTED_BY) == "hairgan"


def start(program: str, words: Sequence[str]) -> NoReturn:
    """Become a program, with the words of its command line.

    The process is replaced, so that signals, exit codes and the processes that a program starts are those of
    `python train.py`. Its processes find its modules, whatever starts them, by `PYTHONPATH`.
    """
    script = folder() / f"{program}.py"
    paths = [str(script.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, STARTED_BY: "hairgan", "PYTHONPATH": os.pathsep.join(paths)}
    line = [sys.executable, str(script), *words]
    sys.stdout.flush()
    if sys.platform == "win32":  # where exec returns to the shell at once
        sys.exit(subprocess.call(line, env=environment))
    os.execve(sys.executable, line, environment)
