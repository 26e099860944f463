"""Cards, runs, checkpoints and foreign state dicts that are not what they should be: one sentence each, and quickly."""

from __future__ import annotations

import copy
import io
import json
import os
import pickle
import struct
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save
from torch import Tensor, nn

from hairgan.networks.mean_styles import MeanStyles
from hairgan.networks.stargan import Discriminator, Generator, MappingNetwork, StyleEncoder
from hairgan.weights import collect, from_official, import_files, load_bundle, save_bundle
from hairgan.weights.cards import CARD
from hairgan.weights.files import check_state, read_state_dict, read_tensors, sha256
from tests.unit.weights.test_collecting import make_run

DELETED = "(deleted)"
NARROW = {"image_size": 32, "base_width": 2, "max_width": 4}
MAPPING = ("parts", "mapping_network")


@pytest.fixture(scope="module")
def networks() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    return {"mapping_network": MappingNetwork(2, hidden_dim=4), "mean_styles": MeanStyles(3, 4)}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, networks: dict[str, nn.Module]) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "b"
    facts = {
        "domains": ["bob", "short"],
        "licence": {"mean_styles": "MIT"},
        "training": {"mapping_network": {"step": 1}},
    }
    save_bundle(folder, networks, **facts)
    return folder


@pytest.fixture(scope="module")
def good_card(bundle: Path) -> dict[str, Any]:
    return yaml.safe_load((bundle / CARD).read_text())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, networks: dict[str, nn.Module]) -> Path:
    only = {"mapping_network": networks["mapping_network"]}
    return make_run(tmp_path_factory.mktemp("runs") / "r", only, {}, domain_names=["bob", "short"])


@pytest.fixture
def card(bundle: Path) -> Iterator[Callable[[Any], Path]]:
    """Writes another card into the bundle, which gets its own back afterwards."""
    file = bundle / CARD
    before = file.read_text()

    def write(content: Any) -> Path:
        file.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))
        return bundle

    yield write
    write(before)


@pytest.fixture
def files_stay(run: Path, bundle: Path) -> Iterator[None]:
    before = {file: file.read_bytes() for folder in (run, bundle) for file in folder.rglob("*") if file.is_file()}
    yield
    for file, content in before.items():
        file.write_bytes(content)


