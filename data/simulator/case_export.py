"""The case systems' files by time of receipt: CSV, and XLSX for building permits."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from io import BytesIO

import xlsxwriter

from data.simulator.case_plan import CASE_OFFICES, CaseOffice
from data.simulator.cases import DAY, NEVER, Case, CaseSystem, seconds_of
from data.simulator.deliveries import last_written
from data.simulator.draws import Stream, generator
from data.simulator.people import CLERKS, NAMES, STREETS

CHANNELS = ("Online", "Post", "Schalter", "E-Mail")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times throughout, as in such files
_CSV_COLUMNS = (
    "Vorgangsnummer;Leistung;Eingangsweg;Eingang;Vollständig;Entschieden;Abgeschlossen;"
    "Ergebnis;Medienbruchfrei;Erneuter Antrag;Antragsteller;Geburtsdatum;Anschrift;"
    "Sachbearbeitung;Bemerkung;Gebühr"
)
_XLSX_COLUMNS = (
    "Aktenzeichen", "Verfahrensart", "Eingangsweg", "Eingang", "Vollständig",
    "Entscheidung", "Abschluss", "Ergebnis", "Erneuter Antrag", "Antragsteller",
    "Bauort", "Sachbearbeitung", "Gebühr",
)  # fmt: skip


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
        return _workbook(office, cases, first.year, cut) if cases else b""


def file_number(office: CaseOffice, case: Case) -> str:
    return f"{office.letter}-{_local(case.received).year}-{case.number:05d}"


def outcome(office: CaseOffice, case: Case) -> str:
    return (office.outcome, "abgelehnt", "zurückgezogen", "Duplikat")[case.fate]


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
            _minute(min(case.complete, case.decided), cut) if _completed(case) else "-",
            decided,
            _minute(case.closed, cut),
            outcome(office, case) if is_decided else "-",
            ("ja" if digital else "nein") if is_decided else "-",
            "ja" if case.is_repeat else "nein",
            *_personal(case),
            CLERKS[case.person % len(CLERKS)],
            _remark(case),
            german_number(_fee(case)),
        )
    )


def _completed(case: Case) -> bool:
    return case.complete <= case.decided


def _personal(case: Case) -> tuple[str, str, str]:
    born = date(1940, 1, 1) + timedelta(days=case.person % 24_000)
    street = STREETS[case.person % len(STREETS)]
    return (
        NAMES[case.person % len(NAMES)],
        f"{born:%d.%m.%Y}",
        f"{street} {case.person % 117 + 1}, 99999 Musterstadt",
    )


def _remark(case: Case) -> str:
    """Return free text; some of it holds the separator, as free text does."""
    if case.person % 40 == 0:
        return f'"Rückruf erbeten; Tel. 0170 {case.person:06d}"'
    return "-" if case.person % 7 else "Unterlagen per E-Mail nachgereicht"


def _fee(case: Case) -> float:
    return round(12 + case.hours * 61.5, 2)


def german_number(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def _minute(at: int, cut: int) -> str:
    return "-" if at >= cut else _day_text(at // DAY) + _clock_text(at % DAY // 60)


@cache
def _day_text(days: int) -> str:
    return f"{_EPOCH + timedelta(days=days):%d.%m.%Y }"


@cache
def _clock_text(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _local(at: int) -> datetime:
    return _EPOCH + timedelta(seconds=at)


def _workbook(office: CaseOffice, cases: list[Case], year: int, cut: int) -> bytes:
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    # Else the file would carry the moment of its making, and never be the same twice.
    book.set_properties({"title": "Bauanträge", "created": _EPOCH.replace(year=2024)})
    title = book.add_format({"bold": True, "font_size": 14})
    bold = book.add_format({"bold": True, "bottom": 1})
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    sheet = book.add_worksheet("Verfahren")
    sheet.merge_range(
        0, 0, 0, len(_XLSX_COLUMNS) - 1, "Stadt Musterstadt, Bauordnung", title
    )
    sheet.write_string(1, 0, f"Verfahren mit Eingang im Jahr {year}")
    sheet.write_row(3, 0, _XLSX_COLUMNS, bold)
    sheet.set_column(0, len(_XLSX_COLUMNS) - 1, 18)
    for number, case in enumerate(cases, start=4):
        for column, value in enumerate(_xlsx_row(office, case, cut)):
            if isinstance(value, int):
                sheet.write_number(number, column, value, day)
            else:
                sheet.write_string(number, column, value)
    fees = german_number(sum(_fee(case) for case in cases))
    sheet.write_row(len(cases) + 4, 0, [f"Summe: {len(cases)} Verfahren"], bold)
    sheet.write_string(len(cases) + 4, len(_XLSX_COLUMNS) - 1, fees, bold)
    sheet.freeze_panes(4, 1)
    pauses = book.add_worksheet("Unterbrechungen")
    pauses.write_row(0, 0, ("Aktenzeichen", "Von", "Bis", "Wartet auf"), bold)
    pauses.set_column(0, 3, 18)
    for number, (key, begun, ended, holder) in enumerate(
        _pauses(office, cases, cut), 1
    ):
        pauses.write_string(number, 0, key)
        pauses.write_number(number, 1, begun, day)
        if ended is not None:
            pauses.write_number(number, 2, ended, day)
        pauses.write_string(number, 3, holder)
    book.close()
    return buffer.getvalue()


def _xlsx_row(office: CaseOffice, case: Case, cut: int) -> Iterator[str | int]:
    """Return one row; dates as the day numbers that spreadsheets count."""
    complete = case.complete if _completed(case) else NEVER
    yield file_number(office, case)
    yield office.procedures[case.procedure].words
    yield CHANNELS[case.channel]
    for at in (case.received, complete, case.decided, case.closed):
        yield _serial(at) if at < cut else "-"
    yield outcome(office, case) if case.decided < cut else "-"
    yield "ja" if case.is_repeat else "nein"
    name, _, address = _personal(case)
    yield from (
        name,
        address,
        CLERKS[case.person % len(CLERKS)],
        german_number(_fee(case)),
    )


def _serial(at: int) -> int:
    return at // DAY + 25_569


def _pauses(
    office: CaseOffice, cases: list[Case], cut: int
) -> Iterator[tuple[str, int, int | None, str]]:
    for case in cases:
        for begun, ended, holder in case.pauses:
            if begun < min(cut, case.decided):
                end = min(ended, case.decided)
                is_over = end < cut
                yield (
                    file_number(office, case),
                    _serial(begun),
                    _serial(end) if is_over else None,
                    holder,
                )
