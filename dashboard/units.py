"""What is counted or measured, in words: one, many, and alone as a column's head."""

from typing import Final

from dashboard.texts import german

# Each unit with its German singular and plural, and its plural after "von", "nach".
UNITS: Final = {
    "seconds": ("{n} Sekunde", "{n} Sekunden", "{n} Sekunden"),
    "minutes": ("{n} Minute", "{n} Minuten", "{n} Minuten"),
    "hours": ("{n} Stunde", "{n} Stunden", "{n} Stunden"),
    "days": ("{n} Tag", "{n} Tage", "{n} Tagen"),
    "working_days": ("{n} Arbeitstag", "{n} Arbeitstage", "{n} Arbeitstagen"),
    "euros": ("{n} Euro", "{n} Euro", "{n} Euro"),
    "people": ("{n} Person", "{n} Personen", "{n} Personen"),
    "visits": ("{n} Besuch", "{n} Besuche", "{n} Besuchen"),
    "contacts": ("{n} Anfrage", "{n} Anfragen", "{n} Anfragen"),
    "answers": ("{n} Antwort", "{n} Antworten", "{n} Antworten"),
    "cases": ("{n} Fall", "{n} Fälle", "{n} Fällen"),
    "applications": ("{n} Antrag", "{n} Anträge", "{n} Anträgen"),
    "reports": ("{n} Meldung", "{n} Meldungen", "{n} Meldungen"),
    "services": ("{n} Leistung", "{n} Leistungen", "{n} Leistungen"),
    "appointments": ("{n} Termin", "{n} Termine", "{n} Terminen"),
    "searches": ("{n} Suche", "{n} Suchen", "{n} Suchen"),
    "slot_days": ("{n} Tageswert", "{n} Tageswerte", "{n} Tageswerten"),
    "points": ("{n} Prozentpunkt", "{n} Prozentpunkte", "{n} Prozentpunkten"),
    "rows": ("{n} Zeile", "{n} Zeilen", "{n} Zeilen"),
    "deliveries": ("{n} Lieferung", "{n} Lieferungen", "{n} Lieferungen"),
    "opening_hours": (
        "{n} Öffnungsstunde",
        "{n} Öffnungsstunden",
        "{n} Öffnungsstunden",
    ),
    "opening_days": ("{n} Öffnungstag", "{n} Öffnungstage", "{n} Öffnungstagen"),
    "figures": ("{n} Kennzahl", "{n} Kennzahlen", "{n} Kennzahlen"),
    "weeks": ("{n} Woche", "{n} Wochen", "{n} Wochen"),
    "count": ("{n} Fall", "{n} Fälle", "{n} Fällen"),
}  # fmt: skip

COLUMN_HEADS: Final = {
    "seconds": german("Sekunden"),
    "minutes": german("Minuten"),
    "hours": german("Stunden"),
    "days": german("Tage"),
    "working_days": german("Arbeitstage"),
    "euros": german("Euro"),
    "people": german("Personen"),
    "visits": german("Besuche"),
    "contacts": german("Anfragen"),
    "answers": german("Antworten"),
    "cases": german("Fälle"),
    "applications": german("Anträge"),
    "reports": german("Meldungen"),
    "services": german("Leistungen"),
    "appointments": german("Termine"),
    "searches": german("Suchen"),
    "slot_days": german("Tageswerte"),
    "points": german("Prozentpunkte"),
    "rows": german("Zeilen"),
    "deliveries": german("Lieferungen"),
    "opening_hours": german("Öffnungsstunden"),
    "opening_days": german("Öffnungstage"),
    "figures": german("Kennzahlen"),
    "weeks": german("Wochen"),
    "count": german("Fälle"),
    "percent": german("Prozent"),
}
