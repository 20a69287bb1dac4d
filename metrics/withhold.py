"""What stays hidden since an outsider could work out small counts from it.

A count of fewer than 8 is hidden, but a quarter of 60 less months of 30 and 20 says
that it was 4 to 7. So before anything is published it is attacked; where a small count
is proven to be some, or is known nearly exactly, the smallest count that helps to prove
it is hidden, too. Both then have the same reason, so that nobody can tell which of them
is of few. A year is attacked at a time, and again only where its figures are others.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from ingest.city import City
from metrics.attack import Bounds, System
from metrics.cells import (
    AGED,
    CELL,
    UNBOUNDED,
    cells_of,
    cells_of_ageing,
    cells_of_turnover,
)
from metrics.compute import Computed
from metrics.errors import MetricsError
from metrics.hashes import hash_of_each
from metrics.periods import GRAINS, period_of
from metrics.protect_parts import REASON
from metrics.shelf import Shelf
from metrics.small_numbers import hide

_ROUNDS: Final = 20
_EMPTIED: Final = ("value", "n", "numerator", "lower", "upper", "coverage")
_OPEN: Final = "backlog.open"
_TOLD: Final = pl.Schema(
    {
        **dict.fromkeys(("name", "office", "service", "channel", "grain"), pl.String),
        "period_start": pl.Date,
        "figure_id": pl.String,
    }
)


class TooMuchIsTold(MetricsError):  # noqa: N818 - a state, named as one
    """Small counts could be worked out whatever is hidden beside them."""


def withhold(
    published: Computed, computed: Computed, city: City, shelf: Shelf | None = None
) -> Computed:
    """Hide of what is to be published what proves small counts; raise TooMuchIsTold."""
    base, digests = city.publish.rounding_base, _digests(published, computed)
    told = [pl.DataFrame(schema=_TOLD)]
    for year in sorted(digests):

        def find(year: int = year) -> pl.DataFrame:
            both = _of_year(published, year), _of_year(computed, year)
            return _found(_cells(*both, base))

        made_of = f"{digests.get(year - 1)} {digests[year]} {base}"
        told.append(_told_too_much(find, f"withheld-{year}", made_of, shelf))
    return _without(published, pl.concat(told))


def _digests(published: Computed, computed: Computed) -> dict[int, int]:
    """Tell the figures of each year from others."""
    parts = [
        (part, day)
        for each in (published, computed)
        for part, day in (
            (each.figures, "period_start"),
            (each.frames.get("ageing"), "at"),
        )
        if part is not None
    ]
    hashes = pl.concat(
        part.select(
            year=pl.col(day).dt.year(),
            hash=hash_of_each(part.with_columns(number=number)),
        )
        for number, (part, day) in enumerate(parts)
    )
    return dict(hashes.group_by("year").agg(pl.col("hash").sum()).iter_rows())


def _of_year(computed: Computed, year: int) -> Computed:
    """Take what is of a year, and what was open when it began."""
    at = pl.col("period_start")
    new_years_eve = date(year - 1, 12, 31)
    is_open_before = (pl.col("kpi") == _OPEN) & pl.any_horizontal(
        (pl.col("grain") == grain) & (at == period_of(new_years_eve, grain).start)
        for grain in GRAINS
    )
    days = date(year, 1, 1), date(year, 12, 31)
    figures = computed.figures.filter(at.is_between(*days) | is_open_before)
    frames = {
        name: frame.filter(pl.col("at").is_between(*days))
        for name, frame in computed.frames.items()
        if name == "ageing"
    }
    return Computed(figures, frames)


def _cells(published: Computed, computed: Computed, base: int) -> pl.DataFrame:
    cells = cells_of(published.figures, computed.figures, base)
    if "ageing" in published.frames:
        aged = published.frames["ageing"], computed.frames["ageing"]
        cells = pl.concat([cells, cells_of_ageing(*aged, base)])
    return pl.concat([cells, cells_of_turnover(cells)])


def _told_too_much(
    find: Callable[[], pl.DataFrame], name: str, made_of: str, shelf: Shelf | None
) -> pl.DataFrame:
    """List the rows of cells that have to be hidden."""
    if shelf is None:
        return find()
    kept = shelf.scan(name, made_of)
    return (shelf.put(name, made_of, find()) if kept is None else kept).collect()


def _found(cells: pl.DataFrame) -> pl.DataFrame:
    system = System.of(cells)
    numbered = cells.select(*CELL, "figure_id").join(
        system.cells.select(*CELL, "cell"), on=CELL, nulls_equal=True
    )
    shown = system.cells["is_shown"].to_numpy().copy()
    known = Bounds(
        system.cells["lower"].to_numpy().astype(float),
        system.cells["upper"].to_numpy().astype(float),
    )
    withheld = np.zeros(len(shown), dtype=bool)
    for _ in range(_ROUNDS):
        found = system.narrowed(known)
        proven = found.too_well_known()
        if not proven.size:
            is_withheld = pl.Series(withheld).arg_true().implode()
            hidden = numbered.filter(pl.col("cell").is_in(is_withheld))
            return hidden.select(
                pl.col(name).cast(kind) for name, kind in _TOLD.items()
            )
        told = _with_figures(_to_hide(system, found, proven, shown), numbered)
        if not told.size:
            break
        withheld[told], shown[told] = True, False
        known.lower[told], known.upper[told] = 0, UNBOUNDED
    raise TooMuchIsTold(_message(system.cells[proven.tolist()]))


def _with_figures(told: Sequence[int], numbered: pl.DataFrame) -> np.ndarray:
    """Add the other counts of the figures that are hidden."""
    hidden = numbered.filter(pl.col("cell").is_in(pl.Series(told).implode()))
    others = numbered.join(
        hidden.select("figure_id").drop_nulls().unique(), on="figure_id", how="semi"
    )
    return np.unique(np.concatenate([told, others["cell"].to_numpy()])).astype(int)


def _to_hide(
    system: System, found: Bounds, proven: np.ndarray, shown: np.ndarray
) -> list[int]:
    """Choose for each proven cell the smallest count that helps to prove it."""
    near = system.supports(proven, found)
    # What is not published itself proves by what is known of it.
    unseen = near.filter(~_are(shown, near["other"]))
    beyond = unseen.select("cell", via="other").join(
        system.supports(unseen["other"].unique().to_numpy(), found).rename(
            {"cell": "via"}
        ),
        on="via",
    )
    candidates = pl.concat(
        part.select("cell", "other", "is_part", is_near=pl.lit(is_near))
        for part, is_near in ((near, True), (beyond, False))
    )
    candidates = candidates.filter(
        _are(shown, candidates["other"]), pl.col("other") != pl.col("cell")
    )
    most = pl.Series("most", found.upper).gather(candidates["other"])
    ordered = candidates.with_columns(most).sort(
        *("cell", "is_near", "is_part", "most", "other"),
        descending=[False, True, True, False, False],
    )
    chosen: set[int] = set()
    for _, those in ordered.group_by("cell", maintain_order=True):
        others = those["other"].to_list()
        if chosen.isdisjoint(others):
            chosen.add(others[0])
    with_neighbour = {*ordered["cell"].to_list()}
    both = {n for n in proven.tolist() if n not in with_neighbour or not shown[n]}
    return sorted(chosen | both)


def _are(flags: np.ndarray, numbers: pl.Series) -> pl.Series:
    return pl.Series(flags).gather(numbers)


def _without(published: Computed, told: pl.DataFrame) -> Computed:
    ids = told["figure_id"].drop_nulls().unique()
    figures = _set_aside(
        published.figures, pl.col("figure_id").is_in(ids.implode()), _EMPTIED
    )
    frames = {**published.frames}
    if "ageing" in frames:
        frames["ageing"] = _without_bands(frames["ageing"], told)
    return replace(published, figures=figures, frames=frames)


def _without_bands(ageing: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    band = pl.col("name").str.extract(rf"^{AGED} (\d+)$")
    bands = told.select(
        *("office", "service"),
        band_from_days=band.cast(ageing.schema["band_from_days"]),
        month="period_start",
        is_told=pl.lit(value=True),
    ).drop_nulls("band_from_days")
    keys = ["office", "service", "band_from_days", "month"]
    return (
        ageing.with_columns(month=pl.col("at").dt.month_start())
        .join(bands, on=keys, how="left", nulls_equal=True, maintain_order="left")
        .pipe(_set_aside, pl.col("is_told"), ("count",))
        .select(ageing.columns)
    )


def _set_aside(
    rows: pl.DataFrame, where: pl.Expr, emptied: Sequence[str]
) -> pl.DataFrame:
    """Hide what is told, and give what was few the same reason."""
    meets = where.fill_null(value=False)
    is_few = pl.col("reason") == "fewer_than_8"
    return hide(rows, meets, REASON).with_columns(
        *(pl.when(~meets).then(pl.col(name)).alias(name) for name in emptied),
        reason=pl.when(meets & is_few).then(pl.lit(REASON)).otherwise("reason"),
    )


def _message(proven: pl.DataFrame) -> str:
    first = proven.row(0, named=True)
    place = ", ".join(str(first[name]) for name in CELL if first[name] is not None)
    return (
        f"{proven.height} counts of fewer than 8 could be worked out from what would be"
        f" published, the first of {place}; nothing was published, what was published"
        " before stays. Publish less finely: take this KPI, or its finest grain, out of"
        " the [[publish.cells]] of the city file"
    )
