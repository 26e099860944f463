"""HTML of the page's parts that Gradio has no accessible component for: slider, tiles, messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from hairgan import programs
from hairgan.app.examples import EXAMPLES, example_name, tile_name
from hairgan.app.guard import DRAWN, FILES
from hairgan.app.salons import Abilities
from hairgan.app.sessions import Entry
from hairgan.app.texts import LANGUAGES, Texts
from hairgan.editing.color import HAIR_COLORS

SWATCHES = tuple(name for name in HAIR_COLORS if name not in ("blonde", "gray"))
"""Hair colors by name, without second spellings."""

TRAINING = f"""\
{programs.command("train")} experiment=portraits_parser
{programs.command("train")} experiment=portraits_sean
{programs.command("train")} experiment=portraits_stargan
hairgan bundle outputs/portraits_parser/DATE outputs/portraits_sean/DATE outputs/portraits_stargan/DATE --out bundle
hairgan app --bundle bundle"""

OFFICIAL = """\
hairgan import-official --help
hairgan app --bundle official"""


def header(t: Texts) -> str:
    """Title, tagline, and links to the other languages."""
    links = "".join(
        f'<a href="{"./" if code == next(iter(LANGUAGES)) else "./" + code}" hreflang="{code}" lang="{code}"'
        f"{' aria-current=page' if code == t.language else ''}>{name}</a>"
        for code, name in LANGUAGES.items()
    )
    return (
        f'<div class="top"><h1>{escape(t("title"))}</h1><nav aria-label="{escape(t("language"))}">{links}</nav></div>'
        f'<p class="tagline">{escape(t("tagline"))}</p>'
    )


def message(text: str, kind: str = "info") -> str:
    """A line that screen readers say when it changes; `kind` is info, busy or error."""
    role = "alert" if kind == "error" else "status"
    spinner = '<span class="spinner" aria-hidden="true"></span>' if kind == "busy" else ""
    return f'<p class="message {kind}" role="{role}">{spinner}{escape(text)}</p>' if text else ""


def examples(t: Texts) -> str:
    """The drawn people, as buttons."""
    tiles = "".join(
        f'<button type="button" class="tile" data-choice="{number}" aria-label="{escape(t("example", number=i + 1))}">'
        f'<img src="{DRAWN}/{example_name(number)}" alt="" width="88" height="88"></button>'
        for i, number in enumerate(EXAMPLES)
    )
    return f'<p class="hint">{escape(t("examples"))}</p><div class="tiles examples">{tiles}</div>'


def describe(t: Texts, entry: Entry) -> str:
    """What an edit is, in a few words."""
    facts = entry.facts
    key = f"what.{facts.kind}" if facts.wish else f"what.{facts.kind}.photo"
    kind = "color" if facts.kind == "dye" else "domain"
    return t(key, wish=t.name(kind, facts.wish))


def result(t: Texts, entry: Entry | None) -> str:
    """Slider between before and after, what was done, and the download."""
    if entry is None:
        return f'<div class="empty">{escape(t("result.empty"))}</div>'
    facts, what = entry.facts, describe(t, entry)
    line = t("done", what=what, method=t.phrase(facts.method), seconds=facts.seconds)
    if facts.color_error is not None:
        line += t("done.error", error=facts.color_error)
    notes = "".join(message(t("note", text=t.sentence(text)), "note") for text in facts.warnings)
    width, height = facts.size
    moved = "this.parentElement.style.setProperty('--split', this.value + '%')"
    return (
        f'<figure class="compare" style="--split:50%;--ratio:{width}/{height}" data-number="{entry.number}">'
        f'<img class="before" src="{FILES}/{entry.before}" alt="{escape(t("before.alt"))}">'
        f'<img class="after" src="{FILES}/{entry.after}" alt="{escape(t("after.alt", what=what))}">'
        f'<span class="tag left" aria-hidden="true">{escape(t("before"))}</span>'
        f'<span class="tag right" aria-hidden="true">{escape(t("after"))}</span>'
        f'<input type="range" min="0" max="100" value="50" aria-label="{escape(t("slider"))}" oninput="{moved}">'
        f'<span class="divider" aria-hidden="true"></span></figure>'
        f'<p class="done" role="status">{escape(line)}</p>{notes}'
        f'<a class="download" href="{FILES}/{escape(entry.full)}?download" download="{escape(entry.full)}">'
        f"{escape(t('download', width=width, height=height))}</a>"
    )


def views(t: Texts, entry: Entry | None) -> str:
    """What the networks saw of an edit."""
    if entry is None:
        return f'<p class="hint">{escape(t("views.none"))}</p>'
    figures = "".join(
        f'<figure><img src="{FILES}/{file}" alt="" loading="lazy">'
        f"<figcaption>{escape(t('view.' + name))}</figcaption></figure>"
        for name, file in entry.views.items()
    )
    return f'<div class="views">{figures}</div>'


def tiles(t: Texts, entries: Sequence[Entry], shown: Entry | None = None) -> str:
    """Edits as buttons that show them again."""
    buttons = "".join(
        f'<button type="button" class="tile" data-choice="{entry.number}"'
        f' aria-label="{escape(t("history.show", number=entry.number, what=describe(t, entry)))}"'
        f"{' aria-current=true' if entry is shown else ''}>"
        f'<img src="{FILES}/{entry.after}" alt="" loading="lazy"><span aria-hidden="true">{escape(describe(t, entry))}'
        "</span></button>"
        for entry in entries
    )
    return f'<div class="tiles edits">{buttons}</div>'


def history(t: Texts, entries: Sequence[Entry], shown: Entry | None) -> str:
    """The session's edits, the newest first."""
    if not entries:
        return f'<p class="hint">{escape(t("history.empty"))}</p>'
    return tiles(t, list(reversed(entries)), shown)


def missing(t: Texts, known: Abilities) -> str:
    """Which networks restyling lacks, and how to get them."""
    parts = t("missing.parts", parts=", ".join(t.name("part", part) for part in known.missing))
    return (
        f'<div class="missing"><p><strong>{escape(t("missing"))}</strong> {escape(parts)}</p>'
        f"<p>{escape(t('missing.how'))}</p><pre tabindex=0>{escape(TRAINING)}</pre>"
        f"<p>{escape(t('missing.official'))}</p><pre tabindex=0>{escape(OFFICIAL)}</pre></div>"
    )


def choice_pictures(domains: Iterable[str]) -> str:
    """CSS that puts a swatch on each color and a picture on each domain."""
    rules = [
        f'.swatches label:has(input[value="{name}"])::before{{background:{HAIR_COLORS[name]}}}' for name in SWATCHES
    ]
    rules += [
        f'.domains label:has(input[value="{name}"])::before{{background-image:url("{DRAWN}/{tile_name(name)}")}}'
        for name in domains
    ]
    return "\n".join(rules)


def page_script(t: Texts) -> str:
    """JavaScript of a page, from `page.js`, with its language filled in."""
    return (Path(__file__).with_name("page.js")).read_text(encoding="utf-8").replace("LANGUAGE", t.language)
