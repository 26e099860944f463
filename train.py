"""Train a model: `python train.py model=stargan data=celeba_hq`.

The run itself is `lightning_modules.launch.training.train`. It is imported when a run starts, because it imports torch
and Lightning, which takes seconds: help, `--cfg job`, completion and mistakes on the command line do not wait for them.
"""

from __future__ import annotations

import hydra
from omegaconf import DictConfig

from lightning_modules.launch import command_line
from lightning_modules.launch.errors import errors_as_sentences


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float | None:
    """Train, and return the value of `optimized_metric`, if it is set."""
    with errors_as_sentences("train.py"):
        from lightning_modules.launch.training import train

        metrics = train(cfg)
    return metrics.get(cfg.optimized_metric) if cfg.get("optimized_metric") else None


if __name__ == "__main__":
    command_line.prepare("train.py")
    with errors_as_sentences("train.py"):
        main()
