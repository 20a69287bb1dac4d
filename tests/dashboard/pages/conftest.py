"""Snapshots with figures in every state, for cities that know much or little."""

import copy
import gettext
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from dashboard.addresses import Addresses
from dashboard.i18n import Words
from dashboard.pages import PAGES
from dashboard.prerender import to_html
from dashboard.view import Page, View
from ingest.city import City, read_city
from metrics.calendar import Calendar
from metrics.catalogue import CATALOGUE
from metrics.figures import FIGURES, FigureId
from metrics.frames import (
    AGEING,
    ONLINE_SERVICES,
    SURVIVAL,
    UNBALANCED,
    WAIT_BY_HOUR,
)
from metrics.periods import periods_between
from metrics.provenance import calendar_document
from metrics.published import Live, LiveQueue, Snapshot, open_current
from metrics.snapshot_folder import write_snapshot

CITY_FILE = Path(__file__).parents[3] / "data" / "cities" / "musterstadt.toml"
NOW = datetime(2026, 11, 24, 9, 5, tzinfo=UTC)  # a Tuesday, 10:05 in Musterstadt
FIRST, LAST = date(2025, 1, 1), date(2026, 10, 31)
SERVICE_FAMILIES = ("contacts", "satisfaction", "cost")
TYPICAL = {
    "seconds": 35, "euros": 12,
    "minutes": 14, "hours": 2300, "days": 34, "working_days": 22, "percent": 60,
    "count": 410, "people": 6,
}  # fmt: skip


@dataclass(frozen=True)
class Rendered:
    page: Page
    view: View
    html: str

    @property
    def text(self) -> str:
        without_pictures = re.sub(r"<svg.*?</svg>", " ", self.html, flags=re.DOTALL)
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", without_pictures))


class Missing(gettext.NullTranslations):
    """Stands where a translation is missing, and says so."""

    def gettext(self, message):
        raise AssertionError(f"not translated: {message!r}")

    def ngettext(self, msgid1, _msgid2, _n):
        self.gettext(msgid1)

    def npgettext(self, _context, msgid1, _msgid2, _n):
        self.gettext(msgid1)


def words_in(language: str, timezone) -> Words:
    """Words that refuse to fall back to German on an English page."""
    words = Words(language, timezone)
    if language != "de":
        words._translations = copy.copy(words._translations)
        words._translations.add_fallback(Missing())
    return words


@dataclass(frozen=True, eq=False)
class Stage:
    """A published city, and every page of it."""

    city: City
    snapshot: Snapshot
    live: Live | None = None
    known: dict = field(default_factory=dict)  # pages drawn before

    def view(self, path="/", language="de", now=NOW, **query) -> View:
        page, parts = next(
            (page, parts) for page in PAGES if (parts := page.match(path)) is not None
        )
        assert set(query) <= set(page.filters)
        return View(
            city=self.city,
            snapshot=self.snapshot,
            live=self.live,
            words=words_in(language, self.city.timezone),
            addresses=Addresses(language=language),
            now=now,
            path=path,
            parts=parts,
            query=query,
        )

    def page(self, path="/", language="de", **changes) -> Rendered:
        key = (path, language, *sorted(changes.items()))
        if key not in self.known:
            self.known[key] = self._draw(path, language, **changes)
        return self.known[key]

    def _draw(self, path, language, **changes) -> Rendered:
        view = self.view(path, language, **changes)
        page = next(page for page in PAGES if page.match(path) is not None)
        assert page.knows(view), path
        return Rendered(page, view, to_html(page.layout(view)))

    def paths(self) -> list[str]:
        """Every address of the site."""
        start = self.view()
        return [
            page.path.format(**place)
            for page in PAGES
            for place in ([{}] if page.places is None else page.places(start))
        ]

    def exists(self, path: str) -> bool:
        for page in PAGES:
            parts = page.match(path)
            if parts is not None:
                return page.knows(self.view(path))
        return False


def figures_of(city: City, families: tuple[str, ...]) -> pl.DataFrame:
    """Figures of every KPI, population and grain; some hidden, some without data."""
    offices = [(office.id, None, None) for office in city.offices]
    services = [(service.office, service.id, None) for service in city.services]
    channels = [
        (office.id, None, channel)
        for office in city.offices[:2]
        for channel in ("walk_in", "appointment")
    ]
    lines = [("servicecenter", None, line) for line in ("phone", "chat")]
    populations = [(None, None, None), *offices, *services, *channels, *lines]
    rows = [
        row_of(kpi, population, period, i, j)
        for kpi in CATALOGUE.values()
        if kpi.family in families
        for j, population in enumerate(populations)
        for grain in (("year",) if kpi.family == "cost" else ("month", "quarter"))
        for i, period in enumerate(periods_between(FIRST, LAST, grain))
        if period.end <= LAST
    ]
    return pl.DataFrame(rows, schema=FIGURES, orient="row")