def changed(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    content = copy.deepcopy(content)
    at = content
    for name in place[:-1]:
        at = at[name]
    if value == DELETED:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    return content


def refused(do: Callable[[], Any], match: str | None = None) -> str:
    """The one sentence with which something ends, within a second or two."""
    started = time.perf_counter()
    with pytest.raises((ValueError, OSError), match=match) as error, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        do()
    assert time.perf_counter() - started < 10
    said = str(error.value)
    assert "\n" not in said and len(said) < 600, said
    return said


# -- cards --

CARDS: list[tuple[tuple[Any, ...], Any, str]] = [
    (("format",), 2, "its format is 2"),
    (("format",), True, "its format is True"),
    (("parts",), None, "parts must be a mapping, not null"),
    (("parts",), {}, "parts is empty"),
    (MAPPING, None, r"parts\.mapping_network must be a mapping, not null"),
    (MAPPING, "text", "must be a mapping, not the text 'text'"),
    ((*MAPPING, "class"), None, r"\.class must be text"),
    ((*MAPPING, "class"), "os:system", "names os.system, which is not a network of hairgan"),
    ((*MAPPING, "class"), "hairgan.networks.mean_styles:MeanStyles", "must be a hairgan.networks.stargan.Mapping"),
    ((*MAPPING, "config"), None, r"\.config must be a mapping, not null"),
    ((*MAPPING, "config"), DELETED, "has no 'config'"),
    ((*MAPPING, "config"), {}, "of another shape"),
    ((*MAPPING, "config", "nothing"), 1, "has no argument 'nothing'; it has num_domains"),
    ((*MAPPING, "config", "num_domains"), "2", "num_domains=2: it must be int"),
    ((*MAPPING, "config", "num_domains"), True, "it must be int"),
    ((*MAPPING, "config", "num_domains"), 2.0, "it must be int"),
    ((*MAPPING, "config", "num_domains"), 10**7, "larger than"),
    ((*MAPPING, "config", "num_domains"), 10**6, "many more layers than the weights have"),
    ((*MAPPING, "config", "num_domains"), -1, "cannot be made|does not fit"),
    ((*MAPPING, "config", "hidden_dim"), 10**9, "larger than"),
    ((*MAPPING, "config", "hidden_dim"), 10**6, "of another shape"),
    ((*MAPPING, "config", "hidden_dim"), float("nan"), "it must be int"),
    ((*MAPPING, "config", 5), 1, "a mapping whose keys are not all text"),
    ((*MAPPING, "file"), "../x.safetensors", "must be the name of a safetensors file"),
    ((*MAPPING, "sha256"), "text", "must be 64 hexadecimal digits"),
    ((*MAPPING, "sha256"), "0" * 64, "was altered"),
    ((*MAPPING, "parameters"), 5, "parameters, its card says 5"),
    (("parts", "../x"), {}, "a part's name has lower case letters"),
    (("parts", 5), {}, "a mapping whose keys are not all text"),
    (("domains",), None, "domains must be a list, not null"),
    (("domains",), ["bob", "bob"], "domains names 'bob' twice"),
    (("domains",), ["bob", None], "each of domains must be text, not null"),
    (("domains",), ["bob", "short", "long"], "names 3 domains, but its part 'mapping_network' has 2"),
    (("licence",), None, "licence must be a mapping, not null"),
    (("licence", "mean_styles"), None, r"licence\.mean_styles must be text"),
    (("training",), [], "training must be a mapping, not a list"),
    (("training", "mapping_network"), 5, r"training\.mapping_network must be a mapping, not 5"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "match"), CARDS, ids=lambda value: str(value)[:40])
def test_a_damaged_card(
    good_card: dict[str, Any], card: Callable[[Any], Path], place: tuple[Any, ...], value: Any, match: str
) -> None:
    folder = card(changed(good_card, place, value))
    refused(lambda: load_bundle(folder), match)


def test_a_card_with_one_license_and_training_for_all(good_card: dict[str, Any], card: Callable[[Any], Path]) -> None:
    _, facts = collect([card(good_card | {"licence": "MIT", "training": "as published"})])
    assert facts["licence"] == {"mapping_network": "MIT", "mean_styles": "MIT"}
    assert facts["training"]["mapping_network"] == "as published"


BOMB = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
TEXTS = {
    "empty": "",
    "list": "[]",
    "text": "text",
    "cut": "format: 1\nparts: {a: {",
    "python": "!!python/object/apply:os.system [ls]",
    "deep": "[" * 3000,
    "deeper than allowed": "{a: " * 100 + "1" + "}" * 100,
    "bomb": BOMB,
    "refers to itself": "&a [*a]",
    "twice": "format: 1\nformat: 1\nparts: {}",
    "no such day": "format: 2026-99-99",
    "many digits": "format: " + "9" * 5000,
    "two documents": "format: 1\n---\nformat: 1",
    "nul": "format: \0",
    "no truth value": "format: !!bool x",
    "no time": "format: !!timestamp x",
    "merge": "<<: 5",
    "large": "x" * 300_000,
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_card_that_is_not_one(card: Callable[[Any], Path], name: str) -> None:
    folder = card(TEXTS[name])
    refused(lambda: load_bundle(folder), CARD)


# -- the tensors of a bundle --


def header(entry: dict[str, Any], data: bytes = b"abcd") -> bytes:
    text = json.dumps({"shared.0.weight": entry}).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensors(network: nn.Module) -> dict[str, tuple[Callable[[dict[str, Tensor]], Any], str]]:
    key = "shared.0.weight"
    return {
        "empty": (lambda s: b"", "not a safetensors file"),
        "header of 2^60": (lambda s: struct.pack("<Q", 2**60) + b"{}", "a header of 1152921504606846976"),
        "cut": (lambda s: save(s)[:-5], "not a safetensors file"),
        "cut in its header": (lambda s: save(s)[:100], "not a safetensors file"),
        "huge shape": (
            lambda s: header({"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}),
            "not a safetensors file",
        ),
        "unknown type": (
            lambda s: header({"dtype": "X9", "shape": [1], "data_offsets": [0, 4]}),
            "not a safetensors file",
        ),
        "no tensors": (lambda s: {}, "holds no tensors"),
        "not finite": (lambda s: s | {key: s[key] / 0}, r"not finite numbers in shared\.0\.weight"),
        "not a number": (lambda s: s | {key: s[key] * float("nan")}, r"not finite numbers in shared\.0\.weight"),
        "whole numbers": (lambda s: s | {key: s[key].long()}, "torch.int64 instead of torch.float32"),
        "complex": (lambda s: s | {key: s[key].to(torch.complex64)}, "not a plain array of numbers"),
        "nothing in it": (lambda s: s | {key: s[key][:0]}, "is empty"),
        "missing": (lambda s: {k: v for k, v in s.items() if k != key}, r"1 missing: shared\.0\.weight"),
        "more": (lambda s: s | {"x" * 5000: torch.zeros(1)}, r"1 unexpected: x+\.\.\."),
        "flat": (
            lambda s: {k: v.flatten() for k, v in s.items()},
            r"12 of another shape: shared\.0\.weight \(64,\) instead of \(4, 16\), .* and 9 more",
        ),
    }


@pytest.mark.parametrize("name", tensors(nn.Identity()))
def test_damaged_weights(
    bundle: Path, networks: dict[str, nn.Module], files_stay: None, card: Callable[[Any], Path], name: str
) -> None:
    make, match = tensors(networks["mapping_network"])[name]
    content = make(dict(networks["mapping_network"].state_dict()))
    file = bundle / "mapping_network.safetensors"
    file.write_bytes(content if isinstance(content, bytes) else save(content))
    card(changed(yaml.safe_load((bundle / CARD).read_text()), (*MAPPING, "sha256"), sha256(file)))
    refused(lambda: load_bundle(bundle), match)


def test_other_precisions_are_converted(
    bundle: Path, networks: dict[str, nn.Module], files_stay: None, card: Callable[[Any], Path]
) -> None:
    state = networks["mapping_network"].state_dict()
    for dtype in (torch.float16, torch.float64):
        file = bundle / "mapping_network.safetensors"
        file.write_bytes(save({name: value.to(dtype) for name, value in state.items()}))
        card(changed(yaml.safe_load((bundle / CARD).read_text()), (*MAPPING, "sha256"), sha256(file)))
        loaded = load_bundle(bundle).networks["mapping_network"].state_dict()
        assert all(value.dtype == torch.float32 for value in loaded.values())
        assert torch.allclose(loaded["shared.0.weight"], state["shared.0.weight"], atol=1e-3)


# -- runs --

NODE = ("model", "mapping_network")
RUNS: list[tuple[tuple[Any, ...], Any, str]] = [
    (("model",), None, "model must be a mapping, not null"),
    (("model",), DELETED, "model must be a mapping, not null"),
    (NODE, None, r"names no class for model\.mapping_network, of which step_00000005\.ckpt has weights"),
    ((*NODE, "_target_"), DELETED, r"names no class for model\.mapping_network"),
    ((*NODE, "_target_"), 5, "names a network by 5"),
    ((*NODE, "_target_"), "hairgan.networks.mean_styles.save_file", "is not a network of hairgan"),
    ((*NODE, "num_domains"), 10**9, "larger than"),
    ((*NODE, "num_domains"), 10**6, "many more layers than the weights have"),
    ((*NODE, "hidden_dim"), "wide", "it must be int"),
    ((*NODE, "hidden_dim"), 8, "step_00000005.ckpt: mapping_network does not fit MappingNetwork: .* of another shape"),
    (("name",), 5, "name must be text, not 5"),
    (("seed",), "x", "seed must be a whole number"),
    (("image_size",), [32], "image_size must be a whole number"),
    (("domain_names",), "text", "domain_names must be a list, not the text 'text'"),
    (("domain_names",), ["a", "a"], "names a domain twice"),
]


@pytest.mark.parametrize(("place", "value", "match"), RUNS, ids=lambda value: str(value)[:40])
def test_a_damaged_config_of_a_run(run: Path, files_stay: None, place: tuple[Any, ...], value: Any, match: str) -> None:
    content = yaml.safe_load((run / "config.yaml").read_text())
    (run / "config.yaml").write_text(yaml.safe_dump(changed(content, place, value)))
    refused(lambda: collect([run]), match)


@pytest.mark.parametrize("text", ["", "[]", "text", "a: [", "\0", BOMB])
def test_a_config_or_record_that_is_not_one(run: Path, files_stay: None, text: str) -> None:
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(text)
    refused(lambda: collect([run]), r"config\.yaml")
    (run / "config.yaml").write_text(config)
    if text not in ("", "[]"):
        (run / "run.yaml").write_text(text)
        refused(lambda: collect([run]), r"run\.yaml")


def test_metrics_that_are_damaged_do_not_matter(run: Path, files_stay: None) -> None:
    for content in (b"", os.urandom(2000), b"x" * 200_000, b"step,val/a\n1,word\n2,0.5,7,8\n3,nan\n4,\0\n5"):
        (run / "metrics.csv").write_bytes(content)
        metrics = collect([run])[1]["training"]["mapping_network"]["metrics"]
    assert metrics == {"val/a": 0.5}


class Trap:
    """Makes a folder when it is unpickled."""

    def __reduce__(self) -> tuple:
        return os.mkdir, ("sprung",)


def torch_file(content: Any) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def compressed() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 10_000_000)
    return file.getvalue()


CHECKPOINTS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "empty": (lambda c: b"", "no checkpoint under"),
    "text": (lambda c: b"text", "no checkpoint under"),
    "cut": (lambda c: torch_file(c)[:2000], "no checkpoint under"),
    "compressed": (lambda c: compressed(), "no checkpoint under"),
    "a list": (lambda c: [1, 2], "not a checkpoint of a hairgan run"),
    "a tensor": (lambda c: torch.zeros(3), "not a checkpoint of a hairgan run"),
    "of something else": (lambda c: {"state_dict": c["state_dict"], "epoch": 3}, "not a checkpoint of a hairgan run"),
    "step is text": (lambda c: c | {"steps_done": "x"}, "steps_done must be a whole number"),
    "state is a list": (lambda c: c | {"state_dict": [1]}, "state_dict must be a mapping"),
    "state is empty": (lambda c: c | {"state_dict": {}}, "holds no networks"),
    "numbers for tensors": (lambda c: c | {"state_dict": dict.fromkeys(c["state_dict"], 5)}, "holds no state dict"),
    "not finite": (
        lambda c: c | {"state_dict": {k: v * float("nan") for k, v in c["state_dict"].items()}},
        "weights are not finite numbers in 24 of them: .* and 21 more",
    ),
    "half of it": (lambda c: c | {"state_dict": dict(list(c["state_dict"].items())[:5])}, "missing"),
    "sparse": (
        lambda c: c | {"state_dict": {k: v.to_sparse() for k, v in c["state_dict"].items()}},
        "not a plain array",
    ),
    "claims more": (
        lambda c: c | {"state_dict": {k: torch.zeros(1).expand(10**6, 10**6) for k in c["state_dict"]}},
        "claims many more values than the file holds",
    ),
    "code": (lambda c: c | {"steps_done": Trap()}, "is refused"),
    "a module": (lambda c: c | {"state_dict": nn.Linear(1, 1)}, "is refused"),
}


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_damaged_checkpoint(run: Path, files_stay: None, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run)
    make, match = CHECKPOINTS[name]
    file = run / "checkpoints" / "step_00000005.ckpt"
    content = make(torch.load(file, weights_only=True))
    file.write_bytes(content if isinstance(content, bytes) else torch_file(content))
    refused(lambda: collect([run]), match)
    assert not (run / "sprung").exists()


def test_a_flipped_byte_of_a_weight_is_seen(networks: dict[str, nn.Module], tmp_path: Path) -> None:
    state = networks["mapping_network"].state_dict()
    data = bytearray(torch_file(state))
    data[data.index(state["shared.0.weight"].numpy().tobytes())] ^= 1
    (tmp_path / "x.pth").write_bytes(data)
    refused(lambda: read_state_dict(tmp_path / "x.pth"), "the checksum of .* is wrong")


# -- foreign files and state dicts --


@pytest.mark.parametrize("part", ["bisenet", "sean", "stargan", "fan"])
def test_foreign_files(tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "x.pth"
    held = [{"a": 5}, {"a": torch.tensor(1.0)}, None, 5, "text", [torch.zeros(1)], {}, {"a": {"b": torch.zeros(1)}}]
    files = [torch_file(content) for content in [*held, {5: torch.zeros(1)}, nn.Linear(1, 1), Trap()]]
    files += [b"", b"text", b"PK\x03\x04", compressed(), pickle.dumps(Trap()), b"\x80\x02X\xff\xff\xff\xff"]
    for content in files:
        file.write_bytes(content)
        refused(lambda: import_files(**{part: file}), r"x\.pth")
    assert not (tmp_path / "sprung").exists()
    file.unlink()
    os.mkfifo(file)
    refused(lambda: read_tensors(file), "there is no file")


STATES = {
    "stargan_v2/generator": Generator(**NARROW, w_hpf=1.0).state_dict(),
    "stargan_v2/mapping_network": MappingNetwork(2, hidden_dim=4).state_dict(),
    "stargan_v2/style_encoder": StyleEncoder(**NARROW).state_dict(),
    "stargan_v2/discriminator": Discriminator(**NARROW).state_dict(),
    "sean/discriminator": {
        f"discriminator_0.{name}": torch.zeros(4, 22, 4, 4) for name in ("model0.0.weight", "model1.0.0.weight_orig")
    },
}
SHAPES: dict[str, Callable[[Tensor], Tensor]] = {
    "a number": lambda value: torch.tensor(1.0),
    "flat": lambda value: value.reshape(-1)[:2].clone() + 1,
    "empty": lambda value: torch.zeros(0),
    "one axis more": lambda value: value[None],
    "repeated": lambda value: torch.zeros(1).reshape([1] * value.ndim).expand([100_000] * min(value.ndim, 3)),
    "not finite": lambda value: value / 0,
}


@pytest.mark.parametrize("name", STATES)
def test_foreign_state_dicts(name: str) -> None:
    state = STATES[name]
    keys = [key for key in state if state[key].ndim > 1]
    for what, shape in SHAPES.items():
        for chosen in (keys, keys[:1], keys[-1:]):
            if what != "repeated" or all(state[key].ndim <= 3 for key in chosen):
                refused(
                    lambda shape=shape, chosen=chosen: from_official(name, state | {k: shape(state[k]) for k in chosen})
                )
    many = {f"{prefix}.{i}.conv1.weight": torch.zeros(1) for i in range(500) for prefix in ("encode", "shared", "main")}
    refused(lambda: from_official(name, state | many))
    refused(lambda: from_official(name, {key.replace(".1.", ".1000000000000."): value for key, value in state.items()}))
    refused(lambda: from_official(name, {}), "holds no tensors")
    refused(lambda: from_official(name, state, nothing=1), "has no option 'nothing'")


@pytest.mark.parametrize("w_hpf", ["text", float("nan"), -1.0, True])
def test_a_high_pass_weight_that_is_not_one(w_hpf: Any) -> None:
    state = {key: value for key, value in STATES["stargan_v2/generator"].items() if key != "hpf.filter"}
    refused(lambda: from_official("stargan_v2/generator", state, w_hpf=w_hpf), "w_hpf")


# -- anything else --

VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.sampled_from([0, -1, 2, 4000, 10**6, 10**9, 10**30]),
        st.floats(), st.text(max_size=20),
        st.sampled_from(["os:system", "hairgan.networks.sean:SEANGenerator", "../x"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)  # fmt: skip


def places(content: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [at, *(place for key, value in inner for place in places(value, (*at, key)))]


@st.composite
def mutated(draw: st.DrawFn, content: Any) -> str:
    """A document with some of its values replaced, left out or added to, or with letters of its text changed."""
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places(content)[1:] or [()]))
        if place:
            content = changed(content, place, draw(st.one_of(VALUES, st.just(DELETED))))
    try:
        text = yaml.safe_dump(content, sort_keys=False)
    except yaml.YAMLError:
        text = str(content)
    if draw(st.booleans()) and text:
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 20)))
        text = text[:start] + draw(st.text(max_size=5)) + text[end:]
    return text.encode("utf-8", "replace").decode()


