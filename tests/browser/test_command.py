"""`hairgan app` with the networks that ship: by keyboard from the page's top to a dyed portrait, and nobody asked.

With HAIRGAN_SCREENSHOTS=docs/images the screenshot of the README is made anew.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.actions import choose, download, finished
from tests.browser.conftest import free_port

ROOT = Path(__file__).parents[2]

COMMAND = """
import sys
log = open(sys.argv.pop(1), "a", buffering=1)
def watch(event, args):
    if event in ("socket.connect", "socket.sendto"):
        host = args[1][0] if isinstance(args[1], tuple) else "127.0.0.1"  # others than the internet's stay here
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = args[0].decode() if isinstance(args[0], bytes) else args[0]
    else:
        return
    if host not in (None, "", "127.0.0.1", "localhost", "::1"):
        log.write(f"{event} {host}\\n")
        raise OSError(f"no way to {host}")
sys.addaudithook(watch)
from hairgan.cli import main
main(sys.argv[1:])
"""
"""The command in a process that reaches nobody, and writes down whom it tried to reach."""


@pytest.fixture
def salon(turn: None, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes], Path]]:
    """The page's address, its process, and the list of those it tried to reach."""
    port, asked = free_port(), tmp_path / "asked"
    place = {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "TMPDIR": str(tmp_path)}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HAIRGAN", "GRADIO"))}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(asked), "app", "--port", str(port)],
            env=environment | place, stdout=log, stderr=subprocess.STDOUT, cwd=tmp_path,
        )  # fmt: skip
    url, end = f"http://127.0.0.1:{port}/", time.monotonic() + 300
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                break
        except OSError:
            time.sleep(0.3)
    try:
        yield url, process, asked
    finally:
        process.kill()
        process.wait()


def test_from_the_command_to_a_dyed_portrait(
    salon: tuple[str, subprocess.Popen[bytes], Path], open_page: Callable[..., Any], tmp_path: Path
) -> None:
    url, process, asked = salon
    assert process.poll() is None, (tmp_path / "log").read_text()
    page, hosts = open_page(url), set()
    page.set_default_timeout(90_000)
    page.on("request", lambda request: hosts.add(request.url.split("/")[2] if "://" in request.url else "data"))
    page.reload()

    def tab_to(selector: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                seen = "() => { const e = document.activeElement, l = e.closest('label') || e;"
                seen += " return [e, l].some(x => getComputedStyle(x).outlineStyle !== 'none'"
                seen += " || getComputedStyle(x).boxShadow !== 'none') }"
                assert page.evaluate(seen), f"nothing shows that {selector} has the focus"
                return
        raise AssertionError(f"{selector} is not reached by the tabulator key")

    page.locator("#examples .tile img").first.evaluate("e => e.decode()")
    tab_to("#examples .tile")
    page.keyboard.press("Enter")
    page.locator("#photo img").first.wait_for()
    tab_to("#color input")
    for color in ("red", "ginger", "copper"):
        page.keyboard.press("ArrowRight")
        page.wait_for_function("c => document.querySelector('#color input:checked').value === c", arg=color)
    tab_to("#dye-button")
    page.keyboard.press("Enter")
    page.locator("#result .compare").wait_for()
    tab_to("#result .compare input")
    page.keyboard.press("ArrowLeft")
    assert page.locator("#result .compare input").input_value() == "49"
    tab_to("#result .download")

    before = np.asarray(Image.open(next(tmp_path.glob("hairgan-app-*/drawn/person_35.png"))))
    after = download(page, tmp_path)
    changed = (before != after).any(axis=2)
    assert before.shape == after.shape and 0.1 < changed.mean() < 0.6
    assert (
        after[changed].mean(0)[0] - after[changed].mean(0)[2] > before[changed].mean(0)[0] - before[changed].mean(0)[2]
    )

    for person, color in ((19, "blond"), (73, "other")):
        page.locator(f"#examples [data-choice='{person}']").click()
        page.locator(f"#photo img[src*='person_{person}']").wait_for()
        choose(page, "#color", color)
        finished(page, "#dye-button")
    page.evaluate("document.activeElement.blur()")
    page.locator("#result .compare img").last.evaluate("e => e.decode()")
    place = Path(os.environ.get("HAIRGAN_SCREENSHOTS", tmp_path)) / "app.png"
    page.mouse.move(5, 5)
    picture = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
    picture.quantize(256).save(place, optimize=True)
    assert 50_000 < place.stat().st_size < 500_000
    page.get_by_role("tab", name="Restyle").click()
    choose(page, "#domain", "bob")
    finished(page, "#restyle-button")
    assert page.locator("#result .done").inner_text().startswith("bob")

    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0, (tmp_path / "log").read_text()
    assert "the salon is open at" in (tmp_path / "log").read_text()
    assert not list(tmp_path.glob("hairgan-app-*"))
    assert asked.read_text() == "" and hosts - {"data"} == {url.split("/")[2]}
