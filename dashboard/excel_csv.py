"""The published figures for German Excel: semicolons, decimal commas, German words."""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from ingest.city import City
from metrics.catalogue import REASONS

# Excel takes a text that begins like this for a formula.
_FORMULA_STARTS: Final = r"^([=+\-@\t\r\n\x00])"
_BYTE_ORDER_MARK: Final = "\ufeff"

_GRAINS: Final = {
    "hour_of_week": "Wochenstunde",
    "day": "Tag",
    "week": "Woche",
    "month": "Monat",
    "quarter": "Quartal",
    "year": "Jahr",
}
_CHANNELS: Final = {
    "walk_in": "ohne Termin",
    "appointment": "mit Termin",
    "kiosk": "Selbstbedienung",
    "online": "online",
    "paper": "auf Papier",
    "counter": "am Schalter",
    "phone": "Telefon",
    "mail": "E-Mail",
}
_STATES: Final = {
    "final": "endgültig",
    "provisional": "vorläufig",
    "hidden": "gesperrt",
    "no_data": "keine Daten",
}
_UNITS: Final = {
    "minutes": "Minuten",
    "hours": "Stunden",
    "days": "Tage",
    "working_days": "Arbeitstage",
    "percent": "Prozent",
    "count": "Anzahl",
    "people": "Personen",
}
_NUMBERS: Final = {
    "value": "Wert",
    "n": "Anzahl (n)",
    "numerator": "Zähler",
    "lower": "Untergrenze",
    "upper": "Obergrenze",
    "target": "Zielwert",
    "coverage": "Abdeckung",
}


def excel_csv(
    figures: pl.DataFrame, catalogue: Mapping[str, Mapping[str, Any]], city: City
) -> bytes:
    """Write the figures as a file that German Excel opens by a double click."""
    labels = {kpi: entry["texts"]["de"]["label"] for kpi, entry in catalogue.items()}
    units = {
        kpi: _UNITS.get(entry["unit"], entry["unit"])
        for kpi, entry in catalogue.items()
    }
    offices = {office.id: office.name.de for office in city.offices}
    services = {service.id: service.name.de for service in city.services}
    reasons = {code: text.de for code, text in REASONS.items()}
    table = figures.select(
        _worded("kpi", labels).alias("Kennzahl"),
        _worded("office", offices).fill_null("alle Ämter").alias("Amt"),
        _worded("service", services).fill_null("alle Leistungen").alias("Leistung"),
        _worded("channel", _CHANNELS).fill_null("alle Zugänge").alias("Zugang"),
        _worded("grain", _GRAINS).alias("Zeitraum"),
        _german_date("period_start").alias("Beginn"),
        _german_date("period_end").alias("Ende"),
        _german_number("value").alias("Wert"),
        _worded("kpi", units).alias("Einheit"),
        *(_german_number(name).alias(_NUMBERS[name]) for name in list(_NUMBERS)[1:]),
        _worded("state", _STATES).alias("Status"),
        _worded("reason", reasons).alias("Grund"),
        pl.col("figure_id").alias("Kennung"),
        *([pl.lit("Beispieldaten").alias("Hinweis")] if city.info.sample_data else []),
    )
    harmless = table.with_columns(pl.all().str.replace(_FORMULA_STARTS, "'$1"))
    numbers = list(_NUMBERS.values())  # a minus sign is no formula
    text = harmless.with_columns(table.select(numbers)).write_csv(
        separator=";", line_terminator="\r\n"
    )
    return (_BYTE_ORDER_MARK + text).encode()


def _worded(column: str, words: Mapping[str, str]) -> pl.Expr:
    identifier = pl.col(column).cast(pl.String)
    return identifier.replace(list(words), list(words.values()))


def _german_date(column: str) -> pl.Expr:
    return pl.col(column).dt.strftime("%d.%m.%Y")


def _german_number(column: str) -> pl.Expr:
    text = pl.col(column).cast(pl.String)
    return text.str.strip_suffix(".0").str.replace(".", ",", literal=True)
