"""What the page's controls do: from the values of a page to wishes, and from what comes of them to HTML."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import gradio as gr

from hairgan.app import markup
from hairgan.app.examples import Drawings, example_name
from hairgan.app.guard import session_of
from hairgan.app.inputs import hex_color
from hairgan.app.salons import abilities
from hairgan.app.service import Progress, Service
from hairgan.app.sessions import Entry, Session
from hairgan.app.texts import Texts
from hairgan.app.wishes import AllDomains, Dye, Restyle, Wish

log = logging.getLogger(__name__)

Updates = list[Any]
"""New values of message, result, history, views, the gallery's column and the gallery; `gr.skip()` leaves one alone."""


class PageEvents:
    """The events of the page in one language."""

    def __init__(self, service: Service, drawings: Drawings, texts: Texts) -> None:
        self.service, self.drawings, self.t = service, drawings, texts

    async def networks(self, bundle: str) -> AsyncIterator[Updates]:
        """The state of the networks until they are loaded, and then what restyling offers."""
        salons, t = self.service.salons, self.t
        while (state := salons.state(bundle)).name == "loading":
            yield [markup.message(t("state.loading"), "busy"), *[gr.skip()] * 4]
            await asyncio.sleep(0.5)
        if state.name == "failed":
            text = t("state.failed", reason=t.sentence(state.reason))
            yield [markup.message(text, "error"), *[gr.skip()] * 4]
            return
        able = abilities(salons.get(bundle))
        domains = [(t.name("domain", name), name) for name in able.domains]
        if able.by_reference:
            domains.append((t("domain.photo"), "photo"))
        yield [
            markup.message(t("state.ready" if able.paints else "state.ready_transfer")),
            gr.update(value=markup.missing(t, able), visible=not domains),
            gr.update(visible=bool(domains)),
            gr.update(choices=domains, value=domains[0][1] if domains else None),
            gr.update(visible=able.truncates, value=1),
        ]

    def reopen(self, request: gr.Request) -> list[str]:
        """The session's edits, when a page is opened again."""
        session = self._session(request)
        return self._show(session, session.entries[-1] if session.entries else None)

    def example(self, event: gr.EventData) -> str | None:
        """The file of a drawn person that was chosen."""
        file = self.drawings.wait(example_name(int(event._data["number"])))
        return None if file is None else str(file)

    async def dye(
        self,
        photo: Path | None,
        bundle: str,
        color: str | None,
        picked: str,
        like: Path | None,
        strength: float,
        request: gr.Request,
    ) -> AsyncIterator[Updates]:
        """Another color."""
        if photo is None or (color == "photo" and like is None):
            wish = None
        elif color == "photo":
            wish = Dye(photo, like=like, strength=strength)
        else:
            wish = Dye(photo, color=hex_color(picked) if color == "other" else color, strength=strength)
        problem = "error.no_photo" if photo is None else "error.no_reference"
        async for updates in self._run(wish, problem, bundle, request):
            yield updates

    async def restyle(
        self,
        photo: Path | None,
        bundle: str,
        domain: str | None,
        like: Path | None,
        color: str,
        color_like: Path | None,
        seed: float | None,
        truncation: float,
        request: gr.Request,
    ) -> AsyncIterator[Updates]:
        """Another style, and maybe another color."""
        by_photo, color_by_photo = domain == "photo", color == "photo"
        wish = None
        if photo is None:
            problem = "error.no_photo"
        elif domain is None:
            problem = "error.no_domain"
        else:
            problem = "error.no_reference"
            if (like or not by_photo) and (color_like or not color_by_photo):
                wish = Restyle(
                    photo,
                    domain=None if by_photo else domain,
                    like=like if by_photo else None,
                    seed=int(seed or 0),
                    truncation=truncation,
                    color=None if color in ("keep", "photo") else color,
                    color_like=color_like if color_by_photo else None,
                )
        async for updates in self._run(wish, problem, bundle, request):
            yield updates

    async def all_domains(
        self, photo: Path | None, bundle: str, seed: float | None, truncation: float, request: gr.Request
    ) -> AsyncIterator[Updates]:
        """One edit per domain, as they come."""
        wish = None if photo is None else AllDomains(photo, int(seed or 0), truncation)
        async for updates in self._run(wish, "error.no_photo", bundle, request):
            yield updates

    def show(self, event: gr.EventData, request: gr.Request) -> list[str]:
        """An edit of the history again."""
        session, number = self._session(request), int(event._data["number"])
        return self._show(session, next((entry for entry in session.entries if entry.number == number), None))

    async def _run(self, wish: Wish | None, problem: str, bundle: str, request: gr.Request) -> AsyncIterator[Updates]:
        """Messages while a wish waits and is worked at, and each edit as it is finished.

        Args:
            problem: key of the text that says why there is no wish.
        """
        t = self.t
        if wish is None:
            yield _message(t(problem), "error")
            return
        session, made = self._session(request), list[Entry]()
        try:
            async for news in self.service.edit(session, wish, bundle):
                if isinstance(news, Progress):
                    yield _message(self._progress(news, wish), "busy")
                else:
                    made.append(news)
                    yield self._finished(session, news, made if wish.kind == "all" else [])
        except ValueError as error:
            yield _message(t.sentence(str(error)), "error")
        except Exception as error:
            log.exception("an edit failed")
            yield _message(t("error.unexpected", kind=type(error).__name__), "error")
        else:
            yield _message("")

    def _progress(self, news: Progress, wish: Wish) -> str:
        t = self.t
        if news.ahead:
            return t("waiting", ahead=news.ahead)
        if wish.kind == "all" and news.done:
            return t("busy.count", done=news.done)
        return t("busy." + ("opening" if news.stage == "waiting" else news.stage))

    def _finished(self, session: Session, entry: Entry, gallery: list[Entry]) -> Updates:
        tiles = [gr.update(visible=True), markup.tiles(self.t, gallery)] if gallery else [gr.skip(), gr.skip()]
        return [gr.skip(), *self._show(session, entry), *tiles]

    def _show(self, session: Session, entry: Entry | None) -> list[str]:
        """Result, history and views with an edit in front."""
        t = self.t
        return [markup.result(t, entry), markup.history(t, session.entries, entry), markup.views(t, entry)]

    def _session(self, request: gr.Request) -> Session:
        return session_of(request.headers, self.service.sessions)


def _message(text: str, kind: str = "info") -> Updates:
    return [markup.message(text, kind), *[gr.skip()] * 5]
