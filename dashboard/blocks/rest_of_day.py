"""How long the wait will be later today, and how often that came true."""

from datetime import date, timedelta
from typing import Any, Final

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboard.components.section import section
from dashboard.components.table import Cell, Column, table
from dashboard.i18n import Words, german
from dashboard.opening import open_part
from dashboard.view import View
from ingest.city import Office
from metrics.published import HourToCome, LiveQueue
from metrics.rest_forecast import FEWEST_DAYS, JUDGED_WEEKS, MARGIN, WEEKS

ANCHOR: Final = "rest-des-tages"

_NOT_ANY_MORE: Final = timedelta(hours=1)  # of a look: then nothing follows from it
_STANDING: Final = {
    None: german("ja"),
    "too_few": german("nein, zu wenige Tage"),
    "not_better": german("nein, nicht genauer"),
    "not_held": german("nein, die Spanne passt nicht"),
}


def rest_of_day(view: View, office: Office) -> Component | None:
    """Say what is expected in the hours to come; None where nothing can be said."""
    queue = view.live.of(office.id) if view.live is not None else None
    known = _record(view).filter(pl.col("office") == office.id, _is_told())
    if queue is None or queue.observed_at is None or known.is_empty():
        return None
    hours = _still_to_come(view, queue)
    if not hours:
        return None
    words = view.words
    items = [html.Li(_said(view, office, hour)) for hour in hours]
    more = html.A(
        words("Wie wir das prüfen"),
        href=f"{view.addresses.method()}#{ANCHOR}",
        className="kern-link",
    )
    said = [
        words(
            "Gemeint ist die Wartezeit, die das Amt anzeigt: berechnet aus der Anzeige"
            " am {moment} und dem, was üblich ist. Stunden, die hier fehlen, lassen"
            " sich nicht genau genug vorhersagen, oder es gibt dann oft keine"
            " Wartenummern mehr.",
            moment=words.moment(queue.observed_at),
        ),
        _came_true(words, known),
    ]
    return html.Div(
        [
            html.H3(words("Heute noch zu erwarten")),
            html.Ul(items),
            html.P([" ".join(said), " ", more], className="live-details"),
        ],
        className="rest-of-day",
    )


def rest_record(view: View) -> Component | None:
    """Show for each office how far off such forecasts were, shown or not."""
    rows = _record(view)
    if rows.is_empty():
        return None
    words = view.words
    names = {
        each.id: each.name.in_language(view.language) for each in view.city.offices
    }
    first, last = (words.date(day) for day in _window(rows))
    caption = words(
        "So viele Minuten lag im Mittel daneben, was gesagt worden wäre, {first} bis"
        " {last}",
        first=first,
        last=last,
    )
    columns = [
        Column(words("Amt")),
        Column(words("Stunden im Voraus"), is_number=True),
        Column(words("Vorhersage"), is_number=True),
        Column(words("„Es bleibt wie jetzt“"), is_number=True),
        Column(words("„Es wird wie üblich“"), is_number=True),
        Column(words("In der Spanne"), is_number=True),
        Column(words("Gezeigt")),
    ]
    body = [
        _row(words, names[row["office"]], row)
        for row in rows.iter_rows(named=True)
        if row["office"] in names
    ]
    made = words(
        "Vorhergesagt wird die Wartezeit, die ein Amt anzeigt. Für eine spätere Stunde"
        " ist das die übliche dieser Stunde und dazu ein Teil dessen, was es jetzt"
        " länger oder kürzer dauert als üblich."
        " Üblich ist der Median der letzten {weeks} Wochen an diesem Wochentag. Wie"
        " groß der Teil ist, sagen dieselben Wochen. In der Spanne daneben lagen 8 von"
        " 10 früheren Fällen.",
        weeks=words.number(WEEKS),
    )
    checked = words(
        "Geprüft wird jede Woche, an den letzten {weeks} Wochen: mit dem, was am Montag"
        " bekannt war, und dem, was dann kam. Eine Vorhersage zeigen wir nur, wenn sie"
        " im Mittel mindestens {margin} genauer war als „es bleibt wie jetzt“ und als"
        " „es wird wie üblich“, an mindestens {days} Tagen, und wenn 70 bis 90 von 100"
        " Fällen in der Spanne lagen.",
        weeks=words.number(JUDGED_WEEKS),
        margin=words.percent(100 * MARGIN),
        days=words.number(FEWEST_DAYS),
    )
    return section(
        words("Wartezeit später am Tag"),
        html.P(made),
        html.P(checked),
        html.P(f"{caption}:"),
        table(caption, columns, body, is_caption_visible=False, is_stacked=True),
        id=ANCHOR,
    )


