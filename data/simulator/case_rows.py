"""What the case systems write about a case: numbers, words, people, fees."""

from datetime import date, datetime, timedelta

from data.simulator.case_plan import CaseOffice
from data.simulator.cases import Case
from data.simulator.people import NAMES, STREETS

CHANNELS = ("Online", "Post", "Schalter", "E-Mail")
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times throughout, as in such files


def file_number(office: CaseOffice, case: Case) -> str:
    return f"{office.letter}-{local_time(case.received).year}-{case.number:05d}"


def outcome(office: CaseOffice, case: Case) -> str:
    return (office.outcome, "abgelehnt", "zurückgezogen", "Duplikat")[case.fate]


def is_completed(case: Case) -> bool:
    return case.complete <= case.decided


def personal(case: Case) -> tuple[str, str, str]:
    born = date(1940, 1, 1) + timedelta(days=case.person % 24_000)
    street = STREETS[case.person % len(STREETS)]
    return (
        NAMES[case.person % len(NAMES)],
        f"{born:%d.%m.%Y}",
        f"{street} {case.person % 117 + 1}, 99999 Musterstadt",
    )


def remark(case: Case) -> str:
    """Return free text; some of it holds the separator, as free text does."""
    if case.person % 40 == 0:
        return f'"Rückruf erbeten; Tel. 0170 {case.person:06d}"'
    return "-" if case.person % 7 else "Unterlagen per E-Mail nachgereicht"


def fee(case: Case) -> float:
    return round(12 + case.hours * 61.5, 2)


def german_number(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def local_time(at: int) -> datetime:
    return EPOCH + timedelta(seconds=at)
