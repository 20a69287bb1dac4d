"""The city file: everything Amtspuls knows about a city, checked as a whole."""

import tomllib
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationError, model_validator

from ingest.city_errors import model_errors, reference_errors
from ingest.mappings import Identifier, Model
from ingest.sources import Source

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
State = Literal[
    "BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV",
    "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH", "none",
]  # fmt: skip
Grain = Literal["hour_of_week", "day", "week", "month", "quarter", "year"]
# Of visits, of applications, of calls and messages.
Channel = Literal[
    "walk_in", "appointment", "kiosk",
    "online", "paper", "counter", "phone", "mail", "chat",
]  # fmt: skip
Population = Literal["city", "office", "office_service", "office_channel"]


class CityFileError(Exception):
    """The city file is wrong; one line per error."""


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = 'expected a time zone such as "Europe/Berlin"'
        raise ValueError(message) from error
    return name


class Text(Model):
    """Words in every language of the site."""

    de: str
    en: str

    def in_language(self, language: str) -> str:
        return self.en if language == "en" else self.de


class Hours(Model):
    """One opening interval, local time."""

    opens: time
    closes: time

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.opens >= self.closes:
            message = '"closes" must be later than "opens"'
            raise ValueError(message)
        return self


class Contact(Model):
    name: str
    mail: str | None = None
    url: str | None = None
    phone: str | None = None


class Theme(Model):
    action: str = Field(default="#2044aa", pattern=r"^#[0-9a-f]{6}$")
    action_dark: str = Field(default="#a5b9f2", pattern=r"^#[0-9a-f]{6}$")


class Municipality(Model):
    id: Identifier
    name: str
    ars: str = Field(pattern=r"^\d{12}$")
    state: State  # for the holidays; "none" outside Germany
    timezone: Annotated[str, AfterValidator(_known_timezone)]
    languages: tuple[Literal["de", "en"], ...] = ("de", "en")
    contact: Contact
    publisher: str
    licence: str  # of the published figures, e.g. dl-de/by-2-0
    sample_data: bool = False  # invented data: said on every page, in every file
    first_day: date | None = None  # figures begin here
    theme: Theme = Theme()
    logo: str | None = None


class Office(Model):
    id: Identifier
    name: Text
    address: str | None = None
    hours: dict[
        Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], tuple[Hours, ...]
    ] = Field(default={})
    appointment_only: bool = False
    appointment_url: str | None = None
    staff: int | None = None  # below publish.min_staff it is merged into its parent
    parent: Identifier | None = None


MaturityModel = Literal["1.1", "2.0"]
HIGHEST_MATURITY: Final[Mapping[MaturityModel, int]] = {"1.1": 4, "2.0": 7}


class Online(Model):
    """How far a service can be used online, with the model that says so."""

    maturity: int = Field(ge=0, le=7)
    model: MaturityModel
    on: date


class Service(Model):
    id: Identifier
    leika: str = Field(pattern=r"^\d{14}$")
    leika_invented: bool = False  # sample cities only
    name: Text
    office: Identifier
    online: Online | None = None
    sensitive: bool = False  # quarter and city level only, never live
    is_report: bool = False  # residents report something; nobody applies
    done_in_visit: bool = False  # at once, at the desk: it leaves no case behind


class _Valid(Model):
    valid_from: date
    valid_to: date | None = None


class Target(_Valid):
    """A value that somebody decided a KPI should reach."""

    kpi: str
    office: Identifier | None = None
    service: Identifier | None = None
    channel: Channel | None = None  # of visits, or phone, chat, mail; None: all
    value: float
    limit: float | None = None  # what a share counts: 80 (value) % within 15 (limit)
    decided_by: Text
    source: str | None = None


class Deadline(_Valid):
    """A norm that says by when a case must be decided."""

    service: Identifier
    norm: str
    duration: int = Field(gt=0)
    unit: Literal["days", "working_days", "months"]
    starts_at: Literal["received", "complete"]
    label: Text
    source: str


class Cost(Model):
    """What a year of an office or a service cost: all of it, but for start-up costs."""

    office: Identifier | None = None
    service: Identifier | None = None
    year: int = Field(ge=2000, le=2100)
    amount_eur: float = Field(gt=0)
    per: Literal["visits", "cases"]  # by what it is divided: visits served, decisions
    includes: Text  # e.g. staff, rooms, IT, a share of the overhead
    decided_by: Text  # who states it
    source: str | None = None

    @model_validator(mode="after")
    def _of_one_thing(self) -> Self:
        if (self.office is None) == (self.service is None):
            message = 'give either "office" or "service"'
            raise ValueError(message)
        return self


class Event(Model):
    on: date
    text: Text
    offices: tuple[Identifier, ...] = ()  # empty: all


class Closure(Model):
    first_on: date
    last_on: date
    offices: tuple[Identifier, ...] = ()  # empty: all
    reason: Text


class Cells(Model):
    """A part of the lattice: these KPIs, for these populations, in these grains."""

    kpis: tuple[str, ...]  # names or "waiting.*"
    by: tuple[Population, ...]
    grains: tuple[Grain, ...]


class Publish(Model):
    """What may ever be published."""

    cells: tuple[Cells, ...]
    rounding_base: Literal[5, 10] = 5
    min_staff: int = 5
    live_wait_base_minutes: int = 5


class Desk(Model):
    issuer: str
    client_id: str
    client_secret: str  # environment variable
    offices_by_group: dict[str, tuple[Identifier, ...]] = Field(default={})


class Alerts(Model):
    addresses: tuple[str, ...] = ()  # environment variables with Apprise addresses


class City(Model):
    """One city file, read and checked."""

    info: Municipality = Field(alias="city")
    offices: tuple[Office, ...] = Field(alias="office")
    services: tuple[Service, ...] = Field(alias="service", default=())
    sources: tuple[Source, ...] = Field(alias="source", default=())
    targets: tuple[Target, ...] = Field(alias="target", default=())
    costs: tuple[Cost, ...] = Field(alias="cost", default=())
    deadlines: tuple[Deadline, ...] = Field(alias="deadline", default=())
    events: tuple[Event, ...] = Field(alias="event", default=())
    closures: tuple[Closure, ...] = Field(alias="closure", default=())
    publish: Publish
    desk: Desk | None = None
    alerts: Alerts = Alerts()

    @property
    def id(self) -> str:
        return self.info.id

    @property
    def timezone(self) -> ZoneInfo:
        return ZoneInfo(self.info.timezone)

    def office(self, office_id: str) -> Office:
        return next(office for office in self.offices if office.id == office_id)

    def service(self, service_id: str) -> Service:
        return next(service for service in self.services if service.id == service_id)

    def source(self, source_id: str) -> Source:
        return next(source for source in self.sources if source.id == source_id)

    def services_of(self, office_id: str) -> tuple[Service, ...]:
        return tuple(
            service for service in self.services if service.office == office_id
        )


def read_city(path: Path) -> City:
    """Read a city file; raise CityFileError with every error at once."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path}: cannot be read: {error}"
        raise CityFileError(message) from error
    wrong = list(reference_errors(document))
    try:
        city = City.model_validate(document)
    except ValidationError as error:
        wrong = [*model_errors(document, error), *wrong]
    if wrong:
        raise CityFileError("\n".join(f"{path}: {line}" for line in wrong))
    return city
