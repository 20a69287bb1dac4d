"""How old the open cases are, as a chart of bands of age."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl
from dash import html

from dashboard.blocks.provenance import origin_of, source_line
from dashboard.charts.chart import Chart, Series
from dashboard.charts.chart import Period as Place
from dashboard.components.chart_block import chart_block
from dashboard.components.table import Column, table
from dashboard.reading import KpiWords
from dashboard.selection import Population, figures, kpi_words
from dashboard.view import View

_FEWEST: Final = 50  # for a percentage, as everywhere


@dataclass(frozen=True)
class _Band:
    from_days: int
    to_days: int | None
    count: int | None
    reason: str | None


def ageing_block(view: View, population: Population) -> html.Section | None:
    """Show the newest month end beside the one a year before."""
    bands = _newest(view, population)
    kpi = kpi_words(view, "backlog.open", population.office)
    if bands is None or kpi is None:
        return None
    at, now, before = bands
    words = view.words
    name = population.name(view)
    title = words(
        "Alter der offenen Fälle, {name}, am {day}", name=name, day=words.date(at)
    )
    ages = [_age(view, band) for band in now]
    series = [_series(view, kpi.noun, words.date(at), now)]
    if before:
        then = at.replace(year=at.year - 1, day=min(at.day, 28))
        series.append(_series(view, kpi.noun, words.month(then), before))
    chart = Chart(
        id="chart-ageing",
        title=title,
        description=_described(title, ages, series[0]),
        unit=words.unit(kpi.noun),
        periods=tuple(
            Place(age, _short_age(view, band), words.unit("days"))
            for age, band in zip(ages, now, strict=True)
        ),
        series=tuple(series),
        language=view.language,
    )
    columns = [Column(words("Alter"))]
    columns += [Column(each.name, is_number=True) for each in series]
    rows = [[age, *(each.words[i] for each in series)] for i, age in enumerate(ages)]
    return chart_block(
        view,
        chart,
        headline=_headline(view, at, now),
        measured=words(
            "So viele offene Fälle waren am letzten Tag des Monats so alt,"
            " gezählt in Kalendertagen seit dem Eingang."
        ),
        table=table(title, columns, rows, is_caption_visible=False),
        source=source_line(view, kpi, population.office),
        origin=_origin(view, kpi, population, at),
    )


def _origin(
    view: View, kpi: KpiWords, population: Population, at: date
) -> html.Details | None:
    """Lead to the number of open cases that the bands add up to."""
    series = figures(view, kpi.id, grain="month", **population.dimensions)
    total = next((each for each in series if each.period_end == at), None)
    return None if total is None else origin_of(view, kpi, total)


def _newest(
    view: View, population: Population
) -> tuple[date, list[_Band], list[_Band]] | None:
    frame = view.snapshot.frames["ageing"].filter(
        pl.col("office").eq_missing(pl.lit(population.office)),
        pl.col("service").eq_missing(pl.lit(population.service)),
    )
    shown = frame.filter(pl.col("count").is_not_null())
    if shown.is_empty():
        return None
    at = shown["at"].max()
    assert isinstance(at, date)  # noqa: S101 - the column holds dates
    now = _bands(frame, pl.col("at") == at)
    then = pl.col("at").dt.year() == at.year - 1
    before = _bands(frame, then & (pl.col("at").dt.month() == at.month))
    same = [band.from_days for band in now] == [band.from_days for band in before]
    return at, now, before if same else []


def _bands(frame: pl.DataFrame, when: pl.Expr) -> list[_Band]:
    rows = frame.filter(when).sort("band_from_days")
    return [
        _Band(row["band_from_days"], row["band_to_days"], row["count"], row["reason"])
        for row in rows.iter_rows(named=True)
    ]


def _age(view: View, band: _Band) -> str:
    words = view.words
    if band.to_days is None:
        least = words.quantity(band.from_days - 1, "days")
        return words("über {days}", days=least)
    return words(
        "{first} bis {last}",
        first=words.number(band.from_days),
        last=words.quantity(band.to_days, "days"),
    )


def _short_age(view: View, band: _Band) -> str:
    """Write a band of days where there is little room, as on a phone's axis."""
    number = view.words.number
    if band.to_days is None:
        return f">\N{NO-BREAK SPACE}{number(band.from_days - 1)}"
    return f"{number(band.from_days)}\N{EN DASH}{number(band.to_days)}"


def _series(view: View, noun: str, name: str, bands: Sequence[_Band]) -> Series:
    words = view.words
    return Series(
        name=name,
        values=tuple(
            None if band.count is None else float(band.count) for band in bands
        ),
        words=tuple(
            words("unter {value}", value=words.quantity(8, noun))
            if band.count is None
            else words.quantity(band.count, noun)
            for band in bands
        ),
        kind="bar",
    )


def _described(title: str, ages: Sequence[str], series: Series) -> str:
    said = [f"{age}: {value}" for age, value in zip(ages, series.words, strict=True)]
    return f"{title}. {'; '.join(said)}."


def _headline(view: View, at: date, bands: Sequence[_Band]) -> str:
    """Say which share is older than the first bands, if all bands are known."""
    words = view.words
    counts = [band.count for band in bands]
    known = [count for count in counts if count is not None]
    total = sum(known)
    if len(known) < len(counts) or len(bands) < 2 or total < _FEWEST:
        return words("So alt waren die offenen Fälle am {day}", day=words.date(at))
    share = (total - known[0]) / total * 100
    return words(
        "Am {day} waren {share} der offenen Fälle älter als {days}.",
        day=words.date(at),
        share=words.percent(share),
        days=words.quantity(bands[1].from_days - 1, "days"),
    )
