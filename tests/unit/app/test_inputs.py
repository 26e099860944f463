"""Inputs of the page: files stay unopened, and colors of a browser's picker become hex codes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the page needs Gradio: uv pip install -e '.[app]'")

import gradio as gr
from gradio.data_classes import ImageData

from hairgan.app import inputs
from hairgan.app.inputs import PhotoInput, hex_color


def test_a_file_is_handed_over_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letter.png").write_text("not a picture")
    photo = PhotoInput(render=False)
    assert photo.preprocess(ImageData(path=str(tmp_path / "letter.png"))) == tmp_path / "letter.png"
    assert photo.preprocess(None) is None
    assert not Path(inputs.__file__).with_suffix(".pyi").exists()


@pytest.mark.parametrize("address", ["https://example.org/a.png", "http://127.0.0.1:1/a", "file:///etc/passwd"])
def test_no_address_is_fetched(address: str) -> None:
    with pytest.raises(gr.Error, match="not fetched"):
        asyncio.run(PhotoInput(render=False).async_move_resource_to_block_cache(address))


def test_hex_color() -> None:
    assert hex_color("#7a3b1e") == "#7a3b1e"
    assert hex_color("rgba(122.4, 59, 30.2, 1)") == "#7a3b1e"
    assert hex_color("teal") == "teal"
