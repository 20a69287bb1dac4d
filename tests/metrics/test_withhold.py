"""Nobody can work out a small count from what is published beside it."""

import itertools
import random
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.city import City
from metrics.attack import Bounds, System
from metrics.cells import UNBOUNDED, cells_of, same_names
from metrics.compute import Computed
from metrics.figures import FIGURES
from metrics.kpis import KPI_FUNCTIONS
from metrics.protect import protect, protect_figures
from metrics.relations import PARTS, SAME, SUMS
from metrics.shelf import Shelf
from metrics.withhold import TooMuchIsTold, withhold

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MONTHS = [date(2025, month, 1) for month in range(1, 13)]
QUARTERS = MONTHS[::3]
LASTS = {"month": "1mo", "quarter": "1q", "year": "1y"}
Counts = dict[tuple[str | None, str | None, date], int]  # office, service, month


@pytest.fixture
def city(make_city) -> City:
    """Offices by month and quarter are published, and nothing else."""
    return make_city(publish=_lattice(["office"], ["month", "quarter"]))


@pytest.fixture(scope="module")
def finer_city(make_city) -> City:
    by = ["city", "office", "office_service"]
    return make_city(publish=_lattice(by, ["month", "quarter", "year"]))


def _lattice(by: list[str], grains: list[str]) -> dict[str, Any]:
    return {"cells": [{"kpis": ["*"], "by": by, "grains": grains}]}


def figures(counts: Counts, kpi: str = "backlog.received") -> pl.DataFrame:
    """Give a count of every office and service, by month, quarter and year."""
    rows: list[dict[str, Any]] = []
    places = itertools.chain.from_iterable(
        {(None, None), (office, None), (office, service)}
        for office, service, _ in counts
    )
    for office, service in sorted({*places}, key=str):
        for grain, starts in (
            ("month", MONTHS),
            ("quarter", QUARTERS),
            ("year", MONTHS[:1]),
        ):
            for start in starts:
                value = sum(
                    count
                    for (an_office, a_service, month), count in counts.items()
                    if office in (None, an_office)
                    and service in (None, a_service)
                    and _first(month, grain) == start
                )
                rows.append(_row(kpi, office, service, grain, start, value))
    ends = pl.coalesce(
        pl.when(pl.col("grain") == grain).then(
            pl.col("period_start").dt.offset_by(length).dt.offset_by("-1d")
        )
        for grain, length in LASTS.items()
    )
    frame = pl.DataFrame(rows, {**FIGURES, "grain": pl.String})
    return frame.with_columns(period_end=ends).cast(dict(FIGURES)).sort("figure_id")


