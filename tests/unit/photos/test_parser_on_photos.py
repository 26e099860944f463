"""`benchmarks/parser_on_photos.py` reads true label maps beside photos and writes sheets."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import torch
from click.testing import CliRunner

from hairgan.networks.face_parser import BiSeNet
from hairgan.portraits.randomized import portrait
from hairgan.weights.bundles import save_bundle

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "parser_on_photos.py"


def test_photos_with_and_without_label_maps(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("parser_on_photos", SCRIPT)
    assert spec and spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    torch.manual_seed(0)
    save_bundle(tmp_path / "bundle", {"parser": BiSeNet(base_width=4, image_size=64)})
    (tmp_path / "photos" / "more").mkdir(parents=True)
    for index, name in enumerate(("a", "b", "more/c")):
        drawn = portrait(0, index, 64)
        cv2.imwrite(str(tmp_path / f"photos/{name}.jpg"), cv2.cvtColor(drawn.image, cv2.COLOR_RGB2BGR))
        if name != "b":
            cv2.imwrite(str(tmp_path / f"photos/{name}.png"), drawn.labels)
    arguments = [str(tmp_path / "bundle"), str(tmp_path / "photos"), "--out", str(tmp_path / "sheets")]
    output = CliRunner().invoke(script.main, arguments, catch_exceptions=False).output
    lines = output.splitlines()
    assert [line.split(":")[0].split()[1] for line in lines[:3]] == ["a.jpg", "b.jpg", "more/c.jpg"]
    assert ["IoU" in line for line in lines[:3]] == [True, False, True]
    assert lines[3].startswith("2 photos with label maps: hair_iou 0.")
    sheet = cv2.imread(str(tmp_path / "sheets" / "overlays_0.jpg"))
    assert sheet is not None and sheet.shape == (4 + 192 + 4, 4 + 3 * 2 * (192 + 4), 3)
