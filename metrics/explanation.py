"""What is told of one figure's way, as data and in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from metrics.closings import Closed
from metrics.figures import FigureId
from metrics.moments import iso
from metrics.periods import parse_period

if TYPE_CHECKING:
    from metrics.shown import Shown


def condition(figure: FigureId, tables: Sequence[str]) -> str:
    """Say which rows of the warehouse a figure is about."""
    dimensions = [
        f"{name} = {value}"
        for name in ("office", "service", "channel")
        if (value := getattr(figure, name)) is not None
    ]
    period = parse_period(figure.period)
    days = f"{period.start} <= day <= {period.end}"
    return f"{', '.join(tables)}: {' and '.join([*dimensions, days])}"


@dataclass(frozen=True)
class Outcome:
    """A figure as one of the ways to it came to it."""

    value: float | None
    n: int | None
    numerator: int | None
    state: str
    reason: str | None


@dataclass(frozen=True)
class Origin:
    """One delivery that rows of the figure came with."""

    delivery_id: str
    source: str
    name: str
    content_sha256: str
    received_at: datetime
    covers_from: datetime | None
    covers_to: datetime | None
    rows_loaded: int
    rows_quarantined: int


@dataclass(frozen=True)
class Explanation:
    """The whole way to one figure; texts are in every language."""

    figure_id: str
    kpi: str
    label: Mapping[str, str]
    definition: Mapping[str, str]
    population: Mapping[str, str]
    left_out_by_definition: Mapping[str, str]
    formula: str
    unit: str
    period_start: date
    period_end: date
    rows: str  # which rows were asked for, as a condition
    as_of: datetime
    computed: Outcome
    published: Outcome | None  # None: not published, e.g. the period is not over
    recounted: Outcome | None  # by the second, plain way; None: its rows were deleted
    agrees: bool | None
    rows_counted: int
    rows_left_out: Mapping[str, int]  # by reason
    rows_refused: Mapping[str, int]  # of the deliveries, by rule: in quarantine
    deliveries: Sequence[Origin]
    code_version: str
    shown: "Shown | None" = None  # what the snapshot of that moment says
    closed: Closed | None = None  # by which deletion of its rows

    def in_words(self, language: str = "de") -> str:
        words = _WORDS["en" if language == "en" else "de"]
        return "\n".join(_lines(self, words, "en" if language == "en" else "de"))


_LISTED: Final = 20  # of a live feed there are thousands

_WORDS: Final = {
    "de": {
        "formula": "Formel",
        "rows": "Zeilen",
        "counted": "Gezählt",
        "left_out": "Nicht gezählt",
        "refused": "Bei der Annahme abgelehnt",
        "none": "keine",
        "computed": "Berechnet",
        "published": "Veröffentlicht",
        "unpublished": "nicht veröffentlicht (außerhalb der Liste oder noch offen)",
        "in_snapshot": "Im Stand",
        "not_in_it": "nicht enthalten",
        "no_snapshot": "noch nichts veröffentlicht",
        "recounted": "Nachgezählt",
        "agree": "Beide Wege stimmen überein.",
        "differ": "DIE WEGE STIMMEN NICHT ÜBEREIN.",
        "deliveries": "Lieferungen",
        "latest": "davon die letzten",
        "received": "eingegangen",
        "code": "Programmstand",
        "as_of": "Stand",
        "looks_deleted": (
            "Die einzelnen Ablesungen der Quelle {source}, aus denen diese Zahl"
            " berechnet wurde, sind am {closed_at} gelöscht worden: Die"
            " Konfigurationsdatei der Stadt bewahrt sie {keep_months} Monate auf. Es"
            " gilt der Wert, der davor berechnet worden ist, vom Programmstand"
            " {code_version}. Nachrechnen lässt er sich nicht mehr, und spätere"
            " Lieferungen ändern ihn nicht."
        ),
        "no_value": "kein Wert",
        "no_show": "nicht erschienen",
        "left": "vor dem Aufruf gegangen",
        "served": "bedient",
        "no_wait_recorded": "keine Wartezeit erfasst",
        "only_means": "nur Mittelwerte",
        "no_customers": "Stunde ohne Besuch",
        "no_target": "keine Zielvorgabe",
        "not_recorded": "von der Quelle nicht erfasst",
        "without_appointment": "ohne Termin",
        "with_appointment": "mit Termin",
        "nothing_told": "vorher nichts angezeigt",
        "no_time": "ohne Zeitangabe",
        "other_period": "anderer Zeitraum",
        "before_book": "vor Beginn der Daten",
        "given_up": "zurückgezogen oder doppelt",
        "no_deadline": "ohne Frist",
        "not_open": "nicht offen",
        "contradiction": "widersprüchlich",
        "not_online": "nicht online gestellt",
        "channel_unknown": "ohne Angabe des Weges",
        "nothing_said": "ohne Angabe",
        "outside_opening_hours": "außerhalb der Öffnungszeiten",
        "nothing_offered": "kein freier Termin",
        "closed": "geschlossen",
        "sold_out": "keine Wartemarken mehr",
        "unknown": "Zustand unbekannt",
    },
    "en": {
        "formula": "Formula",
        "rows": "Rows",
        "counted": "Counted",
        "left_out": "Not counted",
        "refused": "Refused on arrival",
        "none": "none",
        "computed": "Computed",
        "published": "Published",
        "unpublished": "not published (not on the list, or not over yet)",
        "in_snapshot": "In the snapshot",
        "not_in_it": "not in it",
        "no_snapshot": "nothing published yet",
        "recounted": "Recounted",
        "agree": "Both ways agree.",
        "differ": "THE WAYS DO NOT AGREE.",
        "deliveries": "Deliveries",
        "latest": "of these the last",
        "received": "received",
        "code": "Code version",
        "as_of": "As of",
        "looks_deleted": (
            "The single looks of the source {source} that this figure was computed"
            " from were deleted on {closed_at}: the city file keeps them for"
            " {keep_months} months. The value is the one computed before, by code"
            " version {code_version}. It cannot be recomputed any more, and later"
            " deliveries do not change it."
        ),
        "no_value": "no value",
        "no_show": "did not come",
        "left": "left before being called",
        "served": "served",
        "no_wait_recorded": "no wait recorded",
        "only_means": "averages only",
        "no_customers": "hour without visitors",
        "no_target": "no target",
        "not_recorded": "not recorded by the source",
        "without_appointment": "without appointment",
        "with_appointment": "with appointment",
        "nothing_told": "nothing displayed before",
        "no_time": "without a time",
        "other_period": "another period",
        "before_book": "before the data begin",
        "given_up": "withdrawn or duplicate",
        "no_deadline": "without a deadline",
        "not_open": "not open",
        "contradiction": "contradictory",
        "not_online": "not made online",
        "channel_unknown": "way not known",
        "nothing_said": "nothing said",
        "outside_opening_hours": "outside opening hours",
        "nothing_offered": "nothing offered",
        "closed": "closed",
        "sold_out": "no tickets left",
        "unknown": "state unknown",
    },
}


def _lines(told: Explanation, words: Mapping[str, str], language: str) -> Iterator[str]:
    yield f"{told.label[language]}  ({told.figure_id})"
    yield told.definition[language]
    yield ""
    yield f"{words['formula']}: {told.formula}"
    yield f"{words['rows']}: {told.rows}"
    yield told.population[language]
    yield told.left_out_by_definition[language]
    yield from _counted_lines(told, words)
    published = words["unpublished"]
    if told.published is not None:
        published = _outcome(told.published, told.unit, words)
    yield f"{words['published']}: {published}"
    yield from _shown_lines(told, words)
    yield ""
    if told.closed is None:
        yield f"{words['deliveries']}: {len(told.deliveries)}"
    if len(told.deliveries) > _LISTED:
        yield f"  … {words['latest']} {_LISTED}:"
    for origin in told.deliveries[-_LISTED:]:
        yield (
            f"  {origin.source}  {origin.name}  {words['received']}"
            f" {iso(origin.received_at)}  sha256 {origin.content_sha256}"
        )
    yield f"{words['code']}: {told.code_version}   {words['as_of']}: {iso(told.as_of)}"
    yield from _recomputing_lines(told, language)


def _counted_lines(told: Explanation, words: Mapping[str, str]) -> Iterator[str]:
    computed = f"{words['computed']}: {_outcome(told.computed, told.unit, words)}"
    if told.closed is not None:
        yield ""
        yield words["looks_deleted"].format(**told.closed.document())
        yield computed
        return
    yield f"{words['counted']}: {told.rows_counted}"
    yield f"{words['left_out']}: {_counts(told.rows_left_out, words)}"
    yield f"{words['refused']}: {_counts(told.rows_refused, words)}"
    yield ""
    yield computed
    if told.recounted is not None:
        recounted = _outcome(told.recounted, told.unit, words)
        yield f"{words['recounted']}: {recounted}"
    yield words["agree"] if told.agrees else words["differ"]


def _shown_lines(told: Explanation, words: Mapping[str, str]) -> Iterator[str]:
    shown = told.shown
    if shown is None:
        yield f"{words['in_snapshot']}: {words['no_snapshot']}"
        return
    said = words["not_in_it"]
    if shown.figure is not None:
        said = _outcome(shown.figure, told.unit, words)
    yield f"{words['in_snapshot']} {shown.snapshot}: {said}"


def _recomputing_lines(told: Explanation, language: str) -> Iterator[str]:
    """Give the lines for the published files, ready to be copied."""
    shown = told.shown
    if shown is None or shown.recomputation is None:
        return
    yield ""
    yield shown.recomputation.said[language]
    yield f"figures.parquet  {shown.snapshot}  sha256 {shown.figures_sha256}"
    for name, lines in (
        ("DuckDB", shown.recomputation.duckdb),
        ("Polars", shown.recomputation.polars),
    ):
        yield ""
        yield f"{name}:"
        yield from (f"  {line}".rstrip() for line in lines.splitlines())


def _counts(counts: Mapping[str, int], words: Mapping[str, str]) -> str:
    if not counts:
        return words["none"]
    most_first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{words.get(code, code)} {count}" for code, count in most_first)


def _outcome(outcome: Outcome, unit: str, words: Mapping[str, str]) -> str:
    if outcome.value is None:
        return f"{words['no_value']} ({outcome.state}, {outcome.reason})"
    numerator = f"{outcome.numerator} / " if outcome.numerator is not None else ""
    basis = f", n = {numerator}{outcome.n}" if outcome.n is not None else ""
    return f"{outcome.value:.10g} {unit}{basis} ({outcome.state})"
