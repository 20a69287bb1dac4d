"""Which targets and limits hold for a figure, and whose source it is."""

from datetime import date
from typing import Final

from ingest.city import City, Target
from ingest.sources import AsteriskQueueLogSource, Source, TableFileSource

SERVICE_LEVEL: Final = "contacts.service_level"


def targets(
    city: City,
    kpi: str,
    office: str | None,
    service: str | None = None,
    channel: str | None = None,
) -> list[Target]:
    """Find the targets of a KPI: an office's own replace those of the whole city."""
    of_kpi = [
        target
        for target in city.targets
        if target.kpi == kpi and target.channel in (None, channel)
    ]
    for wanted in ((office, service), (office, None), (None, None)):
        found = [each for each in of_kpi if (each.office, each.service) == wanted]
        if found:
            return found
    return []


def target_on(
    city: City, kpi: str, office: str | None, day: date, channel: str | None = None
) -> Target | None:
    """Find the target that holds on a day."""
    for target in targets(city, kpi, office, channel=channel):
        ends = target.valid_to or date.max
        if target.valid_from <= day <= ends:
            return target
    return None


def limit_of(
    city: City, kpi: str, office: str | None, channel: str | None
) -> float | None:
    """Find the one limit that a share is counted within, if there is only one."""
    if office is None and any(each.kpi == kpi and each.office for each in city.targets):
        return None
    limits = {target.limit for target in targets(city, kpi, office, channel=channel)}
    if kpi == SERVICE_LEVEL:
        # Where single calls are counted, the mapping says how: that holds.
        limits = _seconds_counted(city, office, channel) or limits
    return limits.pop() if len(limits) == 1 else None


def tells_of(source: Source, office: str | None, channel: str | None) -> bool:
    """Tell whether a source may deliver anything about an office, and of a line."""
    offices, lines = source.offices, source.lines
    of_office = office is None or offices is None or office in offices
    return of_office and (channel is None or lines is None or channel in lines)


def _seconds_counted(
    city: City, office: str | None, channel: str | None
) -> set[float | None]:
    return {
        calls.target_seconds
        for source in city.sources
        if isinstance(source, TableFileSource | AsteriskQueueLogSource)
        and (calls := source.mapping.calls) is not None
        and tells_of(source, office, channel)
    }
