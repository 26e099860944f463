"""A salon with tiny networks on the loopback address, and Debian's Chromium to look at it."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from hairgan.app.address import Address
from hairgan.app.limits import Limits
from hairgan.locks import hold
from tests.unit.app.tiny import tiny_salon

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = [
    *(
        ["Gradio and Playwright: uv pip install -e '.[dev]'"]
        if not (find_spec("gradio") and find_spec("playwright"))
        else []
    ),
    *(["a browser: apt-get install -y chromium"] if CHROMIUM is None else []),
]
SECONDS = 40
"""Longest wait for anything on a page; the machine may be busy."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if MISSING and here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=f"needs {', and '.join(MISSING)}"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="package")
def salon_server() -> Iterator[Any]:
    """The salon, served by this process."""
    from hairgan.app.salons import Salons
    from hairgan.app.server import Server

    salons = Salons.of_networks(tiny=tiny_salon())
    server = Server(salons, Address(port=free_port()), Limits(upload_mb=3, megapixels=20, grace=5.0))
    server.start()
    yield server
    server.close()


@pytest.fixture
def turn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One browser test at a time, on however many cores the tests run."""
    shared = (
        tmp_path_factory.getbasetemp().parent
        if os.environ.get("PYTEST_XDIST_WORKER")
        else tmp_path_factory.getbasetemp()
    )
    with hold(shared / "browser.lock", "the browser", patience=600):
        yield


@pytest.fixture(
    scope="package"
)  # an event loop runs in this thread as long as it is open, which other tests cannot have
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any, turn: None) -> Iterator[Callable[..., Any]]:
    """Opens a page as a visitor of its own: `open_page(url, width=360, locale="ko-KR")`."""
    contexts = []

    def visit(url: str, width: int = 1280, height: int = 900, **how: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": height}, **({"locale": "en-US"} | how))
        context.set_default_timeout(1000 * SECONDS)
        contexts.append(context)
        page = context.new_page()
        page.goto(url)
        page.locator("#dye-button").wait_for()
        return page

    yield visit
    for context in contexts:
        context.close()
