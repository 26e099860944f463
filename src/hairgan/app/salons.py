"""The networks: one `Salon` per bundle, loaded in the background, with a state that the page shows."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hairgan.photos.names import printable

if TYPE_CHECKING:
    from hairgan.editing.salon import Salon


@dataclass(frozen=True)
class State:
    """How far a bundle's networks are."""

    name: Literal["loading", "ready", "failed"]
    reason: str = ""
    """Why they failed to load, as a sentence."""


class Salons:
    """Bundles by the name that the page shows, each loaded once.

    Args:
        bundles: name -> folder or hub name; at least one.
        options: of `Salon.from_bundle`: `device`, `precision`, `finder`.
    """

    def __init__(self, bundles: Mapping[str, str | Path], **options: Any) -> None:
        if not bundles:
            raise ValueError("the salon needs at least one bundle of networks")
        self.names = tuple(bundles)
        self._bundles, self._options = dict(bundles), options
        self._salons: dict[str, Salon] = {}
        self._states = dict.fromkeys(bundles, State("loading"))
        self._loaded = {name: threading.Event() for name in bundles}

    @classmethod
    def of_networks(cls, **salons: Salon) -> Salons:
        """Salons that exist already."""
        made = cls(dict.fromkeys(salons, Path()))
        for name, salon in salons.items():
            made._set(name, salon, State("ready"))
        return made

    def start(self) -> None:
        """Load all that is not there in a thread of its own."""
        threading.Thread(target=self._load, name="networks", daemon=True).start()

    def state(self, name: str) -> State:
        """How far a bundle is."""
        return self._states[self._known(name)]

    def get(self, name: str) -> Salon:
        """The salon of a bundle; waits until it is loaded.

        Raises:
            ValueError: there is no such bundle, or it would not load.
        """
        self._loaded[self._known(name)].wait()
        if name not in self._salons:
            raise ValueError(self._states[name].reason)
        return self._salons[name]

    def _known(self, name: str) -> str:
        if name not in self._bundles:
            raise ValueError(f"there is no bundle '{printable(name[:60])}'; known are {', '.join(self.names)}")
        return name

    def _load(self) -> None:
        for name, source in self._bundles.items():
            if self._loaded[name].is_set():
                continue
            try:
                from hairgan.editing.salon import Salon

                self._set(name, Salon.from_bundle(source, **self._options), State("ready"))
            except Exception as error:  # whatever it is, the page says it
                self._set(name, None, State("failed", f"{name} did not load: {error}"))

    def _set(self, name: str, salon: Salon | None, state: State) -> None:
        if salon is not None:
            self._salons[name] = salon
        self._states[name] = state
        self._loaded[name].set()


@dataclass(frozen=True)
class Abilities:
    """What the networks of a bundle can do."""

    domains: tuple[str, ...]
    """Hair domains; empty if restyling to one is not possible."""
    by_reference: bool
    """Whether hair styles are taken from photos."""
    truncates: bool
    """Whether styles can be drawn towards the mean of their domain."""
    paints: bool
    """Whether SEAN is there; otherwise colors are transferred."""
    missing: tuple[str, ...]
    """Names of the networks that are not there, and that would allow more."""


def abilities(salon: Salon) -> Abilities:
    """What a salon can do with its networks."""
    restyler, layers = salon.restyler, salon.layers
    paints = hasattr(salon.painter, "network")
    networks = {
        "hair_layout": layers,
        "stargan_generator": restyler,
        "mapping_network": restyler and restyler.mapping,
        "style_encoder": restyler and restyler.encoder,
        "sean": paints or None,
    }
    return Abilities(
        domains=tuple(salon.domains),
        by_reference=layers is not None or (restyler is not None and restyler.encoder is not None),
        truncates=restyler is not None and restyler.mapping is not None,
        paints=paints,
        missing=tuple(name for name, network in networks.items() if network is None),
    )


def bundle_names(sources: tuple[str, ...]) -> dict[str, str]:
    """Bundles by a short name: the last part of each, or all of it where two would have the same."""
    lasts = [Path(source).name or source for source in sources]
    return {
        last if lasts.count(last) == 1 else printable(source): source
        for last, source in zip(lasts, sources, strict=True)
    }
