"""Two processes give the numbers of one."""

import json

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing

from hairgan.evaluation.real_statistics import StatisticsCache
from hairgan.evaluation.settings import EvaluationSettings
from hairgan.evaluation.stargan import measure_pairs
from hairgan.evaluation.translator import Translator
from hairgan.metrics.extractors import EmbeddedExtractor
from hairgan.metrics.generative import FID, KID
from hairgan.metrics.hair_edits import HairShapeIoU, OutsideHairChange
from hairgan.metrics.perceptual import LPIPS
from hairgan.metrics.reconstruction import Reconstruction
from tests.unit.evaluation.conftest import make_data, make_networks


def measure(folder, rank=0, world_size=1):
    """All metrics over this process's share of 15 images, an uneven one."""
    torch.set_num_threads(1)
    lpips = LPIPS("embedded")
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.rand(15, 3, 16, 16, generator=generator) * 2 - 1 for _ in range(2))
    labels = torch.randint(12, 15, (2, 15, 16, 16), generator=generator)
    mine = slice(rank, None, world_size)
    fid, kid = FID(EmbeddedExtractor()), KID(EmbeddedExtractor(), capacity=10)
    for metric in (fid, kid):
        metric.update(a[mine], real=True)
        metric.update(b[mine], real=False)
    reconstruction = Reconstruction(lpips)
    reconstruction.update(a[mine], b[mine])
    iou, outside = HairShapeIoU(), OutsideHairChange(lpips)
    iou.update(labels[0, mine], labels[1, mine])
    outside.update(a[mine], b[mine], labels[0, mine] == 13, labels[1, mine] == 13)
    scores = {"fid": fid.compute(), "kid": kid.compute()}
    scores |= reconstruction.compute() | iou.compute() | outside.compute()

    # the first process alone has stored statistics, of another run
    cache = StatisticsCache(folder / f"cache{rank}")
    settings = EvaluationSettings(("fid", "lpips"), "val", num_outputs=2, batch_size=32, cache=cache)
    scores |= measure_pairs(Translator(make_networks(), make_data(folder / f"data{rank}"), settings)).values
    return {name: float(value) for name, value in scores.items()}


def run(rank, folder):
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2)
    (folder / f"scores{rank}.json").write_text(json.dumps(measure(folder, rank, 2)))
    dist.destroy_process_group()


def test_two_processes_equal_one(tmp_path):
    threads = torch.get_num_threads()
    one = measure(tmp_path)
    torch.set_num_threads(threads)
    torch.multiprocessing.spawn(run, (tmp_path,), nprocs=2)
    for rank in range(2):
        two = json.loads((tmp_path / f"scores{rank}.json").read_text())
        assert two == pytest.approx(one, rel=1e-5, abs=1e-5)
