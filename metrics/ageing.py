"""How old the open cases were at the end of each month, in bands of age."""

from collections.abc import Iterator

import polars as pl

from metrics.book import keep_book
from metrics.case_events import AGE_BANDS, AGED
from metrics.frames import AGEING
from metrics.reading import Reading


def ageing(reading: Reading) -> pl.DataFrame:
    """Give how old the open cases were at the end of each month, in bands."""
    book = keep_book(reading)
    if book is None:
        return pl.DataFrame(schema=AGEING)
    frames = [
        pl.concat(_bands(_at_month_ends(rows, book.spans)), how="vertical")
        for population, rows in book.rows.items()
        if population != "office_channel"
    ]
    return pl.concat([pl.DataFrame(schema=AGEING), *frames]).sort(
        "office", "service", "at", "band_from_days"
    )


def _at_month_ends(rows: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    is_month_end = pl.col("day") == pl.col("day").dt.month_end()
    at_end = rows.filter(is_month_end)
    if "office" in rows.columns:
        return at_end.join(spans.select("office", "complete_on"), on="office")
    complete_on = spans.select(pl.col("complete_on").min())
    return at_end.join(complete_on, how="cross")


def _bands(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    # Of sums nobody knows how old the cases are.
    rows = rows.filter(pl.col("ever_of_case") > 0).with_columns(
        pl.col("open") - pl.col("counted_open")
    )
    columns = ["open", *AGED]
    for index, column in enumerate(columns):
        is_last = index + 1 == len(columns)
        older = pl.lit(0) if is_last else pl.col(columns[index + 1])
        content = {
            "at": pl.col("day"),
            "band_from_days": pl.lit(AGE_BANDS[index]),
            "band_to_days": pl.lit(None if is_last else AGE_BANDS[index + 1] - 1),
            "count": pl.col(column) - older,
            "state": pl.when(pl.col("day") <= pl.col("complete_on"))
            .then(pl.lit("final"))
            .otherwise(pl.lit("provisional")),
        }
        for name in ("office", "service", "reason"):
            content[name] = pl.col(name) if name in rows.columns else pl.lit(None)
        yield rows.select(
            content[name].cast(kind).alias(name) for name, kind in AGEING.items()
        )
