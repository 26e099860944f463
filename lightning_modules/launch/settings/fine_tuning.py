"""The settings of `init`: the weights that a new run starts from, and how it trains on."""

from __future__ import annotations

from collections.abc import Container
from typing import Annotated, Any, ClassVar

from pydantic import Field

from lightning_modules.launch.settings.families import NETWORKS, family_of
from lightning_modules.launch.settings.validation import Meaning, Settings, check
from lightning_modules.launch.settings.value_types import Path, Positive, Text, distinct
from lightning_modules.launch.settings.wording import nearest

Names = Annotated[list[Text], Meaning("a list of networks, or of parts of them")]
Domains = Annotated[dict[str, Text | int], Meaning("domains with the domain that each starts from, e.g. {bob: short}")]
Factors = Annotated[dict[str, Positive], Meaning("networks with numbers above 0, e.g. {generator: 0.1}")]


class Init(Settings):
    HINTS: ClassVar = {"lr_factors": "init.freeze=[NETWORK] does not train a network"}

    source: Path | distinct(Path) | None = None
    map: Domains | None = None
    freeze: Names = Field(default=[])
    lr_factors: Factors | None = None
    exact: bool = False


def check_init(values: dict[str, Any], overridden: Container[str] | None) -> None:
    """Refuse values of `init` that are not allowed, whatever the model.

    Raises:
        ValueError: naming the setting.
    """
    init = values.get("init")
    if init is None:
        return
    check(Init, init, "init", overridden=overridden)
    if init.get("source") is None and (given := [name for name in Init.model_fields if init.get(name)]):
        raise ValueError(f"init.{given[0]} needs weights to start from: init=RUN, a bundle or a file")


def check_init_of_model(values: dict[str, Any]) -> None:
    """Refuse settings of `init` that do not fit the model: networks that it has not, domains where it has none.

    Raises:
        ValueError: naming the setting, and what the model has.
    """
    init, family = values.get("init") or {}, family_of(values["model"])
    known = NETWORKS.get(str(family))
    if known is None or init.get("source") is None:  # a module of the user's own is checked when it is built
        return
    frozen = init.get("freeze") or []
    for setting, names in (("freeze", frozen), ("lr_factors", init.get("lr_factors") or {})):
        for name in names:
            network = name.split(".")[0] if setting == "freeze" else name
            if network not in known:
                has = f"{family} has {', '.join(known)}"
                raise ValueError(f"init.{setting} names '{name}'{nearest(network, known)}; {has}")
    if set(known) <= set(frozen):
        raise ValueError("init.freeze names all networks, so that nothing is left to train")
    if init.get("map") and family != "stargan":
        raise ValueError(f"init.map is for stargan, whose networks have a head for each domain, not for {family}")
    if values["model"].get("imagenet"):
        raise ValueError("init and model.imagenet=true both give the parser its first weights: leave out one of them")
