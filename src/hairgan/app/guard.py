"""The guard: an ASGI layer in front of Gradio. It knows sessions by a cookie, and what each of them may read.

What Gradio would do besides serving the page is refused: sending files that another session uploaded or made, fetching
addresses of the internet for a visitor, and every route that the page does not use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from starlette.responses import FileResponse, PlainTextResponse, Response

from hairgan.app.examples import Drawings
from hairgan.app.sessions import Session, Sessions

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

COOKIE = "hairgan"
FILES = "salon/files"
"""Where a page finds the files of its session."""
DRAWN = "salon/drawn"
"""Where it finds the drawn examples."""
API = "/gradio_api"

OPEN_ROUTES = re.compile(
    r"/(ko/?)?|/(assets|static|svelte)/.*|/(config|theme\.css|favicon\.ico|robots\.txt|manifest\.json|login|logout)/?"
    rf"|{API}/(info|startup-events|theme\.css|user|login_check|token|app_id|upload|upload_progress|cancel|reset)/?"
    rf"|{API}/(queue/join|call/[\w.-]+(/[\w-]+)?)/?"
)
"""The routes of Gradio that the page and `gradio_client` use, besides those that the guard looks at itself."""

POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' data: blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'"
)
"""Content-Security-Policy: the browser, too, asks nobody else for anything."""

FORMS = 1_000_000
"""Bytes of a request that is no upload, at most."""


class Guard:
    """Wraps Gradio's application; made by Starlette as a middleware.

    Args:
        app: what is guarded.
        hosts: names under which the server may be addressed; None for any. On the loopback address it keeps pages of
            other sites from reaching the salon under a name of their own (DNS rebinding).
        upload_bytes: most bytes of an upload.
        framed: whether a page of another site may show this one in a frame, as a Space does.
    """

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Awaitable[None]],
        *,
        sessions: Sessions,
        drawings: Drawings,
        hosts: frozenset[str] | None,
        upload_bytes: int,
        framed: bool = False,
    ) -> None:
        self.app, self.sessions, self.drawings = app, sessions, drawings
        self.hosts, self.upload_bytes, self.framed = hosts, upload_bytes, framed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        session = self.sessions.get(_cookie(headers))
        refusal = self._refusal(scope, headers, session)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        path = scope["path"]
        if path.startswith(f"/{FILES}/"):
            await self._file(session, path.removeprefix(f"/{FILES}/"), scope)(scope, receive, send)
        elif path.startswith(f"/{DRAWN}/"):
            await (await self._drawing(path.removeprefix(f"/{DRAWN}/")))(scope, receive, send)
        else:
            await self._pass_on(scope, receive, send, headers, session)

    def _refusal(self, scope: Scope, headers: dict[str, str], session: Session | None) -> Response | None:
        """Why a request is not answered, if it is not."""
        path = scope["path"]
        if self.hosts is not None and _host(headers.get("host", "")) not in self.hosts:
            return PlainTextResponse("This salon is open on this machine only.", 403)
        length = headers.get("content-length", "0")
        most = self.upload_bytes if path.startswith(f"{API}/upload") else FORMS
        if not length.isdecimal() or int(length) > most:
            return PlainTextResponse("The request is too large.", 413)
        if path.startswith(f"{API}/file="):
            wanted = unquote(path.removeprefix(f"{API}/file="))
            if "://" in wanted or not self.sessions.may_read(session, Path("/") / wanted):
                return PlainTextResponse("There is no such file in this session.", 403)
            return None
        page = _page_id(scope)
        if page is not None:
            if session is None or not self.sessions.claim(session, page):
                return PlainTextResponse("That is another session's page.", 403)
            return None
        if path.startswith((f"/{FILES}/", f"/{DRAWN}/")) or OPEN_ROUTES.fullmatch(path):
            return None
        return PlainTextResponse("There is nothing here.", 404)

    def _file(self, session: Session | None, name: str, scope: Scope) -> Response:
        if session is None or not session.owns(file := (session.folder / name).resolve()) or not file.is_file():
            return PlainTextResponse("There is no such file in this session.", 404)
        disposition = "attachment" if scope["query_string"] == b"download" else "inline"
        return FileResponse(
            file, filename=file.name, content_disposition_type=disposition, headers={"cache-control": "no-store"}
        )

    async def _drawing(self, name: str) -> Response:
        from anyio.to_thread import run_sync

        file = await run_sync(self.drawings.wait, name)
        if file is None:
            return PlainTextResponse("There is no such picture.", 404)
        return FileResponse(file, headers={"cache-control": "max-age=3600"})

    async def _pass_on(
        self, scope: Scope, receive: Receive, send: Send, headers: dict[str, str], session: Session | None
    ) -> None:
        """Let Gradio answer; give a new visitor a cookie, and note what was uploaded."""
        path = scope["path"]
        new = session is None and _starts_session(path)
        if session is None and (new or path.startswith((f"{API}/upload", f"{API}/queue", f"{API}/call"))):
            session = self.sessions.open(None)
            new = True
            scope["headers"] = [*scope["headers"], (b"cookie", f"{COOKIE}={session.token}".encode())]
        uploading = path.rstrip("/") == f"{API}/upload"
        body = bytearray()

        async def answer(event: MutableMapping[str, Any]) -> None:
            if event["type"] == "http.response.start":
                extra = [(b"content-security-policy", self._policy().encode()), (b"referrer-policy", b"no-referrer")]
                extra.append((b"x-content-type-options", b"nosniff"))
                if new and session is not None:
                    extra.append((b"set-cookie", _set_cookie(session.token, headers).encode()))
                event["headers"] = [*event.get("headers", []), *extra]
            elif uploading and event["type"] == "http.response.body":
                body.extend(event.get("body", b""))
                if session is not None and not event.get("more_body"):
                    self.sessions.add_uploads(session, _uploaded(bytes(body)))  # before the visitor can name them
            await send(event)

        tab = session if path.startswith(f"{API}/heartbeat/") else None
        if tab is not None:
            self.sessions.tab_opened(tab)
        try:
            await self.app(scope, _limited(receive, self.upload_bytes), answer)
        finally:
            if tab is not None:
                self.sessions.tab_closed(tab)

    def _policy(self) -> str:
        return POLICY if self.framed else f"{POLICY}; frame-ancestors 'self'"


def session_of(headers: Any, sessions: Sessions) -> Session:
    """The session of a request that Gradio hands to an event."""
    return sessions.open(_cookie({"cookie": headers.get("cookie", "")}))


def _cookie(headers: dict[str, str]) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except Exception:  # a malformed header is as good as none
        return None
    return None if morsel is None else morsel.value


def _set_cookie(token: str, headers: dict[str, str]) -> str:
    if headers.get("x-forwarded-proto", "").startswith("https"):  # behind a proxy, maybe in a frame of another site
        return f"{COOKIE}={quote(token)}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"
    return f"{COOKIE}={quote(token)}; Path=/; HttpOnly; SameSite=Lax"


def _host(header: str) -> str:
    return re.sub(r":\d+$", "", header).strip("[]").lower()


def _starts_session(path: str) -> bool:
    return path.rstrip("/") in ("", "/ko", "/config")


def _page_id(scope: Scope) -> str | None:
    """The random id of the page that asks for its events, or says that it is open."""
    path = scope["path"]
    if path.startswith(f"{API}/heartbeat/"):
        return path.removeprefix(f"{API}/heartbeat/").rstrip("/")
    if path.rstrip("/") == f"{API}/queue/data":
        return parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]
    return None


def _uploaded(answer: bytes) -> list[Path]:
    """Where Gradio put the files of an upload."""
    try:
        paths = json.loads(answer)
    except ValueError:
        return []
    return [Path(path).resolve() for path in paths if isinstance(path, str)] if isinstance(paths, list) else []


def _limited(receive: Receive, most: int) -> Receive:
    """Ends a request whose body is larger than it said, or than is taken."""
    taken = 0

    async def limited() -> MutableMapping[str, Any]:
        nonlocal taken
        event = await receive()
        taken += len(event.get("body", b""))
        return {"type": "http.disconnect"} if taken > most else event

    return limited
