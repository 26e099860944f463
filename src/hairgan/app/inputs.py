"""Inputs that hand over what a visitor gave, unopened."""

from __future__ import annotations

import re
from abc import ABCMeta
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.component_meta import ComponentMeta


class WithoutStub(ComponentMeta):
    """Makes a component's class, but does not write a stub beside its source as Gradio's metaclass does."""

    def __new__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> Any:
        return ABCMeta.__new__(cls, name, bases, attributes)


class PhotoInput(gr.Image, metaclass=WithoutStub):
    """Gradio's picture input, whose value is the uploaded file itself: a path, or None.

    Gradio's own would decode the file before anybody has looked at its size, and fetch an address of the internet that
    is given in the place of a file.
    """

    def get_block_name(self) -> str:
        return "image"

    def preprocess(self, payload: Any) -> Any:
        """The path of the upload, or None."""
        return None if payload is None or payload.path is None else Path(payload.path)

    async def async_move_resource_to_block_cache(self, url_or_file_path: str | Path | None) -> str | None:
        if url_or_file_path is not None and "://" in str(url_or_file_path):
            raise gr.Error("photos are uploaded here, not fetched from an address")
        return await super().async_move_resource_to_block_cache(url_or_file_path)


def hex_color(text: str) -> str:
    """What a browser's color picker gives, `#7a3b1e` or `rgba(122.4, 59, 30, 1)`, as a hex code."""
    numbers = re.findall(r"[\d.]+", text)
    if not text.startswith("rgb") or len(numbers) < 3:
        return text
    return "#" + "".join(f"{min(255, round(float(number))):02x}" for number in numbers[:3])
