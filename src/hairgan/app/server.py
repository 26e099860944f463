"""Serving the page: on the loopback address unless told otherwise, and without a request to anybody else."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from hairgan.app.address import LOOPBACK_NAMES, Address
from hairgan.app.limits import Limits
from hairgan.app.salons import Salons

QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}
"""Environment in which Gradio asks nobody for anything."""
PREFIX = "hairgan-app-"
"""Of the folder of a running salon; the number of its process follows."""


class Server:
    """The running salon.

    Args:
        salons: the networks; loading begins with `start`.
        keep: a folder where results are kept.
    """

    def __init__(
        self, salons: Salons, address: Address | None = None, limits: Limits | None = None, keep: Path | None = None
    ) -> None:
        self.address, self.limits = address or Address(), limits or Limits()
        os.environ.update(QUIET)
        # Gradio writes uploads to this folder, and sends files of no other
        _remove_leftovers()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")).resolve()
        os.environ["GRADIO_TEMP_DIR"] = str(self.folder)

        from hairgan.app.examples import Drawings
        from hairgan.app.service import Service

        self.salons = salons
        self.service = Service(salons, self.folder, self.limits, keep)
        self.drawings = Drawings(self.service.sessions.public)
        self.blocks = self._build()
        self.url = ""

    def start(self) -> str:
        """Serve the page and load the networks, both in the background; returns the page's address.

        Raises:
            OSError: the port is taken, or the address is not this machine's.
        """
        from starlette.middleware import Middleware

        from hairgan.app.guard import Guard
        from hairgan.app.markup import choice_pictures
        from hairgan.portraits.contact_sheet import ROWS

        self.drawings.start()
        options: dict[str, Any] = {
            "sessions": self.service.sessions,
            "drawings": self.drawings,
            "hosts": LOOPBACK_NAMES if self.address.is_local else None,
            "upload_bytes": self.limits.upload_mb * 1_000_000 + 100_000,
            "framed": self.address.framed,
        }
        style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
        _, self.url, shared = self.blocks.launch(
            server_name=self.address.host,
            server_port=self.address.port,
            share=self.address.share,
            auth=self.address.auth,
            app_kwargs={"middleware": [Middleware(Guard, **options)], "docs_url": None, "redoc_url": None},
            max_file_size=self.limits.upload_mb * 1_000_000,
            theme=_theme(),
            css=f"{style}\n{choice_pictures(ROWS)}",
            footer_links=[],
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            quiet=True,
            prevent_thread_lock=True,
            show_error=False,
        )
        self.salons.start()
        return shared or self.url

    def wait(self) -> None:
        """Serve until the process is told to stop: Ctrl+C, or the signal that `kill` and Docker send."""
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
        with suppress(KeyboardInterrupt):
            stop.wait()

    def close(self) -> None:
        """Stop serving, and delete everything that the sessions made."""
        self.blocks.close(verbose=False)
        self.drawings.close()
        self.service.close()

    def _build(self) -> Any:
        import gradio as gr

        from hairgan.app.api import Api
        from hairgan.app.page import Page
        from hairgan.app.texts import LANGUAGES, load_texts

        first, *others = LANGUAGES
        texts = load_texts(first)
        with gr.Blocks(title=texts("title"), analytics_enabled=False) as blocks:
            Api(self.service)  # first, so that its endpoints get their names
            Page(self.service, self.drawings, texts)
        for language in others:
            with blocks.route(LANGUAGES[language], language, show_in_navbar=False):
                Page(self.service, self.drawings, load_texts(language))
        blocks.queue(default_concurrency_limit=8, max_size=4 * self.limits.waiting)
        return blocks


def _remove_leftovers() -> None:
    """Delete the folders of salons whose processes were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        number = folder.name.removeprefix(PREFIX).split("-")[0]
        if number.isdecimal() and not Path(f"/proc/{number}").exists() and Path("/proc").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _theme() -> Any:
    """Gradio's own look in one accent color, with the fonts of the visitor's system: none is fetched."""
    from gradio.themes import Base, colors, sizes

    fonts = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans KR", "NanumGothic", "sans-serif")
    base = Base(
        primary_hue=colors.rose,
        neutral_hue=colors.stone,
        radius_size=sizes.radius_lg,
        font=list(fonts),
        font_mono=["ui-monospace", "Consolas", "monospace"],
    )
    return base.set(
        color_accent="#9f1239",
        color_accent_soft="#fff1f2",
        body_text_color_subdued="#57534e",
        body_text_color_subdued_dark="#b8b2ac",
        block_info_text_color="#57534e",
        block_label_text_color="#44403c",
        block_title_text_color="#292524",
        border_color_primary="#d6d3d1",
        button_primary_background_fill="#9f1239",
        button_primary_background_fill_hover="#881337",
        button_primary_background_fill_dark="#be123c",
        button_primary_background_fill_hover_dark="#9f1239",
        button_primary_text_color="#ffffff",
        slider_color="#9f1239",
        slider_color_dark="#e11d48",
        checkbox_label_background_fill="#f5f5f4",
        checkbox_label_background_fill_selected="#fff1f2",
    )
