"""What a whole says of a part that is hidden: a second one has to stay hidden, too.

Open cases are with the office, the applicant or others. With the whole and two of these
three told, the third follows from a subtraction, rounded as they are: 60 open, 30 and
25 of them elsewhere, "fewer than 8" are with the applicant - so it is somebody.
"""

from typing import Final

import polars as pl

from metrics.small_numbers import IS_SHOWN, hide

REASON: Final = "tells_of_few"
_HOLDERS: Final = (
    "backlog.with_office",
    "backlog.with_applicant",
    "backlog.with_third_party",
)
_GROUP: Final = ("office", "service", "channel", "grain", "period_start")


def parts_beside(kpi: str) -> tuple[str, ...]:
    """Name the KPIs that have to be known to say what of this one is shown."""
    return _HOLDERS if kpi in _HOLDERS else ()


def hide_second_parts(figures: pl.DataFrame) -> pl.DataFrame:
    """Hide, where parts are hidden since they are few, the smallest of the others."""
    numbered = figures.with_row_index("row")
    # Few figures are parts: to look for groups among all of them takes much longer.
    parts = numbered.filter(pl.col("kpi").is_in(_HOLDERS))
    seconds = parts.filter(_is_second())["row"]
    if seconds.is_empty():
        return figures
    is_meant = pl.col("row").is_in(seconds.implode())
    return numbered.pipe(hide, is_meant, REASON).drop("row")


def _is_second() -> pl.Expr:
    has_few = (pl.col("reason") == "fewer_than_8").any().over(_GROUP)
    has_second = (pl.col("reason") == REASON).any().over(_GROUP)
    smallest = pl.col("value").filter(IS_SHOWN).min().over(_GROUP)
    return IS_SHOWN & has_few & ~has_second & (pl.col("value") == smallest)
