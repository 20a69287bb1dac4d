"""What an outsider can work out from published counts, by adding and subtracting.

Months make a quarter, offices the city, the two sides of a share its n: each such
equation narrows the bounds of one count by those of the others, until nothing narrows
any more. That is less than integer programming could do, and hundreds of times faster:
an equation at a time, but all of them, as often as it takes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from metrics.case_events import AGE_BANDS
from metrics.catalogue import CATALOGUE
from metrics.cells import AGED, CELL, PLACE, SIDES, TURNOVER, same_names
from metrics.periods import LENGTHS, PeriodGrain, start_of
from metrics.relations import AT_ONE_MOMENT, PARTS, SAME, SUMS
from metrics.small_numbers import FEWEST

# A small count of which so few values are left is as good as told.
NARROWEST: Final = 3
_ROUNDS: Final = 50
# How many parts are all of a whole: some fixed number, those there are, or never all.
_ANY: Final = 0
_NEVER_ALL: Final = -1
_NESTED: Final[Sequence[tuple[PeriodGrain, PeriodGrain, int]]] = (
    ("day", "week", _ANY),
    ("day", "month", _ANY),
    ("month", "quarter", 3),
    ("quarter", "year", 4),
)


@dataclass(frozen=True)
class Bounds:
    """How few and how many each cell may be, by its number."""

    lower: np.ndarray
    upper: np.ndarray

    def too_well_known(self) -> np.ndarray:
        """Find the small counts that are known to be some, or nearly exactly."""
        is_narrow = self.upper - self.lower < NARROWEST
        is_known = (self.lower >= 1) | is_narrow
        return np.flatnonzero((self.upper < FEWEST) & is_known)


@dataclass(frozen=True)
class System:
    """Cells, numbered in the order of their rows, and the equations between them."""

    cells: pl.DataFrame  # CELL, lower, upper, true, is_shown, cell
    links: pl.DataFrame  # equation, total, part, is_whole: by the numbers of cells

    @classmethod
    def of(cls, cells: pl.DataFrame) -> "System":
        """Take several rows of one cell together, and find the equations."""
        known = (
            cells.group_by(CELL)
            .agg(
                pl.col("lower").max(),
                pl.col("upper").min(),
                pl.col("true").first(),
                pl.col("is_shown").any(),
            )
            .sort(CELL)
            .with_row_index("cell")
        )
        return cls(known, _links(known))

    def narrowed(self, known: Bounds) -> Bounds:
        """Narrow the bounds of all cells by those of the others."""
        lower, upper = known.lower.copy(), known.upper.copy()
        equation, part = (self.links[name].to_numpy() for name in ("equation", "part"))
        by_equation = self.links.unique("equation", maintain_order=True)
        total, whole = (by_equation[name].to_numpy() for name in ("total", "is_whole"))
        in_whole, total_of = whole[equation], total[equation]
        for _ in range(_ROUNDS):
            before = lower.sum(), upper.sum()
            least = np.bincount(equation, lower[part], len(total))
            most = np.bincount(equation, upper[part], len(total))
            np.maximum.at(lower, total, least)
            np.minimum.at(upper, total[whole], most[whole])
            np.minimum.at(upper, part, upper[total_of] - least[equation] + lower[part])
            at_least = lower[total_of] - most[equation] + upper[part]
            np.maximum.at(lower, part[in_whole], at_least[in_whole])
            if before == (lower.sum(), upper.sum()):
                break
        return Bounds(lower, upper)

    def supports(self, numbers: np.ndarray, known: Bounds) -> pl.DataFrame:
        """Find the equations without which these cells would be known less well.

        Rows of cell and other: each of these cells with each other of such an equation.
        """
        is_wanted = np.zeros(self.cells.height, dtype=bool)
        is_wanted[numbers] = True
        near = self.links.filter(self._equations_of(is_wanted))
        part, total = near["part"].to_numpy(), near["total"].to_numpy()
        near = near.with_columns(
            part_least=known.lower[part],
            part_most=known.upper[part],
            total_least=known.lower[total],
            total_most=known.upper[total],
        )
        marked = _with_narrowed(near)
        parts = near.select("equation", other="part", is_part=pl.lit(value=True))
        totals = near.select("equation", other="total", is_part=pl.lit(value=False))
        narrowed = pl.concat(
            [
                marked.filter("is_part_narrowed").select("equation", cell="part"),
                marked.filter("is_total_narrowed").select("equation", cell="total"),
            ]
        ).unique(maintain_order=True)
        narrowed = narrowed.filter(pl.Series(is_wanted[narrowed["cell"].to_numpy()]))
        members = pl.concat([parts, totals.unique(maintain_order=True)])
        return narrowed.join(members, on="equation").filter(
            pl.col("cell") != pl.col("other")
        )

    def _equations_of(self, is_wanted: np.ndarray) -> pl.Series:
        """Mark the links of the equations with one of these cells."""
        equation = self.links["equation"].to_numpy()
        has_wanted = is_wanted[self.links["part"].to_numpy()]
        has_wanted |= is_wanted[self.links["total"].to_numpy()]
        is_near = np.zeros(equation.max(initial=-1) + 1, dtype=bool)
        is_near[equation[has_wanted]] = True
        return pl.Series(is_near[equation])


def _with_narrowed(links: pl.DataFrame) -> pl.DataFrame:
    """Say of each link whether its equation bounds its part, and its total."""
    is_whole = pl.col("is_whole")
    least, most = (
        pl.col(name).sum().over("equation") for name in ("part_least", "part_most")
    )
    by_total = pl.col("total_most") - (least - pl.col("part_least"))
    at_least = pl.col("total_least") - (most - pl.col("part_most"))
    return links.with_columns(
        is_part_narrowed=(by_total == pl.col("part_most"))
        | (is_whole & (at_least == pl.col("part_least"))),
        is_total_narrowed=(least == pl.col("total_least"))
        | (is_whole & (most == pl.col("total_most"))),
    )


def _links(cells: pl.DataFrame) -> pl.DataFrame:
    """Link cells by the equations that hold for the true counts.

    What does not add up proves nothing; parts that add up to less still are parts.
    """
    of_wholes = cells.select(*CELL, total="cell", true_total="true")
    # All rules in one go: most of the work is to look for wholes among the cells.
    named = (
        pl.concat(_equations(cells))
        .join(of_wholes, on=CELL, nulls_equal=True)
        .join(cells.select(part="cell", true_part="true"), on="part")
        .with_columns(
            is_whole=(pl.len().over("rule", "total") == pl.col("count"))
            | (pl.col("count") == _ANY),
            equation=pl.struct("rule", "total").rank("dense") - 1,
        )
    )
    summed = named.group_by("equation").agg(
        pl.col("true_total").first(),
        true_parts=pl.col("true_part").sum(),
        is_known=pl.col("true_part").is_not_null().all(),
    )
    holds = summed.filter(
        pl.col("is_known"), pl.col("true_parts") <= pl.col("true_total")
    ).select("equation", adds_up=pl.col("true_parts") == pl.col("true_total"))
    kept = named.join(holds, on="equation").with_columns(
        pl.col("is_whole") & pl.col("adds_up"),
        equation=pl.col("equation").rank("dense") - 1,
    )
    return kept.select(
        pl.col("equation", "total", "part").cast(pl.Int64), "is_whole"
    ).sort("equation", "part")


def _equations(cells: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield the parts of each rule, with the CELL of the whole: part, rule, count."""
    kpi, at = pl.col("name"), pl.col("period_start")
    is_flow = ~kpi.is_in(_stocks())
    for fine, coarse, count in _NESTED:
        is_fine = is_flow & (pl.col("grain") == fine)
        of = {"grain": pl.lit(coarse), "period_start": start_of(at, coarse)}
        yield _rule(cells, f"{fine} in {coarse}", [(is_fine, of)], count)
    # A stock of a month's end is the quarter's.
    for fine, coarse, last_months in (("month", "quarter", (3, 6, 9, 12)),
                                      ("quarter", "year", (10,))):  # fmt: skip
        is_last = (pl.col("grain") == fine) & at.dt.month().is_in(last_months)
        of = {"grain": pl.lit(coarse), "period_start": start_of(at, coarse)}
        yield _rule(cells, f"end of {coarse}", [(~is_flow & is_last, of)])
    for place in PLACE:
        others = [
            pl.col(name).is_null() for name in PLACE if name not in (place, "office")
        ]
        is_part = pl.all_horizontal(pl.col(place).is_not_null(), *others)
        yield _rule(cells, f"by {place}", [(is_part, {place: pl.lit(None)})])
    for rule, (total, parts, is_whole) in enumerate(_sums()):
        is_part = kpi.is_in(parts)
        count = len(parts) if is_whole else _NEVER_ALL
        of = {"name": pl.lit(total)}
        yield _rule(cells, f"sum {rule}", [(is_part, of)], count)
    yield from _turnover(cells)


