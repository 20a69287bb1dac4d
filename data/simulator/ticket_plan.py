"""What the ticket offices are like: services, demand, desks and how they changed."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class TicketService:
    words: str  # as the ticket system writes it
    share: float  # of the visits
    minutes: float  # median at the desk
    persons: float = 1.1  # mean


@dataclass(frozen=True)
class Era:
    """How an office works from a day on."""

    first_on: date
    desks: int  # staffed when nobody is away
    appointment_share: float
    no_show: float  # of the appointments
    lead_days: float  # mean from booking to appointment
    pace: float = 1.0  # on the minutes at the desk
    rota: tuple[int, ...] = (0,) * 7  # desks more or fewer, Monday to Sunday


@dataclass(frozen=True)
class TicketOffice:
    id: str
    words: str
    letter: str  # of its ticket numbers
    place: int  # in the seeds; never reused
    visits_per_hour: float
    services: tuple[TicketService, ...]
    eras: tuple[Era, ...]
    months: tuple[float, ...]  # demand, January to December
    patience_minutes: float = 240

    def era(self, day: date) -> Era:
        return next(era for era in reversed(self.eras) if era.first_on <= day)


FIRST_ON = date(2024, 4, 1)
NEW_APPOINTMENTS_ON = date(2025, 11, 3)

# Demand by month, January to December; around the new year many stay away.
_PASSPORT_SEASON = (
    1.03, 1.0, 1.02, 1.04, 1.04, 1.03, 1.0, 0.98, 0.99, 0.99, 0.97, 0.88,
)  # fmt: skip
_CAR_SEASON = (
    0.9, 0.94, 1.08, 1.1, 1.08, 1.06, 1.04, 1.0, 1.0, 0.98, 0.94, 0.84,
)  # fmt: skip
_EVEN = (
    1.05, 1.02, 1.0, 1.0, 1.0, 0.98, 0.94, 0.92, 1.04, 1.04, 1.02, 0.86,
)  # fmt: skip
_BENEFIT_SEASON = (
    1.3, 1.15, 1.0, 0.94, 0.92, 0.92, 0.9, 0.9, 0.98, 1.06, 1.06, 0.9,
)  # fmt: skip

_REGISTRATION = TicketOffice(
    id="einwohnermeldeamt",
    words="Einwohnermeldeamt",
    letter="E",
    place=1,
    visits_per_hour=90,
    services=(
        TicketService("Personalausweis beantragen", 0.34, 8.5),
        TicketService("Reisepass beantragen", 0.19, 9.5, 1.3),
        TicketService("Wohnsitz anmelden", 0.25, 8.5, 1.6),
        TicketService("Meldebescheinigung", 0.08, 4.0),
        TicketService("Führungszeugnis", 0.08, 4.5),
        TicketService("Beglaubigung", 0.06, 6.0),
    ),
    eras=(
        Era(FIRST_ON, 14, 0.35, 0.22, 24),
        Era(NEW_APPOINTMENTS_ON, 15, 0.62, 0.12, 12, 0.96),
        # With appointments the city knows the day's demand, so desks follow it.
        Era(date(2025, 12, 15), 15, 0.84, 0.08, 6, 0.88, (2, 1, -1, 0, -1, 0, 0)),
    ),
    months=_PASSPORT_SEASON,
)
_VEHICLES = TicketOffice(
    id="kfz-zulassung",
    words="Kfz-Zulassung",
    letter="K",
    place=2,
    visits_per_hour=37,
    services=(
        TicketService("Fahrzeug zulassen", 0.36, 13.0),
        TicketService("Fahrzeug umschreiben", 0.30, 12.0),
        TicketService("Fahrzeug abmelden", 0.18, 5.0),
        TicketService("Fahrerlaubnis", 0.16, 11.0),
    ),
    eras=(
        Era(FIRST_ON, 8, 0.40, 0.16, 9),
        Era(date(2025, 7, 1), 8, 0.48, 0.13, 8, 0.97),
    ),
    months=_CAR_SEASON,
)
_IMMIGRATION = TicketOffice(
    id="auslaenderbehoerde",
    words="Ausländerbehörde",
    letter="A",
    place=3,
    visits_per_hour=36,
    services=(
        TicketService("Aufenthaltstitel", 0.56, 16.0, 1.5),
        TicketService("Fiktionsbescheinigung", 0.19, 9.0, 1.3),
        TicketService("Einbürgerung", 0.11, 24.0, 1.4),
        TicketService("Verpflichtungserklärung", 0.14, 14.0),
    ),
    eras=(Era(FIRST_ON, 10, 1.0, 0.15, 34), Era(date(2026, 2, 2), 10, 1.0, 0.13, 28)),
    months=_EVEN,
)
_REGISTRY = TicketOffice(
    id="standesamt",
    words="Standesamt",
    letter="S",
    place=4,
    visits_per_hour=15,
    services=(
        TicketService("Urkunden bestellen", 0.55, 8.0),
        TicketService("Eheschließung anmelden", 0.15, 35.0, 2.0),
        TicketService("Geburt anzeigen", 0.29, 16.0, 1.6),
        TicketService("Geschlechtseintrag ändern", 0.01, 25.0),
    ),
    eras=(Era(FIRST_ON, 5, 0.55, 0.07, 11),),
    months=_EVEN,
)
_HOUSING = TicketOffice(
    id="wohngeld",
    words="Wohngeld",
    letter="W",
    place=5,
    visits_per_hour=17,
    services=(
        TicketService("Wohngeld als Mietzuschuss", 0.87, 15.0, 1.2),
        TicketService("Wohngeld als Lastenzuschuss", 0.13, 18.0, 1.3),
    ),
    eras=(Era(FIRST_ON, 6, 0.30, 0.12, 10),),
    months=_BENEFIT_SEASON,
)
_BUILDING = TicketOffice(
    id="bauordnung",
    words="Bauordnung",
    letter="B",
    place=6,
    visits_per_hour=9,
    services=(
        TicketService("Bauberatung", 0.66, 20.0, 1.4),
        TicketService("Baugenehmigung, vereinfachtes Verfahren", 0.20, 14.0, 1.2),
        TicketService("Bauvoranfrage", 0.10, 16.0, 1.2),
        TicketService("Baugenehmigung, Normalverfahren", 0.04, 20.0, 1.5),
    ),
    eras=(
        Era(FIRST_ON, 4, 0.45, 0.06, 12),
        Era(date(2025, 10, 1), 3, 0.45, 0.06, 21),
        Era(date(2026, 7, 1), 4, 0.55, 0.06, 14),
    ),
    months=_EVEN,
)

# Which offices share a ticket system, and so an export.
TICKET_SYSTEMS = {
    "buergeraemter": (_REGISTRATION, _VEHICLES),
    "fachaemter": (_IMMIGRATION, _REGISTRY, _HOUSING, _BUILDING),
}
TICKET_OFFICES = {
    office.id: office for offices in TICKET_SYSTEMS.values() for office in offices
}
