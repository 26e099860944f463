"""`evaluate.py` on small runs: subsets, judges, two processes, and errors of the user."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hydra import compose, initialize_config_dir

from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.packing import pack
from hairgan.evaluation import sean
from hairgan.evaluation.judges import Judges
from hairgan.metrics.registry import value_names
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.weights.bundles import save_bundle
from hairgan.weights.runs import find_checkpoint
from hairgan.weights.trusted import trusting
from lightning_modules.callbacks import evaluate as evaluate_callback
from lightning_modules.launch import evaluated_run
from lightning_modules.launch.evaluation import evaluate
from lightning_modules.launch.training import train
from tests.conftest import ROOT, Faces
from tests.integration import runs
from tests.integration.conftest import GANS

SMALL = ["num_outputs=2", "max_sources=5", "batch_size=4"]


@pytest.fixture
def measure(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Evaluates with the real config; returns the content of `metrics.json`."""

    def measure(*overrides: str) -> dict[str, Any]:
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            evaluate(compose("evaluate", [f"out={tmp_path / 'out'}", *SMALL, *overrides]))
        return json.loads((tmp_path / "out" / "metrics.json").read_text())

    return measure


@pytest.fixture
def run_of(settings, compose_config, tmp_path: Path) -> Callable[..., Path]:
    """Trains a model for one step; returns its run directory."""

    def make(model: str, *overrides: str) -> Path:
        train(compose_config(*settings(model, steps=1, run_dir=tmp_path / model), *overrides))
        return tmp_path / model

    return make


@pytest.fixture(scope="module")
def judges(tmp_path_factory) -> Path:
    """A bundle of an untrained classifier and an untrained parser."""
    torch.manual_seed(0)
    networks = {"classifier": HairClassifier(depth=18, base_width=8).eval(), "parser": BiSeNet(base_width=8).eval()}
    path: Path = tmp_path_factory.mktemp("bundles") / "judges"
    save_bundle(path, networks)
    return path


@pytest.mark.parametrize("model", GANS)
def test_two_processes_measure_the_values_of_one(model, run_of, judges, tmp_path):
    shared = [f"run={run_of(model)}", *SMALL, f"classifier={judges}", f"parser={judges}"]
    one = runs.start([*shared, f"out={tmp_path / 'one'}"], tmp_path / "log.one", script="evaluate.py")
    port = runs.free_port()
    two = [
        runs.start(
            [*shared, f"out={tmp_path / 'two'}"],
            tmp_path / f"log.{rank}",
            runs.torchrun_variables(rank, 2, port),
            script="evaluate.py",
        )
        for rank in range(2)
    ]
    for process in (one, *two):
        process.join(120)
    assert [process.exitcode for process in (one, *two)] == [0, 0, 0], runs.read_log(tmp_path / "log.0")[-3000:]
    of_one, of_two = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("one", "two"))
    assert (of_one["processes"], of_two["processes"]) == (1, 2)
    of_one, of_two = ({k: v for k, v in each["values"].items() if v is not None} for each in (of_one, of_two))
    assert len(of_one) > 8
    for values in (of_one, of_two):
        assert values.pop("cost/seconds_per_image") > 0
    assert of_two == pytest.approx(of_one, rel=1e-5, abs=1e-5)


def test_domain_accuracy_and_subsets(run_of, measure, judges):
    run = run_of("stargan")
    result = measure(f"run={run}", f"classifier={judges}", "metrics=[domain_accuracy]", "modes=[latent]")
    values = result["values"]
    assert {name.split("/")[1] for name in values if name.startswith("latent/")} == {"domain_accuracy", "seen_as"}
    # with two exclusive domains the accuracy of a pair is the share of the target's outputs that are seen in it
    assert values["latent/domain_accuracy/female2male"] == values["latent/seen_as/male/male"]
    assert values["latent/seen_as/male/male"] + values["latent/seen_as/male/female"] == pytest.approx(1)
    assert result["classifier"] == str(judges) and "lpips_hash" not in result
    assert {name.split("/")[1] for name in measure(f"run={run}", "metrics=[lpips]")["values"] if "mean" in name} == {
        "lpips_embedded_diversity"
    }


