"""A page that shows every component, on a site of its own."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from dash import html

from dashboard.app import create_app
from dashboard.charts.chart import Chart, Closure, Event, Period, Series, Target
from dashboard.components.badge import badge
from dashboard.components.chart_block import chart_block, origin
from dashboard.components.filters import Choice, Select, choice_links, filter_form
from dashboard.components.frame import main
from dashboard.components.heat_table import HeatCell, heat_table, level_of
from dashboard.components.live_card import live_card, live_cards
from dashboard.components.note import note
from dashboard.components.table import Column, table
from dashboard.components.tile import tile, tiles
from dashboard.view import Page
from metrics.figures import FIGURES
from metrics.snapshot_folder import write_snapshot

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
MONTHS = "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez"


def months(count):
    first = [(2024 + (4 + i) // 12, (4 + i) % 12) for i in range(count)]
    return tuple(
        Period(f"{MONTHS[4 * m : 4 * m + 3]} {y}", MONTHS[4 * m : 4 * m + 3], str(y))
        for y, m in first
    )


def series(name, values, **more):
    words = ["keine Angabe" if v is None else f"{v} Minuten" for v in values]
    return Series(name, tuple(values), tuple(words), **more)


def waits(view):
    count = 30
    desk = [None if i in (7, 8) else 22 - i // 3 + (i * 7) % 5 for i in range(count)]
    cars = [30 + (i * 11) % 9 - i // 6 for i in range(count)]
    return Chart(
        id="wartezeit",
        title="Wartezeit je Monat",
        description="Zwei Linien von Mai 2024 bis Oktober 2026, in Minuten.",
        unit="Minuten",
        periods=months(count),
        series=(
            series("Einwohnermeldeamt", desk, provisional=frozenset({29})),
            series("Kfz-Zulassung", cars),
        ),
        language=view.language,
        targets=(
            Target(
                15,
                "Ziel: höchstens 15 Minuten (Stadtrat, seit Januar 2025)",
                "Ziel 15",
                first=8,
            ),
        ),
        events=(Event(23.5, "4. Mai 2026: neues Terminsystem"), Event(12, "Umzug")),
        closures=(Closure(7, 8, "Geschlossen wegen Umbau"),),
        provisional_label="vorläufig",
    )


def cases(view):
    return Chart(
        id="faelle",
        title="Eingang und Entscheidungen",
        description="Säulen je Quartal, eingegangene und entschiedene Anträge.",
        unit="Anträge",
        periods=tuple(Period(f"{q}. Quartal {y}", f"{q}. Q", str(y))
                      for y in (2025, 2026) for q in (1, 2, 3, 4)),
        series=(
            series("Eingegangen", [1200, 1350, 1280, 1400, 1500, 1450, 1390, None],
                   kind="bar"),
            series("Entschieden", [1100, 1150, 1300, 1250, 1280, 1300, 1310, None],
                   kind="bar"),
        ),
        language=view.language,
    )  # fmt: skip


def rows_of(chart):
    return [
        [period.label, *(each.words[i] for each in chart.series)]
        for i, period in enumerate(chart.periods)
    ]


def block(view, chart):
    return chart_block(
        view,
        chart,
        headline=f"{chart.title}: Im Oktober höchstens {chart.series[0].words[-2]}",
        measured="Gezählt wird vom Termin oder der Ankunft bis zum Aufruf, je Monat.",
        table=table(
            chart.title,
            [Column("Zeitraum")]
            + [Column(each.name, is_number=True) for each in chart.series],
            rows_of(chart),
        ),
        source="Quelle: Stadt Musterstadt, Aufrufanlage. Daten bis 31. Oktober 2026.",
        origin=origin(view, [("Berechnung", "Median aller Wartezeiten"), ("Kennung",
            "waiting.median_minutes/einwohnermeldeamt/all/all/quarter/2026-Q3")], "/x"),
        download=view.addresses.figures(kpi="waiting.median_minutes"),
    )  # fmt: skip


def everything(view):
    hours = [f"{hour} Uhr" for hour in range(8, 18)]
    cells = [
        [HeatCell(str(w), f"{w} Minuten", level_of(w, (10, 20, 30)), is_best=w == 3)
         if w < 38 else HeatCell("–", "geschlossen")
         for w in (3 + (h * 7 + d * 5) % 37 for d in range(5))]
        for h in range(len(hours))
    ]  # fmt: skip
    choices = [Choice("", "Alle Ämter"), Choice("kfz", "Kfz-Zulassung")]
    return main(
        "Wartezeiten",
        html.Section([
            html.H2("Jetzt"),
            live_cards([
                live_card("Einwohnermeldeamt", "/amt/x", value="etwa 15 Minuten",
                          state=badge("success", "geöffnet"),
                          details="10 Menschen warten",
                          observed="Gemessen um 10:05 Uhr"),
                live_card("Kfz-Zulassung", "/amt/y", value="geschlossen",
                          state=badge("neutral", "geschlossen"),
                          observed="Seit 3 Stunden keine Meldung", is_stale=True),
            ]),
        ]),
        html.Section([
            html.H2("Auswahl"),
            filter_form(view, [Select("amt", "Amt", choices),
                               Select("zeit", "Zeitraum", [Choice("", "Monate")])]),
            choice_links("Zeitraum", [("/muster", "Monate"),
                                      ("/muster?zeit=w", "Wochen")],
                         "/muster" if "zeit" not in view.query else "/muster?zeit=w"),
            html.P(f"Gewählt: {view.query.get('amt', 'alle')}", id="gewaehlt"),
        ]),
        html.Section([
            html.H2("Im 3. Quartal 2026"),
            tiles([
                tile("Mittlere Wartezeit", "14 Minuten",
                     badge=badge("success", "Ziel erreicht"),
                     note="Die Hälfte wartete höchstens so lange. 12.340 Besuche."),
                tile("Offene Anträge", "1.284 Anträge",
                     badge=badge("warning", "Rückstand wächst"), note="Ende September"),
                tile("In der Frist entschieden", "keine Angabe",
                     badge=badge("danger", "Ziel verfehlt"), note="Zu wenige Fälle"),
            ]),
        ]),
        note("warning", "Die Kfz-Zulassung hat seit drei Tagen nicht geliefert.",
             "Die Zahlen darunter reichen bis zum 19. November 2026."),
        block(view, waits(view)),
        block(view, cases(view)),
        html.Section([
            html.H2("Wann es am schnellsten geht"),
            heat_table("Mittlere Wartezeit in Minuten", "Uhrzeit",
                       ["Mo", "Di", "Mi", "Do", "Fr"],
                       list(zip(hours, cells, strict=True)),
                       [(1, "kurz: bis 10 Minuten"), (2, "bis 20 Minuten"),
                        (3, "bis 30 Minuten"), (4, "über 30 Minuten")]),
        ]),
        lead="So lange warten Menschen in Musterstadt, und so viel ist noch offen.",
    )  # fmt: skip


def plain(view):
    return main("Methodik", html.Section(html.P("Nur Text.")))


SAMPLES = (
    Page("muster", "/muster", lambda view: "Muster", everything,
         place="menu", filters=("amt", "zeit")),
    Page("text", "/text", lambda view: "Nur Text", plain, place="footer"),
    Page("amt", "/amt/{office}", lambda view: "Amt", plain,
         places=lambda view: [{"office": office.id} for office in view.city.offices]),
)  # fmt: skip


def publish(directory):
    day = date(2026, 9, 30)
    figures = pl.DataFrame(
        {"figure_id": ["waiting.visits/all/all/all/day/2026-09-30"],
         "kpi": ["waiting.visits"], "grain": ["day"], "period_start": [day],
         "period_end": [day], "value": [40.0], "state": ["final"]}
    )  # fmt: skip
    missing = [
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in FIGURES.items()
        if name not in figures.columns
    ]
    ready = figures.with_columns(missing).select(FIGURES.names()).cast(dict(FIGURES))
    write_snapshot(directory, NOW - timedelta(hours=1), figures=ready)
    return directory


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    return publish(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="session")
def sample_site(serve, published, city):
    return serve(create_app(published, city, SAMPLES, lambda: NOW))
