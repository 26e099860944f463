"""The composed values of every model and experiment, kept in `effective_values.yaml` to compare with.

After an intended change of `conf/`, write the file again and read its diff: `python -m tests.config.effective_values`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf, open_dict

ROOT = Path(__file__).parents[2]
FILE = Path(__file__).with_suffix(".yaml")
EVERYWHERE = "everywhere"

Values = dict[str, Any]
"""A setting's full name -> its value."""


def compositions() -> list[str]:
    """The overrides that choose each model and each experiment."""
    return [
        f"{group}={path.stem}"
        for group in ("model", "experiment")
        for path in sorted((ROOT / "conf" / group).glob("*.yaml"))
    ]


def effective(override: str) -> Values:
    """The values of a composed config, references resolved, with domains as placeholders."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("config", ["paths.data=data", "paths.cache=cache", override])
    with open_dict(cfg):
        cfg.domain_names, cfg.num_domains, cfg.run_dir = ["a", "b"], 2, "run"
    return dict(_flat(OmegaConf.to_container(cfg, resolve=True)))


def table() -> dict[str, Values]:
    """The values that all compositions share, under `everywhere`, and the other values of each composition."""
    found = {override: effective(override) for override in compositions()}
    first = next(iter(found.values()))
    same = {name: v for name, v in first.items() if all(name in f and f[name] == v for f in found.values())}
    others = {override: {n: v for n, v in values.items() if n not in same} for override, values in found.items()}
    return {EVERYWHERE: same} | others


def _flat(node: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from _flat(value, f"{name}.{key}" if name else str(key))
    else:
        yield name, node


def write() -> None:
    """Write the file again."""
    FILE.write_text(yaml.safe_dump(table(), sort_keys=True, width=1000))


if __name__ == "__main__":
    write()
