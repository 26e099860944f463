import json
from dataclasses import replace
from itertools import islice

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from hairgan.cli.editbench import editbench
from hairgan.editbench import BASELINES, SEED, cases, contact_sheet, run, table
from hairgan.editbench.dye_kinds import dye_kind
from hairgan.editbench.methods import apply
from hairgan.editbench.salon import SalonMethod
from hairgan.editbench.scoring import score
from hairgan.editing.salon import Salon
from hairgan.metrics.perceptual import LPIPS
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.sean import SEANGenerator
from hairgan.networks.stargan import Generator, MappingNetwork, StyleEncoder
from hairgan.pictures import GAP
from hairgan.regions import NUM_REGIONS, Region
from hairgan.weights.bundles import save_bundle
from hairgan.weights.shipped import REMARK

SIZE = 64


@pytest.fixture(scope="module")
def asked():
    return {task: list(cases(task, 3, SIZE)) for task in ("dye", "restyle")}


@pytest.fixture(scope="module")
def results():
    class Oracle:
        def edit_with_truth(self, case, truth):
            return truth.image

    found = run(
        {**BASELINES, "oracle": Oracle()}, pairs=3, size=SIZE, parser=lambda image: np.full(image.shape[:2], 13)
    )
    return {(result.task, result.method): result for result in found}


def test_the_same_person_with_other_hair(asked):
    for case, truth in ((solved.case, solved.truth) for solved in asked["dye"]):
        np.testing.assert_array_equal(truth.labels, case.source_labels)
        hair = case.source_labels == Region.HAIR
        assert (truth.image != case.source).any(-1)[hair].mean() > 0.9
        assert (truth.image != case.source).any(-1)[~hair].mean() < 0.1
    for case, truth in ((solved.case, solved.truth) for solved in asked["restyle"]):
        assert ((truth.labels == Region.HAIR) != (case.source_labels == Region.HAIR)).mean() > 0.01
        assert case.target_domain in {"long_straight", "long_perm", "bob", "short"}


def test_a_smaller_run_has_the_first_cases_of_a_larger_one(asked):
    again = list(cases("restyle", 2, SIZE))
    for solved, first in zip(again, asked["restyle"], strict=False):
        np.testing.assert_array_equal(solved.case.source, first.case.source)
        np.testing.assert_array_equal(solved.truth.image, first.truth.image)
    other = next(cases("restyle", 1, SIZE, seed=SEED + 1))
    assert (other.case.source != again[0].case.source).any()


def test_the_truth_has_no_error(results):
    for task in ("dye", "restyle"):
        scores = results[task, "oracle"].scores
        for part in ("hair", "outside"):
            assert scores[f"{part}_rmse"] == scores[f"{part}_ciede2000"] == 0
            assert scores[f"{part}_lpips_embedded"] == pytest.approx(0, abs=1e-9)
            assert scores[f"{part}_psnr"] == 100


def test_baselines(results, asked):
    dye = {method: results["dye", method].scores for method in BASELINES}
    assert dye["Lab color transfer"]["hair_ciede2000"] < 0.7 * dye["copy the source"]["hair_ciede2000"]
    assert dye["Lab color transfer"]["beyond_bytes_changed"] == dye["copy the source"]["beyond_bytes_changed"] == 0
    assert dye["paste the reference's hair"]["beyond_bytes_changed"] > 0
    error = [
        np.sqrt(((c.source[h] / 255.0 - t.image[h] / 255.0) ** 2).mean())
        for c, t in ((solved.case, solved.truth) for solved in asked["dye"])
        for h in [c.source_labels == Region.HAIR]
    ]
    assert dye["copy the source"]["hair_rmse"] == pytest.approx(np.mean(error), rel=1e-5)
    iou = np.mean([(c.source_labels == Region.HAIR).mean() for c in (solved.case for solved in asked["dye"])])
    assert dye["copy the source"]["hair_iou"] == pytest.approx(iou, rel=1e-5)


