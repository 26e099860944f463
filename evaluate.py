"""Measure a trained model: `python evaluate.py run=outputs/stargan/DATE_TIME`.

The evaluation itself is `lightning_modules.launch.evaluation.evaluate`. Like the run of `train.py`, it is imported when
it starts.
"""

from __future__ import annotations

import hydra
from omegaconf import DictConfig

from lightning_modules.launch import command_line
from lightning_modules.launch.errors import errors_as_sentences


@hydra.main(version_base="1.3", config_path="conf", config_name="evaluate")
def main(cfg: DictConfig) -> None:
    """Evaluate, and print the main numbers and the path of the report."""
    with errors_as_sentences("evaluate.py"):
        from lightning_modules.launch.evaluation import evaluate
        from lightning_modules.launch.processes import disconnect

        evaluate(cfg)
        disconnect()


if __name__ == "__main__":
    command_line.prepare("evaluate.py")
    with errors_as_sentences("evaluate.py"):
        main()
