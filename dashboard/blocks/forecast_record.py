"""How often came true what was said of how long it takes: the forecast's record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard.components.section import section
from dashboard.components.table import Cell, Column, table
from dashboard.reading import Figure, value_words
from dashboard.selection import (
    Population,
    figures,
    kpi_words,
    newest_told,
    shown_kpis,
)
from dashboard.view import View
from metrics.derived import ALLOWED, EXPECTED, RECORD
from metrics.periods import period_of

FAILED: Final = "forecast_failed"
_MARGIN: Final = 100 * ALLOWED  # percent
_UNTESTED: Final = "not_yet_tested"


@dataclass(frozen=True)
class Record:
    """The weeks of the last year whose forecast ran out, and how many came true."""

    hits: int
    judged: int


def record_words(view: View, figure: Figure) -> str | None:
    """Say of a forecast in one sentence how often such forecasts came true."""
    words = view.words
    if figure.reason == _UNTESTED:
        return words("Diese Vorhersage ist noch nicht überprüft.")
    record = _record(view, Population(figure.office, figure.service), figure.period_end)
    if record is None:
        return None
    told, margin = _told(view, record), words.percent(_MARGIN)
    if figure.reason == FAILED:
        return words(
            "Nicht gezeigt. Im letzten Jahr zugetroffen: nur {told} (± {margin}).",
            told=told,
            margin=margin,
        )
    return words(
        "Im letzten Jahr zugetroffen: {told} (± {margin}).",
        told=told,
        margin=margin,
    )


def record_note(view: View, figure: Figure) -> str | None:
    """Say the same in the few words that a cell holds."""
    words = view.words
    if figure.reason == _UNTESTED:
        return words("Noch nicht überprüft")
    record = _record(view, Population(figure.office, figure.service), figure.period_end)
    if record is None:
        return None
    return words("Zugetroffen: {told}", told=_told(view, record))


def record_section(
    view: View, rows: Sequence[tuple[Cell, Population]], corner: str
) -> Component | None:
    """Show for each row what is said, how often it came true, and what follows."""
    words = view.words
    body = [
        [head, *cells]
        for head, population in rows
        if (cells := _cells(view, population)) is not None
    ]
    if not body or RECORD not in shown_kpis(view):
        return None
    heading = words("Trafen die Vorhersagen zu?")
    columns = [
        Column(corner),
        Column(words("Voraussichtliche Dauer")),
        Column(words("Zugetroffen im letzten Jahr")),
    ]
    what = words(
        "Jede Woche lässt sich sagen, womit rechnen muss, wer einen Antrag stellt. Wenn"
        " die Zeit um ist, prüfen wir, ob es stimmte. Zugetroffen heißt: Die Hälfte war"
        " dann fertig, {margin} früher oder später. Trafen weniger als 6 von 10"
        " Vorhersagen zu, zeigen wir die neue nicht. Das kommt vor, wo ein Amt sehr"
        " Verschiedenes tut: Dann sagen die einzelnen Leistungen mehr.",
        margin=words.percent(_MARGIN),
    )
    more = html.A(
        words("Wie wir das prüfen"),
        href=view.addresses.method(RECORD),
        className="kern-link",
    )
    shown = table(heading, columns, body, is_caption_visible=False, is_stacked=True)
    return section(heading, html.P(what), shown, html.P(more), id="prognose-zeugnis")


def _cells(view: View, population: Population) -> list[Cell] | None:
    words = view.words
    kpi = kpi_words(view, EXPECTED, population.office)
    series = figures(view, EXPECTED, grain="month", **population.dimensions)
    newest = newest_told(series)
    if kpi is None or newest is None:
        return None
    record = _record(view, population, newest.period_end)
    if record is None and newest.value is None:
        return None
    end = words("Stand {day}", day=words.date(newest.period_end))
    about = _cell(value_words(words, kpi, newest), end)
    if record is None or newest.reason == _UNTESTED:
        return [about, words("Noch nicht überprüft")]
    share = words.percent(round(100 * record.hits / record.judged))
    return [about, _cell(_told(view, record), share)]


def _cell(value: str, note: str) -> Component:
    return html.Div(
        [
            html.Span(value, className="cell-value"),
            html.Span(note, className="cell-note"),
        ],
        className="cell",
    )


def _record(view: View, population: Population, until: date) -> Record | None:
    """Add up the quarters of the last year that were over by then."""
    quarters = [
        each
        for each in figures(view, RECORD, grain="quarter", **population.dimensions)
        if each.n and each.numerator is not None and each.period_end <= until
    ]
    newest = period_of(until, "quarter")
    last = newest if newest.end <= until else newest.before
    after = last.year_before
    known = [
        each for each in quarters if after is None or each.period_start > after.start
    ]
    judged = sum(each.n or 0 for each in known)
    hits = sum(each.numerator or 0 for each in known)
    return Record(hits, judged) if judged else None


def _told(view: View, record: Record) -> str:
    """Say forecasts, one a week: those of more than 52 weeks can run out in a year."""
    words = view.words
    n = words.number(record.judged)
    return words("{hits} von {n} Vorhersagen", hits=words.number(record.hits), n=n)
