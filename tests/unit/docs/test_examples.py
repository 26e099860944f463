"""The examples of the pages do what the pages say. The network's is in tests/integration/test_own_parts.py, the
metric's there too."""

from __future__ import annotations

import json
import re

import cv2
import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from hydra.utils import instantiate
from PIL import Image

from hairgan.cli import cli
from hairgan.data.packed_dataset import PackedDataset
from hairgan.portraits import portrait
from hairgan.regions import Region
from tests.unit.docs.commands import PAGES, commands
from tests.unit.docs.examples import example

SIZE, MARGIN = 256, 64


def run(words: list[str]) -> str:
    """What a command prints; it must succeed."""
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_domains_of_ones_own(packed_faces):
    domains = instantiate(yaml.safe_load(example("own_photos.md", "conf/data/domains/my_domains.yaml")))
    dataset = PackedDataset.open(packed_faces(32))
    counts = dict(zip(domains.names, domains.membership(dataset.attributes).sum(0), strict=True))
    assert list(counts) == ["fringe", "wavy_bob", "grey_long"] and counts["fringe"] == 90
    assert all(0 < counts[name] < 60 for name in ("wavy_bob", "grey_long"))


@pytest.fixture
def photo(tmp_path, monkeypatch):
    """A drawn person in a wider photo, in the current folder."""
    person = portrait(0, 4, SIZE)
    canvas = np.full((SIZE + 2 * MARGIN, SIZE + 2 * MARGIN, 3), 128, np.uint8)
    canvas[MARGIN:-MARGIN, MARGIN:-MARGIN] = person.image
    Image.fromarray(canvas).save(tmp_path / "me.png")
    monkeypatch.chdir(tmp_path)
    return person


def test_a_face_detector_of_ones_own(photo, tmp_path, monkeypatch):
    def center(*regions: Region) -> np.ndarray:
        y, x = np.nonzero(np.isin(photo.labels, regions))
        return np.array([x.mean(), y.mean()]) + MARGIN

    lips = np.nonzero(np.isin(photo.labels, (Region.U_LIP, Region.L_LIP, Region.MOUTH)))
    corners = [(lips[1].min() + MARGIN, lips[0].mean() + MARGIN), (lips[1].max() + MARGIN, lips[0].mean() + MARGIN)]
    points = [center(Region.R_EYE), center(Region.L_EYE), center(Region.NOSE), *corners]

    class YuNet:
        """OpenCV's interface: rows of x, y, width, height, the subject's right eye, left eye, ..., score."""

        def setInputSize(self, size):
            assert size == (SIZE + 2 * MARGIN, SIZE + 2 * MARGIN)

        def detect(self, bgr):
            blue = bgr[0, 0, 0]
            return 1, np.array([[0, 0, 9, 9, *np.ravel(points), 0.9]], np.float32) if blue == 128 else None

    monkeypatch.setattr(cv2.FaceDetectorYN, "create", lambda *arguments, **options: YuNet())
    (tmp_path / "my_detector.py").write_text(example("extending.md", "my_detector.py"))
    monkeypatch.syspath_prepend(tmp_path)
    found = json.loads(run(["parse", "me.png", "--json", "--detector", "my_detector:find_faces"]).splitlines()[-1])
    labels = np.array(Image.open(found["labels"]))[MARGIN:-MARGIN, MARGIN:-MARGIN]
    true, parsed = photo.labels == Region.HAIR, labels == Region.HAIR
    assert (true & parsed).sum() / (true | parsed).sum() > 0.7


def test_the_first_page_runs(tmp_path, monkeypatch):
    """Every `hairgan` command of docs/start.md but the app, in its order, and its Python."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HAIRGAN_BUNDLE", raising=False)
    (page,) = [page for page in PAGES if page.name == "start.md"]
    done = []
    for program, words in commands(page):
        if program != "hairgan" or words == ["app"]:
            continue
        run([word if word != "512" else "128" for word in words])  # as small as is quick
        done.append(words[0])
        if words[0] == "portraits":
            for copied, name in re.findall(r"cp (people/\S+) (\S+)", page.read_text()):
                (tmp_path / copied).rename(name)
    assert done == ["portraits", "dye", "dye", "restyle", "restyle"]
    for name in ("me_dyed.png", "like_her.png", "me_restyled.png", "restyled_like_her.png"):
        assert Image.open(tmp_path / name).size == (128, 128), name
    code = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    exec("\n".join(code), {})
    dyed, before = np.array(Image.open("dyed.png")), np.array(Image.open("me.jpg"))
    assert dyed.shape == before.shape and (dyed != before).any()