@pytest.mark.parametrize("model", GANS)
def test_identity_and_cost(model, run_of, measure, tmp_path):
    embedder = tmp_path / "embedder.onnx"
    network = torch.nn.Sequential(torch.nn.AvgPool2d(4), torch.nn.Flatten())
    example, batch = (torch.zeros(1, 3, 16, 16),), {"images": {0: "b"}}
    torch.onnx.export(network, example, str(embedder), dynamo=False, input_names=["images"], dynamic_axes=batch)
    result = measure(f"run={run_of(model)}", f"embedder={embedder}", "metrics=[identity,cost]")
    values = result["values"]
    assert set(value_names(model, ("identity", "cost"))) <= set(values), "all declared values are measured"
    identities = [value for name, value in values.items() if "identity_similarity" in name]
    assert identities and all(-1 <= value <= 1 for value in identities)
    assert all(values[f"cost/{name}"] > 0 for name in ("million_parameters", "giga_multiply_adds"))
    assert result["embedder"] == str(embedder) and len(result["embedder_hash"]) == 16


def test_metrics_of_sean_are_equal_in_training_and_in_evaluate(run_of, measure, judges):
    options = f"every_n_steps:1,max_sources:5,batch_size:4,cache:${{paths.cache}},parser:{judges}"
    run = run_of(
        "sean",
        f"callbacks.generative_metrics={{_target_:lightning_modules.callbacks.Evaluate,{options}}}",
        f"callbacks.edit_metrics={{_target_:lightning_modules.callbacks.EditMetrics,{options}}}",
        f"+callbacks.segmentation_metrics={{_target_:lightning_modules.callbacks.SegmentationMetrics,{options}}}",
    )
    (row,) = runs.logged(run)
    logged = {name.removeprefix("metrics/"): v for name, v in row.items() if name.startswith("metrics/")}
    assert {"fid_embedded", "ssim", "edits/hair_color_distance", "edits/hair_iou", "segmentation/mean_iou"} <= set(
        logged
    )
    names = value_names("sean", ("fid", "reconstruction", "edits", "segmentation"), with_parser=True)
    assert set(logged) == set(names), "the declared values are measured"
    values = measure(f"run={run}", f"parser={judges}")["values"]
    assert logged == pytest.approx({name: values[name] for name in logged}, rel=1e-4, nan_ok=True)


def test_a_failed_evaluation_is_skipped_when_the_best_checkpoint_is_chosen(
    settings, compose_config, tmp_path, monkeypatch
):
    def failing(*arguments: Any, original=evaluate_callback.evaluate_networks, **options: Any) -> Any:
        if not (tmp_path / "run" / "checkpoints" / "step_00000001.ckpt").exists():
            raise ValueError("the domain bob has no images")
        return original(*arguments, **options)

    monkeypatch.setattr(evaluate_callback, "evaluate_networks", failing)
    options = "every_n_steps:1,max_sources:2,num_outputs:2,cache:${paths.cache}"
    best = [f"callbacks.checkpoints.{setting}" for setting in ("mode=min", "every_n_steps=1")]
    with pytest.warns(UserWarning, match=r"step 1: generative_metrics failed .* \(ValueError: the domain bob has no"):
        train(compose_config(
            *settings("stargan", steps=2, run_dir=tmp_path / "run"), *best,
            f"callbacks.generative_metrics={{_target_:lightning_modules.callbacks.Evaluate,{options}}}",
            "callbacks.checkpoints.monitor=metrics/latent/fid_embedded/mean",
        ))  # fmt: skip
    first, second = runs.logged(tmp_path / "run")
    assert first["failed/generative_metrics"] == 1 and "failed/generative_metrics" not in second
    measured = {name for name in second if name.startswith("metrics/")}
    assert measured == {f"metrics/{name}" for name in value_names("stargan", ("fid", "lpips"))}
    assert not [name for name in first if name.startswith("metrics/")]
    assert torch.load(find_checkpoint(tmp_path / "run", "best"), weights_only=True)["steps_done"] == 2