def row_of(kpi, population, period, i, j):
    wave = 1 + 0.25 * math.sin(i + j) + 0.1 * math.cos(j)
    value = float(round(TYPICAL[kpi.unit] * wave / 5) * 5 or 5)
    n, state, reason = 10 * (i + j + 1), "final", None
    if (i + j) % 7 == 3:
        value, n, state, reason = None, None, "hidden", "fewer_than_8"
    elif (i + j) % 11 == 5:
        value, n, state, reason = None, None, "no_data", "no_rows"
    elif kpi.kind == "share" and (i + j) % 5 == 2:
        value, reason = 5.0, "below"
    elif kpi.family == "bands" and kpi.kind == "quantile":
        reason = "above" if (i + j) % 5 == 2 else "estimate"
    has_interval = value is not None and reason != "below"
    has_interval = has_interval and kpi.kind in {"quantile", "share"}
    return {
        "figure_id": str(FigureId(kpi.id, *population, period.grain, period.id)),
        "kpi": kpi.id,
        "office": population[0],
        "service": population[1],
        "channel": population[2],
        "grain": period.grain,
        "period_start": period.start,
        "period_end": period.end,
        "value": value,
        "n": n,
        "numerator": n * value // 100 if has_interval and kpi.kind == "share" else None,
        "lower": value - 1 if has_interval else None,
        "upper": value + 1 if has_interval else None,
        "target": 15.0 if kpi.id == "waiting.median_minutes" else None,
        "state": state,
        "reason": reason,
        "coverage": 0.97,
    }


def hours_of(city: City, basis: str) -> pl.DataFrame:
    calendar = Calendar(city)
    rows = []
    for j, office in enumerate(city.offices[:3]):
        for weekday in range(1, 6):
            for hour in calendar.opening_hours(office.id, weekday):
                few = (weekday + hour + j) % 9 == 0
                rows.append(
                    (
                        office.id, weekday, hour, date(2026, 9, 28), date(2026, 11, 22),
                        None if few else 120, None if few else float(hour + weekday),
                        None if few else float(hour + weekday + 9),
                        "hidden" if few else "final",
                        "fewer_than_8" if few else None, basis, None,
                    )
                )  # fmt: skip
    return pl.DataFrame(rows, schema=WAIT_BY_HOUR, orient="row")


def ageing_of(city: City) -> pl.DataFrame:
    rows = []
    for office in (None, *(office.id for office in city.offices)):
        for at in (date(2025, 10, 31), date(2026, 10, 31)):
            bands = ((0, 30), (31, 90), (91, 180), (181, None))
            for k, (first, last) in enumerate(bands):
                rows.append(
                    (office, None, at, first, last, 400 - 100 * k, "final", None)
                )
    return pl.DataFrame(rows, schema=AGEING, orient="row")


def survival_of(city: City) -> pl.DataFrame:
    """Give cohorts of which the newer ones are known for fewer days."""
    rows = []
    for j, office in enumerate(city.offices):
        for i, period in enumerate(periods_between(FIRST, LAST, "quarter")[:7]):
            for k, days in enumerate((7, 14, 30, 60, 90, 180, 365)[: 8 - i]):
                few = (i + j + k) % 6 == 5
                share = None if few else float(min(20 * k + 5 + i, 95))
                rows.append(
                    (
                        office.id, None, period.start, period.end, days,
                        None if few else 400, None if few else int(4 * (share or 0)),
                        share, share and share - 4, share and share + 4,
                        "hidden" if few else "final", "too_few" if few else None,
                    )
                )  # fmt: skip
    return pl.DataFrame(rows, schema=SURVIVAL, orient="row")


def online_services_of(city: City) -> pl.DataFrame:
    """Services as sources and the city file rate them; of some nothing is known."""
    rows = []
    for i, service in enumerate(city.services):
        stated = service.online
        rated_by = None if i % 3 else "onlinedienste"
        rows.append(
            (
                service.id, service.office,
                (True, False, None)[i % 3], date(2026, 11, 1) if i % 3 < 2 else None,
                stated and stated.maturity, stated and stated.model,
                stated and stated.on, rated_by if stated else None,
            )
        )  # fmt: skip
    return pl.DataFrame(rows, schema=ONLINE_SERVICES, orient="row")