def test_an_old_outline_that_is_left_counts(asked):
    """The truth with the source's pixels on a line along the old hair, outside the new."""
    solved = max(asked["restyle"], key=lambda s: ((s.case.source_labels == 13) & (s.truth.labels != 13)).sum())
    lpips = LPIPS("embedded")
    edge = cv2.morphologyEx((solved.case.source_labels == 13).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3)))
    line = (edge > 0) & (solved.truth.labels != 13)
    with_line = np.where(line[..., None], solved.case.source, solved.truth.image)
    left = score(with_line, solved, lpips)["leftover_outline"]
    assert score(solved.truth.image, solved, lpips)["leftover_outline"] == 0 < left
    within = np.where((solved.truth.labels == 13)[..., None], np.uint8(0), solved.truth.image)
    assert score(within, solved, lpips)["leftover_outline"] == 0


def test_dyes_are_sorted_by_the_change_in_lightness(asked, results):
    solved = asked["dye"][0]
    dark, light = (np.full_like(solved.case.source, value) for value in (40, 140))

    def kind(old, new):
        case, truth = replace(solved.case, source=old), replace(solved.truth, image=new)
        return dye_kind(replace(solved, case=case, truth=truth))

    assert [kind(dark, light), kind(light, dark), kind(dark, dark + 5)] == ["lighter", "darker", "hue"]
    kinds = results["dye", "copy the source"].kinds
    assert sum(scores["cases"] for scores in kinds.values()) == 3
    mean = sum(scores["cases"] * scores["hair_rmse"] for scores in kinds.values()) / 3
    assert mean == pytest.approx(results["dye", "copy the source"].scores["hair_rmse"])
    assert results["restyle", "copy the source"].kinds == {}


def test_table_and_sheet(results):
    text = table(list(results.values()))
    fingerprint = results["dye", "oracle"].fingerprint
    assert text.count(f"**dye**, 3 pairs, 64 px, seed 7919, pictures {fingerprint}\n") == 1
    assert fingerprint != results["restyle", "oracle"].fingerprint
    assert len(text.splitlines()) == 3 * (2 + 4 + 1) + 2 * 2 - 1  # three tables of four rows, two titles
    assert text.count("| oracle |") == 3 and ": hair ciede2000 |" in text
    sheet = contact_sheet(BASELINES, "dye", pairs=2, size=SIZE)
    solved = next(islice(cases("dye", 2, SIZE), 1, None))
    row = sheet[-SIZE - GAP : -GAP]
    places = [
        next(x for x in range(row.shape[1]) if np.array_equal(row[:, x : x + SIZE], picture))
        for picture in (solved.case.source, solved.case.reference, solved.truth.image)
    ]
    assert places == sorted(places)


def test_without_a_bundle_the_shipped_one_is_scored(tmp_path, monkeypatch):
    monkeypatch.delenv("HAIRGAN_BUNDLE", raising=False)
    done = CliRunner().invoke(editbench, ["--pairs", "1", "--size", "48", "--output", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert done.output.count("| Lab color transfer |") == 3
    assert REMARK in done.stderr
    assert done.output.count("\n| dye |") == 2  # the second time by kind
    assert done.output.count("\n| restyle layer |") == 1
    assert "| restyle preserve |" not in done.output
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"results.json", "dye.png", "restyle.png"}
    for name in ("hairgan.editbench:absent", "hairgan.editbench:SEED", "nothing"):
        failed = CliRunner().invoke(editbench, ["--method", name])
        assert f"--method {name}" in str(failed.exception)


def test_a_method_of_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "of_mine_in_this_folder.py").write_text("def edit(case):\n    return case.reference\n")
    monkeypatch.chdir(tmp_path)
    method = ["--method", "of_mine_in_this_folder:edit"]
    done = CliRunner().invoke(editbench, ["--pairs", "1", "--size", "48", *method])
    assert done.exit_code == 0 and done.output.count("| of_mine_in_this_folder:edit |") == 3


