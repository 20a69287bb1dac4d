"""Hours of people's lives that shorter waits saved, or longer ones cost."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.section import section
from dashboard.selection import Population, figures, latest
from dashboard.view import View
from metrics.hours_saved import HOURS_SAVED


def hours_saved(view: View, population: Population, grain: str) -> Component | None:
    """Say it of the newest period of which both years are known."""
    newest = latest(figures(view, HOURS_SAVED, grain=grain, **population.dimensions))
    if newest is None or newest.value is None:
        return None
    words = view.words
    hours = words.quantity(abs(newest.value), "hours")
    period = words.in_period(newest.grain, newest.period_start)
    if newest.value > 0:
        said = words(
            "{period} haben die Menschen zusammen {hours} weniger gewartet, als es mit"
            " den Wartezeiten des Vorjahres gewesen wären.",
            period=period,
            hours=hours,
        )
    elif newest.value < 0:
        said = words(
            "{period} haben die Menschen zusammen {hours} länger gewartet, als es mit"
            " den Wartezeiten des Vorjahres gewesen wären.",
            period=period,
            hours=hours,
        )
    else:
        said = words(
            "{period} haben die Menschen etwa so lange gewartet wie im Vorjahr.",
            period=period,
        )
    how = words(
        "Gerechnet mit den Besuchen dieses Zeitraums. Dass mehr oder weniger Menschen"
        " kamen, zählt nicht als Gewinn oder Verlust."
    )
    more = html.A(
        words("Woher kommt diese Zahl?"),
        href=view.addresses.way(newest.figure_id),
        className="kern-link",
    )
    heading = words("Gesparte Lebenszeit")
    if newest.value < 0:
        heading = words("Verlorene Lebenszeit")
    return section(
        heading,
        html.P(said, className="best-time"),
        html.P([how, " ", more]),
        id="lebenszeit",
    )
