"""Which share of what came in together is decided after so many days: an annex."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboard.blocks.provenance import late_note, source_line
from dashboard.charts.chart import Chart, Series
from dashboard.charts.chart import Period as Place
from dashboard.components.chart_block import chart_block, origin
from dashboard.components.section import section
from dashboard.components.table import Column, table
from dashboard.i18n import Words
from dashboard.reading import KpiWords
from dashboard.selection import Population, is_pooled, kpi_words
from dashboard.view import View
from metrics.comparison import compare

_KPI = "processing.share_within_deadline"
_PACE = "processing.median_days_decided"  # means something for single offices alone


@dataclass(frozen=True)
class _Point:
    """The share of one cohort after so many days, as it is published."""

    value: float | None
    n: int | None
    numerator: int | None
    lower: float | None
    upper: float | None
    reason: str | None


@dataclass(frozen=True)
class _Cohort:
    start: date
    points: dict[int, _Point]  # by days

    @property
    def known(self) -> dict[int, float]:
        return {
            days: point.value
            for days, point in self.points.items()
            if point.value is not None
        }


def cohort_curves(view: View, population: Population) -> list[Component]:
    """Show a line for each quarter of receipt; nothing where too few came in."""
    kpi = kpi_words(view, _KPI, population.office)
    cohorts = _shown(_cohorts(view, population))
    if kpi is None or not cohorts or is_pooled(view.city, _PACE, population.office):
        return []
    words = view.words
    noun = words.unit(kpi.noun)
    heading = words("Anhang: Wie viele {cases} sind nach x Tagen entschieden?",
                    cases=noun)  # fmt: skip
    remark = words(
        "Gezählt wird, was in einem Quartal einging. Was noch offen ist, zählt als"
        " nicht entschieden; Zurückgezogenes und doppelt Gestelltes zählt nicht mit."
        " Einen Wert gibt es erst, wenn so viele Tage für alle vergangen sind."
    )
    return [
        section(heading, html.P(remark), id="kohorten"),
        _block(view, kpi, population, cohorts),
    ]


def _cohorts(view: View, population: Population) -> list[_Cohort]:
    frame = view.snapshot.frames["survival"].filter(
        pl.col("office").eq_missing(pl.lit(population.office)),
        pl.col("service").eq_missing(pl.lit(population.service)),
    )
    found: dict[date, dict[int, _Point]] = {}
    for row in frame.sort("cohort_start", "days").iter_rows(named=True):
        found.setdefault(row["cohort_start"], {})[row["days"]] = _Point(
            row["share_percent"],
            row["n"],
            row["decided"],
            row["lower"],
            row["upper"],
            row["reason"],
        )
    return [_Cohort(start, points) for start, points in found.items()]


def _shown(cohorts: list[_Cohort]) -> list[_Cohort]:
    """Pick the newest three, and the one a year before the newest; newest first."""
    known = [each for each in reversed(cohorts) if each.known]
    if not known:
        return []
    before = _a_year_before(known, known[0])
    return known[:3] + ([before] if before is not None else [])


def _a_year_before(cohorts: Sequence[_Cohort], cohort: _Cohort) -> _Cohort | None:
    start = cohort.start.replace(year=cohort.start.year - 1)
    return next((each for each in cohorts if each.start == start), None)


def _block(
    view: View, kpi: KpiWords, population: Population, cohorts: list[_Cohort]
) -> html.Section:
    words, name = view.words, population.name(view)
    title = words("Entschieden nach x Tagen, {name}", name=name)
    days = sorted({day for cohort in cohorts for day in cohort.known})
    series = tuple(_series(words, cohort, days) for cohort in cohorts)
    ages = [words.quantity(day, "days") for day in days]
    chart = Chart(
        id="chart-cohorts",
        title=title,
        description=_described(title, ages, series),
        unit=words.unit("percent"),
        periods=tuple(
            Place(words("nach {days}", days=words.quantity(day, "days", case="dative")),
                  words.number(day), "" if i else words.unit("days"))
            for i, day in enumerate(days)
        ),
        series=series,
        language=view.language,
        most=kpi.most,
    )  # fmt: skip
    columns = [Column(words("Nach"))]
    columns += [Column(each.name, is_number=True) for each in series]
    rows = [
        [
            words.quantity(day, "days", case="dative"),
            *(each.words[i] for each in series),
        ]
        for i, day in enumerate(days)
    ]
    return chart_block(
        view,
        chart,
        headline=_headline(view, cohorts),
        measured=words(
            "Jede Linie steht für die Fälle, die in einem Quartal eingingen."
        ),
        table=table(title, columns, rows, is_caption_visible=False),
        source=source_line(view, kpi, population.office),
        origin=_origin(view),
        hint=late_note(view, kpi, population.office),
    )


def _series(words: Words, cohort: _Cohort, days: Sequence[int]) -> Series:
    points = [cohort.points.get(day) for day in days]
    return Series(
        name=words.quarter(cohort.start),
        values=tuple(_drawn(points)),
        words=tuple(_said(words, point) for point in points),
    )


def _drawn(points: Sequence[_Point | None]) -> list[float | None]:
    """Draw bounds where the curve can run: what was decided once stays decided.

    "Below 5 %" lies no higher than what is known of later, "above 95 %" no lower than
    what is known of before.
    """
    drawn = [None if point is None else point.value for point in points]
    for position, point in enumerate(points):
        if point is not None and point.reason == "below":
            drawn[position] = min(each for each in drawn[position:] if each is not None)
        elif point is not None and point.reason == "above":
            before = drawn[: position + 1]
            drawn[position] = max(each for each in before if each is not None)
    return drawn


def _said(words: Words, point: _Point | None) -> str:
    if point is None:
        return words("noch nicht bekannt")
    if point.value is None:
        return words("Zu wenige Fälle")
    share = words.percent(point.value)
    if point.reason == "below":
        return words("unter {value}", value=share)
    if point.reason == "above":
        return words("über {value}", value=share)
    return share


def _headline(view: View, cohorts: Sequence[_Cohort]) -> str:
    """Say how far the newest cohort is, and whether that is unlike a year before."""
    words, newest = view.words, cohorts[0]
    exact = [day for day in newest.known if not newest.points[day].reason]
    days = max(exact or newest.known)
    point = newest.points[days]
    said = words(
        "{period} gingen Fälle ein, von denen {share} nach {days} entschieden waren.",
        period=words.in_period("quarter", newest.start),
        share=_said(words, point),
        days=words.quantity(days, "days", case="dative"),
    )
    before = _a_year_before(cohorts, newest)
    then = None if before is None else before.points.get(days)
    if then is None or then.value is None:
        return said
    verdict = compare(point, then, "share", base=view.city.publish.rounding_base)
    share = _said(words, then)
    if verdict == "indistinguishable":
        return f"{said} " + words(
            "Ein Jahr davor: {share}. Der Unterschied ist zu klein, um sicher zu sein.",
            share=share,
        )
    if verdict == "unknown":
        return f"{said} " + words("Ein Jahr davor: {share}.", share=share)
    return f"{said} " + words("Ein Jahr davor waren es {share}.", share=share)


def _described(title: str, ages: Sequence[str], series: Sequence[Series]) -> str:
    lines = [
        f"{each.name}: "
        + ", ".join(f"{age} {said}" for age, said in zip(ages, each.words, strict=True))
        for each in series
    ]
    return f"{title}. {'; '.join(lines)}."


def _origin(view: View) -> html.Details:
    words = view.words
    return origin(
        view,
        [
            (
                words("Was sie bedeutet"),
                words(
                    "So viel Prozent von dem, was in einem Quartal einging, war so"
                    " viele Kalendertage nach dem Eingang entschieden."
                ),
            ),
            (
                words("Formel"),
                html.Code(
                    "cases received in the quarter and decided at most x days later /"
                    " cases received in the quarter × 100",
                    lang="en",
                ),
            ),
            (
                words("Schutz kleiner Zahlen"),
                words(
                    "Gezeigt wird, was gerundete Anzahlen sagen, und nur ab 50 Fällen."
                ),
            ),
        ],
    )
