"""What a visitor does on the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def upload(page: Any, photo: Path, where: str = "#photo") -> None:
    """Give a file to one of the page's photo inputs, and wait until the server has it."""
    with page.expect_response(lambda response: "/upload" in response.url and response.ok):
        page.locator(f"{where} input[type=file]").set_input_files(photo)
    page.locator(f"{where} img").first.wait_for()


def choose(page: Any, group: str, value: str) -> None:
    """Choose one of a group of radio buttons."""
    page.locator(f'{group} input[value="{value}"]').check(force=True)


def finished(page: Any, button: str, edits: int = 1) -> None:
    """Click a button and wait for its edits and for the page to say nothing any more."""
    old = page.locator("#message").inner_text()
    page.evaluate("n => { window.edits = n }", page.locator("#history .tile").count() + edits)
    page.locator(button).click()
    page.wait_for_function(
        """old => {
            const said = document.querySelector("#message .message"), error = document.querySelector("#message .error");
            const made = document.querySelectorAll("#history .tile").length;
            return error ? error.innerText !== old : !said && made === window.edits;
        }""",
        arg=old,
    )
    said = page.locator("#message").text_content().strip()
    assert not said, said


def complaint(page: Any, button: str) -> str:
    """Click a button and wait for the sentence that says why nothing comes of it."""
    old = page.locator("#message").inner_text()
    page.locator(button).click()
    page.wait_for_function("old => (e => e && e.innerText !== old)(document.querySelector('#message .error'))", arg=old)
    return str(page.locator("#message .error").inner_text())


def download(page: Any, folder: Path) -> np.ndarray:
    """The pixels behind the download link."""
    with page.expect_download() as waiting:
        page.locator("#result a.download").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return np.asarray(Image.open(path).convert("RGB"))


def numbers(text: str) -> list[int]:
    """The whole numbers in a text."""
    return [int(number) for number in re.findall(r"\d+", text)]
