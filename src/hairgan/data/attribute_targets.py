"""The hair classifier's targets: from a table of attributes to one class number per head."""

from __future__ import annotations

import numpy as np
import polars as pl
from jaxtyping import Int64
from numpy import ndarray

from hairgan.hair_attributes import HEADS, UNKNOWN

COLUMNS: dict[str, str] = {
    # head -> column; a bool column gives class 0 or 1, a string column names the class
    "bangs": "Bangs",
    "length": "hair_length",
    "texture": "hair_texture",
    "color": "hair_color",
    "gender": "Male",
}


def attribute_targets(attributes: pl.DataFrame) -> Int64[ndarray, "n heads"]:
    """Class numbers in the order of `HEADS`; `UNKNOWN` where a value is null or a column is missing.

    Raises:
        ValueError: a column holds a word that is not a class of its head.
    """
    columns = []
    for head, classes in HEADS.items():
        name = COLUMNS[head]
        if name not in attributes.columns:
            columns.append(np.full(attributes.height, UNKNOWN, dtype=np.int64))
            continue
        values = attributes[name]
        if values.dtype != pl.Boolean:
            unknown = set(values.drop_nulls()) - set(classes)
            if unknown:
                raise ValueError(
                    f"the column {name} holds {', '.join(map(repr, sorted(unknown)))}; known are {classes}"
                )
            values = values.replace_strict(classes, list(range(len(classes))), default=None, return_dtype=pl.Int64)
        columns.append(values.cast(pl.Int64).fill_null(UNKNOWN).to_numpy())
    return np.stack(columns, axis=1)
