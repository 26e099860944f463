"""Every language says everything, and real complaints of hairgan are understood in Korean."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from PIL import Image

from hairgan.app.limits import Limits, open_upload
from hairgan.app.texts import LANGUAGES, load_texts
from hairgan.editing.salon import HAIR_STAYS_OUTSIDE, SHAPE_STAYS_OUTSIDE, Salon
from tests.unit.app.tiny import tiny_head, tiny_salon


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", [*LANGUAGES][1:])
def test_the_same_keys_and_values_in_every_language(language: str) -> None:
    english, other = load_texts("en").entries, load_texts(language).entries
    assert list(other) == list(english)
    assert {key: fields(text) for key, text in other.items()} == {key: fields(text) for key, text in english.items()}
    assert all(text.strip() for text in other.values())


def test_a_name_that_is_not_known_stays() -> None:
    t = load_texts("ko")
    assert t.name("domain", "bob") == "단발" and t.name("domain", "pixie_cut") == "pixie cut"
    assert load_texts("en").sentence("some new sentence") == "Some new sentence"
    assert load_texts("en").phrase("some words") == "some words"


def test_complaints_of_hairgan_are_korean_on_the_korean_page(tmp_path: Path) -> None:
    def complaint(call: object, *args: object, **how: object) -> str:
        with pytest.raises(ValueError) as caught:
            call(*args, **how)  # type: ignore[operator]
        return str(caught.value)

    (tmp_path / "letter.png").write_text("Dear salon")
    Image.new("RGB", (3000, 1000)).save(tmp_path / "large.png")
    Image.new("RGB", (4, 4)).save(tmp_path / "small.png")
    whole = (tmp_path / "large.png").read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    limits, salon, head = Limits(megapixels=2), tiny_salon(), tiny_head()
    parser_only: Salon = tiny_salon(restyles=False)
    bald = tiny_head(length=0.0)
    found = [
        *[complaint(open_upload, tmp_path / f"{name}.png", limits) for name in ("letter", "large", "small")],
        complaint(open_upload, tmp_path / "half.png", Limits()),
        complaint(open_upload, tmp_path / "large.png", Limits(upload_mb=0)),
        complaint(salon.dye, head[:30, :30], color="red"),
        complaint(salon.dye, bald, color="red"),
        complaint(salon.dye, head, like=bald),
        complaint(salon.dye, head, color="reddish"),
        complaint(parser_only.restyle, head, domain="bob"),
        salon.dye(head, color="red").method,
        salon.dye(head, like=head).method,
        salon.restyle(head, domain="bob").method,
        parser_only.dye(head, color="red").method,
        *[warning for length in (0.75, 0.95) for warning in salon.restyle(tiny_head(length), domain="bob").warnings],
        *[warning for side in (60, 90) for warning in salon.dye(head[:, side:], color="red").warnings],
        HAIR_STAYS_OUTSIDE,
        SHAPE_STAYS_OUTSIDE,
    ]
    korean = load_texts("ko")
    assert [text for text in found if korean.sentence(text) == load_texts("en").sentence(text)] == []
    assert korean.sentence(HAIR_STAYS_OUTSIDE) != korean.sentence(SHAPE_STAYS_OUTSIDE)
    assert "letter.png" in korean.sentence(found[0]) and "3메가픽셀" in korean.sentence(found[1])
