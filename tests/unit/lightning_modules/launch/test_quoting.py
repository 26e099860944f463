"""Quoted settings in printed commands have the intended value when they are copied into a shell."""

from __future__ import annotations

import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from lightning_modules.launch.quoting import quote_override

NAMES = ["a b/c", "it's", "x=1", "a,b", "[q]", "C:\\x\\", "Frisör {1}", "$x", "(t)", "true", "5", "null", "q\\'x", " a"]


@pytest.mark.parametrize("name", NAMES)
def test_a_directory_of_any_name_keeps_its_name(name):
    (argument,) = shlex.split(quote_override("resume", name))
    value = OverridesParser.create().parse_override(argument).value()
    assert str(value) == name and not isinstance(value, (int, bool, list))


def test_a_plain_name_is_not_quoted():
    assert quote_override("resume", "outputs/quickstart/2026-11-25_21-25-00") == (
        "resume=outputs/quickstart/2026-11-25_21-25-00"
    )
