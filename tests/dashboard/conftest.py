"""A small snapshot of the sample city's offices, with figures of every kind."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path

import flask
import polars as pl
import pytest

from dashboard.api import register_api
from ingest.city import read_city
from metrics.catalogue import CATALOGUE
from metrics.figures import FIGURES, FigureId
from metrics.snapshot_folder import write_snapshot

CITY_FILE = Path(__file__).parents[2] / "data" / "cities" / "musterstadt.toml"
PUBLISHED_AT = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
OFFICE = "einwohnermeldeamt"
PERIODS = [
    ("day", "2026-09-30", date(2026, 9, 30), date(2026, 9, 30)),
    ("week", "2026-W38", date(2026, 9, 14), date(2026, 9, 20)),
    ("month", "2026-08", date(2026, 8, 1), date(2026, 8, 31)),
    ("month", "2026-09", date(2026, 9, 1), date(2026, 9, 30)),
    ("quarter", "2026-Q2", date(2026, 4, 1), date(2026, 6, 30)),
    ("quarter", "2026-Q3", date(2026, 7, 1), date(2026, 9, 30)),
    ("year", "2025", date(2025, 1, 1), date(2025, 12, 31)),
]
STATES = [("final", None), ("provisional", None), ("hidden", "fewer_than_8"),
          ("no_data", "no_rows"), ("final", "below")]  # fmt: skip


@pytest.fixture(scope="session")
def open_city():
    return read_city(CITY_FILE)


@pytest.fixture(scope="session")
def open_figures(open_city):
    service = open_city.services_of(OFFICE)[0].id
    populations = [
        (None, None, None),
        (OFFICE, None, None),
        (OFFICE, service, None),
        (OFFICE, None, "walk_in"),
        ("kfz-zulassung", None, "appointment"),
    ]
    kpis = [kpi for kpi in CATALOGUE if kpi.startswith("waiting.")]
    rows = [
        _row(number, kpi, population, period)
        for number, (kpi, population, period) in enumerate(
            product(kpis, populations, PERIODS)
        )
    ]
    return pl.DataFrame(rows, schema=FIGURES, orient="row")


def _row(number, kpi, population, period):
    grain, name, start, end = period
    state, reason = STATES[number % len(STATES)]
    has_value = state in ("final", "provisional")
    return {
        "figure_id": str(FigureId(kpi, *population, grain, name)),
        "kpi": kpi,
        "office": population[0],
        "service": population[1],
        "channel": population[2],
        "grain": grain,
        "period_start": start,
        "period_end": end,
        "value": number * 0.25 if has_value else None,
        "n": 5 * number if has_value else None,
        "numerator": number if has_value and number % 3 == 0 else None,
        "lower": number * 0.2 if number % 4 == 0 and has_value else None,
        "upper": number * 0.3 if number % 4 == 0 and has_value else None,
        "target": 15.0 if number % 2 else None,
        "state": state,
        "reason": reason,
        "coverage": 1.0 if number % 3 else 0.875,
    }


@pytest.fixture(scope="session")
def open_sources():
    """Two sources as `amtspuls status` sees them, in time at PUBLISHED_AT."""
    loaded_at = (PUBLISHED_AT - timedelta(minutes=5)).isoformat()
    common = {
        "adapter": "table_file", "publisher": "Stadt Musterstadt",
        "licence": "dl-de/by-2-0", "schedule": "täglich", "last_run_at": loaded_at,
        "last_outcome": "loaded", "last_error": None, "last_loaded_at": loaded_at,
        "data_until": loaded_at, "deliveries": 3, "rows_loaded": 100,
        "rows_quarantined": 0, "refused_by_rule": {}, "is_late": False,
    }  # fmt: skip
    return [
        {"id": "besuche", "table": "tickets", "max_age_hours": 36.0, **common},
        {
            "id": "warteschlange",
            "table": "queue_samples",
            "max_age_hours": 0.5,
            **common,
        },
    ]


@pytest.fixture
def publish_open(open_figures, open_sources):
    """Publish a snapshot into a folder, changed as the test likes."""

    def publish(directory, *, now=PUBLISHED_AT, **changed):
        content = {
            "figures": open_figures,
            "catalogue": {
                name: kpi.model_dump(mode="json") for name, kpi in CATALOGUE.items()
            },
            "sources": open_sources,
            "calendar": {"state": "HE", "days": {}},
        }
        return write_snapshot(directory, now, **(content | changed))

    return publish


@pytest.fixture(scope="session")
def open_published(tmp_path_factory, open_figures, open_sources):
    """One published folder for all tests that only read it."""
    directory = tmp_path_factory.mktemp("published")
    write_snapshot(
        directory,
        PUBLISHED_AT,
        figures=open_figures,
        catalogue={
            name: kpi.model_dump(mode="json") for name, kpi in CATALOGUE.items()
        },
        sources=open_sources,
        calendar={"state": "HE", "days": {}},
    )
    return directory


@pytest.fixture(scope="session")
def open_client(open_published, open_city):
    return client_of(open_published, open_city)


@pytest.fixture
def client_for(open_city):
    return lambda directory, city=open_city: client_of(directory, city)


def client_of(directory, city):
    server = flask.Flask("test")
    register_api(server, directory, city)
    return server.test_client()
