"""Tables as text."""

from hairgan.text_tables import aligned_table, markdown_table

ROWS = [["a", "1.5"], ["longer", "-"]]


def test_markdown() -> None:
    assert markdown_table(["name", "x"], ROWS).splitlines() == ["| name | x |", "| --- | --- |", "| a | 1.5 |",
                                                                "| longer | - |"]  # fmt: skip


def test_columns_are_aligned() -> None:
    assert aligned_table(["name", "x"], ROWS).splitlines() == ["name      x", "a       1.5", "longer    -"]
    assert aligned_table(["name", "x"], []) == "name  x"
