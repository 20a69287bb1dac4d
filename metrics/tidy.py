"""What was measured, laid over what there must be: one tidy row for every figure."""

from collections.abc import Iterator, Mapping

import polars as pl

from ingest.city import City
from metrics.figures import ALL, FIGURES
from metrics.measure import PARTS, Measure
from metrics.measured import DIMENSIONS, Task
from metrics.periods import GRAINS
from metrics.reading import Reading
from metrics.skeleton import Skeleton
from metrics.spans import POPULATIONS, Counted
from metrics.targets import target_at_end

_NO_CELLS = pl.DataFrame(schema=dict.fromkeys(DIMENSIONS, pl.String))


def tidy(
    counted: Counted, values: pl.DataFrame, task: Task, reading: Reading
) -> Iterator[pl.DataFrame]:
    """Give every figure there must be, or why it has no value, KPI by KPI."""
    groups = _groups(counted.rows, values)
    skeleton = Skeleton(counted, groups, reading.calendar)
    cells = [
        skeleton.cells(population, task.grains[population])
        for population in POPULATIONS.keys() & groups.keys() & task.grains.keys()
        if task.grains[population]
    ]
    if not cells:
        return
    # All in one: a few large frames are much faster than many small ones. In the order
    # of the ids, so that the figures of each KPI need not be sorted again.
    named = pl.concat([_NO_CELLS, *cells], how="diagonal").with_columns(cell=_cell())
    joined = _joined(named.sort("cell"), values)
    for kpi, measure in task.measures.items():
        of_grains = joined.lazy()
        if measure.grains != GRAINS:
            of_grains = of_grains.filter(pl.col("grain").is_in(measure.grains))
        yield _of_kpi(of_grains, kpi, measure, reading.city).collect()


def _groups(
    rows: Mapping[str, pl.DataFrame], values: pl.DataFrame
) -> Mapping[str, pl.DataFrame]:
    """List each population's groups; of some is known only that they exist."""
    groups = {}
    for population, dims in POPULATIONS.items():
        found = [values.filter(pl.col("population") == population)]
        if population in rows:
            found.append(rows[population])
        if any(frame.height for frame in found):
            groups[population] = (
                pl.concat(
                    frame.select(dims).unique().select(pl.col(dims).cast(pl.String))
                    for frame in found
                )
                .unique()
                .sort(dims)
                if dims
                else values.select(dims)  # the city, which has no name
            )
    return groups


def _joined(cells: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """Lay what was measured over the cells that must exist; closed days need none."""
    joined = cells.join(
        values.drop("population"),
        on=[*DIMENSIONS, "grain", "period_start"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    has_events = pl.col("events").fill_null(0) > 0
    is_due = (pl.col("grain") != "day") | (pl.col("opening_days") > 0)
    return joined.filter(is_due | has_events)


def _of_kpi(
    joined: pl.LazyFrame, kpi: str, measure: Measure, city: City
) -> pl.LazyFrame:
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
        for part in PARTS[:-2]
    }
    mark = pl.lit(None) if measure.mark is None else pl.col(f"{kpi}|mark")
    return joined.select(
        *DIMENSIONS,
        "grain",
        "period_start",
        "period_end",
        "coverage",
        **parts,
        kpi=pl.lit(kpi),
        state=state,
        reason=pl.when(has_value).then(mark).otherwise(_reason(kpi, measure)),
        target=target_at_end(city, kpi),
        figure_id=pl.concat_str(pl.lit(kpi), "cell", separator="/"),
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


def _cell() -> pl.Expr:
    """Give the part of a figure's id that the KPIs have in common."""
    dimensions = (pl.col(name).fill_null(ALL) for name in DIMENSIONS)
    return pl.concat_str(*dimensions, "grain", "period", separator="/")
