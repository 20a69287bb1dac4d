"""A snapshot of the sample city with a plausible value in every published cell."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import product

import polars as pl
import pytest

from dashboard.app import create_app
from dashboard.pages import PAGES
from dashboard.site import Site
from metrics.catalogue import CATALOGUE
from metrics.figures import FIGURES, FigureId
from metrics.frames import AGEING, WAIT_BY_HOUR
from metrics.snapshot_folder import write_snapshot

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)  # a Friday, half past ten
SIZES = {"seconds": 38, "euros": 26, "minutes": 14,
         "hours": 120, "days": 23, "working_days": 31, "percent": 72,
         "count": 1240, "people": 8}  # fmt: skip
REFUSED = {
    "code": "future_time",
    "count": 30,
    "de": "Zeit in der Zukunft",
    "en": "time in the future",
}
BANDS = (0, 14, 30, 60, 90, 180, None)


@pytest.fixture(scope="session")
def busy_site(tmp_path_factory, city, serve):
    """Serve the site with all its pages; gives its address and its folder."""
    published = tmp_path_factory.mktemp("busy")
    write_snapshot(
        published,
        NOW - timedelta(hours=2),
        figures=pl.DataFrame(list(_figures(city)), schema=FIGURES, orient="row"),
        catalogue={
            name: kpi.model_dump(mode="json") for name, kpi in CATALOGUE.items()
        },
        sources=[_source(source) for source in city.sources],
        calendar={"state": city.info.state, "days": {}},
        frames={
            "wait_by_hour": pl.DataFrame(
                list(_hours(city)), schema=WAIT_BY_HOUR, orient="row"
            ),
            "ageing": pl.DataFrame(list(_ages(city)), schema=AGEING, orient="row"),
        },
    )
    (published / "live.json").write_text(json.dumps(_live(city)), encoding="utf-8")
    return serve(create_app(published, city, clock=lambda: NOW)), published


@pytest.fixture(scope="session")
def busy_addresses(busy_site, city):
    """One address of every page in every language."""
    site = Site(busy_site[1], city, PAGES, {}, lambda: NOW)
    edition = site.edition()
    found = []
    for page, language in product(PAGES, city.info.languages):
        view = site.visit(edition, "/" if language == "de" else "/en/", None).view
        place = next(iter(page.places(view)), None) if page.places else {}
        if place is not None:
            found.append(view.addresses.to(page.path.format(**place)))
    return found


def _periods():
    for back in range(30):
        month = 2026 * 12 + 9 - back
        start = date(month // 12, month % 12 + 1, 1)
        end = date((month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)
        yield "month", f"{start:%Y-%m}", start, end
    for back in range(9):
        quarter = 2026 * 4 + 2 - back
        year, number = quarter // 4, quarter % 4
        start = date(year, 3 * number + 1, 1)
        following = date(year + (number == 3), (3 * number + 3) % 12 + 1, 1)
        yield "quarter", f"{year}-Q{number + 1}", start, following - timedelta(days=1)
    for back in range(12):
        start = date(2026, 11, 9) - timedelta(weeks=back)
        name = f"{start.isocalendar().year}-W{start.isocalendar().week:02}"
        yield "week", name, start, start + timedelta(days=6)


def _figures(city):
    populations = [(None, None, None)]
    populations += [(office.id, None, None) for office in city.offices]
    populations += [(service.office, service.id, None) for service in city.services]
    populations += [("servicecenter", None, line) for line in ("phone", "chat")]
    cells = product(CATALOGUE.values(), populations, _periods())
    for number, (kpi, (office, service, channel), period) in enumerate(cells):
        grain, name, start, end = period
        state, reason = _state(number)
        has_value = state in ("final", "provisional")
        value = SIZES[kpi.unit] * (0.7 + (number * 37 % 60) / 100)
        value = round(min(value, 97) if kpi.unit == "percent" else value)
        yield {
            "figure_id": str(FigureId(kpi.id, office, service, channel, grain, name)),
            "kpi": kpi.id, "office": office, "service": service, "channel": channel,
            "grain": grain, "period_start": start, "period_end": end,
            "value": float(value) if has_value else None,
            "n": 500 if has_value else None, "numerator": None,
            "lower": value * 0.9 if has_value else None,
            "upper": value * 1.1 if has_value else None,
            "target": None, "state": state, "reason": reason, "coverage": 1.0,
        }  # fmt: skip


def _state(number):
    if number % 41 == 7:
        return "hidden", "fewer_than_8"
    if number % 53 == 5:
        return "no_data", "no_rows"
    return ("provisional" if number % 67 == 3 else "final"), None


def _source(source):
    moment = (NOW - timedelta(hours=3)).isoformat()
    return {
        "id": source.id, "adapter": source.adapter, "publisher": source.publisher,
        "licence": source.licence, "table": getattr(source, "table", "queue_samples"),
        "schedule": {"de": "einmal am Tag", "en": "once a day"},
        "max_age_hours": 48.0, "last_run_at": moment, "last_outcome": "loaded",
        "last_error": None, "last_loaded_at": moment, "data_until": moment,
        "deliveries": 400, "rows_loaded": 120_000, "rows_quarantined": 35,
        "refused_by_rule": [REFUSED], "is_late": False,
    }  # fmt: skip


def _hours(city):
    for office, weekday, hour in product(city.offices, range(1, 6), range(8, 18)):
        wait = 4 + (weekday * 5 + hour * 7) % 36
        is_open = wait < 36
        yield (
            office.id, weekday, hour, date(2026, 9, 21), date(2026, 11, 15),
            80 if is_open else None, float(wait) if is_open else None,
            wait * 1.8 if is_open else None, "final" if is_open else "no_data",
            None if is_open else "closed", "tickets", 25.0 if hour > 16 else 0.0,
        )  # fmt: skip


def _ages(city):
    places = [(None, None), *((office.id, None) for office in city.offices)]
    for (office, service), number in product(places, range(len(BANDS) - 1)):
        yield (office, service, date(2026, 10, 31), BANDS[number], BANDS[number + 1],
               420 - 60 * number, "final", None)  # fmt: skip


def _live(city):
    looked = (NOW - timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    states = ("open", "open", "sold_out", "closed", "unknown")
    queues = [
        {
            "office": office.id, "state": states[i % 5], "observed_at": looked,
            "source_time_at": looked, "wait_minutes": 15 if i % 5 < 2 else None,
            "wait_minutes_at_least": None, "waiting": 10 if i % 5 == 0 else None,
            "waiting_fewer_than": 5 if i % 5 == 1 else None, "is_stale": i == 4,
        }
        for i, office in enumerate(city.offices)
    ]  # fmt: skip
    return {"generated_at": looked, "queues": queues}
