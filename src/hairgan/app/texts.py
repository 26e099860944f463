"""The texts of the page: one YAML file per language, with the same keys in each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

LANGUAGES = {"en": "English", "ko": "한국어"}
"""Code -> the language's own name; the first is the default."""

FOLDER = Path(__file__).parent / "texts"


class Texts:
    """The texts of one language.

    Args:
        language: a key of `LANGUAGES`.
        entries: key -> text, in which `{name}` stands for a value.
        sentences: regular expression -> translation, for sentences that the rest of hairgan writes in English.
    """

    def __init__(self, language: str, entries: Mapping[str, str], sentences: Mapping[str, str]) -> None:
        self.language, self.entries = language, dict(entries)
        self._sentences = [(re.compile(pattern), translation) for pattern, translation in sentences.items()]

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key with its values filled in."""
        return self.entries[key].format(**values)

    def name(self, kind: str, value: str) -> str:
        """The name of a domain, color or part; the value itself where it has none (networks of a user's own)."""
        return self.entries.get(f"{kind}.{value}", value.replace("_", " "))

    def sentence(self, text: str) -> str:
        """A sentence of hairgan's in this language; as it is, but with a capital, where there is no translation."""
        translated = self.phrase(text)
        first = translated.split(" ", 1)[0]
        return translated[:1].upper() + translated[1:] if first.isalpha() else translated  # names of files stay

    def phrase(self, text: str) -> str:
        """The same for words within a sentence."""
        for pattern, translation in self._sentences:
            found = pattern.search(text)
            if found:
                return translation.format(**found.groupdict())
        return text


@cache
def load_texts(language: str) -> Texts:
    """Read the texts of a language in `LANGUAGES`."""
    content = yaml.safe_load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
    return Texts(language, content["texts"], content["sentences"])
