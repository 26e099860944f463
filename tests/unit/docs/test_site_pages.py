"""The pages of the site that are made from the code."""

from __future__ import annotations

import re
import sys

import pytest

from tests.conftest import ROOT

sys.path.append(str(ROOT / "docs"))  # as Sphinx does (docs/conf.py)

from site_pages import api_reference, command_reference, config_reference, recipes, root_pages


def test_every_setting_says_what_it_means():
    missing = [
        f"conf/{file}.yaml: {name}"
        for _, file in config_reference._files()
        if file.partition("/")[0] not in config_reference.AS_WRITTEN
        for name, _, _ in config_reference._settings(file)
        if not config_reference.meaning(file, name)
    ]
    assert not missing, "give these a comment:\n" + "\n".join(missing)


def test_a_setting_has_its_value_and_comment_in_the_reference():
    page = config_reference.pages()["config/model"]
    assert "`model.generator.w_hpf` = `1.0`\n: divides the high-pass skip connection" in page
    assert "`model.optimizers.style_encoder.lr` = `0.0001`\n: learning rate" in page, "YAML's alias has no comments"
    assert "`model.seed` = `${seed}`\n: follows `seed`" in page


@pytest.mark.parametrize(
    ("named", "place"),
    [
        ("trainer.precision", "reference/config/trainer#trainer-default.trainer.precision"),
        ("data=portraits", "reference/config/data#data-portraits"),
        ("experiment=quickstart", "reference/config/experiment#experiment-quickstart"),
        ("batch_size", None),  # of evaluate.py and of each model
    ],
)
def test_what_can_be_named_in_a_page_has_its_place(named, place):
    assert config_reference.targets().get(named) == place


def test_an_example_in_a_docstring_is_a_literal_block():
    lines = [
        "Saves.",
        "",
        "    save(1)",
        "    save(2)",
        "",
        "Args:",
        "    x: a number,",
        "",
        "        of some size.",
        "",
    ]
    api_reference.readable_docstring(lines)
    assert (
        lines[:5] == ["Saves.", "", "::", "", "    save(1)"] and lines[6:] == ["", *lines[7:]] and "::" not in lines[5:]
    )


def test_commands_and_recipes_are_there():
    commands = command_reference.pages()["commands"]
    assert "## hairgan dye" in commands and "--strength NUMBER" in commands and "Usage: hairgan train" not in commands
    table = recipes.pages()["recipes"]
    assert re.search(r"^\| \[quickstart\]\(#quickstart\) \| Portrait \| 64 \| 600 x 4 \|", table, re.MULTILINE)


def test_links_of_pages_in_the_root_lead_to_the_pages():
    text = root_pages.pages()["contributing"]
    assert "](../architecture.md)" in text and "](docs/" not in text
