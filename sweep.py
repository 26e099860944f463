"""Search for settings: `python sweep.py sweep=tpe experiment=quickstart`.

A study is a file that any number of workers share. To add a worker, start the same command in another terminal or job;
after a kill, the same command continues the study. A worker runs one trial at a time, in `trial_NNN` beside the file.

The search itself is `lightning_modules.sweeps.search.sweep`. Like the run of `train.py`, it is imported when it starts.
"""

from __future__ import annotations

import hydra
from omegaconf import DictConfig

from lightning_modules.launch import command_line
from lightning_modules.launch.errors import errors_as_sentences


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> None:
    """Run the sweep that the config's `sweep` group describes."""
    with errors_as_sentences("sweep.py"):
        from lightning_modules.sweeps.search import sweep

        sweep(cfg)


if __name__ == "__main__":
    command_line.prepare("sweep.py")
    with errors_as_sentences("sweep.py"):
        main()
