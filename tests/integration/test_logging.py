"""The values that each logger receives."""

from __future__ import annotations

import importlib.util
import json
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb
import yaml
from hydra.errors import InstantiationException
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from wandb.proto import wandb_internal_pb2

from lightning_modules.launch.errors import one_sentence
from lightning_modules.launch.training import train
from tests.integration import runs
from tests.integration.runs import logged

ALL_LOGGERS = "logger=[csv,tensorboard,wandb]"


@pytest.mark.slow
def test_a_resumed_run_continues_all_loggers(settings, compose_config, tmp_path):
    run = tmp_path / "run"
    train(compose_config(*settings("hair_classifier", steps=2, run_dir=run), ALL_LOGGERS))
    assert wandb.run is None  # finished, so that another run in this process starts its own
    more = runs.start([f"resume={run}", "steps=4"], tmp_path / "log")
    more.join(300)
    assert more.exitcode == 0, runs.read_log(tmp_path / "log")[-3000:]
    assert [row["step"] for row in logged(run)] == [1, 2, 3, 4]
    sessions = sorted((run / "wandb").glob("offline-run-*"))  # offline-run-TIME-ID
    assert len(sessions) == 2 and len({session.name.split("-")[-1] for session in sessions}) == 1
    first, second = (offline_run(session) for session in sessions)
    assert [row["_step"] for row in first["history"]] + [row["_step"] for row in second["history"]] == [1, 2, 3, 4]
    assert first["run"].display_name == second["run"].display_name
    assert first["config"]["steps"] == 2 and second["config"]["steps"] == 4
    assert first["config"]["run/versions/torch"] == second["config"]["run/resumed_at_2/versions/torch"]
    overrides = second["config"]["run/resumed_at_2/overrides"]  # model and data are added from the run
    assert overrides == ["model=hair_classifier", "data=celeba_hq", f"resume={run}", "steps=4"]
    assert len(list((run / "tensorboard").glob("events.*"))) == 2


def records_of(file: Path) -> Iterator[wandb_internal_pb2.Record]:
    """The records of an offline run.

    wandb 0.31 reads its files in Go. Their format is LevelDB's log format: a header of 7 bytes, then blocks of 32 KiB,
    in which each part of a record has a checksum, a length and a kind (whether the record continues in the next part).
    """
    header, block_size, last_parts = struct.Struct("<IHB"), 32768, (1, 4)
    content = file.read_bytes()
    assert content[:4] == b":W&B"
    at, parts = 7, b""
    while at + header.size <= len(content):
        if block_size - at % block_size < header.size:
            at += block_size - at % block_size
            continue
        checksum, length, kind = header.unpack_from(content, at)
        part = content[at + header.size : at + header.size + length]
        assert zlib.crc32(bytes([kind]) + part) == checksum
        at, parts = at + header.size + length, parts + part
        if kind in last_parts:
            yield wandb_internal_pb2.Record.FromString(parts)
            parts = b""


def offline_run(folder: Path) -> dict[str, Any]:
    """The content of an offline run: `run`, `config`, `summary`, and `history` as a list."""
    (file,) = folder.glob("*.wandb")
    found: dict[str, Any] = {"config": {}, "summary": {}, "history": []}
    for record in records_of(file):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            found["run"] = record.run
            found["config"] |= by_name(record.run.config.update)
        elif kind in ("config", "summary"):
            found[kind] |= by_name(getattr(record, kind).update)
        elif kind == "history":
            found["history"].append(by_name(record.history.item))
    return found


