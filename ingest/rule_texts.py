"""What a reason code says to people, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ingest.city import Text


@dataclass(frozen=True)
class Rule:
    """What a reason code says. A fault counts against the delivery as a whole."""

    text: Text
    is_fault: bool = True


def _rule(de: str, en: str, *, is_fault: bool = True) -> Rule:
    return Rule(Text(de=de, en=en), is_fault)


RULES: Final[Mapping[str, Rule]] = {
    "broken_row": _rule("Zeile nicht lesbar", "row cannot be read"),
    "unreadable_time": _rule("Zeitangabe nicht lesbar", "time cannot be read"),
    "ambiguous_time": _rule(
        "Zeitangabe doppeldeutig: Stunde der Zeitumstellung",
        "time ambiguous: hour in which the clocks go back",
    ),
    "nonexistent_time": _rule(
        "Zeitangabe gibt es nicht: Stunde der Zeitumstellung",
        "time does not exist: hour in which the clocks go forward",
    ),
    "unreadable_duration": _rule("Dauer nicht lesbar", "duration cannot be read"),
    "unreadable_number": _rule("Zahl nicht lesbar", "number cannot be read"),
    "missing_value": _rule("Pflichtangabe fehlt", "a required value is missing"),
    "unknown_category": _rule("unbekannte Bezeichnung", "unknown category"),
    "unknown_office": _rule("unbekanntes Amt", "unknown office"),
    "unknown_service": _rule("unbekannte Leistung", "unknown service"),
    "negative_value": _rule("negativer Wert", "negative value"),
    "future_time": _rule("Zeitpunkt in der Zukunft", "time in the future"),
    "too_early": _rule(
        "Zeitpunkt vor dem Beginn der Daten", "time before the data begin"
    ),
    "too_late": _rule(
        "Zeitpunkt nach dem Ende der Daten", "time after the end of the data"
    ),
    "outside_span": _rule(
        "gehört nicht zum Zeitraum der Lieferung",
        "does not belong to the period of the delivery",
    ),
    "appointment_before_booked": _rule(
        "Termin vor der Buchung", "appointment before it was booked"
    ),
    "called_before_arrived": _rule(
        "Aufruf vor der Ankunft", "called before the arrival"
    ),
    "shown_before_called": _rule(
        "am Platz vor dem Aufruf", "at the desk before the call"
    ),
    "finished_before_called": _rule("Ende vor dem Aufruf", "finished before the call"),
    "finished_before_shown": _rule(
        "Ende vor dem Beginn am Platz", "finished before the start at the desk"
    ),
    "complete_before_received": _rule(
        "vollständig vor dem Eingang", "complete before it was received"
    ),
    "decided_before_received": _rule(
        "entschieden vor dem Eingang", "decided before it was received"
    ),
    "closed_before_received": _rule(
        "abgeschlossen vor dem Eingang", "closed before it was received"
    ),
    "ended_before_started": _rule("Ende vor dem Beginn", "ended before it started"),
    "implausible_wait": _rule("unglaubwürdige Wartezeit", "implausible wait"),
    "offered_before_look": _rule(
        "freier Termin vor dem Zeitpunkt der Abfrage",
        "free appointment before the moment of the look",
    ),
    "sum_differs": _rule(
        "Summe und Teile passen nicht zusammen", "sum and parts do not add up"
    ),
    "part_exceeds_whole": _rule(
        "ein Teil ist größer als das Ganze", "a part is larger than the whole"
    ),
    "mean_of_nobody": _rule(
        "Mittelwert, aber niemand wurde gezählt",
        "a mean, but nobody was counted",
        is_fault=False,
    ),
    "cut_off": _rule(
        "läuft über den Rand der Datei hinaus; zählt nicht",
        "runs beyond the file's beginning or end; not counted",
        is_fault=False,
    ),
    "no_contact": _rule(
        "kein Anliegen: Phantomanruf oder sofort aufgelegt",
        "no contact: a phantom call, or given up at once",
        is_fault=False,
    ),
    "repeated_key": _rule(
        "dieselbe Nummer mehrmals; die letzte Zeile zählt",
        "the same number several times; the last row counts",
    ),
    "seen_before": _rule(
        "schon einmal gesehen; die erste Zeile zählt",
        "seen before; the first row counts",
        is_fault=False,
    ),
    "contradiction": _rule(
        "mehrere Werte für dasselbe; keiner davon zählt",
        "several values for the same thing; none of them counts",
        is_fault=False,
    ),
    "duplicate": _rule(
        "dieselbe Zeile mehrmals; sie zählt einmal",
        "the same row several times; it counts once",
        is_fault=False,
    ),
    "closed": _rule("geschlossen", "closed", is_fault=False),
    "frozen": _rule(
        "Anzeige eingefroren: zu lange unverändert",
        "display frozen: unchanged for too long",
        is_fault=False,
    ),
}
