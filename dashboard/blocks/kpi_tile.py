"""A KPI's newest figure as a tile, and how figures stand beside others."""

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.forecast_record import FAILED, record_words
from dashboard.comparable import days_of
from dashboard.components.badge import badge
from dashboard.components.tile import tile
from dashboard.reading import (
    Figure,
    KpiWords,
    a_year_before,
    meets_target,
    value_words,
)
from dashboard.selection import Population, figures, kpi_words, newest_told
from dashboard.sentences import year_before_words
from dashboard.view import View
from metrics.derived import EXPECTED


def kpi_tile(
    view: View,
    kpi_id: str,
    population: Population,
    grain: str,
    *,
    level: int = 3,
) -> Component | None:
    """Show a KPI's newest closed figure as a tile; None where there is none."""
    kpi = kpi_words(view, kpi_id, population.office, population.channel)
    series = figures(view, kpi_id, grain=grain, **population.dimensions)
    newest = newest_told(series)
    if kpi is None or newest is None or _says_nothing(newest):
        return None
    words = view.words
    said: list[Component | str] = [
        html.Span(words.period(newest.grain, newest.period_start)),
    ]
    if newest.value is not None:
        before = a_year_before(series, newest)
        said += [html.Br(), html.Span(comparison(view, kpi, newest, before))]
    pooled = pooled_words(view, kpi, population)
    if pooled is not None:
        said = [html.Span(pooled), html.Br(), *said]
    if kpi.id == EXPECTED and (record := record_words(view, newest)) is not None:
        said += [html.Br(), html.Span(record)]
    if newest.is_provisional:
        said += [html.Br(), html.Span(words("Vorläufig"))]
    return tile(
        kpi.label,
        value_words(words, kpi, newest),
        note=said,
        badge=target_badge(view, kpi, newest),
        more=html.A(
            [
                words("Woher kommt diese Zahl?"),
                html.Span(f" {kpi.label}", className="kern-sr-only"),
            ],
            href=view.addresses.way(newest.figure_id),
            className="kern-link",
        ),
        level=level,
    )


def _says_nothing(figure: Figure) -> bool:
    """Tell a figure without a value, but for a forecast that is withheld."""
    return figure.value is None and figure.reason != FAILED


def pooled_words(view: View, kpi: KpiWords, population: Population) -> str | None:
    """Say of a share over several offices that each is held to its own measure."""
    if population.office is not None or len(view.city.offices) < 2:
        return None
    if kpi.id == "processing.share_within_deadline":
        return view.words("Alle Ämter zusammen, jedes nach seiner eigenen Frist")
    if kpi.id == "waiting.share_within_target" and kpi.limit is None:
        return view.words("Alle Ämter zusammen, jedes nach seiner eigenen Zielzeit")
    return None


def comparison(view: View, kpi: KpiWords, figure: Figure, before: Figure | None) -> str:
    """Say in few words how a figure stands beside the one a year before."""
    return year_before_words(
        view.words,
        kpi,
        figure,
        before,
        days=days_of(view, kpi, figure),
        base=view.city.publish.rounding_base,
    )


def target_badge(view: View, kpi: KpiWords, figure: Figure) -> Component | None:
    reached = meets_target(kpi, figure)
    if reached is None:
        return None
    words = view.words
    if reached:
        return badge("success", words("Ziel erreicht"))
    return badge("warning", words("Ziel nicht erreicht"))
