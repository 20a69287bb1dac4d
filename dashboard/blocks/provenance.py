"""The way to a figure: where it comes from, on what it stands, how fresh it is."""

from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from dashboard.components.chart_block import origin, origin_of_both
from dashboard.components.note import note
from dashboard.i18n import Words
from dashboard.reading import Figure, KpiWords, range_words
from dashboard.selection import moment_of, sources_behind
from dashboard.view import View

_MOST_NAMED: Final = 2  # sources in a line; more are listed where they unfold


def origin_of(view: View, kpi: KpiWords, figure: Figure) -> html.Details:
    """Answer "Woher kommt diese Zahl?" in short; the figure's own page says it all."""
    return origin(view, _entries(view, kpi, figure), _way(view, figure))


def origin_of_pair(
    view: View, first: tuple[KpiWords, Figure], second: tuple[KpiWords, Figure]
) -> html.Details:
    """Answer it for both figures of a chart of two KPIs."""
    parts = [
        (kpi.label, _entries(view, kpi, figure), _way(view, figure))
        for kpi, figure in (first, second)
    ]
    return origin_of_both(view, parts)


def _way(view: View, figure: Figure) -> str:
    return view.addresses.way(figure.figure_id)


def _entries(view: View, kpi: KpiWords, figure: Figure) -> list[tuple[str, Any]]:
    words = view.words
    entries: list[tuple[str, Any]] = [
        (words("Was sie bedeutet"), kpi.definition),
        (words("Wer gezählt wird"), kpi.population),
        (words("Was nicht mitzählt"), kpi.left_out),
    ]
    if figure.n is not None and kpi.kind not in {"count", "stock"}:
        entries.append((words("Grundlage"), n_words(words, kpi, figure)))
    interval = range_words(words, kpi, figure)
    if interval is not None:
        entries.append(
            (words("Spanne, in der der wahre Wert vermutlich liegt"), interval)
        )
    entries.append((words("Zustand"), state_words(view, figure)))
    entries.append((words("Quellen"), _source_list(view, kpi, figure.office)))
    return entries


def way_link(view: View, figure: Figure, value: str, kind: str = "") -> Component:
    """Let a value in a table lead to where it comes from; a gap leads nowhere."""
    if figure.value is None:
        return html.Span(value)
    return html.A(
        value,
        href=view.addresses.way(figure.figure_id),
        className=f"{kind} kern-link".strip(),
    )


def n_words(words: Words, kpi: KpiWords, figure: Figure) -> str:
    """Say how many visits, cases or hours a figure stands on."""
    return words.quantity(figure.n or 0, kpi.counts)


def state_words(view: View, figure: Figure) -> str:
    words = view.words
    said = words("Vorläufig") if figure.is_provisional else words("Endgültig")
    if figure.coverage is None:
        return said
    share = words.percent(figure.coverage * 100)
    return words(
        "{state}. Daten liegen für {share} der Öffnungstage vor.",
        state=said,
        share=share,
    )


def source_line(view: View, kpi: KpiWords, office: str | None) -> str:
    """Say who delivered, until when the data reach, and when it was published."""
    words = view.words
    statuses = sources_behind(view, kpi, office)
    publishers = list(dict.fromkeys(status["publisher"] for status in statuses))
    parts = []
    if len(publishers) > _MOST_NAMED:
        n = words.number(len(publishers))
        parts.append(words("{n} Quellen, einzeln genannt bei der Herkunft.", n=n))
    elif publishers:
        parts.append(words("Quelle: {publishers}.", publishers="; ".join(publishers)))
    until = [at for at in (moment_of(s, "data_until") for s in statuses) if at]
    if until:
        # The source that lags most says how far the figure can be trusted.
        day = min(until).astimezone(words.timezone).date()
        parts.append(words("Daten bis {day}.", day=words.date(day)))
    published = words.moment(view.snapshot.published_at)
    parts.append(words("Veröffentlicht: {moment}.", moment=published))
    return " ".join(parts)


def late_note(view: View, kpi: KpiWords, office: str | None) -> Component | None:
    """Warn above a chart whose source has not delivered as promised."""
    words = view.words
    late = [status for status in sources_behind(view, kpi, office) if status["is_late"]]
    if not late:
        return None
    names = "; ".join(dict.fromkeys(status["publisher"] for status in late))
    until = [at for at in (moment_of(s, "data_until") for s in late) if at]
    body = words("Diese Zahlen können deshalb veraltet sein.")
    if until:
        day = words.date(min(until).astimezone(words.timezone).date())
        body = words(
            "Die Daten reichen nur bis {day}."
            " Diese Zahlen können deshalb veraltet sein.",
            day=day,
        )
    title = words("Neue Daten sind überfällig: {names}", names=names)
    return note("warning", title, body)


def _source_list(view: View, kpi: KpiWords, office: str | None) -> Component:
    words = view.words
    items = []
    for status in sources_behind(view, kpi, office):
        until, loaded = (
            moment_of(status, "data_until"),
            moment_of(status, "last_loaded_at"),
        )
        said = status["publisher"]
        if until is not None:
            day = words.date(until.astimezone(words.timezone).date())
            said = words("{publisher}, Daten bis {day}", publisher=said, day=day)
        if loaded is not None:
            said = words(
                "{said}, geliefert {moment}", said=said, moment=words.moment(loaded)
            )
        items.append(html.Li(said))
    return html.Ul(items) if items else html.Span(words("Keine Angabe"))
