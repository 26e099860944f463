"""The page: what stands where, and what each control does."""

from __future__ import annotations

import random
from typing import Any

import gradio as gr
from gradio.components.navbar import Navbar

from hairgan.app import markup
from hairgan.app.events import PageEvents
from hairgan.app.examples import Drawings
from hairgan.app.inputs import PhotoInput
from hairgan.app.service import Service
from hairgan.app.texts import Texts

CHOICES = "element.addEventListener('click', e => { const b = e.target.closest('[data-choice]');"
CHOICES += " if (b) trigger('select', {number: Number(b.dataset.choice)}); });"
"""JavaScript of a component with buttons: which of them was clicked."""

PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""Of an event of the page: it is no part of the API, and Gradio shows no progress of its own over the page."""


class Page:
    """The page in one language, built inside the current `gr.Blocks`."""

    def __init__(self, service: Service, drawings: Drawings, texts: Texts) -> None:
        self.t, self.service = texts, service
        self.events = PageEvents(service, drawings, texts)
        Navbar(visible=False)
        gr.HTML(markup.header(texts))
        names = list(service.salons.names)
        self.bundle = gr.Dropdown(
            names, value=names[0], label=texts("networks"), visible=len(names) > 1, elem_id="bundle"
        )
        self.state = gr.HTML(markup.message(texts("state.loading"), "busy"), elem_id="state")
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=320):
                self._photo()
                with gr.Tabs(elem_id="tabs"):
                    with gr.Tab(texts("tab.dye"), id="dye"):
                        self._dye()
                    with gr.Tab(texts("tab.restyle"), id="restyle"):
                        self._restyle()
            with gr.Column(scale=6, min_width=320):
                self._results()
        self._connect()

    # -- what stands where --

    def _photo(self) -> None:
        t, limits = self.t, self.service.limits
        self.photo = PhotoInput(
            label=t("photo"),
            sources=["upload", "webcam", "clipboard"],
            placeholder=t("photo.hint"),
            alt_text=t("photo.alt"),
            height=300,
            buttons=[],
            elem_id="photo",
        )
        hint = t("photo.limits", upload_mb=limits.upload_mb, megapixels=limits.megapixels)
        gr.HTML(f'<p class="hint">{hint}</p>')
        self.examples = gr.HTML(markup.examples(t), js_on_load=CHOICES, elem_id="examples")

    def _dye(self) -> None:
        t = self.t
        names = [(t.name("color", name), name) for name in markup.SWATCHES]
        others = [(t("color.other"), "other"), (t("color.photo"), "photo")]
        self.color = gr.Radio(
            [*names, *others], value="auburn", label=t("color"), elem_id="color", elem_classes="swatches"
        )
        self.picked = gr.ColorPicker("#7a3b9e", label=t("color.picker"), visible=False, elem_id="picked")
        self.color_photo = self._reference("color.reference", "color-photo")
        self.strength = gr.Slider(
            0, 1.5, value=1, step=0.05, label=t("strength"), info=t("strength.hint"), elem_id="strength", buttons=[]
        )
        self.dye_button = gr.Button(t("dye"), variant="primary", elem_id="dye-button")

    def _restyle(self) -> None:
        t = self.t
        self.missing = gr.HTML(visible=False, elem_id="missing")
        with gr.Column(visible=False) as self.restyle_controls:
            self.domain = gr.Radio([], label=t("domain"), elem_id="domain", elem_classes="domains")
            self.style_photo = self._reference("domain.reference", "style-photo")
            names = [(t.name("color", name), name) for name in markup.SWATCHES]
            self.new_color = gr.Dropdown(
                [(t("color.keep"), "keep"), (t("color.photo"), "photo"), *names],
                value="keep",
                label=t("color"),
                elem_id="new-color",
            )
            self.new_color_photo = self._reference("color.reference", "new-color-photo")
            with gr.Accordion(t("more"), open=False, elem_id="more"):
                self.seed = gr.Number(0, precision=0, minimum=0, label=t("seed"), info=t("seed.hint"), elem_id="seed")
                self.shuffle = gr.Button(t("shuffle"), elem_id="shuffle", size="sm")
                self.truncation = gr.Slider(
                    0, 1.5, value=1, step=0.05, label=t("truncation"), info=t("truncation.hint"),
                    elem_id="truncation", buttons=[],
                )  # fmt: skip
            with gr.Row():
                self.restyle_button = gr.Button(t("restyle"), variant="primary", elem_id="restyle-button")
                self.all_button = gr.Button(t("all"), elem_id="all-button")

    def _results(self) -> None:
        t = self.t
        self.message = gr.HTML(elem_id="message")
        self.result = gr.HTML(markup.result(t, None), elem_id="result")
        with gr.Accordion(t("views"), open=False, elem_id="views"):
            self.views = gr.HTML(markup.views(t, None), elem_id="views-pictures")
        with gr.Column(visible=False) as self.gallery_column:
            gr.HTML(f"<h2>{t('gallery')}</h2>")
            self.gallery = gr.HTML(js_on_load=CHOICES, elem_id="gallery")
        gr.HTML(f"<h2>{t('history')}</h2>")
        self.history = gr.HTML(markup.history(t, [], None), js_on_load=CHOICES, elem_id="history")

    def _reference(self, key: str, elem_id: str) -> PhotoInput:
        return PhotoInput(
            label=self.t(key),
            alt_text=self.t(f"{key}.alt"),
            placeholder=self.t("photo.hint"),
            sources=["upload", "clipboard"],
            height=180,
            buttons=[],
            visible=False,
            elem_id=elem_id,
        )

    # -- what each control does --

    def _connect(self) -> None:
        blocks, events = gr.context.Context.root_block, self.events
        assert blocks is not None
        able = [self.state, self.missing, self.restyle_controls, self.domain, self.truncation]
        blocks.load(events.networks, self.bundle, able, concurrency_limit=None, **PRIVATE)
        blocks.load(events.reopen, None, [self.result, self.history, self.views], **PRIVATE)
        blocks.load(None, None, None, js=markup.page_script(self.t))
        self.bundle.change(events.networks, self.bundle, able, concurrency_limit=None, **PRIVATE)
        self.examples.select(events.example, None, self.photo, **PRIVATE)

        self.color.change(_shown("other", "photo"), self.color, [self.picked, self.color_photo], **PRIVATE)
        self.domain.change(_shown("photo"), self.domain, self.style_photo, **PRIVATE)
        self.new_color.change(_shown("photo"), self.new_color, self.new_color_photo, **PRIVATE)
        self.shuffle.click(lambda: random.randrange(1, 10_000), None, self.seed, **PRIVATE)

        out = [self.message, self.result, self.history, self.views, self.gallery_column, self.gallery]
        running: dict[str, Any] = {"outputs": out, "concurrency_limit": None, **PRIVATE}
        dye = [self.photo, self.bundle, self.color, self.picked, self.color_photo, self.strength]
        self.dye_button.click(events.dye, dye, **running)
        style = [self.photo, self.bundle, self.domain, self.style_photo, self.new_color, self.new_color_photo]
        self.restyle_button.click(events.restyle, [*style, self.seed, self.truncation], **running)
        self.all_button.click(events.all_domains, [self.photo, self.bundle, self.seed, self.truncation], **running)

        for tiles in (self.history, self.gallery):
            tiles.select(events.show, None, [self.result, self.history, self.views], **PRIVATE)


def _shown(*values: str) -> Any:
    """An event that shows the input that goes with a choice, and hides the others."""

    def show(choice: str) -> Any:
        updates = [gr.update(visible=choice == value) for value in values]
        return updates if len(updates) > 1 else updates[0]

    return show