def unbalanced_of() -> pl.DataFrame:
    may = date(2026, 5, 1), date(2026, 5, 31)
    row = "gewerbe", "gewerbe-abmelden", *may
    return pl.DataFrame([row], schema=UNBALANCED, orient="row")


def sources_of(city: City) -> list[dict]:
    return [
        {
            "id": source.id,
            "adapter": source.adapter,
            "publisher": source.publisher,
            "licence": source.licence,
            "table": source.table,
            "schedule": {"de": "täglich um 5:15 Uhr", "en": "daily at 05:15"},
            "max_age_hours": source.max_age.total_seconds() / 3600,
            "last_run_at": "2026-11-24T04:15:00Z",
            "last_outcome": ("loaded", "unchanged", "failed")[i % 3],
            "last_error": None,
            "last_loaded_at": "2026-11-20T04:15:00Z",
            "data_until": "2026-11-19T15:00:00Z",
            "deliveries": 31,
            "rows_loaded": 2345,
            "rows_quarantined": 7,
            "refused_by_rule": [
                {
                    "code": "future_time", "count": 7,
                    "de": "Zeitpunkt in der Zukunft", "en": "time in the future",
                }
            ] if i else [],
            "warned_by_rule": [
                {
                    "code": "frozen", "count": 15,
                    "de": "Anzeige eingefroren", "en": "display frozen",
                }
            ] if i == 2 else [],
            "is_late": i == 1,
        }
        for i, source in enumerate(city.sources)
    ]  # fmt: skip


def stage_of(directory, city, families, *, basis=None, live=None) -> Stage:
    figures = figures_of(city, families)
    frames = {}
    if basis is not None:
        frames["wait_by_hour"] = hours_of(city, basis)
    if "backlog" in families:
        frames["ageing"] = ageing_of(city)
        frames["survival"] = survival_of(city)
        frames["unbalanced"] = unbalanced_of()
    if "digital" in families:
        frames["online_services"] = online_services_of(city)
    write_snapshot(
        directory,
        NOW - timedelta(hours=4),
        figures=figures,
        catalogue={
            name: kpi.model_dump(mode="json") for name, kpi in CATALOGUE.items()
        },
        sources=sources_of(city),
        calendar=calendar_document(city, figures, NOW),
        frames=frames,
    )
    return Stage(city, open_current(directory), live)


@pytest.fixture(scope="session")
def city() -> City:
    return read_city(CITY_FILE)


@pytest.fixture(scope="session")
def live(city) -> Live:
    seen = NOW - timedelta(minutes=2)
    old = NOW - timedelta(hours=4)
    queues = (
        LiveQueue("einwohnermeldeamt", "open", seen, None, 15, None, 10, None, False),
        LiveQueue("kfz-zulassung", "open", seen, None, None, 60, None, 5, False),
        LiveQueue("bauordnung", "closed", seen, None, None, None, None, None, False),
        LiveQueue("auslaenderbehoerde", "sold_out", seen, *[None] * 5, False),
        LiveQueue("standesamt", "open", seen, old, 5, None, None, None, True),
    )
    return Live(NOW, queues, {})


@pytest.fixture(scope="session")
def full(tmp_path_factory, city, live) -> Stage:
    """Publish a city that knows everything."""
    directory = tmp_path_factory.mktemp("full")
    families = tuple(dict.fromkeys(kpi.family for kpi in CATALOGUE.values()))
    return stage_of(directory, city, families, basis="tickets", live=live)


@pytest.fixture(scope="session")
def queues_only(tmp_path_factory, city, live) -> Stage:
    """Publish a city that only shows its queues, and tells of waits in bands."""
    directory = tmp_path_factory.mktemp("queues")
    return stage_of(directory, city, ("queue", "bands"), basis="queue", live=live)


@pytest.fixture(scope="session")
def cases_only(tmp_path_factory, city) -> Stage:
    """Publish a city that only knows its cases."""
    directory = tmp_path_factory.mktemp("cases")
    return stage_of(directory, city, ("processing", "backlog"))


@pytest.fixture(scope="session")
def nothing(tmp_path_factory, city) -> Stage:
    """Publish a city of which nothing may be shown yet."""
    return stage_of(tmp_path_factory.mktemp("nothing"), city, ())


@pytest.fixture(params=["full", "queues_only", "cases_only", "nothing"])
def stage(request) -> Stage:
    return request.getfixturevalue(request.param)
