"""The endpoints for programs: `/about`, `/dye`, `/restyle`, `/all_domains`; docs/app.md shows how to call them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from hairgan.app.guard import session_of
from hairgan.app.inputs import PhotoInput, hex_color
from hairgan.app.salons import abilities
from hairgan.app.service import Service
from hairgan.app.sessions import Entry
from hairgan.app.texts import load_texts
from hairgan.app.wishes import AllDomains, Dye, Restyle, Wish

log = logging.getLogger(__name__)


class Api:
    """Adds the endpoints to the current `gr.Blocks`."""

    def __init__(self, service: Service) -> None:
        self.service, self.t = service, load_texts("en")

        def photo(label: str) -> PhotoInput:
            return PhotoInput(label=label, visible=False)

        first = service.salons.names[0]
        bundle = gr.Textbox(first, label="bundle", visible=False)
        file, facts = gr.File(visible=False), gr.JSON(visible=False)
        color, domain = gr.Textbox(None, label="color", visible=False), gr.Textbox(None, label="domain", visible=False)
        seed = gr.Number(0, precision=0, label="seed", visible=False)
        amount = gr.Number(1.0, label="strength", visible=False)
        truncation = gr.Number(1.0, label="truncation", visible=False)
        files = gr.File(file_count="multiple", visible=False)
        dye = [photo("photo"), color, photo("like"), amount, bundle]
        restyle = [photo("photo"), domain, photo("like"), seed, truncation, color, photo("color_like"), bundle]
        endpoints: dict[str, tuple[Any, list[Any], list[Any]]] = {
            "about": (self.about, [bundle], [facts]),
            "dye": (self.dye, dye, [file, facts]),
            "restyle": (self.restyle, restyle, [file, facts]),
            "all_domains": (self.all_domains, [photo("photo"), seed, truncation, bundle], [files, facts]),
        }
        for name, (function, inputs, outputs) in endpoints.items():
            button = gr.Button(visible=False)
            button.click(function, inputs, outputs, api_name=name, concurrency_limit=None)

    async def about(self, bundle: str) -> dict[str, Any]:
        """What the networks of a bundle can do; waits until they are loaded."""
        salon = await asyncio.to_thread(self.service.salons.get, bundle)
        return {"bundles": list(self.service.salons.names), **asdict(abilities(salon))}

    async def dye(
        self,
        request: gr.Request,
        photo: Path,
        color: str | None = None,
        like: Path | None = None,
        strength: float = 1.0,
        bundle: str = "",
    ) -> tuple[str, dict[str, Any]]:
        """Dye the hair: give a color, or a photo to take it from. Returns the PNG, and what was done."""
        wish = Dye(photo, color=hex_color(color) if color else None, like=like, strength=strength)
        (result,) = await self._run(wish, bundle, request)
        return result

    async def restyle(
        self,
        request: gr.Request,
        photo: Path,
        domain: str | None = None,
        like: Path | None = None,
        seed: int = 0,
        truncation: float = 1.0,
        color: str | None = None,
        color_like: Path | None = None,
        bundle: str = "",
    ) -> tuple[str, dict[str, Any]]:
        """Change the hair style: give a domain, or a photo to take it from. Returns the PNG, and what was done."""
        wish = Restyle(photo, domain or None, like, seed, truncation, hex_color(color) if color else None, color_like)
        (result,) = await self._run(wish, bundle, request)
        return result

    async def all_domains(
        self, request: gr.Request, photo: Path, seed: int = 0, truncation: float = 1.0, bundle: str = ""
    ) -> tuple[list[str], list[dict[str, Any]]]:
        """One edit per hair domain. Returns the PNGs, and what was done."""
        results = await self._run(AllDomains(photo, seed, truncation), bundle, request)
        return [file for file, _ in results], [facts for _, facts in results]

    async def _run(self, wish: Wish, bundle: str, request: gr.Request) -> list[tuple[str, dict[str, Any]]]:
        session = session_of(request.headers, self.service.sessions)
        if wish.photo is None:
            raise gr.Error(self.t("error.no_photo"))
        try:
            found = [news async for news in self.service.edit(session, wish, bundle) if isinstance(news, Entry)]
        except ValueError as error:
            raise gr.Error(self.t.sentence(str(error))) from error
        except Exception as error:
            log.exception("an edit failed")
            raise gr.Error(self.t("error.unexpected", kind=type(error).__name__)) from error
        return [(str(session.folder / entry.full), asdict(entry.facts)) for entry in found]
