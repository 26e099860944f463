"""Callbacks: what a run does besides training."""

from lightning_modules.callbacks.checkpoints import Checkpoints
from lightning_modules.callbacks.collapse_warning import CollapseWarning
from lightning_modules.callbacks.device_stats import DeviceStats
from lightning_modules.callbacks.early_stopping import EarlyStopping
from lightning_modules.callbacks.evaluate import Evaluate
from lightning_modules.callbacks.learning_rates import LearningRates
from lightning_modules.callbacks.loss_curves import LossCurves
from lightning_modules.callbacks.mean_style_codes import MeanStyleCodes
from lightning_modules.callbacks.progress import Progress
from lightning_modules.callbacks.sample_grids import SampleGrids

__all__ = [
    "Checkpoints",
    "CollapseWarning",
    "DeviceStats",
    "EarlyStopping",
    "Evaluate",
    "LearningRates",
    "LossCurves",
    "MeanStyleCodes",
    "Progress",
    "SampleGrids",
]
