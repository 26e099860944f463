"""Attribute and mapping files: read properly, or one sentence with the line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hairgan.data.celebamask.names import CELEBA_ATTRIBUTES
from hairgan.data.celebamask.text_files import decode, parse_attributes, parse_mapping

GOOD = "2\nBangs Male\n0.jpg  1 -1\n1.jpg -1 -1\n"


def test_attributes() -> None:
    names, values = parse_attributes(GOOD)
    assert names == ("Bangs", "Male")
    assert {index: row.tolist() for index, row in values.items()} == {0: [True, False], 1: [False, False]}


@pytest.mark.parametrize(
    "text",
    [
        "2\nBangs Male\n0.jpg +1 0\n1.jpg 0 -1\n",
        "2\r\nBangs Male\r\n\r\n0.jpg 1 -1\r\n1.jpg -1 -1",
        "2\nBangs Male\n00000.jpg 1 -1\n000001.PNG -1 -1\n1.jpg -1 -1\n",
    ],
)
def test_as_other_copies_have_it(text: str) -> None:
    expected, values = parse_attributes(GOOD)[1], parse_attributes(text)[1]
    assert values.keys() == expected.keys()
    assert all(np.array_equal(values[index], expected[index]) for index in values)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2\nBangs Male\n0.jpg yes -1\n", "line 3: Bangs of 0.jpg is 'yes'; it may be 1 or -1"),
        ("2\nBangs Male\n0.jpg 1 2\n", "line 3: Male of 0.jpg is '2'"),
        ("2\nBangs Male\n0.jpg 1 -\n", "line 3: Male of 0.jpg is '-'"),
        ("2\nBangs Male\n0.jpg 1 nan\n", "line 3: Male of 0.jpg is 'nan'"),
        ("2\nBangs Male\n\n0.jpg 1\n", "line 4: 1 values of 0.jpg for 2 attributes"),
        ("2\nBangs Male\nx.jpg 1 1\n", "line 3: 2 values of x.jpg"),
        ("2\nBangs Male\n²³.jpg 1 1\n", "line 3: 2 values of ²³.jpg"),
        ("2\nBangs Male\n99999999999999999999.jpg 1 1\n", "line 3"),
        ("2\nBangs Male\n0.jpg 1 1\n00000.jpg 1 -1\n", "line 4: 00000.jpg occurs a second time, with other values"),
        ("2\nBangs Bangs\n0.jpg 1 1\n", "line 2: Bangs cannot name an attribute"),
        ("2\nBangs split\n0.jpg 1 1\n", "line 2: split cannot name an attribute"),
        ("2\nname hair_length\n0.jpg 1 1\n", "line 2: name, hair_length cannot name"),
        ("2\n\n\n", "looked for a count"),
        ("2\n\n0.jpg 1\n", "looked for a count"),
        ("2\nBangs Male\n\n\n", "looked for a count"),
        ("", "looked for a count"),
        ("<html>quota exceeded</html>", "found '<html>quota"),
    ],
)
def test_damaged_attributes(text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_attributes(text)
    assert sentence in str(error.value)


def test_mapping() -> None:
    with_header = "idx         orig_idx    orig_file\n0           67124       067125.jpg\n1 200000 200001.jpg\n"
    assert parse_mapping(with_header) == parse_mapping("0 67124\n1 200000") == {0: 67124, 1: 200000}


@pytest.mark.parametrize(
    "text", ["", "\n", "<html>\n", "idx orig_idx\n", "0 67124\n1\n", "0 202599\n", "0 -4\n", "0 ²\n"]
)
def test_damaged_mapping(text: str) -> None:
    with pytest.raises(ValueError, match=r"^CelebA-HQ-to-CelebA-mapping\.txt.*looked for"):
        parse_mapping(text)


def test_what_is_no_text() -> None:
    assert decode("a.txt", "\ufeff2\n".encode()) == "2\n"
    with pytest.raises(ValueError, match=r"a\.txt is not text in UTF-8 \(byte 1 is 0xff\)"):
        decode("a.txt", b"2\xff")


LINES = st.lists(st.text("01 -+\n.jpgBangs²x", max_size=30), max_size=8)


@given(before=LINES, after=LINES)
def test_any_text_is_read_or_a_sentence(before: list[str], after: list[str]) -> None:
    text = "\n".join(["2", " ".join(CELEBA_ATTRIBUTES[:2]), *before, "0.jpg 1 -1", *after])
    for parse in (parse_attributes, parse_mapping):
        try:
            parse(text)
        except ValueError as error:
            assert "looked for" in str(error) or "line" in str(error)
