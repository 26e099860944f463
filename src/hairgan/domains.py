"""Domains: named queries over the attributes of images, e.g. `blond: hair_color = 'blond' AND NOT Wearing_Hat`.

An image can belong to several domains, or to none. The queries live in `conf/data/domains/NAME.yaml`; a new set of
domains is a new file there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
import yaml
from jaxtyping import Bool
from numpy import ndarray

from hairgan.programs import config_dir


class Domains:
    """Named queries, in an order that numbers the domains.

    Args:
        queries: an SQL expression per domain, over the columns of a packed dataset's attributes (`Bangs`, `Male`,
            `hair_length`, `hair_area`, ...; `hairgan.data.packed_dataset.COLUMNS` says what the measured ones mean).
            An unknown value (null) does not match.

    Raises:
        ValueError: there are no queries, one is not an SQL expression, or a name cannot be that of a folder.
    """

    def __init__(self, queries: Mapping[str, str]) -> None:
        if not queries:
            raise ValueError("at least 1 domain is needed, got 0 queries")
        self.queries = {str(name): str(query) for name, query in queries.items()}
        for name in self.queries:
            if name in ("", ".", "..") or "/" in name or "\0" in name:
                raise ValueError(f"a domain cannot be called {name[:80]!r}: its photos go to a folder of that name")
        self._expressions = {}
        for name, query in self.queries.items():
            try:
                self._expressions[name] = pl.sql_expr(query)
            except pl.exceptions.PolarsError as error:
                raise ValueError(f"domain {name}: the query {query!r} is not an SQL expression: {error}") from None

    @property
    def names(self) -> tuple[str, ...]:
        """Names by domain number."""
        return tuple(self.queries)

    def __len__(self) -> int:
        return len(self.queries)

    @classmethod
    def from_yaml(cls, path: str | Path) -> Domains:
        """Read `queries` of a file like those in `conf/data/domains/`.

        Raises:
            ValueError: the file is not YAML, or has no mapping `queries`.
        """
        try:
            content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except OSError:
            raise
        except Exception as error:  # for some values PyYAML raises almost any exception
            raise ValueError(f"{path} is not readable as YAML ({type(error).__name__})") from error
        queries = content.get("queries") if isinstance(content, dict) else None
        if not isinstance(queries, dict):
            found = f"the entries {', '.join(map(str, list(content)[:6]))}" if isinstance(content, dict) else "none"
            raise ValueError(f"{path}: looked for `queries:` with a query per domain, found {found[:80]}")
        return cls(queries)

    @classmethod
    def load(cls, name: str) -> Domains:
        """Read a set of domains that is part of hairgan, e.g. `"hair7"` or `"gender2"`.

        Raises:
            ValueError: there is no such set; the message lists the known ones.
        """
        folder = config_dir() / "data" / "domains"
        if not (folder / f"{name}.yaml").is_file():
            known = ", ".join(sorted(path.stem for path in folder.glob("*.yaml")))
            raise ValueError(f"there are no domains {name!r} in {folder}: known are {known}")
        return cls.from_yaml(folder / f"{name}.yaml")

    def membership(self, attributes: pl.DataFrame) -> Bool[ndarray, "n k"]:
        """Which image belongs to which domain.

        Raises:
            ValueError: a query names an unknown column, is not true or false, or matches no image; the message names
                the domain and the query.
        """
        membership = self.matches(attributes)
        for number, name in enumerate(self.names):
            if not membership[:, number].any():
                raise ValueError(
                    f"domain {name}: the query {self.queries[name]!r} matches none of the {attributes.height} images"
                )
        return membership

    def matches(self, attributes: pl.DataFrame) -> Bool[ndarray, "n k"]:
        """As `membership`, but a domain without any image is not an error."""
        return np.stack([self._matches(name, attributes) for name in self.names], axis=1)

    def counts(self, attributes: pl.DataFrame) -> dict[str, int]:
        """Number of images by domain; 0 is not an error here."""
        return {name: int(self._matches(name, attributes).sum()) for name in self.names}

    def _matches(self, name: str, attributes: pl.DataFrame) -> Bool[ndarray, " n"]:
        where = f"domain {name}: the query {self.queries[name]!r}"
        try:
            result = attributes.with_columns(__matches=self._expressions[name])["__matches"]
        except pl.exceptions.ColumnNotFoundError as error:
            unknown = str(error).splitlines()[0].split(";")[0]
            raise ValueError(f"{where}: {unknown}; the columns are {', '.join(attributes.columns)}") from None
        except pl.exceptions.PolarsError as error:
            raise ValueError(f"{where} does not fit the columns: {str(error).splitlines()[0]}") from None
        if result.dtype != pl.Boolean:
            raise ValueError(f"{where} is not true or false, but of type {result.dtype}")
        return result.fill_null(False).to_numpy()