def _came_true(words: Words, known: pl.DataFrame) -> str:
    held = known.select(pl.col("held_percent").dot("judged") / pl.col("judged").sum())
    first, last = (words.date(day) for day in _window(known))
    return words(
        "Vom {first} bis zum {last} lag die angezeigte Wartezeit in {n} von 100 Fällen"
        " in einer solchen Spanne.",
        first=first,
        last=last,
        n=words.number(held.item()),
    )


def _still_to_come(view: View, queue: LiveQueue) -> list[HourToCome]:
    """Leave out what time has overtaken since it was written."""
    assert queue.observed_at is not None  # noqa: S101 - the caller has looked
    local = view.now.astimezone(view.city.timezone)
    seen = queue.observed_at.astimezone(view.city.timezone)
    is_old = view.now - queue.observed_at > _NOT_ANY_MORE or seen.date() != local.date()
    if is_old or queue.is_stale or queue.state != "open":
        return []
    return [hour for hour in queue.rest_of_day if hour.hour > local.hour]


def _said(view: View, office: Office, hour: HourToCome) -> str:
    """Say one hour: "13 bis 14 Uhr: etwa 15 Minuten (meist 10 bis 25 Minuten)"."""
    words, base = view.words, view.city.publish.live_wait_base_minutes
    if hour.wait_minutes:
        wait = words("etwa {wait}", wait=words.quantity(hour.wait_minutes, "minutes"))
    else:
        wait = words("unter {wait}", wait=words.quantity(base, "minutes"))
    most = words.quantity(hour.high_minutes, "minutes")
    if not hour.high_minutes:
        return words("{hours}: {wait}", hours=_open(view, office, hour), wait=wait)
    if hour.low_minutes:
        low = words.number(hour.low_minutes)
        around = words("meist {low} bis {high}", low=low, high=most)
    else:
        around = words("meist höchstens {high}", high=most)
    return words(
        "{hours}: {wait} ({around})",
        hours=_open(view, office, hour),
        wait=wait,
        around=around,
    )


def _open(view: View, office: Office, hour: HourToCome) -> str:
    """Name the part of the hour in which the office is open."""
    weekday = view.now.astimezone(view.city.timezone).isoweekday()
    return view.words.hours(*open_part(office, weekday, hour.hour, hour.hour + 1))


def _record(view: View) -> pl.DataFrame:
    """Give one row for each office and number of hours."""
    rows = view.snapshot.frames["rest_of_day"]
    series = ["office", "hours_ahead"]
    return rows.unique(series, keep="first", maintain_order=True).sort(series)


def _is_told() -> pl.Expr:
    return pl.col("state") == "final"


def _window(rows: pl.DataFrame) -> tuple[date, date]:
    first, last = rows.select(
        pl.col("judged_from").min(), pl.col("window_end").max()
    ).row(0)
    return first, last


def _row(words: Words, name: str, row: dict[str, Any]) -> list[Cell]:
    errors = ("error_minutes", "error_as_now_minutes", "error_as_usual_minutes")
    return [
        name,
        words.number(row["hours_ahead"]),
        *(_minutes(words, row[error]) for error in errors),
        words.percent(row["held_percent"]),
        words(_STANDING[row["reason"]]),
    ]


def _minutes(words: Words, value: float | None) -> str:
    return words("keine Daten") if value is None else words.number(value, 1)
