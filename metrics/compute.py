"""From the warehouse to every figure of a city, before anything is hidden."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from typing import Final

import duckdb
import polars as pl

from ingest.city import City
from metrics.ageing import ageing
from metrics.calendar import Calendar
from metrics.case_counts import unbalanced
from metrics.closed import with_closed
from metrics.control_charts import control_charts
from metrics.crowd import crowd
from metrics.derived import derived, needs_of
from metrics.facts import FACTS
from metrics.figures import FIGURES, FigureId, sorted_by_id
from metrics.forecast import forecast
from metrics.hashes import digest_of
from metrics.hours_saved import HOURS_SAVED
from metrics.kpis import KPI_FUNCTIONS
from metrics.measure import Facts, Measure
from metrics.measured import DIMENSIONS, Measured, Task, measure_anew, measure_rows
from metrics.online_services import online_services
from metrics.periods import GRAINS, PeriodGrain
from metrics.protect_parts import parts_beside
from metrics.reading import Reading
from metrics.rest_of_day import rest_of_day
from metrics.shelf import Shelf
from metrics.spans import POPULATIONS, Counted
from metrics.survival import survival
from metrics.tidy import tidy
from metrics.when_to_go import wait_by_hour

# Computed for every city; more where the city file publishes more.
_LATTICE: Final[Mapping[str, tuple[PeriodGrain, ...]]] = {
    "city": GRAINS,
    "office": GRAINS,
    "office_service": ("month", "quarter", "year"),
    "office_channel": ("month", "quarter", "year"),
    "service": ("quarter",),
}


# The frames that are no single figures.
FRAME_FUNCTIONS: Final[Mapping[str, Callable[[Reading], pl.DataFrame]]] = {
    "ageing": ageing,  # first, since to read the cases takes longest
    "survival": survival,
    "unbalanced": unbalanced,
    "wait_by_hour": wait_by_hour,
    "crowd": crowd,
    "rest_of_day": rest_of_day,
    "online_services": online_services,
}


_ASIDE: Final = 2  # who lay out, and make frames, beside the one who measures
# Read a year at a time; the others are few enough to be at hand as a whole.
_IN_PARTS: Final[frozenset[Facts]] = frozenset(
    {
        *("visits", "searches", "hours", "ticket_hours", "estimates"),
        *("decisions", "receipts"),
    }
)


@dataclass(frozen=True)
class Computed:
    """Everything that is computed at one moment."""

    figures: pl.DataFrame  # FIGURES
    frames: Mapping[str, pl.DataFrame]  # by name, see metrics/frames.py


def compute(
    connection: duckdb.DuckDBPyConnection,
    city: City,
    now: datetime,
    shelf: Shelf | None = None,
) -> Computed:
    """Compute every figure from the rows that count now.

    With a shelf only what deliveries have touched since the last time is measured
    again; the figures are the same.
    """
    reading = Reading(connection, city, now, shelf=shelf)
    with ThreadPoolExecutor(_ASIDE) as aside:
        frames = {
            name: aside.submit(frame, reading)
            for name, frame in FRAME_FUNCTIONS.items()
        }
        figures = _in_order(derived(_side_by_side(reading, aside)))
        return Computed(figures, {name: made.result() for name, made in frames.items()})


def with_frames_of_the_desk(
    computed: Computed, city: City, shelf: Shelf | None = None
) -> Computed:
    """Add the frames that follow from figures and stay inside."""
    figures, calendar = computed.figures, Calendar(city)
    desk = {
        "forecast": forecast(figures, calendar, shelf),
        "spc": control_charts(figures, calendar),
    }
    return Computed(figures, {**computed.frames, **desk})


def compute_like(
    connection: duckdb.DuckDBPyConnection, city: City, figure: FigureId, now: datetime
) -> pl.DataFrame:
    """Compute the figures that differ from this one in place and period only.

    They are the same as of all figures; those of one office need no others' rows. With
    them come those of other KPIs that they follow from, or are protected with.
    """
    named = tuple(name for name in DIMENSIONS if getattr(figure, name) is not None)
    alike = [name for name, dims in POPULATIONS.items() if dims == named]
    if figure.kpi == HOURS_SAVED and not named:
        alike.append("office")  # whose sum it is
    reading = Reading(connection, city, now, figure.office)
    needed = dict.fromkeys((figure.kpi, *parts_beside(figure.kpi)), figure.grain)
    needed |= needs_of(figure.kpi, figure.grain)
    frames: list[pl.DataFrame] = []
    for kpi in needed.keys() & KPI_FUNCTIONS.keys():
        measure = KPI_FUNCTIONS[kpi]()
        grains = [grain for grain in GRAINS if grain == needed[kpi]]
        of_kpi = dict.fromkeys(alike, grains)
        frames += _measured(measure.facts, {kpi: measure}, reading, of_kpi)()
    return _in_order(derived(frames))


def figures_of(facts: Facts, reading: Reading) -> Iterator[pl.DataFrame]:
    """Compute every figure that is counted from one kind of facts."""
    return _measured(facts, _measures()[facts], reading)()


def _side_by_side(reading: Reading, aside: Executor) -> Iterator[pl.DataFrame]:
    """Lay figures out while those of the next kind of facts are measured."""
    kinds = [
        aside.submit(list, _measured(facts, _measures()[facts], reading)())
        for facts in FACTS
    ]
    for laid_out in kinds:
        yield from laid_out.result()


@cache
def _measures() -> Mapping[Facts, Mapping[str, Measure]]:
    measures: dict[Facts, dict[str, Measure]] = {facts: {} for facts in FACTS}
    for kpi, function in KPI_FUNCTIONS.items():
        measure = function()
        measures[measure.facts][kpi] = measure
    return measures


def _measured(
    facts: Facts,
    measures: Mapping[str, Measure],
    reading: Reading,
    grains: Mapping[str, Sequence[PeriodGrain]] | None = None,
) -> Callable[[], Iterator[pl.DataFrame]]:
    """Measure facts; what comes back lays the figures out."""
    counted = _counted(facts, reading)
    if counted is None or not measures:
        return lambda: iter(())
    grains = grains or {p: _grains(p, reading.city) for p in POPULATIONS}
    task = Task(measures, counted.events, grains)
    measured = _values(facts, counted, task, reading)
    values = with_closed(measured, facts, task, reading)
    return partial(tidy, counted, values, task, reading)


def values_of(facts: Facts, reading: Reading) -> pl.DataFrame:
    """Measure all periods of one kind of facts from the rows that are there.

    In every grain, since what is closed now may be published in another one later.
    """
    counted, measures = _counted(facts, reading), _measures()[facts]
    grains = dict.fromkeys(POPULATIONS, GRAINS)
    if counted is None:
        return Task(measures, pl.len(), grains).nothing().values
    return _values(facts, counted, Task(measures, counted.events, grains), reading)


def _counted(facts: Facts, reading: Reading) -> Counted | None:
    is_in_parts = facts in _IN_PARTS
    counted = FACTS[facts](reading.without_rows() if is_in_parts else reading)
    return None if counted is None or counted.spans.is_empty() else counted


def _values(
    facts: Facts, counted: Counted, task: Task, reading: Reading
) -> pl.DataFrame:
    """Measure what must be, reading no more than a year of rows at a time."""

    def rows_of_days(first: date, last: date) -> Mapping[str, pl.DataFrame]:
        if facts not in _IN_PARTS:
            return _of_days(counted.rows, first, last)
        part = FACTS[facts](reading.of_days(first, last))
        return {} if part is None else part.rows

    if counted.keys is None:
        return measure_rows(task, _wanted(counted.rows, task))
    measured = measure_anew(
        task,
        lambda *days: _wanted(rows_of_days(*days), task),
        counted.keys,
        _measured_before(facts, task, reading.shelf),
    )
    if reading.shelf is not None:
        made_of = str(digest_of(measured.keys))
        reading.shelf.put(f"values_of_{facts}", made_of, measured.values)
        reading.shelf.keep(f"keys_of_{facts}", measured.keys)
    return measured.values


def _measured_before(facts: Facts, task: Task, shelf: Shelf | None) -> Measured:
    """Return what was measured at the last publication; nothing if it holds no more."""
    keys = None if shelf is None else shelf.latest(f"keys_of_{facts}")
    if shelf is None or keys is None:
        return task.nothing()
    # Of a run that was killed between the two the values have no keys any more.
    values = shelf.scan(f"values_of_{facts}", str(digest_of(keys)))
    return task.nothing() if values is None else Measured(values.collect(), keys)


def _of_days(
    rows: Mapping[str, pl.DataFrame], first: date, last: date
) -> Mapping[str, pl.DataFrame]:
    is_meant = pl.col("day").is_between(first, last)
    return {population: part.filter(is_meant) for population, part in rows.items()}


def _wanted(rows: Mapping[str, pl.DataFrame], task: Task) -> Mapping[str, pl.DataFrame]:
    return {
        population: rows[population] for population in rows.keys() & task.grains.keys()
    }


def _grains(population: str, city: City) -> list[PeriodGrain]:
    published = {
        grain
        for cells in city.publish.cells
        if population in cells.by
        for grain in cells.grains
    }
    wanted = published.union(_LATTICE[population])
    return [grain for grain in GRAINS if grain in wanted]


def _in_order(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Put figures in the order of their ids.

    Most frames have one KPI's, in order; to sort millions of words takes much longer
    than to see that they are sorted.
    """
    given = [frame for frame in frames if frame.height]
    given.sort(key=lambda frame: f"{frame['kpi'][0]}/")
    return sorted_by_id(pl.concat([pl.DataFrame(schema=FIGURES), *given]))