def ends_well(do: Callable[[], Any]) -> None:
    """It works, or ends in one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            do()
    except (ValueError, OSError) as error:
        assert "\n" not in str(error) and len(str(error)) < 800, str(error)


QUICKLY = settings(max_examples=80, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICKLY
@given(data=st.data())
def test_any_change_of_a_card_ends_well(
    good_card: dict[str, Any], card: Callable[[Any], Path], data: st.DataObject
) -> None:
    folder = card(data.draw(mutated(good_card)))
    ends_well(lambda: load_bundle(folder))


@QUICKLY
@given(data=st.data())
def test_any_change_of_a_run_ends_well(run: Path, files_stay: None, data: st.DataObject) -> None:
    good = {
        "name": "x", "seed": 7, "image_size": 32, "domain_names": ["bob", "short"],
        "model": {"mapping_network": {
            "_target_": "hairgan.networks.stargan.MappingNetwork", "num_domains": 2, "latent_dim": 16, "style_dim": 64,
            "hidden_dim": 4,
        }},
    }  # fmt: skip
    (run / "config.yaml").write_text(data.draw(mutated(good)))
    (run / "run.yaml").write_text(
        data.draw(mutated([{"dataset": {"size": 5, "counts": {}}, "git": {"revision": "a"}}]))
    )
    ends_well(lambda: collect([run]))


@pytest.mark.parametrize(
    ("name", "value"), [("bn.running_var", torch.tensor([1.0, -0.1])), ("counts", torch.tensor([-1]))]
)
def test_what_cannot_be_negative(name: str, value: Tensor) -> None:
    refused(lambda: check_state({"weight": torch.ones(1), name: value}, "x"), rf"{name} has (variances|counts) below 0")
