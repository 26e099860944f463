"""Domains are queries; what is wrong with one is said with its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hairgan.data.packed_dataset import COLUMNS
from hairgan.domains import Domains, config_dir


@pytest.fixture
def attributes() -> pl.DataFrame:
    rows = {
        "name": ["a", "b", "c", "d"],
        "Bangs": [True, False, None, False],
        "5_o_Clock_Shadow": [True, True, False, False],
        "hair_length": ["long", "bob", None, "short"],
        "hair_area": [0.4, 0.2, 0.3, None],
    }
    return pl.DataFrame(rows, schema_overrides={"hair_length": COLUMNS["hair_length"]})


def test_membership(attributes: pl.DataFrame) -> None:
    queries = {
        "long": "hair_length = 'long' AND hair_area > 0.3",
        "any_length": "hair_length IN ('long', 'bob', 'short')",
        "no_bang": "NOT Bangs",
        "shadow": '"5_o_Clock_Shadow"',
    }
    domains = Domains(queries)
    assert domains.names == ("long", "any_length", "no_bang", "shadow") and len(domains) == 4
    assert domains.membership(attributes).tolist() == [
        [True, True, False, True],
        [False, True, True, True],
        [False, False, False, False],  # nothing is known of c: it matches neither bangs nor no bangs
        [False, True, True, False],
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("Bangs AND", r"domain x: the query 'Bangs AND' is not an SQL expression"),
        ("Bngs", r"domain x: the query 'Bngs': .*Bngs.*; the columns are name, Bangs, "),
        ("hair_area", r"domain x: the query 'hair_area' is not true or false, but of type Float64"),
        ("hair_area > 'long'", r"domain x: the query .* does not fit the columns"),
        ("hair_area > 0.9", r"domain x: the query 'hair_area > 0.9' matches none of the 4 images"),
    ],
)
def test_errors_name_domain_and_query(attributes: pl.DataFrame, query: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Domains({"long": "hair_length = 'long'", "x": query}).membership(attributes)


def test_counts_take_empty_domains(attributes: pl.DataFrame) -> None:
    assert Domains({"long": "hair_length = 'long'", "huge": "hair_area > 0.9"}).counts(attributes) == {
        "long": 1,
        "huge": 0,
    }


def test_hair7() -> None:
    domains = Domains.load("hair7")
    assert domains.names == ("bang", "no_bang", "long_straight", "long_perm", "bob", "short", "blond")
    defaults = {"Bangs": False, "Wearing_Hat": False, "Bald": False, "forehead_covered": 0.0, "hair_color": "black"}
    people: dict[str, dict[str, Any]] = {
        "bang": {"Bangs": True, "forehead_covered": 0.9},
        "no_bang": {},
        "long_straight": {"hair_length": "long", "hair_texture": "straight"},
        "long_perm": {"hair_length": "long", "hair_texture": "perm"},
        "bob": {"hair_length": "bob"},
        "short": {"hair_length": "short"},
        "blond": {"hair_color": "blond"},
    }
    others = {"hair_length": None, "hair_texture": None}
    schema = {name: COLUMNS[name] for name in ("hair_length", "hair_texture", "hair_color", "forehead_covered")}
    rows = [others | defaults | person for person in people.values()]
    table = pl.DataFrame(rows, schema_overrides=schema)
    membership = domains.membership(table)
    assert membership.diagonal().all()
    assert membership[:, 1].tolist() == [False] + [True] * 6  # a free forehead is no matter of length or color
    assert membership[:, [0, 2, 3, 4, 5, 6]].sum() == 6
    hats = pl.DataFrame([row | {"Wearing_Hat": True} for row in rows], schema_overrides=schema)
    assert set(domains.counts(hats).values()) == {0}


def test_gender2() -> None:
    domains = Domains.load("gender2")
    assert domains.names == ("female", "male")
    assert domains.membership(pl.DataFrame({"Male": [True, False]})).tolist() == [[False, True], [True, False]]


def test_files(tmp_path: Path) -> None:
    assert (config_dir() / "data" / "domains" / "hair7.yaml").is_file()
    with pytest.raises(ValueError, match=r"no domains 'hair8' .* known are gender2, hair7"):
        Domains.load("hair8")
    file = tmp_path / "mine.yaml"
    file.write_text("bob: hair_length = 'bob'\n")
    with pytest.raises(ValueError, match=r"mine\.yaml: looked for `queries:`"):
        Domains.from_yaml(file)
    with pytest.raises(ValueError, match="at least 1 domain"):
        Domains({})


@pytest.mark.parametrize("name", ["", ".", "..", "../../home", "/etc/x", "a/b", "a\0b"])
def test_a_name_that_cannot_be_that_of_a_folder(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be called"):
        Domains({name: "Male"})


@pytest.mark.parametrize("text", ["a: [", "\t- x", "queries: {a: !!bool x}", "!!python/object/apply:os.getcwd []"])
def test_a_file_that_is_no_yaml(tmp_path: Path, text: str) -> None:
    (tmp_path / "d.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"d\.yaml is not readable as YAML"):
        Domains.from_yaml(tmp_path / "d.yaml")
