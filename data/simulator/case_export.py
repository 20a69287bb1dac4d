"""The case systems' files by time of receipt: what is in them, and the CSV."""

from bisect import bisect_left
from datetime import date, datetime, timedelta
from functools import cache

from data.simulator.case_plan import CASE_OFFICES, CaseOffice
from data.simulator.case_rows import (
    CHANNELS,
    EPOCH,
    fee,
    file_number,
    german_number,
    is_completed,
    outcome,
    personal,
    remark,
)
from data.simulator.case_workbook import workbook
from data.simulator.cases import DAY, Case, CaseSystem, seconds_of
from data.simulator.deliveries import last_written
from data.simulator.draws import Stream, generator
from data.simulator.people import CLERKS

_CSV_COLUMNS = (
    "Vorgangsnummer;Leistung;Eingangsweg;Eingang;Vollständig;Entschieden;Abgeschlossen;"
    "Ergebnis;Medienbruchfrei;Erneuter Antrag;Antragsteller;Geburtsdatum;Anschrift;"
    "Sachbearbeitung;Bemerkung;Gebühr"
)


def cut_at(moment: datetime) -> int:
    """Return the end of what the files of a local moment know: a midnight."""
    return seconds_of(last_written(moment)) + DAY


class CaseExports:
    """All case systems of one seed; an office is simulated when first asked for."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._systems: dict[str, CaseSystem] = {}

    def known(self, office_id: str, last: date) -> list[Case]:
        """Return every case, simulated up to and including a day."""
        office = CASE_OFFICES[office_id]
        system = self._systems.setdefault(office_id, CaseSystem(self._seed, office))
        system.advance(last)
        return system.cases

    def received(self, office_id: str, first: date, end: date, cut: int) -> list[Case]:
        """Return the cases of a period, as far as they are known at the cut."""
        start, stop = seconds_of(first), min(seconds_of(end), cut)
        yesterday = date.fromordinal(date(1970, 1, 1).toordinal() + cut // DAY - 1)
        known = self.known(office_id, yesterday)
        begin = bisect_left(known, start, key=_received)
        return known[begin : bisect_left(known, stop, key=_received)]

    def csv(self, office_id: str, first: date, end: date, cut: int) -> bytes:
        office = CASE_OFFICES[office_id]
        cases = self.received(office_id, first, end, cut)
        if not cases:
            return b""
        random = generator(self._seed, Stream.CASE_DIRT, office.place, first)
        lines = [_CSV_COLUMNS]
        for case, dirt in zip(cases, random.random(len(cases)).tolist(), strict=True):
            line = _csv_row(office, case, cut, dirt)
            lines.extend([line, line] if dirt > 1 - 0.0008 else [line])
        return ("\r\n".join(lines) + "\r\n").encode("cp1252")

    def xlsx(self, office_id: str, first: date, end: date, cut: int) -> bytes:
        office = CASE_OFFICES[office_id]
        cases = self.received(office_id, first, end, cut)
        if not cases:
            return b""
        earlier = self.received(office_id, office.begins, end, cut)
        return workbook(office, cases, earlier, first.year, cut)


def _received(case: Case) -> int:
    return case.received


def _csv_row(office: CaseOffice, case: Case, cut: int, dirt: float) -> str:
    is_decided = case.decided < cut
    decided = _minute(case.decided, cut)
    if dirt < 0.0003 and is_decided:  # a slip of the finger, ten years on
        decided = f"{decided[:6]}{int(decided[6:10]) + 10}{decided[10:]}"
    digital = case.channel == 0 and not case.pauses
    return ";".join(
        (
            file_number(office, case),
            office.procedures[case.procedure].words,
            CHANNELS[case.channel],
            _minute(case.received, cut),
            _minute(min(case.complete, case.decided), cut)
            if is_completed(case)
            else "-",
            decided,
            _minute(case.closed, cut),
            outcome(office, case) if is_decided else "-",
            ("ja" if digital else "nein") if is_decided else "-",
            "ja" if case.is_repeat else "nein",
            *personal(case),
            CLERKS[case.person % len(CLERKS)],
            remark(case),
            german_number(fee(case)),
        )
    )


def _minute(at: int, cut: int) -> str:
    return "-" if at >= cut else _day_text(at // DAY) + _clock_text(at % DAY // 60)


@cache
def _day_text(days: int) -> str:
    return f"{EPOCH + timedelta(days=days):%d.%m.%Y }"


@cache
def _clock_text(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
