"""The command line before Hydra reads it: checks, `GROUP=null`, choices of a resumed run, and help."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from lightning_modules.launch import command_line, config_comments


@pytest.mark.parametrize(
    ("word", "becomes"),
    [
        ("logger=null", "logger=none"),
        ("callbacks=null", "callbacks=none"),
        ("callbacks=[]", "callbacks=none"),
        ("~callbacks", "callbacks=none"),
        ("~logger", "logger=none"),
        ("experiment=null", None),
        ("debug=null", None),
        ("~callbacks.checkpoints", "~callbacks.checkpoints"),
        ("callbacks.checkpoints=null", "callbacks.checkpoints=null"),
        ("resume=null", "resume=null"),
        ("steps=3", "steps=3"),
    ],
)
def test_null_and_empty_choices_of_a_group_are_replaced(word, becomes):
    assert command_line.without_null(word) == becomes


@pytest.mark.parametrize(
    ("word", "becomes"),
    [
        ("init=outputs/run", "init.source=outputs/run"),
        ("init=[a,b]", "init.source=[a,b]"),
        ("init=null", "init.source=null"),
        ("init.freeze=[generator]", "init.freeze=[generator]"),
        ("init={source: a}", "init={source: a}"),
        ("initial=3", "initial=3"),
    ],
)
def test_the_source_of_weights_is_a_setting_beside_others(word, becomes):
    assert command_line.with_source(word) == becomes


@pytest.mark.parametrize(
    ("program", "words", "message"),
    [
        (
            "train.py",
            ["model=null"],
            "train.py: choose a model: face_parser, hair_classifier, hair_layout, sean, stargan",
        ),
        ("train.py", ["~trainer"], "train.py: choose a trainer: cpu, "),
        ("train.py", ["model=stargann"], "train.py: there is no model 'stargann' (did you mean 'stargan'?)"),
        ("train.py", ["logger=[csv,wandbb]"], "train.py: there is no logger 'wandbb' (did you mean 'wandb'?); choose"),
        ("train.py", ["steps=0"], "train.py: steps must be a whole number of 1 or more, not 0"),
        ("train.py", ["=3"], "train.py: '=3' names no setting"),
        ("train.py", ["logger=[none,csv]"], "train.py: logger=[none,csv]: none cannot be combined with other choices"),
        ("train.py", ["model=[sean,stargan]"], "train.py: model=[sean,stargan]: choose only one model"),
        ("train.py", ["model=5"], "train.py: a group is chosen by a name, as in model=stargan"),
        ("train.py", ["domain_names=[a]"], "train.py: domain_names is set from the data"),
        (
            "train.py",
            ["name=日本"],
            "train.py: 'name=日本' cannot be read: quote a value with such letters",
        ),
        ("train.py", ["nothing.at.all=3"], "train.py: there is no setting 'nothing'"),
        ("train.py", ["lambda_ds=2"], "train.py: there is no setting 'lambda_ds' (did you mean 'model.lambda_ds'?)"),
        ("train.py", ["-m", "steps=5,-1"], "train.py: steps must be a whole number of 1 or more, not -1"),
        ("train.py", ["-m", "model=sean,stargann"], "train.py: there is no model 'stargann'"),
        ("train.py", ["-m", "seed=1,2", "model=sean", "model.lambda_ds=2"], "train.py: there is no setting"),
        ("train.py", ["--multirun", "domain_names=[a],[b]"], "train.py: domain_names is set from the data"),
        ("evaluate.py", ["-m", "run=a,b", "metrics=[fidd]"], "evaluate.py: there is no metric 'fidd'"),
        (
            "train.py",
            ["init=run", "init.freeze=[x]"],
            "train.py: init.freeze names 'x'; stargan has generator, mapping",
        ),
        ("evaluate.py", [], "evaluate.py: give the run to evaluate"),
        ("sweep.py", ["sweep=null"], "sweep.py: choose a sweep: sweep=tpe"),
    ],
)
def test_wrong_overrides_are_refused_before_slow_imports(program, words, message, monkeypatch):
    monkeypatch.setattr(sys, "argv", [program, *words])
    with pytest.raises(SystemExit) as ended:
        command_line.prepare(program)
    assert str(ended.value).startswith(message)


def test_a_correct_command_line_is_passed_on(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", "experiment=quickstart", "~callbacks", "logger=null"])
    command_line.prepare("train.py")
    assert sys.argv == ["train.py", "experiment=quickstart", "callbacks=none", "logger=none"]


@pytest.mark.parametrize(
    ("words", "starts"),
    [
        (["seed=1", "steps=2"], [["seed=1", "steps=2"]]),
        (["--cfg", "job", "seed=1"], []),
        (["-m", "seed=1,2", "steps=3,4"], [["seed=1", "steps=3"], ["seed=1", "steps=4"], ["seed=2", "steps=3"]]),
        (["-m", "seed=range(1,100)", "steps=3,4"], [["seed=1", "steps=3"], ["seed=1", "steps=4"]]),
        (["-m", "hydra/sweeper=optuna", "seed=1,2"], []),
    ],
)
def test_a_value_of_a_sweep_is_checked_once(words, starts):
    found = command_line.overrides_of_starts(words)
    assert found[: len(starts)] == starts
    assert len(found) == (100 if "seed=range(1,100)" in words else len(starts))


def test_a_correct_sweep_is_passed_on(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", "-m", "experiment=quickstart", "seed=1,2"])
    command_line.prepare("train.py")
    assert sys.argv == ["train.py", "-m", "experiment=quickstart", "seed=1,2"]


def test_model_and_data_of_a_resumed_run_are_added(tmp_path):
    config = {"model": {"_target_": "lightning_modules.SEANModule"}, "data": {"_target_": "my.Data"}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    assert command_line.choices_of_run([f"resume={tmp_path}", "steps=3"]) == ["model=sean"]
    assert command_line.choices_of_run([f"resume={tmp_path}/checkpoints/last.ckpt"]) == ["model=sean"]
    assert command_line.choices_of_run([f"resume={tmp_path}", "model=stargan"]) == []
    assert command_line.choices_of_run(["resume=auto"]) == command_line.choices_of_run(["resume=gone"]) == []


def test_added_choices_stand_between_options_and_overrides(tmp_path, monkeypatch):
    (tmp_path / "config.yaml").write_text(
        yaml.safe_dump({"model": {"_target_": "lightning_modules.SEANModule"}, "data": {"_target_": "my.Data"}})
    )
    monkeypatch.setattr(sys, "argv", ["train.py", "-m", f"resume={tmp_path}", "steps=3,4"])
    command_line.prepare("train.py")
    assert sys.argv[1:] == ["-m", "model=sean", f"resume={tmp_path}", "steps=3,4"]


def test_a_deleted_current_folder_is_reported(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    monkeypatch.setattr(sys, "argv", ["train.py"])
    with pytest.raises(SystemExit, match="the current folder no longer exists"):
        command_line.prepare("train.py")


@pytest.mark.parametrize(("program", "config", "words"), [
    ("train.py", "config", ["experiment=quickstart", "seed=3"]), ("evaluate.py", "evaluate", []),
    ("sweep.py", "config", ["sweep=classifier", "model=hair_classifier"]),
])  # fmt: skip
def test_help_prints_the_config_with_its_comments(program, config, words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [program, *words, "--help"])
    with pytest.raises(SystemExit) as ended:
        command_line.prepare(program)
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert ("[GROUP=CHOICE]" in printed) == (config == "config")
    with initialize_config_dir(str(config_comments.CONF), version_base="1.3"):
        cfg = compose(config, words)
    first = "\nrun:" if program == "evaluate.py" else "\nseed:"
    values = printed[printed.index(first) : printed.index("\n--cfg job")]
    assert yaml.safe_load(values) == yaml.safe_load(OmegaConf.to_yaml(cfg))
    for line in (
        "seed: 3  # all random numbers of the run are functions of it",
        "    base_width: 16  # channels at full",
    ):
        assert (line in printed) == (program == "train.py"), line
    if program == "evaluate.py":
        assert "#   stargan: fid, lpips, domain_accuracy (needs a classifier)" in printed


def test_comments_are_found_above_and_beside_settings():
    found = config_comments.comments_of(
        "# what it is\n\na: 1  # one\n      # and more\n# about b\nb:\n  c: 'x # y'  # c\n  d: [1, 2]  # d\ne: 3\n"
    )
    assert found.title == ["what it is"] and found.above == {("b",): ["about b"]}
    assert found.beside == {("a",): ["one", "and more"], ("b", "c"): ["c"], ("b", "d"): ["d"]}


# -- configs of the user's own --


@pytest.fixture
def my_conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(config_comments, "own_folders", [])
    file = tmp_path / "my_conf" / "experiment" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("# @package _global_\n# Mine.\ndefaults: [quickstart]\n\nname: mine\nsteps: 7  # only a few\n")
    monkeypatch.chdir(tmp_path)
    return file.parents[1]


def prepare(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", *words])
    command_line.prepare("train.py")


def test_own_configs_are_checked_before_slow_imports(my_conf, monkeypatch):
    prepare(monkeypatch, "--config-dir", "my_conf", "experiment=mine")
    assert sys.argv == ["train.py", "--config-dir", "my_conf", "experiment=mine"], "Hydra finds them by the same option"
    with pytest.raises(SystemExit, match=r"steps must be a whole number of 1 or more, not 0"):
        prepare(monkeypatch, "--config-dir=my_conf", "experiment=mine", "steps=0")
    with pytest.raises(SystemExit, match=r"there is no experiment 'min' \(did you mean 'mine'"):
        prepare(monkeypatch, "-cd", "my_conf", "experiment=min")


def test_help_shows_own_configs(my_conf, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        prepare(monkeypatch, "--config-dir", "my_conf", "experiment=mine", "--help")
    text = capsys.readouterr().out
    assert re.search(r"experiment +mine \| portraits_classifier", text) and "steps: 7  # only a few" in text


def test_own_configs_that_would_not_be_used_are_refused(my_conf, monkeypatch):
    (my_conf / "experiment" / "quickstart.yaml").write_text("steps: 5\n")
    with pytest.raises(SystemExit, match=r"my_conf/experiment/quickstart\.yaml has the name of a config of hairgan"):
        prepare(monkeypatch, "--config-dir", "my_conf", "experiment=quickstart")
    with pytest.raises(SystemExit, match=r"--config-dir nowhere: there is no such folder"):
        prepare(monkeypatch, "--config-dir", "nowhere")
    with pytest.raises(SystemExit, match=r"--config-dir needs a folder"):
        prepare(monkeypatch, "--config-dir")


def test_modules_in_the_current_folder_are_found_after_installed_ones(my_conf, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    prepare(monkeypatch, "experiment=quickstart")
    assert sys.path[-1] == str(my_conf.parent)


def test_results_go_to_the_current_folder_or_home(monkeypatch):
    def paths() -> dict[str, str]:
        with initialize_config_dir(str(config_comments.CONF), version_base="1.3"):
            return OmegaConf.to_container(compose("config").paths, resolve=True)

    for name in ("HAIRGAN_HOME", "HAIRGAN_DATA", "HAIRGAN_CACHE"):
        monkeypatch.delenv(name, raising=False)
    assert {Path(path).parent for name, path in paths().items() if name != "home"} == {Path()}
    monkeypatch.setenv("HAIRGAN_HOME", "/mine")
    monkeypatch.setenv("HAIRGAN_CACHE", "/tmp/cache")
    assert paths() == {"home": "/mine", "data": "/mine/data", "cache": "/tmp/cache", "outputs": "/mine/outputs"}
