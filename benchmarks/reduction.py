"""The all-reduce of a StarGAN v2 step between two CPU processes (gloo): one piece per phase against buckets of 25 MB.

PYTHONPATH=src OMP_NUM_THREADS=1 python -m benchmarks.reduction
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn

PHASES = {"d_latent": 20_900_000, "d_reference": 20_900_000, "g_latent": 61_500_000, "g_reference": 33_900_000}
"""Parameters that each phase updates, at 256 px."""
BUCKET = 25_000_000 // 4


def main() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn(measure, (port,), nprocs=2)


def measure(rank: int, port: int) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=2)
    gradients = torch.randn(max(PHASES.values()))

    def in_one_piece() -> None:
        for count in PHASES.values():
            dist.all_reduce(gradients[:count])

    def in_buckets() -> None:
        for count in PHASES.values():
            for work in [dist.all_reduce(part, async_op=True) for part in gradients[:count].split(BUCKET)]:
                work.wait()

    works: tuple[Callable[[], None], ...] = (in_one_piece, in_buckets)
    for number in range(4):  # the first warms up
        for work in works:
            dist.barrier()
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            if rank == 0 and number:
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                print(f"{work.__name__}: {wall:.2f} s, {cpu:.2f} CPU s", flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
