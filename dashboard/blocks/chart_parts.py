"""What charts of figures share: their periods, series, targets and events."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from dashboard.charts.chart import Event, Period, Series, SeriesKind, Target
from dashboard.goals import targets
from dashboard.i18n import Words, german
from dashboard.reading import Figure, KpiWords, value_words
from dashboard.selection import Population
from dashboard.view import View
from ingest.city import Closure

SHOWN_PERIODS: Final = {"month": 25, "quarter": 13, "week": 53, "year": 10, "day": 60}
_EMPTY_AT_END: Final = 3  # periods: enough to see that something is missing
_LONG_CLOSURE_DAYS: Final = 5  # shorter ones would crowd the charts


def recent(series: list[Figure]) -> list[Figure]:
    """Keep the periods that fit on a chart, from the first one with a value.

    A series that broke off long ago ends soon after its last value, not in empty years.
    """
    shown = [i for i, each in enumerate(series) if each.value is not None]
    if not shown:
        return []
    ended = series[shown[0] : shown[-1] + 1 + _EMPTY_AT_END]
    return ended[-SHOWN_PERIODS[series[0].grain] :]


def series_of(
    words: Words,
    kpi: KpiWords,
    name: str,
    series: Sequence[Figure],
    kind: SeriesKind,
) -> Series:
    return Series(
        name=name,
        values=tuple(each.value for each in series),
        words=tuple(value_words(words, kpi, each) for each in series),
        kind=kind,
        provisional=frozenset(
            i for i, each in enumerate(series) if each.is_provisional
        ),
    )


def place_of(words: Words, figure: Figure) -> Period:
    start, grain = figure.period_start, figure.grain
    label = words.period(grain, start)
    if grain == "month":
        return Period(label, words.month_name(start), str(start.year))
    if grain == "quarter":
        return Period(label, words.quarter_name(start), str(start.year))
    return Period(label, words.short_period(grain, start))


def target_lines(
    view: View, kpi: KpiWords, population: Population, series: Sequence[Figure]
) -> tuple[Target, ...]:
    words = view.words
    lines = []
    for target in targets(view.city, kpi.id, *population.dimensions.values()):
        ends = target.valid_to or date.max
        places = [
            i
            for i, each in enumerate(series)
            if target.valid_from <= each.period_end and each.period_start <= ends
        ]
        if not places:
            continue
        value = words.quantity(target.value, kpi.unit, kpi.decimals)
        goal = (
            german("Ziel: mindestens {value} ({who}, seit {since})")
            if kpi.direction == "higher_is_better"
            else german("Ziel: höchstens {value} ({who}, seit {since})")
        )
        label = words(
            goal,
            value=value,
            who=target.decided_by.in_language(view.language),
            since=words.date(target.valid_from),
        )
        short = words("Ziel {value}", value=words.number(target.value, kpi.decimals))
        lines.append(Target(target.value, label, short, places[0], places[-1]))
    return tuple(lines)


def events_of(
    view: View, office: str | None, series: Sequence[Figure]
) -> tuple[Event, ...]:
    """Place what happened, and long closures, where they fell."""
    happened = [
        (event.on, event.text.in_language(view.language))
        for event in view.city.events
        if office is None or not event.offices or office in event.offices
    ]
    happened += [
        (closure.first_on, _closed(view, closure))
        for closure in view.city.closures
        if office in closure.offices
        and (closure.last_on - closure.first_on).days + 1 >= _LONG_CLOSURE_DAYS
    ]
    events = []
    for on, text in sorted(happened):
        for i, each in enumerate(series):
            if each.period_start <= on <= each.period_end:
                length = (each.period_end - each.period_start).days + 1
                at = i - 0.5 + (on - each.period_start).days / length
                label = f"{view.words.date(on)}: {text}"
                events.append(Event(max(at, 0.0), label))
    return tuple(events)


def _closed(view: View, closure: Closure) -> str:
    return view.words(
        "geschlossen bis {day} ({reason})",
        day=view.words.date(closure.last_on),
        reason=closure.reason.in_language(view.language),
    )
