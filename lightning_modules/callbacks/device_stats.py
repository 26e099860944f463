"""Memory and use of the device, in the logs of a run."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

GB = 1e9


class DeviceStats(Callback):
    """Logs what the first process uses of its machine, with the losses.

    - `device/cpu_cores`: cores that it kept busy since the previous logged step, without its data loading processes.
    - `device/host_memory_gb`: most memory that it has had, in 10^9 bytes (not on Windows).
    - `device/memory_gb`, `device/memory_peak_gb`: GPU memory of its tensors, now and at most since the previous logged
      step (on Apple GPUs only now).

    Lightning's `DeviceStatsMonitor` logs about a hundred values of the memory allocator, and counts steps by batches of
    one start: the curves of a resumed run would begin at 0 again.
    """

    def __init__(self) -> None:
        self._since = (0.0, 0.0)  # seconds of the clock and of the processor

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
        self._since = (time.perf_counter(), time.process_time())

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: Any, *_: Any) -> None:
        if pl_module.steps_done % trainer.log_every_n_steps and pl_module.steps_done != 1:
            return
        now = (time.perf_counter(), time.process_time())
        stats = {"device/cpu_cores": (now[1] - self._since[1]) / max(now[0] - self._since[0], 1e-9)}
        self._since = now
        if sys.platform != "win32":
            import resource

            unit = 1 if sys.platform == "darwin" else 1024
            stats["device/host_memory_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / GB
        pl_module.log_to_loggers(stats | _gpu_memory(pl_module.device))


def _gpu_memory(device: torch.device) -> dict[str, float]:
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        return {"device/memory_gb": torch.cuda.memory_allocated(device) / GB, "device/memory_peak_gb": peak / GB}
    if device.type == "mps":
        return {"device/memory_gb": torch.mps.current_allocated_memory() / GB}
    return {}