def by_name(items: Iterable[Any]) -> dict[str, Any]:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def test_trackers_get_config_facts_curves_and_best_values(settings, compose_config, tmp_path):
    labels = ["tags=[hair7,small]", "group=first", "notes=a try", "run_dir=null"]
    small = settings("face_parser", steps=4)
    train(compose_config(*small, *labels, ALL_LOGGERS, "callbacks.checkpoints.monitor=val/mean_iou"))
    (run,) = (tmp_path / "outputs" / "face_parser").iterdir()
    (folder,) = (run / "wandb").glob("offline-run-*")
    sent = offline_run(folder)
    day, time = run.name.split("_", 1)
    assert sent["run"].display_name == f"face_parser-{day}-{''.join(time.split('-')[:2])}"
    assert (list(sent["run"].tags), sent["run"].run_group, sent["run"].notes) == (["hair7", "small"], "first", "a try")
    config = sent["config"]
    assert config["steps"] == 4 and config["model/parser/base_width"] == 8 and config["seed"] == 777
    assert config["model/schedule/total_steps"] == 4, "references are resolved"
    record = yaml.safe_load((run / "run.yaml").read_text())[0]
    assert config["run/dataset/fingerprint"] == record["dataset"]["fingerprint"]
    assert config["run/git/revision"] == record["git"]["revision"]
    assert config["run/versions/torch"] == record["versions"]["torch"]
    assert config["run/hardware/cores"] == record["hardware"]["cores"]
    assert config["run/parameters/parser"] == config["run/parameters/total"] > 1000
    assert config["run/overrides"] == []

    rows = {row["step"]: row for row in logged(run)}
    measured = {step: rows[step]["val/mean_iou"] for step in (2, 4)}
    best = max(measured, key=measured.__getitem__)
    summary = sent["summary"]
    assert summary["val/mean_iou"] == pytest.approx(measured[4])
    assert summary["best/val/mean_iou"] == pytest.approx(measured[best])
    assert (summary["best_step/val/mean_iou"], summary["steps_done"]) == (best, 4)
    assert summary["parse/loss"] == pytest.approx(rows[4]["parse/loss"])
    assert [row["_step"] for row in sent["history"]] == [1, 2, 3, 4]
    assert [row["trainer/global_step"] for row in sent["history"]] == [1, 2, 3, 4]
    assert [row["parse/loss"] for row in sent["history"]] == pytest.approx([rows[n]["parse/loss"] for n in rows])

    events = EventAccumulator(str(run / "tensorboard")).Reload()
    table = {}
    for tag in ("_hparams_/session_start_info", "_hparams_/experiment"):
        content = events.SummaryMetadata(tag).plugin_data.content
        table[tag] = plugin_data_pb2.HParamsPluginData.FromString(content)
    parameters = table["_hparams_/session_start_info"].session_start_info.hparams
    assert parameters["steps"].number_value == 4 and parameters["model/optimizer/lr"].number_value > 0
    assert "val/mean_iou" in {info.name.tag for info in table["_hparams_/experiment"].experiment.metric_infos}
    assert yaml.safe_load((run / "tensorboard" / "hparams.yaml").read_text())["run/dataset/fingerprint"]


def test_missing_tensorboard_is_reported_with_the_command_that_installs_it(
    settings, compose_config, tmp_path, monkeypatch
):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InstantiationException) as error:
        train(compose_config(*settings("hair_classifier", run_dir=tmp_path / "run"), "logger=[tensorboard]"))
    assert one_sentence(error.value) == ("logger=tensorboard needs another package: pip install -e '.[tensorboard]'")


def test_mlflow_continues_the_run_that_is_resumed(settings, compose_config, tmp_path):
    mlflow = pytest.importorskip("mlflow")
    more = ["logger=[csv,mlflow]", "callbacks=lr_monitor", "tags=[small]", "notes=first try"]
    run = tmp_path / "run"
    train(compose_config(*settings("hair_classifier", steps=2, run_dir=run), *more))
    resumed = runs.start([f"resume={run}", "steps=3"], tmp_path / "log")
    resumed.join(300)
    assert resumed.exitcode == 0, runs.read_log(tmp_path / "log")[-3000:]
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'outputs' / 'mlflow.db'}")
    (experiment,) = [each for each in client.search_experiments() if each.name == "hairgan"]
    (found,) = client.search_runs([experiment.experiment_id])
    for name in ("classify/loss", "lr/classifier"):
        history = client.get_metric_history(found.info.run_id, name)
        assert [value.step for value in history] == [row["step"] for row in logged(run)] == [1, 2, 3], name
    assert found.data.params["steps"] == "2" and found.data.params["run/dataset/fingerprint"]
    assert "best/val/mean_accuracy" in found.data.metrics
    assert "small" in found.data.tags and found.data.tags["mlflow.note.content"] == "first try"
    assert {"lr/classifier", "classify/loss"} <= {name for row in logged(run) for name in row}
