"""Names of classes and functions that have moved, in a config."""

from __future__ import annotations

from omegaconf import DictConfig, OmegaConf, open_dict

from hairgan.moved import with_current_names


def use_current_names(cfg: DictConfig) -> None:
    """Replace, in place, the names of moved classes and functions in `_target_`s; references stay references."""
    written = OmegaConf.to_container(cfg, resolve=False)
    assert isinstance(written, dict)
    with open_dict(cfg):
        for group, node in with_current_names(written).items():
            if node != written[group]:
                cfg[group] = node