def test_a_bundle_is_scored(tmp_path):
    torch.manual_seed(0)
    shared = {"image_size": 32, "base_width": 8, "max_width": 16}
    domains = ["short", "bob"]
    networks = {
        "parser": BiSeNet(base_width=8),
        "sean": SEANGenerator(32, width=4, style_dim=8),
        "stargan_generator": Generator(w_hpf=0.0, style_dim=8, **shared),
        "mapping_network": MappingNetwork(2, style_dim=8, hidden_dim=16),
        "style_encoder": StyleEncoder(num_domains=2, style_dim=8, **shared),
    }
    save_bundle(tmp_path / "bundle", {name: n.eval() for name, n in networks.items()}, domains=domains)
    asked = ["--bundle", str(tmp_path / "bundle"), "--pairs", "1", "--size", "64"]
    truths = ["--truth", "color", "--truth", "layout", "--hair-iou"]
    done = CliRunner().invoke(editbench, [*asked, *truths, "--output", str(tmp_path / "out")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert all(0 <= r["scores"]["hair_iou"] <= 1 for r in results)
    rows = [(r["task"], r["method"]) for r in results]
    assert [name for task, name in rows if task == "dye"] == [*BASELINES, "dye", "dye, true color"]
    assert [name for task, name in rows if task == "restyle"] == [
        *BASELINES,
        *(f"restyle {mode}{true}" for mode in ("preserve", "seed") for true in ("", ", true color", ", true layout")),
    ]


def test_a_refused_case_is_counted_and_its_edit_is_the_source(asked):
    class Blind(nn.Module):
        """A parser that sees no hair."""

        image_size = SIZE

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, images):
            return torch.zeros(len(images), NUM_REGIONS, SIZE, SIZE)

    method, solved = SalonMethod(Salon(Blind())), asked["dye"][0]
    assert apply("dye", method, solved) is solved.case.source and method.refused == 1


def test_wrong_use():
    with pytest.raises(ValueError, match="half: the edit of dye case 0 is uint8 of shape"):
        run({"half": lambda case: case.source[:32]}, pairs=1, size=SIZE, tasks=("dye",), lpips=LPIPS("embedded"))
    with pytest.raises(ValueError, match="the tasks are dye, restyle"):
        cases("shave", 1, SIZE)


def test_results_are_not_overwritten_without_the_option(tmp_path):
    (tmp_path / "dye.png").write_text("mine")
    arguments = ["--pairs", "1", "--size", "32", "--output", str(tmp_path)]
    with pytest.raises(ValueError, match=r"dye\.png exists already: choose another name with --output"):
        CliRunner().invoke(editbench, arguments, catch_exceptions=False)
    assert [path.name for path in tmp_path.iterdir()] == ["dye.png"]
    assert CliRunner().invoke(editbench, [*arguments, "--overwrite"], catch_exceptions=False).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"dye.png", "restyle.png", "results.json"}


def test_unknown_stages_are_refused_before_anything_is_drawn(monkeypatch):
    monkeypatch.delenv("HAIRGAN_BUNDLE", raising=False)
    with pytest.raises(ValueError, match="there is no stage 'hat'"):
        CliRunner().invoke(editbench, ["--truth", "hat"], catch_exceptions=False)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (".x:y", "must be MODULE:CALLABLE"),
        ("unfinished:edit", "SyntaxError.*must be MODULE:CALLABLE"),
        ("json:loads", r"json:loads failed with dye case 0 \(TypeError"),
        ("builtins:id", "the edit of dye case 0 is not an array, but of type int"),
    ],
)
def test_methods_that_cannot_be_used(tmp_path, monkeypatch, name, message):
    (tmp_path / "unfinished.py").write_text("def edit(")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=message):
        CliRunner().invoke(editbench, ["--method", name, "--pairs", "1", "--size", "32"], catch_exceptions=False)
