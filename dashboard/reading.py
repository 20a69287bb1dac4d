"""A figure as pages read it: what it kpis, its value in words, how it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, Self

import polars as pl

from dashboard.i18n import Words, german
from metrics.comparison import compare
from metrics.nouns import as_reports
from metrics.periods import Period, PeriodGrain

CaseNoun = Literal["applications", "reports", "cases"]
Standing = Literal["better", "worse", "same", "unclear", "different"]

# The reasons of metrics/definitions/reasons.toml in the few words that a cell holds.
_BRIEFLY: Final = {
    "no_rows": german("Keine Daten"),
    "closed": german("Geschlossen"),
    "no_waits": german("Keine Wartezeit erfasst"),
    "no_counts": german("Keine Besuchszahlen"),
    "only_means": german("Nur Mittelwerte"),
    "not_recorded": german("Nicht erfasst"),
    "no_appointments": german("Keine Termine"),
    "nothing_offered": german("Kein freier Termin gefunden"),
    "nothing_planned": german("Keine Termine vorgesehen"),
    "never_sold_out": german("Nie ausverkauft"),
    "moment_unknown": german("Zeitpunkt nicht bekannt"),
    "no_target": german("Kein Ziel gesetzt"),
    "censored": german("Über der höchsten Anzeige"),
    "several_lines": german("Je Weg getrennt gezeigt"),
    "year_not_whole": german("Jahr nicht vollständig"),
    "no_bands": german("Nur für längere Zeiträume"),
    "mixed_bands": german("Verschieden eingeteilt"),
    "limit_in_band": german("Aus den Klassen nicht zu sehen"),
    "no_decisions": german("Keine Entscheidungen"),
    "no_receipts": german("Keine Eingänge"),
    "no_online_cases": german("Nichts online gestellt"),
    "no_deadline": german("Keine Frist hinterlegt"),
    "deadline_not_over": german("Frist läuft noch"),
    "too_few_decisions": german("Zu wenige Entscheidungen"),
    "history_too_short": german("Daten reichen nicht weit genug zurück"),
    "year_too_short": german("Daten reichen keine 12 Monate zurück"),
    "only_counts": german("Nur Summen gemeldet"),
    "longer_periods": german("Nur für längere Zeiträume gemeldet"),
    "no_year_before": german("Kein Vergleich mit dem Vorjahr"),
    "no_estimates": german("Nichts zu vergleichen"),
    "nothing_judged": german("Keine Vorhersage abgelaufen"),
    "forecast_failed": german("Zu unsicher"),
    "not_better": german("Nicht genauer als die übliche"),
    "not_held": german("Zu unsicher"),
    "fewer_than_8": german("Zu wenige Fälle (unter 8)"),
    "tells_of_few": german("Zum Schutz Einzelner nicht gezeigt"),
    "too_few": german("Zu wenige Fälle"),
    "small_staff": german("Zum Schutz Einzelner nicht gezeigt"),
}
_NO_DATA: Final = german("Keine Daten")
_HIDDEN: Final = german("Nicht veröffentlicht")
FEW: Final = 30  # below this a median is shown with the word "wenige Fälle"


@dataclass(frozen=True)
class KpiWords:
    """What the snapshot's catalogue says about a KPI, in the reader's language."""

    id: str
    unit: str
    decimals: int
    direction: str
    kind: str
    label: str
    sentence: str
    definition: str
    population: str
    left_out: str
    formula: str
    tables: tuple[str, ...]
    counts: str  # what n counts
    noun: CaseNoun = "cases"  # what the city calls the cases that are counted
    limit: float | None = None  # the minutes or seconds within which a share is counted
    channel: str | None = None  # of which alone it is said

    @classmethod
    def of(
        cls,
        catalogue: Mapping[str, Any],
        kpi: str,
        language: str,
        noun: CaseNoun = "cases",
    ) -> Self:
        entry = catalogue[kpi]
        texts = entry["texts"][language]
        if noun == "reports":
            texts = {name: as_reports(text, language) for name, text in texts.items()}
        counts = noun if entry["counts"] == "cases" else entry["counts"]
        return cls(
            id=kpi,
            unit=counts if entry["unit"] == "count" else entry["unit"],
            decimals=entry["decimals"],
            direction=entry["direction"],
            kind=entry["kind"],
            label=texts["label"],
            sentence=texts["sentence"],
            definition=texts["definition"],
            population=texts["population"],
            left_out=texts["left_out"],
            formula=entry["formula"],
            tables=tuple(entry["tables"]),
            counts=counts,
            noun=noun,
        )

    @property
    def family(self) -> str:
        return self.id.partition(".")[0]

    @property
    def is_time(self) -> bool:
        """Whether it is a span of time of one person or case."""
        return self.unit in {"seconds", "minutes", "days", "working_days"}

    @property
    def is_count(self) -> bool:
        return self.kind in {"count", "stock", "sum"}

    @property
    def most(self) -> float | None:
        """Give the highest value that there can be."""
        return 100 if self.kind == "share" else None

    @property
    def is_flow(self) -> bool:
        """Whether twice the days would mean twice the value."""
        return self.kind in {"count", "sum"}


@dataclass(frozen=True)
class Figure:
    """One row of the figures."""

    figure_id: str
    kpi: str
    office: str | None
    service: str | None
    channel: str | None
    grain: PeriodGrain
    period_start: date
    period_end: date
    value: float | None
    n: int | None
    numerator: int | None
    lower: float | None
    upper: float | None
    target: float | None
    state: str
    reason: str | None
    coverage: float | None

    @property
    def period(self) -> Period:
        return Period(self.period_start, self.period_end, self.grain)

    @property
    def is_bound(self) -> bool:
        """Whether the value is only the end that the true one lies beyond."""
        return self.reason in {"below", "above"}

    @property
    def is_provisional(self) -> bool:
        return self.state == "provisional"


def read_figures(frame: pl.DataFrame) -> list[Figure]:
    return [Figure(**row) for row in frame.iter_rows(named=True)]


def known(figures: list[Figure]) -> list[Figure]:
    """Only those with a value."""
    return [figure for figure in figures if figure.value is not None]


def a_year_before(figures: list[Figure], figure: Figure) -> Figure | None:
    """Find the same period of the year before in a series."""
    before = figure.period.year_before
    if before is None:
        return None
    return next((each for each in figures if each.period_start == before.start), None)


def value_words(words: Words, kpi: KpiWords, figure: Figure | None) -> str:
    """Say a value with its unit, or briefly why there is none; never a bare number."""
    if figure is None:
        return words(_NO_DATA)
    if figure.value is None:
        if kpi.kind in {"count", "stock"} and figure.reason == "fewer_than_8":
            # For a count this is no gap: it says how few there were.
            return words("unter {value}", value=words.quantity(8, kpi.unit))
        return missing_words(words, figure)
    if is_instant(kpi, figure):
        return words("unter {value}", value=words.quantity(1, kpi.unit))
    said = words.quantity(figure.value, kpi.unit, kpi.decimals)
    if figure.reason == "below":
        return words("unter {value}", value=said)
    if figure.reason == "above":
        return words("über {value}", value=said)
    if figure.reason == "estimate":
        return words("{value} (Schätzwert)", value=said)
    return said


def is_instant(kpi: KpiWords, figure: Figure) -> bool:
    """Tell a time that is 0 when rounded: there was some, but less than one unit."""
    return kpi.is_time and figure.value is not None and round(figure.value) == 0


def missing_words(words: Words, figure: Figure) -> str:
    known_reason = _BRIEFLY.get(figure.reason or "")
    if known_reason:
        return words(known_reason)
    return words(_HIDDEN if figure.state == "hidden" else _NO_DATA)


def range_words(words: Words, kpi: KpiWords, figure: Figure) -> str | None:
    """Say the interval: "12 bis 16 Minuten"."""
    if figure.lower is None or figure.upper is None:
        return None
    return words(
        "{lower} bis {upper}",
        lower=words.number(figure.lower, kpi.decimals),
        upper=words.quantity(figure.upper, kpi.unit, kpi.decimals),
    )


def standing(kpi: KpiWords, now: Figure, before: Figure, *, base: int = 5) -> Standing:
    """Tell how a figure stands beside an earlier one, as far as that can be told."""
    if now.value is None or before.value is None or now.is_bound or before.is_bound:
        return "unclear"
    change = round(now.value, kpi.decimals) - round(before.value, kpi.decimals)
    if change == 0:
        return "same"
    if compare(now, before, kpi.kind, base=base) == "indistinguishable":
        return "unclear"
    if kpi.direction == "neither":
        return "different"
    is_better = (change < 0) == (kpi.direction == "lower_is_better")
    return "better" if is_better else "worse"


def meets_target(kpi: KpiWords, figure: Figure) -> bool | None:
    """Tell whether a figure reaches its target; None where it has none."""
    if figure.value is None or figure.target is None:
        return None
    if kpi.direction == "higher_is_better":
        return figure.value >= figure.target
    return figure.value <= figure.target
