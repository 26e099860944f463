"""Checks of a user's own network before it is trained."""

from __future__ import annotations

from torch import nn


def check_network(family: str, name: str, network: nn.Module, needed: type[nn.Module] | tuple[str, ...]) -> None:
    """Refuse a network that does not fit its family, or that no other program could load after the run.

    Args:
        family: class name of the LightningModule.
        name: the network's name under `model` in the config.
        network: the network.
        needed: the class that it must be an instance of, or the attributes and methods that it must have.

    Raises:
        ValueError: naming the network and what is missing.
    """
    cls = type(network)
    if isinstance(needed, type):
        if not isinstance(network, needed):
            raise ValueError(
                f"model.{name} is a {cls.__module__}.{cls.__qualname__}, but {family} needs a {needed.__name__} or a "
                "subclass of it"
            )
    elif missing := [attribute for attribute in needed if not hasattr(network, attribute)]:
        raise ValueError(
            f"model.{name} is a {cls.__module__}.{cls.__qualname__}, which lacks what {family} calls: "
            f"{', '.join(missing)} (docs/extending.md)"
        )
    if cls.__module__ == "__main__" or "<locals>" in cls.__qualname__:
        raise ValueError(
            f"model.{name} is a {cls.__qualname__} defined in the main program or in a function: move the class to a "
            "module of its own, so that its weights can be loaded again"
        )
