"""Bundles of averaged weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from hairgan.cli import cli
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.weights.bundles import load_bundle, save_bundle
from hairgan.weights.model_cards import with_licenses
from hairgan.weights.shipped import SHIPPED


@pytest.fixture
def before(tmp_path: Path) -> BiSeNet:
    torch.manual_seed(0)
    parser = BiSeNet(base_width=4)
    said = {"training": {"parser": {"run": "first", "step": 9}}, "licence": {"parser": "cc-by-nc-4.0"}}
    save_bundle(tmp_path / "before", {"parser": parser}, **said)
    return parser


@pytest.fixture
def after(tmp_path: Path) -> BiSeNet:
    torch.manual_seed(1)
    parser = BiSeNet(base_width=4)
    parser.global_context.bn.num_batches_tracked.fill_(7)
    networks = {"parser": parser, "classifier": HairClassifier(base_width=4)}
    save_bundle(tmp_path / "after", networks, training={"parser": {"run": "second", "metrics": {"val/mean_iou": 0.5}}})
    return parser


def bundled(tmp_path: Path, *options: str) -> Result:
    arguments = ["bundle", str(tmp_path / "after"), "--out", str(tmp_path / "out"), *options]
    return CliRunner().invoke(cli, arguments)


@pytest.mark.parametrize(("options", "share"), [((), 0.5), (("--own-share", "0.8"), 0.8)])
def test_weights_lie_between_those_of_both(before, after, tmp_path, options, share) -> None:
    result = bundled(tmp_path, "--average-with", str(tmp_path / "before"), *options)
    assert result.exit_code == 0, result.output
    bundle = load_bundle(tmp_path / "out")
    found, first, second = (n.state_dict() for n in (bundle.networks["parser"], before, after))
    for name, value in second.items():
        wanted = (1 - share) * first[name] + share * value if value.is_floating_point() else value
        torch.testing.assert_close(found[name], wanted, rtol=1e-5, atol=1e-6)
    training = bundle.card["training"]["parser"]
    assert training["run"] == "second" and training["metrics_before_averaging"] == {"val/mean_iou": 0.5}
    assert "metrics" not in training
    assert training["averaged_with"] == {
        "source": "before", "own_share": share, "licence": "cc-by-nc-4.0", "training": {"run": "first", "step": 9},
    }  # fmt: skip
    assert "averaged_with" not in (bundle.card["training"].get("classifier") or {})


def test_an_average_is_under_the_licenses_of_both(before, after, tmp_path) -> None:
    bundled(tmp_path, "--average-with", str(tmp_path / "before"))
    card = load_bundle(tmp_path / "out").card
    with pytest.raises(ValueError, match=r"the license of parser is mit, .* \(weights under cc-by-nc-4\.0\)"):
        with_licenses({**card, "licence": {"parser": "mit", "classifier": "mit"}}, None, "mine")


def test_what_has_no_average_is_refused(before, after, tmp_path) -> None:
    save_bundle(tmp_path / "wider", {"parser": BiSeNet(base_width=8)})
    save_bundle(tmp_path / "other", {"classifier": HairClassifier(base_width=8)})
    for options, message in (
        (("--average-with", str(tmp_path / "wider")), "wider: parser is another network, or has other tensors"),
        (("--average-with", str(tmp_path / "other")), "other: classifier is another network, or has other tensors"),
        (("--average-with", str(tmp_path / "nothere")), "nothere"),
        (("--own-share", "0.4"), "--own-share is for an average: --average-with SOURCE"),
        (("--average-with", str(tmp_path / "before"), "--own-share", "1"), "1.0 is not in the range 0<x<1"),
    ):
        result = bundled(tmp_path, *options)
        said = result.output + str(result.exception)  # `hairgan` prints a ValueError as one sentence
        assert isinstance(result.exception, ValueError | SystemExit) and message in said, said
        assert not (tmp_path / "out").exists()


def test_the_bundle_that_ships_is_called_shipped(tmp_path) -> None:
    """As in `init=shipped`. The average of its networks with themselves is what they are."""
    arguments = ["bundle", str(SHIPPED), "--average-with", "shipped", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    found, own = (load_bundle(source).networks["parser"].state_dict() for source in (tmp_path / "out", SHIPPED))
    assert all(torch.equal(found[name], own[name]) for name in own)
    said = load_bundle(tmp_path / "out").card["training"]["parser"]["averaged_with"]["source"]
    assert said == "the bundle that came with hairgan then"
