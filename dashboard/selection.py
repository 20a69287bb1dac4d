"""What a page picks from a snapshot: KPIs, series, sources, targets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from dashboard.goals import limit_of, tells_of
from dashboard.i18n import german
from dashboard.reading import (
    CaseNoun,
    Figure,
    KpiWords,
    known,
    read_figures,
)
from dashboard.view import View
from ingest.city import City
from ingest.sources import Open311Source, Source
from metrics.catalogue import CATALOGUE
from metrics.published import Snapshot

_NOT_KNOWN_YET: Final = frozenset({"no_rows", "deadline_not_over", "history_too_short"})
# Said of a whole city they would pool a building permit with a certificate: of use
# to nobody, and flattering.
PER_OFFICE: Final = frozenset(
    {
        "processing.expected_days",
        "processing.median_days_decided",
        "processing.p80_days_decided",
        "processing.median_net_days_decided",
        "processing.p80_net_days_decided",
        "backlog.reach_working_days",
        "backlog.old_case_percent",
    }
)
CASE_TABLES: Final = frozenset({"cases", "case_counts"})
CHANNELS: Final[Mapping[str, str]] = {
    "walk_in": german("Ohne Termin"),
    "appointment": german("Mit Termin"),
    "kiosk": german("Am Automaten"),
    "online": german("Online"),
    "paper": german("Auf Papier"),
    "counter": german("Am Schalter"),
    "phone": german("Telefon"),
    "mail": german("E-Mail"),
}

# The ways to a service centre, as the channel of a figure names them.
LINES: Final[Mapping[str, str]] = {
    "phone": german("Telefon"),
    "chat": german("Chat"),
    "mail": german("E-Mail"),
}

# The catalogue speaks of applications; where residents report things as well, so do we.
_LABELS_OF_BOTH: Final[Mapping[str, str]] = {
    "backlog.received": german("Eingegangene Anträge und Meldungen"),
    "backlog.decided": german("Erledigte Anträge und Meldungen"),
    "backlog.open": german("Offene Anträge und Meldungen"),
    "backlog.older_than_deadline": german(
        "Offene Anträge und Meldungen über der Frist"
    ),
    "backlog.older_than_3_months": german(
        "Anträge und Meldungen, länger als 3 Monate offen"
    ),
    "digital.online_share": german("Online gestellte Anträge und Meldungen"),
    "processing.median_days_decided": german(
        "Dauer der erledigten Anträge und Meldungen (Median)"
    ),
    "processing.p80_days_decided": german(
        "Dauer, die 8 von 10 erledigten Anträgen und Meldungen nicht überschreiten"
    ),
    "processing.share_within_deadline": german("Innerhalb der Frist erledigt"),
    "processing.expected_days": german(
        "Voraussichtliche Dauer für neue Anträge und Meldungen"
    ),
}


@dataclass(frozen=True)
class Population:
    """Whom a figure is about."""

    office: str | None = None
    service: str | None = None
    channel: str | None = None

    @property
    def dimensions(self) -> dict[str, str | None]:
        return {
            "office": self.office,
            "service": self.service,
            "channel": self.channel,
        }

    def name(self, view: View) -> str:
        city = view.city
        parts = []
        if self.channel is not None and self.channel in LINES:
            parts.append(view.words(LINES[self.channel]))
        if self.service is not None:
            parts.append(city.service(self.service).name.in_language(view.language))
        if self.office is not None:
            parts.append(city.office(self.office).name.in_language(view.language))
        return ", ".join(parts) or city.info.name


def kpi_words(
    view: View, kpi: str, office: str | None = None, channel: str | None = None
) -> KpiWords | None:
    """Describe a KPI in the reader's language; None if the snapshot lacks it."""
    if kpi not in view.snapshot.catalogue:
        return None
    words, noun = view.words, case_noun(view.city, office)
    said = KpiWords.of(view.snapshot.catalogue, kpi, view.language, noun)
    limit = limit_of(view.city, kpi, office, channel)
    said = replace(said, limit=limit, channel=channel)
    label = _LABELS_OF_BOTH.get(kpi)
    if label is None or noun != "cases":
        return said
    meant = words("Mit Anträgen sind hier auch Meldungen gemeint.")
    return replace(said, label=words(label), population=f"{said.population} {meant}")


