"""The list of online services that the city's digital office writes once a month.

Until June 2025 it rates by model 1.1 (0 to 4); from then on service by service by
model 2.0 (0 to 7), so that for some months both stand in one list.
"""

from dataclasses import dataclass
from datetime import date

BEGINS = date(2024, 4, 1)
_COLUMNS = "Leistung;Stichtag;Online-Dienst;Reifegrad;Modell;Bemerkung"
_ONLINE_FROM = {"1.1": 3, "2.0": 3}


@dataclass(frozen=True)
class Rating:
    since: date
    maturity: int
    model: str


def _rated(
    old: int, new: int, model_from: date, *steps: tuple[date, int]
) -> tuple[Rating, ...]:
    """Rate by model 1.1 from the beginning; `steps` before the change are of it."""
    ratings = [Rating(BEGINS, old, "1.1")]
    ratings += [Rating(on, level, "1.1") for on, level in steps if on < model_from]
    ratings.append(Rating(model_from, new, "2.0"))
    ratings += [Rating(on, level, "2.0") for on, level in steps if on >= model_from]
    return tuple(ratings)


_JULY, _OCTOBER = date(2025, 7, 1), date(2025, 10, 1)
RATINGS = {
    "Personalausweis beantragen": _rated(1, 1, _JULY),
    "Reisepass beantragen": _rated(1, 1, _JULY),
    "Wohnsitz anmelden": _rated(2, 5, _JULY, (date(2024, 9, 1), 4)),
    "Meldebescheinigung": _rated(3, 6, _JULY),
    "Führungszeugnis": _rated(4, 5, _JULY),
    "Beglaubigung": _rated(0, 1, _OCTOBER),
    "Fahrzeug zulassen": _rated(4, 6, _JULY),
    "Fahrzeug umschreiben": _rated(3, 6, _JULY, (date(2024, 11, 1), 4)),
    "Fahrzeug abmelden": _rated(4, 7, _JULY),
    "Fahrerlaubnis": _rated(2, 3, _JULY),
    "Baugenehmigung, vereinfachtes Verfahren": _rated(
        2, 4, _OCTOBER, (date(2024, 10, 1), 3), (date(2026, 6, 1), 5)
    ),
    "Baugenehmigung, Normalverfahren": _rated(
        2, 4, _OCTOBER, (date(2024, 10, 1), 3), (date(2026, 6, 1), 5)
    ),
    "Bauvoranfrage": _rated(2, 2, _OCTOBER, (date(2026, 6, 1), 4)),
    "Aufenthaltstitel": _rated(3, 4, _OCTOBER),
    "Fiktionsbescheinigung": _rated(1, 2, _OCTOBER),
    "Einbürgerung": _rated(2, 5, _OCTOBER, (date(2025, 2, 1), 3)),
    "Verpflichtungserklärung": _rated(2, 3, _OCTOBER),
    "Urkunden bestellen": _rated(3, 6, _JULY, (date(2026, 9, 1), 5)),
    "Eheschließung anmelden": _rated(1, 2, _JULY),
    "Geburt anzeigen": _rated(1, 3, _JULY),
    "Wohngeld als Mietzuschuss": _rated(3, 5, _JULY),
    "Wohngeld als Lastenzuschuss": _rated(3, 5, _JULY),
    "Schaden an der Straße melden": _rated(3, 6, _JULY),
    "Wilden Müll melden": _rated(3, 6, _JULY),
    "Defekte Beleuchtung melden": _rated(3, 6, _JULY),
}


def rating(service: str, day: date) -> Rating:
    return next(each for each in reversed(RATINGS[service]) if each.since <= day)


def is_online(rated: Rating) -> bool:
    return rated.maturity >= _ONLINE_FROM[rated.model]


def csv(month: date) -> bytes:
    """Return the list as it stood on the first day of a month."""
    lines = [_COLUMNS]
    for service in RATINGS:
        rated = rating(service, month)
        lines.append(
            f'"{service}";{month:%d.%m.%Y};{"ja" if is_online(rated) else "nein"};'
            f"{rated.maturity};{rated.model};-"
        )
    return ("\r\n".join(lines) + "\r\n").encode("cp1252")