def _first(month: date, grain: str) -> date:
    length = {"month": 1, "quarter": 3, "year": 12}[grain]
    return month.replace(month=(month.month - 1) // length * length + 1)


def _row(
    kpi: str,
    office: str | None,
    service: str | None,
    grain: str,
    start: date,
    value: int,
) -> dict[str, Any]:
    return {
        "figure_id": f"{kpi}/{office or 'all'}/{service or 'all'}/all/{grain}/{start}",
        "kpi": kpi,
        "office": office,
        "service": service,
        "grain": grain,
        "period_start": start,
        "value": value,
        "n": value,
        "state": "final",
        "coverage": 1.0,
    }


def published(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    return protect(Computed(rows, {}), city, NOW).figures


def told(rows: pl.DataFrame, *places: str) -> list[tuple[float | None, str | None]]:
    known = {row["figure_id"]: row for row in rows.iter_rows(named=True)}
    return [(known[place]["value"], known[place]["reason"]) for place in places]


def by_hand(months: tuple[int, int, int]) -> Counts:
    """Cases of one service in the first quarter; there are plenty of the other."""
    few = {
        ("bauamt", "bauantrag", start): count
        for start, count in zip(MONTHS[:3], months, strict=True)
    }
    return few | {("meldeamt", "pass", start): 500 for start in MONTHS}


def test_what_a_quarter_tells_of_a_month_is_hidden_with_another_month(city) -> None:
    """30 and 20 of 58 leave 8 at least 4: 60 - 2 - 32 - 22 of them."""
    rows = figures(by_hand((32, 22, 7)))
    months = [
        f"backlog.received/bauamt/all/all/month/2025-0{month}-01" for month in (1, 2, 3)
    ]
    quarter = "backlog.received/bauamt/all/all/quarter/2025-01-01"
    by_rules = protect_figures(rows, city, NOW)
    assert told(by_rules, quarter, *months) == [
        *((60, None), (30, None), (20, None)),
        (None, "fewer_than_8"),
    ]
    assert told(published(rows, city), quarter, *months) == [
        (60, None),
        (30, None),
        # Nobody can tell which of these two is of few.
        *((None, "tells_of_few"), (None, "tells_of_few")),
    ]


@pytest.mark.parametrize(
    ("grain", "before", "after"),
    [
        ("day", date(2025, 12, 31), date(2026, 1, 1)),
        ("week", date(2025, 12, 29), date(2026, 1, 5)),
        ("month", date(2025, 12, 1), date(2026, 1, 1)),
        ("quarter", date(2025, 10, 1), date(2026, 1, 1)),
        ("year", date(2024, 1, 1), date(2025, 1, 1)),
    ],
)
def test_what_was_open_and_came_in_tells_of_what_was_decided(
    make_city, grain, before, after
) -> None:
    """100 open, 20 in, 110 open then leave 4 at least: 98 + 18 - 112 of them."""
    city = make_city(publish=_lattice(["office"], [grain]))
    counts = [("open", before, 98), ("received", after, 18)]
    counts += [("decided", after, 7), ("open", after, 109)]
    rows = pl.DataFrame(
        [
            _row(f"backlog.{name}", "bauamt", None, grain, start, value)
            for name, start, value in counts
        ],
        {**FIGURES, "grain": pl.String},
    )
    ends = rows.with_columns(period_end="period_start").cast(dict(FIGURES))
    decided = f"backlog.decided/bauamt/all/all/{grain}/{after}"
    by_rules = protect_figures(ends, city, NOW)
    assert told(by_rules, decided) == [(None, "fewer_than_8")]
    assert by_rules["value"].drop_nulls().sort().to_list() == [20, 100, 110]
    # The book of one year tells of the next.
    shown = published(ends, city)
    assert told(shown, decided) == [(None, "tells_of_few")]
    assert shown["reason"].drop_nulls().to_list() == ["tells_of_few"] * 2


def test_where_nothing_follows_nothing_else_is_hidden(city) -> None:
    """30 and 30 of 65 leave -1 to 9: it may have been nobody."""
    rows = figures(by_hand((30, 30, 3)))
    assert published(rows, city).equals(protect_figures(rows, city, NOW))


def test_two_small_months_of_one_larger_quarter_prove_nothing_of_each_other(
    city,
) -> None:
    rows = figures(by_hand((6, 5, 0)))
    found = System.of(cells_of(published(rows, city), rows, 5))
    assert not _proven(found).height


tables = st.builds(
    lambda seed, mean: _table(random.Random(seed), mean),  # noqa: S311 - invented
    st.integers(0, 10**9),
    st.sampled_from([4, 9, 15, 40]),
)


def _table(draw: random.Random, mean: int) -> Counts:
    return {
        (office, service, month): int(draw.expovariate(1 / mean))
        for office, service in (
            ("meldeamt", "ausweis"),
            ("meldeamt", "pass"),
            ("bauamt", "bauantrag"),
        )
        for month in MONTHS
    }


def _proven(system: System) -> pl.DataFrame:
    cells = system.cells
    known = Bounds(
        cells["lower"].to_numpy().astype(float), cells["upper"].to_numpy().astype(float)
    )
    return cells[system.narrowed(known).too_well_known().tolist()]


@given(tables)
def test_of_whatever_table_no_small_count_can_be_proven(finer_city, counts) -> None:
    rows = figures(counts)
    shown = published(rows, finer_city)
    system = System.of(cells_of(shown, rows, 5))
    assert not _proven(system).height
    # What is shown is what the rules alone say.
    by_rules = protect_figures(rows, finer_city, NOW)
    both = shown.join(by_rules, on="figure_id", suffix="_by_rules")
    assert both.filter(pl.col("value") != pl.col("value_by_rules")).is_empty()


def test_an_attacker_by_hand_narrows_as_far_as_ours(finer_city) -> None:
    """Loops over equations, one after the other, on one random table."""
    rows = figures(_table(random.Random(5), 12))  # noqa: S311 - invented
    system = System.of(cells_of(protect_figures(rows, finer_city, NOW), rows, 5))
    assert _proven(system).height > 3
    cells = {row["cell"]: row for row in system.cells.iter_rows(named=True)}
    lower = {cell: row["lower"] for cell, row in cells.items()}
    upper = {cell: row["upper"] for cell, row in cells.items()}
    equations: dict[int, list[tuple[int, int, bool]]] = {}
    for equation, total, part, is_whole in system.links.iter_rows():
        equations.setdefault(equation, []).append((total, part, is_whole))
    for _ in range(40):
        for links in equations.values():
            total, is_whole = links[0][0], links[0][2]
            parts = [part for _, part, _ in links]
            lower[total] = max(lower[total], sum(lower[part] for part in parts))
            if is_whole:
                most = sum(upper[part] for part in parts)
                upper[total] = min(upper[total], most)
            for part in parts:
                others = [other for other in parts if other != part]
                least = sum(lower[other] for other in others)
                upper[part] = min(upper[part], upper[total] - least)
                if is_whole:
                    most = sum(upper[other] for other in others)
                    lower[part] = max(lower[part], lower[total] - most)
    known = Bounds(
        system.cells["lower"].to_numpy().astype(float),
        system.cells["upper"].to_numpy().astype(float),
    )
    found = system.narrowed(known)
    assert found.lower.tolist() == [lower[cell] for cell in sorted(lower)]
    assert found.upper.tolist() == [upper[cell] for cell in sorted(upper)]
    assert (found.lower <= system.cells["true"].to_numpy()).all()
    assert (system.cells["true"].to_numpy() <= found.upper).all()


def test_a_year_whose_figures_are_the_same_is_not_attacked_again(
    city, tmp_path, monkeypatch
) -> None:
    rows = figures(by_hand((32, 22, 7)))
    shelf = Shelf(tmp_path, "this code")
    first = protect(Computed(rows, {}), city, NOW, shelf).figures
    monkeypatch.setattr("metrics.withhold._found", None)
    again = protect(Computed(rows, {}), city, NOW, shelf).figures
    assert again.equals(first)
    assert again.equals(published_without_shelf(rows, city, monkeypatch))


def published_without_shelf(
    rows: pl.DataFrame, city: City, monkeypatch: pytest.MonkeyPatch
) -> pl.DataFrame:
    monkeypatch.undo()
    return published(rows, city)


def test_the_city_file_must_say_less_where_hiding_does_not_help(
    city, monkeypatch
) -> None:
    monkeypatch.setattr("metrics.withhold._to_hide", lambda *_: [])
    with pytest.raises(TooMuchIsTold, match="Publish less finely") as told:
        published(figures(by_hand((32, 22, 7))), city)
    assert "backlog.received, bauamt, month, 2025-03-01" in str(told.value)
    assert "7" not in str(told.value).replace("2025", "")


def test_nothing_is_hidden_where_there_is_nobody_to_protect(city) -> None:
    assert withhold(Computed(figures({}), {}), Computed(figures({}), {}), city)


def test_relations_name_counts_that_there_are() -> None:
    names = {*itertools.chain(*SAME), *SUMS, *PARTS, *itertools.chain(*SUMS.values()),
             *itertools.chain(*PARTS.values())}  # fmt: skip
    assert {name.partition(":")[0] for name in names} <= {*KPI_FUNCTIONS}
    assert {name.partition(":")[2] for name in names} <= {"", "numerator", "rest"}


def test_kpis_that_count_by_the_same_expression_are_one_count() -> None:
    same = same_names()
    assert same["waiting.p90_minutes"] == "waiting.median_minutes"
    assert same["backlog.clearance_percent:numerator"] == "backlog.decided"
    assert "waiting.visits" not in same
    assert UNBOUNDED > 10**8
