"""The deliveries that one figure is computed from, as far as they may be told."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components.section import section
from dashboard.components.table import Cell, Column, table
from dashboard.reading import Figure, KpiWords
from dashboard.selection import CASE_TABLES, sources_behind
from dashboard.view import View
from metrics.moments import parse_moment


def deliveries_of(view: View, kpi: KpiWords, figure: Figure) -> Component:
    words, manifest = view.words, view.snapshot.manifest
    statuses = sources_behind(view, kpi, figure.office)
    rows = [_delivery_row(view, kpi, figure, status) for status in statuses]
    columns = [
        Column(words("Quelle")),
        Column(words("Zahl der Lieferungen"), is_number=True),
        Column(words("Zuletzt eingegangen")),
        Column(words("Prüfsumme der letzten (SHA-256)")),
    ]
    heading = words("Woraus sie berechnet ist")
    shown = table(heading, columns, rows, is_caption_visible=False) if rows else None
    link = html.A(
        words("Alle Lieferungen einzeln, mit Prüfsummen (JSON)"),
        href=view.addresses.snapshot_file(view.snapshot.id, "manifest.json"),
        className="kern-link",
    )
    published = words(
        "Veröffentlicht: {moment}. Programmstand: {version}.",
        moment=words.moment(view.snapshot.published_at),
        version=manifest.get("code_version", words("ohne Angabe")),
    )
    explained = words(
        "Genannt sind die Lieferungen, die Angaben zu diesem Zeitraum enthalten können."
    )
    return section(
        heading,
        html.P(explained) if rows else html.P(words("Keine Angabe")),
        shown,
        html.P(published),
        html.P(link),
        id="woraus",
    )


def _delivery_row(
    view: View, kpi: KpiWords, figure: Figure, status: Mapping[str, Any]
) -> list[Cell]:
    words = view.words
    deliveries = [
        each
        for each in view.snapshot.manifest["deliveries"]
        if each["source"] == status["id"] and _may_tell(view, kpi, figure, each)
    ]
    if not deliveries:
        return [status["publisher"], words("keine"), words("keine"), words("keine")]
    last = max(deliveries, key=lambda each: str(each["received_at"]))
    return [
        status["publisher"],
        words.number(sum(each["deliveries"] for each in deliveries)),
        words.moment(parse_moment(last["received_at"])),
        html.Code(last["content_sha256"]),
    ]


def _may_tell(
    view: View, kpi: KpiWords, figure: Figure, delivery: Mapping[str, Any]
) -> bool:
    """Whether a delivery reaches into the period; of cases, or came before its end."""
    zone = view.city.timezone
    begins = datetime.combine(figure.period_start, time(), zone)
    ends = datetime.combine(figure.period_end + timedelta(days=1), time(), zone)
    first, last = delivery["covers_from"], delivery["covers_to"]
    if first is not None and parse_moment(first) >= ends:
        return False
    if not CASE_TABLES.isdisjoint(kpi.tables):
        return True
    return last is None or parse_moment(last) > begins
