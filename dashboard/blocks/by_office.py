"""The range over offices, where one figure for the whole city would mislead."""

from datetime import date
from typing import Final

from dashboard.blocks.forecast_record import FAILED
from dashboard.i18n import Words
from dashboard.reading import Figure
from dashboard.selection import figures, newest_told, with_values
from dashboard.view import View
from metrics.derived import EXPECTED

_MOST_NAMED: Final = 3


def expected_by_office(view: View, grain: str, start: date | None = None) -> str | None:
    """Say how long it takes from office to office; None where too little is known.

    Without `start` it is the newest period of which any office's figure is known, and
    offices without a figure for it are named.
    """
    found = {
        office: figure
        for office in case_offices(view)
        if (figure := _figure(view, office, grain, start)) is not None
    }
    if start is None and found:
        newest = max(figure.period_end for figure in found.values())
        found = {
            office: figure
            for office, figure in found.items()
            if figure.period_end == newest
        }
    if len(found) < 2:
        return None
    said = [_range(view.words, view, found)]
    failed = [
        each for each in case_offices(view) if _has_failed(view, each, grain, start)
    ]
    missing = [each for each in case_offices(view) if each not in {*found, *failed}]
    if failed:
        said.append(_failed(view, failed))
    if missing:
        said.append(_missing(view, missing))
    return " ".join(said)


def case_offices(view: View) -> list[str]:
    """Give the offices of whose cases anything is known."""
    kpis = (
        "backlog.open",
        "processing.median_days_decided",
        "processing.p80_days_decided",
    )
    return [
        office.id
        for office in view.city.offices
        if any(with_values(view, kpi, office=office.id, grain="month") for kpi in kpis)
    ]


def _figure(view: View, office: str, grain: str, start: date | None) -> Figure | None:
    found = _told(view, office, grain, start)
    return None if found is None or found.value is None else found


def _has_failed(view: View, office: str, grain: str, start: date | None) -> bool:
    found = _told(view, office, grain, start)
    return found is not None and found.reason == FAILED


def _told(view: View, office: str, grain: str, start: date | None) -> Figure | None:
    series = figures(view, EXPECTED, office=office, grain=grain)
    if start is None:
        return newest_told(series)
    return next((each for each in series if each.period_start == start), None)


def _range(words: Words, view: View, found: dict[str, Figure]) -> str:
    days = {office: round(figure.value or 0) for office, figure in found.items()}
    shortest, longest = min(days.values()), max(days.values())
    end = words.date(next(iter(found.values())).period_end)
    most = words.quantity(longest, "days")
    least = words.number(shortest) if shortest else words("unter 1")
    if shortest == longest:
        about = words("rund {value}", value=most)
        day = words.quantity(1, "days")
        return words(
            "Was neu eingeht, dauert voraussichtlich {days}, gleich in welchem Amt"
            " (Stand {end}).",
            days=about if longest else words("weniger als {value}", value=day),
            end=end,
        )
    slowest = [_name(view, office) for office, n in days.items() if n == longest]
    return words(
        "Was neu eingeht, dauert je nach Amt voraussichtlich {least} bis {most}, am"
        " längsten hier: {slowest} (Stand {end}).",
        least=least,
        most=most,
        slowest=words.listing(slowest),
        end=end,
    )


def _failed(view: View, offices: list[str]) -> str:
    words = view.words
    if len(offices) > _MOST_NAMED:
        return words(
            "Für einige Ämter zeigen wir keine Vorhersage, weil sie im letzten Jahr zu"
            " selten zutraf."
        )
    names = words.listing([_name(view, office) for office in offices])
    return words(
        "Nicht gezeigt, weil die Vorhersage im letzten Jahr zu selten zutraf: {names}.",
        names=names,
    )


def _missing(view: View, offices: list[str]) -> str:
    words = view.words
    if len(offices) > _MOST_NAMED:
        return words("Nicht für alle Ämter gibt es eine Angabe.")
    names = words.listing([_name(view, office) for office in offices])
    return words("Ohne Angabe: {names}.", names=names)


def _name(view: View, office: str) -> str:
    return view.city.office(office).name.in_language(view.language)
