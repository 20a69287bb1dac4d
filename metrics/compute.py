"""From the warehouse to every figure of a city, before anything is hidden."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import duckdb
import polars as pl

from ingest.city import City
from metrics.book import ageing
from metrics.facts import FACTS
from metrics.figures import ALL, FIGURES, FigureId
from metrics.kpis import KPI_FUNCTIONS
from metrics.measure import Facts, Measure
from metrics.periods import GRAINS, PeriodGrain, start_of
from metrics.reading import Reading
from metrics.skeleton import DIMENSIONS, Skeleton
from metrics.spans import POPULATIONS, Counted
from metrics.targets import target_at_end
from metrics.when_to_go import wait_by_hour

# Computed for every city; more where the city file publishes more.
_LATTICE: Final[Mapping[str, tuple[PeriodGrain, ...]]] = {
    "city": GRAINS,
    "office": GRAINS,
    "office_service": ("month", "quarter", "year"),
    "office_channel": ("month", "quarter", "year"),
    "service": ("quarter",),
}
_DAYS: Final = 1_000_000  # more than any date is days after 1970
_PARTS: Final = ("value", "n", "numerator", "lower", "upper", "reason")


# The frames that are no single figures.
FRAME_FUNCTIONS: Final[Mapping[str, Callable[[Reading], pl.DataFrame]]] = {
    "wait_by_hour": wait_by_hour,
    "ageing": ageing,
}


@dataclass(frozen=True)
class Computed:
    """Everything that is computed at one moment."""

    figures: pl.DataFrame  # FIGURES
    frames: Mapping[str, pl.DataFrame]  # by name, see metrics/frames.py


def compute(
    connection: duckdb.DuckDBPyConnection, city: City, now: datetime
) -> Computed:
    """Compute every figure from the rows that count now."""
    reading = Reading(connection, city, now)
    counted = {facts: count(reading) for facts, count in FACTS.items()}
    figures = [
        frame
        for facts, rows in counted.items()
        if rows is not None
        for frame in _figures(rows, _measures(facts), reading)
    ]
    return Computed(
        figures=_in_order(figures),
        frames={name: frame(reading) for name, frame in FRAME_FUNCTIONS.items()},
    )


def compute_like(
    connection: duckdb.DuckDBPyConnection, city: City, figure: FigureId, now: datetime
) -> pl.DataFrame:
    """Compute the figures that differ from this one in place and period only.

    They are the same as of all figures; those of one office need no others' rows.
    """
    if figure.kpi not in KPI_FUNCTIONS:
        return pl.DataFrame(schema=FIGURES)
    reading = Reading(connection, city, now, figure.office)
    measure = KPI_FUNCTIONS[figure.kpi]()
    counted = FACTS[measure.facts](reading)
    if counted is None:
        return pl.DataFrame(schema=FIGURES)
    named = tuple(name for name in DIMENSIONS if getattr(figure, name) is not None)
    alike = [name for name in counted.rows if POPULATIONS[name] == named]
    counted = replace(counted, rows={name: counted.rows[name] for name in alike})
    grains = [grain for grain in GRAINS if grain == figure.grain]
    return _in_order([*_figures(counted, {figure.kpi: measure}, reading, grains)])


def _measures(facts: Facts) -> dict[str, Measure]:
    measures = {kpi: function() for kpi, function in KPI_FUNCTIONS.items()}
    return {kpi: each for kpi, each in measures.items() if each.facts == facts}


def _figures(
    counted: Counted,
    measures: Mapping[str, Measure],
    reading: Reading,
    grains: Sequence[PeriodGrain] = GRAINS,
) -> Iterator[pl.DataFrame]:
    city = reading.city
    skeleton = Skeleton(counted, reading.calendar)
    for population in counted.rows:
        rows = skeleton.numbered(population).filter(pl.col("day").is_not_null())
        for grain in _grains(population, city):
            if grain not in grains:
                continue
            measured = _measured(rows, grain, measures, counted.events)
            joined = _joined(skeleton.cells(population, grain), measured, grain)
            for kpi, measure in measures.items():
                yield _tidy(joined, kpi, measure, grain, city)


def _grains(population: str, city: City) -> list[PeriodGrain]:
    published = {
        grain
        for cells in city.publish.cells
        if population in cells.by
        for grain in cells.grains
    }
    wanted = published.union(_LATTICE[population])
    return [grain for grain in GRAINS if grain in wanted]


def _measured(
    rows: pl.DataFrame,
    grain: PeriodGrain,
    measures: Mapping[str, Measure],
    events: pl.Expr,
) -> pl.DataFrame:
    """Evaluate all measures in one pass over the rows."""
    start = start_of(pl.col("day"), grain)
    # One whole number is grouped by much faster than several columns.
    key = pl.col("group") * _DAYS + start.cast(pl.Int32)
    return (
        rows.group_by(key=key)
        .agg(
            events.alias("events"),
            *(
                expression.alias(f"{kpi}|{part}")
                for kpi, measure in measures.items()
                for part in _PARTS
                if (expression := getattr(measure, part)) is not None
            ),
        )
        .with_columns(
            group=pl.col("key") // _DAYS,
            period_start=(pl.col("key") % _DAYS).cast(pl.Int32).cast(pl.Date),
        )
    )


def _joined(
    cells: pl.DataFrame, measured: pl.DataFrame, grain: PeriodGrain
) -> pl.DataFrame:
    """Lay what was measured over the cells that must exist; closed days need none."""
    joined = cells.join(
        measured, on=["group", "period_start"], how="left"
    ).with_columns(
        pl.lit(None, pl.String).alias(name)
        for name in DIMENSIONS
        if name not in cells.columns
    )
    if grain != "day":
        return joined
    has_events = pl.col("events").fill_null(0) > 0
    return joined.filter((pl.col("opening_days") > 0) | has_events)


def _tidy(
    joined: pl.DataFrame, kpi: str, measure: Measure, grain: PeriodGrain, city: City
) -> pl.DataFrame:
    """Give the figures of one KPI."""
    value = pl.col(f"{kpi}|value").cast(pl.Float64)
    has_value = value.is_finite().fill_null(value=False)
    state = (
        pl.when(~has_value)
        .then(pl.lit("no_data"))
        .when(pl.col("is_complete"))
        .then(pl.lit("final"))
        .otherwise(pl.lit("provisional"))
    )
    parts = {
        part: pl.when(has_value).then(pl.col(f"{kpi}|{part}"))
        if getattr(measure, part) is not None
        else pl.lit(None)
        for part in _PARTS[:-1]
    }
    return joined.select(
        *DIMENSIONS,
        "period_start",
        "period_end",
        "coverage",
        **parts,
        kpi=pl.lit(kpi),
        grain=pl.lit(grain),
        state=state,
        reason=pl.when(~has_value).then(_reason(kpi, measure)),
        target=target_at_end(city, kpi),
        figure_id=_figure_id(kpi, grain),
    ).select(pl.col(name).cast(kind) for name, kind in FIGURES.items())


def _reason(kpi: str, measure: Measure) -> pl.Expr:
    stated = pl.lit(None) if measure.reason is None else pl.col(f"{kpi}|reason")
    return (
        pl.when(pl.col("events").is_not_null())
        .then(pl.coalesce(stated, pl.lit(measure.absent)))
        .when(pl.col("opening_days") == 0)
        .then(pl.lit("closed"))
        .when("is_gap")  # nobody knows whether there was anything
        .then(pl.lit("no_rows"))
        .otherwise(pl.lit(measure.absent))
    )


def _figure_id(kpi: str, grain: PeriodGrain) -> pl.Expr:
    dimensions = (pl.col(name).fill_null(ALL) for name in DIMENSIONS)
    return pl.concat_str(
        pl.lit(kpi), *dimensions, pl.lit(grain), "period", separator="/"
    )


def _in_order(frames: list[pl.DataFrame]) -> pl.DataFrame:
    empty = pl.DataFrame(schema=FIGURES)
    return pl.concat([empty, *frames]).sort("figure_id")