def test_editbench_is_a_default_metric_for_drawn_people_only(tmp_path):
    for kind in ("portraits", "test faces"):
        out = tmp_path / kind
        pack(Faces(32), 2, out, size=32, source={"kind": kind}, workers=0, progress=False)
        metrics = sean.default_metrics(PackedDataset.open(out), Judges())
        assert ("editbench" in metrics) == (kind == "portraits")


def test_several_runs_are_compared(run_of, measure, tmp_path):
    first = run_of("stargan")
    second = tmp_path / "other" / "stargan"
    shutil.copytree(first, second)
    result = measure(f"runs=[{first},{second}]", "metrics=[lpips]", "modes=[latent]")
    assert len({str(sorted(each["values"].items())) for each in result.values()}) == 1 < len(result)
    page = (tmp_path / "out" / "report.html").read_text()
    assert "the numbers compare" in page and "http" not in page
    for _ in range(2):
        measure(
            f"runs=[{first},{second}]", "metrics=[lpips]", "modes=[latent]", "out=null", f"paths.outputs={tmp_path}"
        )
    one, other = (tmp_path / "comparisons").iterdir()  # a comparison does not overwrite the one before
    assert (one / "report.html").is_file() and (other / "metrics.json").is_file()
    assert not (ROOT / "comparison").exists()


def test_errors_of_every_run_are_raised_before_networks_are_loaded(run_of, measure, judges, tmp_path, monkeypatch):
    """Not only errors of the first run."""

    def load(*_: Any, **__: Any) -> None:
        raise AssertionError("networks were loaded")

    monkeypatch.setattr(evaluated_run, "networks_from_run", load)
    run = run_of("stargan")
    sean_run = run_of("sean")
    for file in ("config.yaml", "checkpoints"):
        (tmp_path / f"without_{file}").mkdir()
    shutil.copy(run / "config.yaml", tmp_path / "without_checkpoints")
    damaged = tmp_path / "damaged"
    for name, change in {
        "no_data": lambda config: config.pop("data"),
        "no_model": lambda config: config.update(model=[]),
        "no_networks": lambda config: config.update(model={"lambda": 1}),
        "no_cache": lambda config: config.update(paths={}),
        "code": lambda config: config["data"].update(_target_="os.system"),
        "missing_data": lambda config: config["data"].update(root=str(tmp_path / "gone")),
    }.items():
        config = yaml.safe_load((run / "config.yaml").read_text())
        change(config)
        shutil.copytree(run, damaged / name)
        (damaged / name / "config.yaml").write_text(yaml.safe_dump(config))
    for second, sentence in {
        "gone": "is not a run directory: there is no config.yaml in it",
        "without_config.yaml": "is not a run directory",
        "without_checkpoints": "no checkpoint under",
        "damaged/no_data": "config.yaml: data must be a mapping",
        "damaged/no_model": "config.yaml: model must be a mapping",
        "damaged/no_networks": "there is no evaluation for networks named lambda",
        "damaged/no_cache": "paths.cache must be",
        "damaged/code": "names os.system as data, which is not a part",
        "damaged/missing_data": "gone",
    }.items():
        with pytest.raises((ValueError, OSError), match=sentence):
            measure(f"runs=[{run},{tmp_path / second}]")
    for overrides, sentence in {
        ("metrics=[fid]", f"classifier={tmp_path / 'gone'}"): "gone",
        ("metrics=[fid]", f"parser={run}"): f"{run} has no part 'parser'",
        ("metrics=[kid]",): "no metric 'kid' for stargan",
        ("metrics=[fid]", "protocol=stargan_v2", f"inception={tmp_path / 'gone.pth'}"): "no weights file .*gone.pth",
        ("metrics=[fid]", "checkpoint=best"): "keeps no best checkpoint",
        ("metrics=[fid]", "device=cuda:7"): "device 'cuda:7': this machine has",
        ("metrics=[domain_accuracy]",): "needs a hair classifier",
    }.items():
        with pytest.raises((ValueError, OSError), match=sentence):
            measure(f"runs=[{run},{sean_run}]", *overrides)
    assert not (tmp_path / "out").exists()
    (tmp_path / "a file").touch()
    for out, sentence in {
        "a file": "a file is a file; it must be a folder",
        "a file/x": "a file/x: .*a file is",
    }.items():
        with pytest.raises(ValueError, match=f"^out={tmp_path}/{sentence}"):
            measure(f"run={run}", f"out={tmp_path / out}")
    (run / "evaluation").touch()
    with pytest.raises(ValueError, match=rf"^{run}/evaluation is a file"):
        measure(f"run={run}", "out=null")


