"""The tidy frame that every KPI ends in, and the readable ids of its rows."""

from typing import Final, NamedTuple

import polars as pl

ALL: Final = "all"  # how an empty office, service or channel is written in an id

_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "figure_id": pl.String,
    "kpi": pl.String,
    "office": pl.String,  # null: the whole city
    "service": pl.String,  # null: all
    "channel": pl.String,  # null: all
    "grain": pl.Enum(["hour_of_week", "day", "week", "month", "quarter", "year"]),
    "period_start": pl.Date,
    "period_end": pl.Date,  # inclusive
    "value": pl.Float64,
    "n": pl.Int64,
    "numerator": pl.Int64,
    "lower": pl.Float64,  # 95 % interval, where the KPI has one
    "upper": pl.Float64,
    "target": pl.Float64,
    "state": pl.Enum(["final", "provisional", "hidden", "no_data"]),
    "reason": pl.String,  # code; why there is no value, or why it is no exact one
    "coverage": pl.Float64,  # share of the period's opening days with data
}
FIGURES: Final = pl.Schema(_COLUMNS)


class FigureId(NamedTuple):
    """`waiting.median_minutes/einwohnermeldeamt/all/all/quarter/2026-Q3`, in parts."""

    kpi: str
    office: str | None
    service: str | None
    channel: str | None
    grain: str
    period: str

    def __str__(self) -> str:
        dimensions = (part or ALL for part in (self.office, self.service, self.channel))
        return "/".join((self.kpi, *dimensions, self.grain, self.period))


def sorted_by_id(figures: pl.DataFrame) -> pl.DataFrame:
    """Sort figures, which most often are sorted: to see that is much faster.

    They come in one piece: else the bytes of their file would tell how they were cut.
    """
    if not figures["figure_id"].is_sorted():
        figures = figures.sort("figure_id")
    return figures.rechunk()


def parse_figure_id(text: str) -> FigureId:
    parts = text.split("/")
    if len(parts) != len(FigureId._fields):
        message = (
            f"{text!r} is no figure id; expected kpi/office/service/channel/grain/"
            "period, e.g. backlog.open/bauordnung/all/all/quarter/2026-Q3"
        )
        raise ValueError(message)
    kpi, office, service, channel, grain, period = parts
    return FigureId(
        kpi,
        None if office == ALL else office,
        None if service == ALL else service,
        None if channel == ALL else channel,
        grain,
        period,
    )
