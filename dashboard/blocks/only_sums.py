"""What readers must know of an office that reports only sums of its cases."""

from datetime import date, timedelta
from typing import Final

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboard.components.note import note
from dashboard.selection import Population, figures
from dashboard.view import View
from metrics.periods import period_of

_SHOWN_DAYS: Final = 760  # as many months as the charts show


def sums_note(view: View, population: Population) -> Component | None:
    """Say that an office reports sums, and which of them do not add up."""
    words = view.words
    if population.office is None:
        return _city_note(view)
    if not _reports_sums(view, population):
        return None
    body: list[Component] = [
        html.P(
            words(
                "Wie lange ein Antrag dauert und wie alt die offenen Anträge sind,"
                " lässt sich daraus nicht berechnen."
            )
        )
    ]
    periods = _unbalanced(view, population)
    if periods:
        wrong = words(
            "Eingang, Erledigung und Bestand passen hier nicht zum Zeitraum davor:"
            " {periods}.",
            periods=words.listing(periods),
        )
        body.append(html.P(wrong))
    title = words("Dieses Amt meldet nur Summen")
    return note("warning" if periods else "info", title, body)


def _city_note(view: View) -> Component | None:
    """Say of the whole city which offices are in no figure of single cases."""
    words = view.words
    names = [
        office.name.in_language(view.language)
        for office in view.city.offices
        if _reports_sums(view, Population(office.id))
    ]
    if not names:
        return None
    left_out = words(
        "Nur Summen kommen von: {names}. Wie lange Anträge dort dauern, wie alt die"
        " offenen sind und wie viele in der Frist blieben, ist nicht bekannt und fehlt"
        " in den Zahlen der Stadt.",
        names=words.listing(names),
    )
    return note(
        "info", words("Nicht alle Ämter melden einzelne Anträge"), html.P(left_out)
    )


def _reports_sums(view: View, population: Population) -> bool:
    series = figures(
        view, "backlog.older_than_3_months", grain="month", **population.dimensions
    )
    return bool(series) and series[-1].reason == "only_counts"


def _unbalanced(view: View, population: Population) -> list[str]:
    frame = view.snapshot.frames["unbalanced"]
    since = view.now.date() - timedelta(days=_SHOWN_DAYS)
    found = frame.filter(
        pl.col("office") == population.office,
        pl.lit(population.service is None)
        | pl.col("service").eq_missing(pl.lit(population.service)),
        pl.col("period_end") >= since,
    )
    # A month is named as one; other spans by their days.
    return [
        _period(view, *row)
        for row in found.select("service", "period_start", "period_end").iter_rows()
    ]


def _period(view: View, service: str | None, first: date, last: date) -> str:
    words = view.words
    is_month = first.day == 1 and last == period_of(first, "month").end
    when = (
        words.month(first)
        if is_month
        else words("{first} bis {last}", first=words.date(first), last=words.date(last))
    )
    if service is None:
        return when
    name = view.city.service(service).name.in_language(view.language)
    return f"{when} ({name})"
