"""A run as a SLURM job: its number, and how it is queued again when its time is over."""

from __future__ import annotations

import os
import subprocess

from pytorch_lightning.plugins.environments import SLURMEnvironment


def job() -> str | None:
    """The number of this process's SLURM job, with its index in a job array; None outside of a job."""
    if not SLURMEnvironment.detect():
        return None
    array, task = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    return f"{array}_{task}" if array else os.environ.get("SLURM_JOB_ID")


def is_requeued() -> bool:
    """Whether this job ran before and was queued again."""
    return job() is not None and int(os.environ.get("SLURM_RESTART_COUNT", "0")) > 0


def requeue() -> None:
    """Queue this job again. It finds its run by the job's number, which stays the same.

    Raises:
        OSError: SLURM refused.
    """
    number = job()
    assert number is not None, "not in a SLURM job"
    done = subprocess.run(["scontrol", "requeue", number], capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"the run is saved, but scontrol could not queue job {number} again: {done.stderr.strip()}")
    print(f"job {number} is queued again", flush=True)
