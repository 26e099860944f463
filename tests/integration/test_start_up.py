"""What is imported before a command knows that it has work to do. Modules are counted, not seconds.

One process makes all calls: a module that is imported once stays, so each call names what it was the first to import.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from hairgan.cli import COMMANDS
from tests.conftest import ROOT

LIGHT = ("torch", "torchvision", "torchmetrics", "pytorch_lightning", "lightning_fabric", "wandb", "matplotlib",
         "polars", "scipy", "optuna", "gradio", "onnx")  # fmt: skip
"""What no help, completion or mistake waits for."""
IMAGES = ("numpy", "cv2", "PIL", "jaxtyping")
"""What the commands of `hairgan` do not wait for either, until they open a photo."""

MAKE_CALLS = """
import contextlib, io, json, os, runpy, sys
from hydra.core.global_hydra import GlobalHydra

def call(words, environment):
    sys.argv = list(words)
    os.environ.update(environment)
    before, printed = set(sys.modules), io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            if words[0].endswith(".py"):
                runpy.run_path(words[0], run_name="__main__")
            else:
                from hairgan.cli import main
                main(words[1:])
        code = 0
    except SystemExit as end:
        code = end.code
    GlobalHydra.instance().clear()
    for name in environment:
        del os.environ[name]
    return {"code": code, "printed": printed.getvalue(), "modules": sorted(set(sys.modules) - before)}

print(json.dumps([call(*each) for each in json.loads(sys.stdin.read())]))
"""

PROGRAMS = ("train.py", "evaluate.py", "sweep.py")
COMPLETE = {"COMP_LINE": "python train.py mod", "COMP_POINT": "19", "COMP_CWORD": "2"}

ANSWERS: dict[tuple[str, ...], str] = {
    # command line -> a part of what is printed
    ("hairgan", "--help"): "restyle",
    **{("hairgan", command, "--help"): "Usage: hairgan" for command in COMMANDS if f"{command}.py" not in PROGRAMS},
    ("hairgan", "dye", "nothere.jpg", "--color", "red"): "",
    ("hairgan", "restyle", "nothere.jpg", "--domain", "bob"): "",
    **{(program, "--help"): "--cfg job prints the config" for program in PROGRAMS},
    **{(program, "--cfg", "job"): "paths:" for program in PROGRAMS},
    ("train.py", "--hydra-help"): "== Flags ==",
    ("train.py", "-sc", "query=bash"): "model model.",
    ("train.py", "experiment=quickstart", "--help"): "name: quickstart",
    ("train.py", "model=stargn"): "",
    ("train.py", "lambda_ds=2", "steps=0"): "",
    ("train.py", "steps=0"): "",
    ("train.py", "-m", "seed=1,2", "steps=0"): "",
    ("evaluate.py", "metrcs=[fid]"): "",
    ("evaluate.py", "run=nothere"): "",
    ("evaluate.py", "run=nothere", "metrics=[fidd]"): "",
    ("sweep.py", "sweep=tpe", "sweep.trials=none"): "",
}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], dict]:
    """What each call printed and imported."""
    asked = [
        ([str(ROOT / words[0]) if words[0] in PROGRAMS else words[0], *words[1:]], COMPLETE if "-sc" in words else {})
        for words in ANSWERS
    ]
    done = subprocess.run(
        [sys.executable, "-c", MAKE_CALLS],
        input=json.dumps(asked), capture_output=True, text=True, cwd=tmp_path_factory.mktemp("empty"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(zip(ANSWERS, json.loads(done.stdout), strict=True))


def test_every_call_answers(calls):
    for words, answer in ANSWERS.items():
        call = calls[words]
        if answer:
            assert call["code"] in (0, None), (words, call["code"])
            assert answer in call["printed"], words
        else:  # a mistake, told in one sentence
            assert isinstance(call["code"], str) and call["code"].count("\n") == 0, (words, call["code"])


@pytest.mark.parametrize("words", ANSWERS, ids=" ".join)
def test_nothing_slow_is_imported(words, calls):
    slow = {*LIGHT, *IMAGES} if words[0] == "hairgan" else set(LIGHT)
    assert slow.isdisjoint(calls[words]["modules"]), slow & set(calls[words]["modules"])


def test_what_checks_settings_is_imported_to_check_them(calls):
    unchecked = [("--help",), ("--cfg", "job")]
    for words in [*((program, *rest) for program in PROGRAMS for rest in unchecked), ("train.py", "--hydra-help")]:
        assert "pydantic" not in calls[words]["modules"], words


def test_editing_needs_torch_but_nothing_of_training():
    """The salon's import, which every command that edits a photo waits for."""
    code = f"import sys; from hairgan import Salon; print([n for n in {LIGHT!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['torch']\n"