def figures(
    view: View,
    kpi: str,
    *,
    office: str | None = None,
    service: str | None = None,
    channel: str | None = None,
    grain: str = "quarter",
) -> list[Figure]:
    """Read a series, oldest first; empty if nothing of it is published.

    Empty, too, for what means something for single offices alone.
    """
    if is_pooled(view.city, kpi, office):
        return []
    return read_figures(view.snapshot.series(kpi, office, service, channel, grain))


def leaves_no_case(view: View, kpi_id: str, service_id: str) -> bool:
    """Tell whether a KPI of cases can say nothing of a service, as the city states."""
    is_of_cases = kpi_id.startswith(("processing.", "backlog."))
    return is_of_cases and view.city.service(service_id).done_in_visit


def is_pooled(city: City, kpi: str, office: str | None) -> bool:
    """Tell whether a figure would mix offices whose work is not comparable."""
    return kpi in PER_OFFICE and office is None and len(city.offices) > 1


def with_values(
    view: View, kpi: str, *, office: str | None = None, grain: str = "quarter"
) -> list[Figure]:
    """Read a series, or nothing where none of its periods has a value."""
    series = figures(view, kpi, office=office, grain=grain)
    return series if known(series) else []


def latest(series: Sequence[Figure]) -> Figure | None:
    """Find the newest figure with a value, provisional only where there is no other."""
    shown = known(list(series))
    final = [figure for figure in shown if not figure.is_provisional]
    found = final or shown
    return found[-1] if found else None


def newest_told(series: Sequence[Figure]) -> Figure | None:
    """Find the newest figure that says something, be it that it must be hidden.

    An older value in its place would pass for the present one. Only what is not known
    yet is passed over.
    """
    told = [
        each
        for each in series
        if each.state != "no_data" or each.reason not in _NOT_KNOWN_YET
    ]
    final = [each for each in told if not each.is_provisional]
    found = final or told
    return found[-1] if found else None


def holidays(snapshot: Snapshot) -> Mapping[date, Mapping[str, str]]:
    """Name the city's public holidays by day, in both languages."""
    return {
        date.fromisoformat(entry["on"]): entry["name"]
        for entry in snapshot.calendar.get("holidays", ())
    }


def case_noun(city: City, office: str | None) -> CaseNoun:
    """Tell what the city's cases are: applications, reports of residents, or both."""
    offices = [each.id for each in city.offices] if office is None else [office]
    kinds = {
        _takes_reports(city, each, source)
        for each in offices
        for source in city.sources
        if source.table in CASE_TABLES and tells_of(source, each, None)
    }
    if kinds == {True}:
        return "reports"
    return "cases" if True in kinds else "applications"


def _takes_reports(city: City, office: str, source: Source) -> bool:
    services = city.services_of(office)
    only_reports = bool(services) and all(service.is_report for service in services)
    return only_reports or isinstance(source, Open311Source)


def shown_kpis(view: View) -> list[str]:
    """List the KPIs that this city publishes, in the order of the catalogue."""
    published = set(view.snapshot.figures["kpi"].unique())
    ordered = [*CATALOGUE, *sorted(published - CATALOGUE.keys())]
    return [kpi for kpi in ordered if kpi in published]


def sources_behind(
    view: View, kpi: KpiWords, office: str | None
) -> list[Mapping[str, Any]]:
    """Find the status of every source that a KPI of this office is computed from."""
    ids = {
        source.id
        for source in view.city.sources
        if source.table in kpi.tables and tells_of(source, office, kpi.channel)
    }
    return [status for status in view.snapshot.sources if status["id"] in ids]


def moment_of(status: Mapping[str, Any], name: str) -> datetime | None:
    text = status.get(name)
    return None if text is None else datetime.fromisoformat(text)