def _turnover(cells: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Set what was open and came in beside what was decided and is open now."""
    kpi, at = pl.col("name"), pl.col("period_start")
    of = {"name": pl.lit(TURNOVER)}
    following = pl.coalesce(
        pl.when(pl.col("grain") == grain).then(at.dt.offset_by(length))
        for grain, length in LENGTHS.items()
    )
    came_in = (kpi == "backlog.received", of)
    was_open = (kpi == "backlog.open", of | {"period_start": following})
    went_out = (kpi == "backlog.decided", of)
    is_open = (kpi == "backlog.open", of)
    yield _rule(cells, "turnover in", [came_in, was_open], 2)
    yield _rule(cells, "turnover out", [went_out, is_open], 2)


_Part = tuple[pl.Expr, Mapping[str, pl.Expr]]  # which cells, and what of them is summed


def _rule(
    cells: pl.DataFrame, rule: str, parts: Sequence[_Part], count: int = _ANY
) -> pl.DataFrame:
    """Give such cells as parts of a whole; of some there must be so many."""
    found = pl.concat(
        cells.filter(is_part)
        .with_columns(
            part="cell", **{n: e.cast(cells.schema[n]) for n, e in of.items()}
        )
        .select(*CELL, "part")
        for is_part, of in parts
    )
    return found.with_columns(rule=pl.lit(rule), count=pl.lit(count))


def _sums() -> Iterator[tuple[str, list[str], bool]]:
    """Yield wholes with their parts, by the names that cells have."""
    same = same_names()
    shares = [kpi.id for kpi in CATALOGUE.values() if kpi.kind == "share"]
    wholes = {share: (f"{share}:numerator", f"{share}:rest") for share in shares}
    sums = [
        *((total, parts, True) for total, parts in (*wholes.items(), *SUMS.items())),
        *((total, (other,), True) for total, other in SAME),
        *((total, (part,), False) for total, parts in PARTS.items() for part in parts),
        *(("backlog.open", tuple(f"{AGED} {days}" for days in AGE_BANDS), True),),
    ]
    for total, parts, is_whole in sums:
        yield same.get(total, total), [same.get(p, p) for p in parts], is_whole


def _stocks() -> list[str]:
    same = same_names()
    stocks = [kpi.id for kpi in CATALOGUE.values() if kpi.kind == "stock"]
    of_moments = [*stocks, *AT_ONE_MOMENT]
    names = {*of_moments, *(f"{kpi}:{side}" for kpi in of_moments for side in SIDES)}
    aged = [f"{AGED} {days}" for days in AGE_BANDS]
    return [*{same.get(name, name) for name in names}, *aged, TURNOVER]
