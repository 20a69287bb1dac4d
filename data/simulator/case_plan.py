"""What the case offices are like: procedures, demand, staff and how they changed."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Procedure:
    words: str  # as the case system writes it
    per_year: float
    hours: float  # median work of a clerk
    least_days: float  # median from receipt until it could be decided, were nobody busy
    incomplete: float = 0.0  # share for which papers are missing
    papers_days: float = 20.0  # mean until they come
    consulted: float = 0.0  # share about which others are asked
    consulted_days: float = 30.0  # mean until they answer
    refused: float = 0.02
    withdrawn: float = 0.01
    online: tuple[float, float] = (0.35, 0.65)  # share in 2024 and at the end of 2026
    growth: float = 0.0  # of the demand, per year after 2024
    months: tuple[float, ...] = (1.0,) * 12


@dataclass(frozen=True)
class CaseOffice:
    id: str
    letter: str  # of its file numbers
    place: int  # in the seeds; never reused
    begins: date  # of its records; its first cases are older than any figure
    hours_per_day: float  # of work that all clerks together get done
    procedures: tuple[Procedure, ...]
    staff: tuple[tuple[date, float], ...] = ()  # factor on the hours from a day on
    order_days: float = 6.0  # how far from first come, first served
    outcome: str = "erteilt"
    repeats: float = 0.3  # share of refused and withdrawn that apply again
    per_file: str = "quarter"  # of receipt
    duplicates: float = 0.0  # share closed as reported twice
    late_hours: tuple[int, int] = field(default=(6, 23))  # of online receipt


_SUMMER = (0.8, 0.9, 1.1, 1.15, 1.15, 1.1, 1.05, 1.0, 1.05, 1.0, 0.9, 0.8)
_WINTER_LAW = (1.45, 1.25, 1.05, 0.95, 0.9, 0.88, 0.86, 0.86, 0.92, 0.98, 1.0, 0.9)
_DARK = (1.4, 1.2, 1.0, 0.85, 0.7, 0.6, 0.65, 0.75, 0.95, 1.2, 1.4, 1.3)

BUILDING = CaseOffice(
    id="bauordnung",
    letter="BA",
    place=11,
    begins=date(2023, 1, 1),
    hours_per_day=97,
    order_days=10,
    per_file="year",
    procedures=(
        Procedure(
            "Baugenehmigung, vereinfachtes Verfahren", 740, 15, 38, 0.58, 32, 0.35, 28,
            refused=0.07, withdrawn=0.04, online=(0.15, 0.55), months=_SUMMER,
        ),
        Procedure(
            "Baugenehmigung, Normalverfahren", 190, 36, 70, 0.72, 45, 0.85, 48,
            refused=0.06, withdrawn=0.05, online=(0.1, 0.45), months=_SUMMER,
        ),
        Procedure(
            "Bauvoranfrage", 270, 9, 30, 0.35, 24, 0.45, 30,
            refused=0.18, withdrawn=0.04, online=(0.2, 0.6), months=_SUMMER,
        ),
    ),
    staff=(
        (date(2025, 10, 1), 0.58), (date(2026, 7, 1), 0.92), (date(2026, 9, 1), 1.14),
    ),
)  # fmt: skip
IMMIGRATION = CaseOffice(
    id="auslaenderbehoerde",
    letter="AB",
    place=12,
    begins=date(2023, 1, 1),
    hours_per_day=107,
    order_days=12,
    procedures=(
        Procedure("Aufenthaltstitel", 7200, 1.5, 24, 0.34, 26, 0.2, 25, 0.03, 0.02),
        Procedure("Fiktionsbescheinigung", 2600, 0.4, 4, 0.08, 8, refused=0.01),
        Procedure(
            "Einbürgerung", 1350, 6.0, 75, 0.55, 60, 0.95, 95, 0.03, 0.03, growth=0.16
        ),
        Procedure("Verpflichtungserklärung", 1900, 0.5, 7, 0.2, 14, online=(0.2, 0.4)),
    ),
    staff=((date(2025, 4, 1), 1.04), (date(2026, 4, 1), 1.1)),
)
HOUSING = CaseOffice(
    id="wohngeld",
    letter="WG",
    place=13,
    begins=date(2023, 7, 1),
    hours_per_day=74,
    procedures=(
        Procedure(
            "Wohngeld als Mietzuschuss", 5200, 2.6, 14, 0.62, 24, 0.12, 20,
            refused=0.14, withdrawn=0.02, months=_WINTER_LAW,
        ),
        Procedure(
            "Wohngeld als Lastenzuschuss", 640, 3.2, 16, 0.66, 26, 0.15, 20,
            refused=0.15, withdrawn=0.02, months=_WINTER_LAW,
        ),
    ),
    staff=((date(2024, 9, 1), 0.94), (date(2025, 5, 1), 1.06)),
)  # fmt: skip
REGISTRATION = CaseOffice(
    id="einwohnermeldeamt",
    letter="EM",
    place=14,
    begins=date(2024, 1, 1),
    hours_per_day=26,
    order_days=1,
    procedures=(
        Procedure(
            "Wohnsitz anmelden",
            5200,
            0.3,
            1.2,
            0.12,
            6,
            online=(0.9, 0.97),
            growth=0.35,
        ),
        Procedure(
            "Meldebescheinigung", 6400, 0.12, 0.4, online=(0.8, 0.95), growth=0.1
        ),
        Procedure("Führungszeugnis", 8200, 0.15, 0.6, 0.03, 5, online=(0.7, 0.9)),
    ),
    outcome="erledigt",
)
VEHICLES = CaseOffice(
    id="kfz-zulassung",
    letter="KF",
    place=15,
    begins=date(2024, 1, 1),
    hours_per_day=37,
    order_days=3,
    per_file="year",
    procedures=(
        Procedure("Fahrerlaubnis", 5200, 0.8, 12, 0.2, 12, 0.6, 16, online=(0.1, 0.5)),
        Procedure(
            "Fahrzeug zulassen", 2560, 0.3, 0.5, 0.04, 4,
            online=(1.0, 1.0), growth=0.62, months=_SUMMER,
        ),
        Procedure("Fahrzeug abmelden", 2300, 0.15, 0.2, online=(1.0, 1.0), growth=0.2),
    ),
    outcome="erledigt",
)  # fmt: skip
REGISTRY = CaseOffice(
    id="standesamt",
    letter="ST",
    place=16,
    begins=date(2024, 1, 1),
    hours_per_day=32.5,
    order_days=2,
    per_file="year",
    procedures=(
        Procedure("Urkunden bestellen", 8800, 0.4, 3.0, 0.05, 8, online=(0.55, 0.85)),
        Procedure("Eheschließung anmelden", 880, 2.2, 12, 0.5, 25, online=(0.1, 0.3)),
        Procedure("Geburt anzeigen", 2500, 0.6, 3.5, 0.3, 12, online=(0.1, 0.4)),
        Procedure("Geschlechtseintrag ändern", 46, 1.0, 92, online=(0.0, 0.0)),
    ),
    outcome="erledigt",
)
REPORTS = CaseOffice(
    id="servicecenter",
    letter="MM",
    place=17,
    begins=date(2024, 1, 1),
    hours_per_day=63,
    order_days=4,
    procedures=(
        Procedure("Schaden an der Straße", 3800, 1.8, 6, online=(0.7, 0.85)),
        Procedure("Wilder Müll", 6200, 0.7, 2.0, online=(0.7, 0.85), growth=0.08),
        Procedure(
            "Defekte Beleuchtung", 2400, 0.9, 4, online=(0.7, 0.85), months=_DARK
        ),
    ),
    staff=((date(2026, 2, 1), 1.08),),
    outcome="erledigt",
    duplicates=0.04,
    late_hours=(5, 24),
)
CASE_OFFICES = {
    office.id: office
    for office in (
        BUILDING, IMMIGRATION, HOUSING, REGISTRATION, VEHICLES, REGISTRY, REPORTS,
    )
}  # fmt: skip