def test_a_network_of_the_user_is_evaluated_if_it_is_trusted(run_of, measure, tmp_path, monkeypatch):
    package = tmp_path / "net_of_this_test.py"
    package.write_text("from hairgan.networks.stargan import Generator\n\n\nclass MyGenerator(Generator):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    with trusting(None):
        run = run_of("stargan", "model.generator._target_=net_of_this_test.MyGenerator", "trust=net_of_this_test")
    overrides = (f"run={run}", "metrics=[lpips]", "modes=[latent]")
    with pytest.raises(ValueError, match=r"names net_of_this_test.MyGenerator, which is not a network of hairgan"):
        measure(*overrides)
    with trusting(None):
        assert "latent/lpips_embedded_diversity/mean" in measure(*overrides, "trust=net_of_this_test")["values"]


def test_wrong_settings_and_damaged_weights_are_refused(run_of, measure, judges, tmp_path, monkeypatch):
    def offline(*_: Any, **__: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    run = run_of("stargan")
    for overrides, sentence in {
        (): "give the run to evaluate",
        (f"run={tmp_path}",): "is not a run directory: there is no config.yaml in it",
        (f"run={run}", "metrics=[fid,ssim]"): "no metric 'ssim'",
        (f"run={run}", "metrics=[fid,kid]"): "no metric 'kid' for stargan; known are fid, lpips, domain_accuracy",
        (f"run={run}", "metrics=[embedded]"): "'?embedded'? is a protocol: protocol=embedded",
        (f"run={run}", "metrics=[domain_accuracy]"): "needs a hair classifier: classifier=RUN_OR_BUNDLE",
        (f"run={run}", "metrics=[identity]"): "needs a face-embedding network: embedder=FILE.onnx",
        (f"run={run}", f"embedder={run}"): f"no face-embedding network {run}",
        (f"run={run}", f"classifier={run}"): f"{run} has no part 'classifier'",
        (f"run={run}", "protocol=fid"): "protocol must be embedded, stargan_v2 or standard, not 'fid'",
        (f"run={run}", "protocol=stargan_v2"): "inception_v3_google-0cc3c7bd.pth, which could not be downloaded: put "
        f".* at {tmp_path}/hub/.*, or give its path; protocol=embedded needs no file",
        (f"run={run}", "num_outputs=1"): "num_outputs must be 2 or more for lpips",
        (f"run={run}", "split=everything"): "split must be train, val or test, or null, not 'everything'",
    }.items():
        with pytest.raises(ValueError, match=sentence):
            measure(*overrides)

    checkpoint = find_checkpoint(run)
    content = torch.load(checkpoint, weights_only=True)
    content["state_dict"]["ema.generator.to_rgb.2.bias"].fill_(torch.nan)
    torch.save(content, checkpoint)
    with pytest.raises(ValueError, match=r"generator: weights are not finite numbers in to_rgb.2.bias"):
        measure(f"run={run}")
    checkpoint.unlink()
    with pytest.raises(ValueError, match=f"no checkpoint under {run}"):
        measure(f"run={run}")


def test_sean_needs_two_images_and_a_parser_for_segmentation(run_of, measure):
    run = run_of("sean")
    with pytest.raises(ValueError, match="max_sources must be 2 or more for sean"):
        measure(f"run={run}", "max_sources=1")
    with pytest.raises(ValueError, match="'segmentation' needs a face parser"):
        measure(f"run={run}", "metrics=[segmentation]")
