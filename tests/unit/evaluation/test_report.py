from __future__ import annotations

import re

import numpy as np

from hairgan.evaluation.report import comparison, differences, write_report
from hairgan.evaluation.result import Evaluation, Picture, Table
from hairgan.metrics.definitions import DEFINITIONS, define, readable
from hairgan.metrics.perceptual import LPIPS
from hairgan.metrics.reconstruction import Reconstruction

FACTS = {"protocol": "embedded", "dataset": "abc", "step": 3, "max_sources": None, "versions": {"torch": "2.15"}}


def an_evaluation(value: float = 1.5) -> Evaluation:
    matrix = Table("fid_embedded, latent", ["a", "b"], [("a", [None, 1.0]), ("b", [2.0, None]), ("mean", [2.0, 1.0])])
    picture = Picture("<faces>", np.zeros((8, 8, 3), np.uint8), "a note", section="Examples")
    name = "latent/fid_embedded/mean"
    return Evaluation({name: value}, {}, (name,), [matrix], [picture])


def test_a_page_that_needs_nothing_else(tmp_path):
    page = write_report(tmp_path / "report.html", {"run": an_evaluation()}, {"run": FACTS}).read_text()
    assert not re.findall(r"""(?:src|href)=["'](?!data:)|url\(|@import|<script""", page)
    assert DEFINITIONS["fid_embedded"].text in page and "1.500 ↓" in page and "fid_embedded, latent" in page
    assert "&lt;faces&gt;" in page and "<faces>" not in page
    assert page.count("background:rgba") == 4  # the matrix is shaded, its empty places are not
    assert "<dd>torch 2.15</dd>" in page and "<dd>all</dd>" in page


def test_side_by_side_says_whether_numbers_compare(tmp_path):
    both = {"one": an_evaluation(), "two": an_evaluation(2.5)}
    assert comparison(both).rows == [("fid_embedded, latent", [1.5, 2.5])]
    assert differences({"one": FACTS, "two": FACTS | {"step": 4}}) == []
    assert differences({"one": FACTS, "two": FACTS | {"dataset": "xyz"}}) == ["dataset: abc (one), xyz (two)"]
    page = write_report(tmp_path / "r.html", both, {"one": FACTS, "two": FACTS | {"dataset": "xyz"}}).read_text()
    assert "do not compare" in page and "dataset: abc (one), xyz (two)" in page


def test_names_of_values_have_definitions():
    assert define("latent/fid_embedded/mean") is DEFINITIONS["fid_embedded"]
    assert define("edits/outside_psnr") is DEFINITIONS["outside_psnr"]
    assert define("step") is None
    assert readable("reference/lpips_diversity/mean") == "lpips_diversity, reference"
    assert all(define(name) for name in Reconstruction(LPIPS("embedded")).names)
