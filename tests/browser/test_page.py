"""The page, as a visitor uses it: every way of editing, the files that come of it, and what is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hairgan.editing.color import parse_color
from tests.browser.actions import choose, complaint, download, finished, numbers, upload
from tests.unit.app.tiny import DOMAINS, tiny_head, tiny_photo, tiny_salon

OpenPage = Callable[..., Any]


def test_dye_by_color_slider_and_download(salon_server: Any, open_page: OpenPage, tmp_path: Path) -> None:
    page, photo = open_page(salon_server.url), tiny_head()
    upload(page, tiny_photo(tmp_path))
    choose(page, "#color", "ginger")
    finished(page, "#dye-button")
    assert "hair in ginger" in page.locator("#result .done").inner_text()
    assert page.locator("#result .after").get_attribute("alt") == "The photo after: hair in ginger"

    slider = page.locator("#result .compare input")
    slider.focus()
    page.keyboard.press("Home")
    clip = page.locator("#result .after").evaluate("e => getComputedStyle(e).clipPath")
    assert clip.replace("0px", "0").startswith("inset(0 0 0 0") and slider.input_value() == "0"

    link = page.locator("#result a.download")
    assert numbers(link.inner_text())[:2] == [320, 300]
    dyed = download(page, tmp_path)
    edit = tiny_salon().dye(photo, color="ginger")
    assert np.array_equal(dyed, edit.image)
    changed = (dyed != photo).any(axis=2)
    assert 0.05 < changed.mean() < 0.5
    assert np.array_equal(dyed[~changed], photo[~changed]) and not changed[:20].any() and not changed[:, :30].any()
    hair = dyed[changed].mean(0)
    wanted, old = (np.abs(hair - color).sum() for color in (parse_color("ginger"), photo[changed].mean(0)))
    assert wanted < old


def test_restyle_by_domain_and_all_of_them(salon_server: Any, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(salon_server.url)
    upload(page, tiny_photo(tmp_path))
    page.get_by_role("tab", name="Restyle").click()
    assert page.locator("#domain label").all_inner_texts() == ["short", "bob", "long, straight", "like a photo"]
    picture = page.locator("#domain label").nth(1).evaluate("e => getComputedStyle(e, '::before').backgroundImage")
    assert page.request.get(picture.split('"')[1]).ok

    choose(page, "#domain", "bob")
    finished(page, "#restyle-button")
    assert page.locator("#result .done").inner_text().startswith("bob · SEAN")
    assert np.array_equal(download(page, tmp_path), tiny_salon().restyle(tiny_head(), domain="bob").image)
    page.locator("#views button").first.click()
    shown = page.locator("#views figure")
    shown.last.wait_for()
    assert shown.all_inner_texts()[-1] == "StarGAN v2's rough head"
    page.wait_for_function("[...document.querySelectorAll('#views img')].every(i => i.complete && i.naturalWidth > 0)")

    finished(page, "#all-button", edits=len(DOMAINS))
    assert page.locator("#gallery .tile").count() == len(DOMAINS)
    assert page.locator("#history .tile").count() == 1 + len(DOMAINS)
    page.locator("#gallery .tile").first.click()
    page.locator('#result [data-number="2"]').wait_for()
    page.reload()
    page.locator('#result [data-number="4"]').wait_for()  # the session goes on
    assert page.locator("#history .tile").count() == 4


def test_like_photos(salon_server: Any, open_page: OpenPage, tmp_path: Path) -> None:
    """The color of one photo; then the shape of one and the color of another."""
    page, mine, violet = open_page(salon_server.url), tiny_head(), (170, 60, 230)
    upload(page, tiny_photo(tmp_path))
    choose(page, "#color", "photo")
    assert complaint(page, "#dye-button") == "Choose the reference photo, too."
    upload(page, tiny_photo(tmp_path, "violet.png", hair=violet), "#color-photo")
    finished(page, "#dye-button")
    assert np.array_equal(download(page, tmp_path), tiny_salon().dye(mine, like=tiny_head(hair=violet)).image)

    page.get_by_role("tab", name="Restyle").click()
    choose(page, "#domain", "photo")
    upload(page, tiny_photo(tmp_path, "short.png", length=0.45), "#style-photo")
    page.locator("#new-color input").click()
    page.get_by_role("option", name="like a photo").click()
    upload(page, tiny_photo(tmp_path, "violet.png", hair=violet), "#new-color-photo")
    finished(page, "#restyle-button")
    wanted = tiny_salon().restyle(mine, like=tiny_head(0.45), color_like=tiny_head(hair=violet))
    assert np.array_equal(download(page, tmp_path), wanted.image)


def test_errors_are_sentences(salon_server: Any, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(salon_server.url)
    assert complaint(page, "#dye-button") == "Choose a photo first."

    def send(name: str, content: bytes | None = None) -> str:
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with page.expect_response(lambda response: "/upload" in response.url):
            page.locator("#photo input[type=file]").set_input_files(tmp_path / name)
        page.locator("#photo [aria-label='Remove Image'], #photo [aria-label='Clear']").first.wait_for()
        said = complaint(page, "#dye-button")
        page.locator("#photo [aria-label='Remove Image'], #photo [aria-label='Clear']").first.click()
        return said

    assert send("letter.png", b"Dear salon,\n" * 100).startswith("letter.png is not a picture of a known format")
    Image.new("1", (10_000, 10_000)).save(tmp_path / "huge.png")
    assert send("huge.png").startswith("huge.png is too large: 100 megapixels, at most ")
    Image.new("1", (5_000, 5_000)).save(tmp_path / "large.png")
    assert send("large.png") == "large.png is too large: 25 megapixels, at most 20 are read"
    Image.new("RGB", (200, 200), "white").save(tmp_path / "wall.png")
    assert send("wall.png") == "No face was found: choose a photo in which one face is well visible."
    assert page.locator("#history .tile").count() == 0


def test_korean(salon_server: Any, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(salon_server.url, locale="ko-KR")
    page.wait_for_url("**/ko")
    page.get_by_role("button", name="염색하기").wait_for()
    assert page.evaluate("document.documentElement.lang") == "ko"
    upload(page, tiny_photo(tmp_path))
    finished(page, "#dye-button")
    assert page.locator("#result .done").inner_text().startswith("머리 색: 적갈색 · SEAN, 색에 맞춰 찾은 머리 코드")
    page.locator('.top a[lang="en"]').click()
    page.get_by_role("button", name="Dye", exact=True).wait_for()
    assert "hair in auburn" in page.locator("#result .done").inner_text()  # the same session


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(salon_server: Any, open_page: OpenPage, tmp_path: Path, scheme: str) -> None:
    """360 px: nothing is cut off, and text stands out from its ground as WCAG AA wants it."""
    page = open_page(salon_server.url, width=360, height=740, color_scheme=scheme)
    upload(page, tiny_photo(tmp_path))
    finished(page, "#dye-button")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    boxes = page.locator("#dye-button, #result .compare, #result .download, #color label, #history .tile")
    for box in boxes.all():
        place = box.bounding_box()
        assert place["x"] >= 0 and place["x"] + place["width"] <= 360 and place["height"] >= 24
    assert page.evaluate((Path(__file__).with_name("contrast.js")).read_text()) == []
