"""A run made by older code (tests/data/make_old_files.py) can be continued."""

from __future__ import annotations

import tarfile

from datamodules.base import HairDataModule
from hairgan.weights import networks_from_run
from lightning_modules.launch.training import train
from tests.conftest import ROOT


def test_an_old_run_is_continued(compose_config, packed_faces, tmp_path, monkeypatch):
    with tarfile.open(ROOT / "tests" / "data" / "old_run.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    run = tmp_path / "run"
    assert compose_config().data.order == "counter"
    config = run / "config_as_written.yaml"  # its folders have moved
    moved = config.read_text().replace("/somewhere/faces", str(packed_faces(32))).replace("/somewhere", str(tmp_path))
    config.write_text(moved.replace("steps: 2\n", "steps: 3\n"))  # as on a command line
    orders = []
    monkeypatch.setattr(
        HairDataModule,
        "setup",
        lambda self, stage=None, setup=HairDataModule.setup: (orders.append(self.order), setup(self, stage)),
    )
    train(compose_config(f"resume={run}"))
    assert set(orders) == {"permutation"}, "it continues in the order of its time"
    networks, about = networks_from_run(run)
    assert about["step"] == 3 and networks["generator"].style_dim == 8
