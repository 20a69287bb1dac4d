"""The survey at the way out: school grades, 1 the best, by office and day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from data.simulator.deliveries import days_between
from data.simulator.draws import Stream, generator
from data.simulator.opening import intervals
from data.simulator.people import NAMES
from data.simulator.ticket_plan import NEW_APPOINTMENTS_ON

_COLUMNS = "Tag;Amt;Note;Anzahl;Gefragt;Kommentare"
_TWICE = 1 - 0.002
_TRAINING = 0.002  # of the days somebody practises, and the terminal counts it
_REMARKS = (
    "Danke an {name}!", "Zu lange gewartet.", "{name} war sehr freundlich.",
    "Warum muss ich dafür kommen?", "Alles bestens.",
)  # fmt: skip


@dataclass(frozen=True)
class Asking:
    """How one office asks, and what people say; a grade's chance by its place."""

    place: int
    office: str
    words: str  # what the terminal calls it
    asked: int  # people a day
    response: float
    grades: tuple[float, ...]
    # From this day on: its grades from then.
    later: tuple[date, tuple[float, ...]] | None = None
    asked_known_from: date = date.min


OFFICES = (
    Asking(
        1, "einwohnermeldeamt", "Einwohnermeldeamt", 230, 0.17,
        (0.24, 0.34, 0.2, 0.12, 0.1),
        (NEW_APPOINTMENTS_ON, (0.37, 0.38, 0.14, 0.07, 0.04)),
    ),
    Asking(
        2, "kfz-zulassung", "Kfz-Zulassung", 120, 0.14, (0.26, 0.34, 0.2, 0.12, 0.08)
    ),
    Asking(
        3, "standesamt", "Standesamt", 28, 0.22, (0.55, 0.31, 0.08, 0.04, 0.02)
    ),
    Asking(
        4, "servicecenter", "ServiceCenter", 300, 0.11, (0.33, 0.35, 0.16, 0.1, 0.06),
        asked_known_from=date(2025, 1, 1),
    ),
)  # fmt: skip


def survey_csv(seed: int, first: date, last: date) -> bytes:
    """Return the file of some days; empty where no office was open."""
    rows = [
        row
        for day in days_between(first, last)
        for office in OFFICES
        for row in _rows(seed, office, day)
    ]
    if not rows:
        return b""
    return ("\r\n".join([_COLUMNS, *rows]) + "\r\n").encode("cp1252")


def counts(seed: int, office: Asking, day: date) -> tuple[int, list[int]]:
    """Return how many were asked on a day, and how often each grade was given."""
    if not intervals(office.office, day):
        return 0, [0] * 5
    random = generator(seed, Stream.SURVEY, office.place, day)
    asked = int(random.poisson(office.asked))
    answered = int(random.binomial(asked, office.response))
    return asked, random.multinomial(answered, _grades(office, day)).tolist()


def _rows(seed: int, office: Asking, day: date) -> Iterator[str]:
    asked, given = counts(seed, office, day)
    random = generator(seed, Stream.SURVEY, 10 + office.place, day)
    known = str(asked) if day >= office.asked_known_from else ""
    for grade, count in enumerate(given, start=1):
        if not count:
            continue  # the terminal lists what was pressed
        row = f"{day:%d.%m.%Y};{office.words};{grade};{count};{known};"
        row += _remark(random)
        yield row
        if random.random() > _TWICE:
            yield row
    if asked and random.random() < _TRAINING:
        yield f"{day:%d.%m.%Y};Schulung;1;12;;"


def _grades(office: Asking, day: date) -> tuple[float, ...]:
    if office.later is not None and day >= office.later[0]:
        return office.later[1]
    return office.grades


def _remark(random: np.random.Generator) -> str:
    if random.random() > 0.08:
        return ""
    return str(random.choice(_REMARKS)).format(name=random.choice(NAMES))
