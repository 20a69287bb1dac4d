"""Lines of DuckDB and Polars over the published files, for one figure."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

# sum: of its parts; last: the last part's; share: of its own row's counts; quotient: of
# two other figures; bound: a limit, not to be recomputed; row: neither is this; none:
# there is no value.
Way = Literal["sum", "last", "share", "quotient", "bound", "row", "none"]
FILES: Final = ("figures.parquet", "manifest.json")

_ROW: Final = """\
SELECT {term} AS recomputed
FROM 'figures.parquet'
WHERE figure_id = {first};
"""
_LOOK: Final = """\
SELECT value, n, numerator, lower, upper, state, reason,
  sha256(file.content) = json_extract_string(
    manifest.content, '$.files."figures.parquet"'
  ) AS is_as_published
FROM 'figures.parquet', read_blob('figures.parquet') AS file,
  read_text('manifest.json') AS manifest
WHERE figure_id = {first};
"""
_DUCKDB: Final[Mapping[Way, str]] = {
    "sum": """\
SELECT coalesce(sum(value), 0) AS recomputed,
  count(*) FILTER (state = 'hidden') AS hidden_parts
FROM 'figures.parquet'
WHERE figure_id IN (
  {ids}
);
""",
    "last": _ROW,
    "share": _ROW,
    "bound": _LOOK,
    "quotient": """\
SELECT floor(100 * (part.value / whole.value) + 0.5) AS recomputed
FROM 'figures.parquet' AS part, 'figures.parquet' AS whole
WHERE part.figure_id = {first}
  AND whole.figure_id = {last};
""",
    "row": _LOOK,
    "none": _LOOK,
}
_READ: Final = """\
import polars as pl

ids = [
    {ids},
]
figures = pl.read_parquet("figures.parquet")
rows = figures.filter(pl.col("figure_id").is_in(ids)).to_dicts()
"""
_CHECK: Final = """\
manifest = json.loads(Path("manifest.json").read_text("utf-8"))
content = Path("figures.parquet").read_bytes()
published = manifest["files"]["figures.parquet"]
is_as_published = sha256(content).hexdigest() == published
print(rows[0], is_as_published)
"""
_IMPORTS: Final = """\
import json
from hashlib import sha256
from pathlib import Path

"""
_POLARS: Final[Mapping[Way, tuple[str, str]]] = {  # before reading, and after
    "sum": (
        "",
        """\
recomputed = sum(row["value"] or 0 for row in rows)
hidden_parts = sum(row["state"] == "hidden" for row in rows)
print(recomputed, hidden_parts)
""",
    ),
    "last": ("", 'recomputed = rows[0]["value"]\nprint(recomputed)\n'),
    "share": (
        "from math import floor\n\n",
        """\
share = rows[0]["numerator"] / rows[0]["n"]
recomputed = floor(100 * share + 0.5)
print(recomputed)
""",
    ),
    "bound": (_IMPORTS, _CHECK),
    "quotient": (
        "from math import floor\n\n",
        """\
values = {{row["figure_id"]: row["value"] for row in rows}}
recomputed = floor(100 * (values[ids[0]] / values[ids[1]]) + 0.5)
print(recomputed)
""",
    ),
    "row": (_IMPORTS, _CHECK),
    "none": (_IMPORTS, _CHECK),
}


def in_duckdb(way: Way, ids: Sequence[str]) -> str:
    """Write SQL to be run in a folder with FILES; of a quotient the whole comes last.

    It answers `recomputed`, of a sum `hidden_parts` too; of what cannot be recomputed
    the figure and `is_as_published`.
    """
    quoted = ["'" + name.replace("'", "''") + "'" for name in ids]
    term = {
        "last": "value",
        "share": "floor(100 * (numerator / n) + 0.5)",
    }.get(way)
    return _DUCKDB[way].format(
        ids=",\n  ".join(quoted), first=quoted[0], last=quoted[-1], term=term
    )


def in_polars(way: Way, ids: Sequence[str]) -> str:
    """Write Python to be run in a folder with FILES; its names are those of the SQL."""
    quoted = ['"' + name.replace('"', '\\"') + '"' for name in ids]
    before, after = _POLARS[way]
    read = _READ.format(ids=",\n    ".join(quoted))
    return before + read + after.format()
