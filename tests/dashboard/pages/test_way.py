"""The page of one figure: from the figure to its deliveries and back."""

import html
import re
from datetime import UTC, date, datetime
from urllib.parse import parse_qs, urlsplit

import flask
import polars as pl
import pytest

from dashboard.api import register_api
from dashboard.app import create_app
from metrics.frames import REVISIONS
from metrics.published import open_current
from metrics.snapshot_folder import write_snapshot

FIGURE = "backlog.received/bauordnung/all/all/quarter/2026-Q3"
PUBLISHED_AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def delivery(source, name, first, last, received, count=1):
    return {
        "delivery_id": name, "source": source, "table": "tickets", "name": name,
        "content_sha256": f"{name}-sha256", "covers_from": first, "covers_to": last,
        "received_at": received, "rows_read": 100, "rows_loaded": 100,
        "rows_quarantined": 0, "deliveries": count,
    }  # fmt: skip


@pytest.fixture(scope="module")
def told(full, tmp_path_factory):
    """Publish the same city with deliveries and a revision."""
    source = next(
        source.id
        for source in full.city.sources
        if (source.table == "tickets" and source.offices is None)
        or "einwohnermeldeamt" in (source.offices or ())
    )  # fmt: skip
    revision = {
        "figure_id": "waiting.visits/einwohnermeldeamt/all/all/quarter/2026-Q3",
        "old": 400.0, "new": 410.0, "old_state": "final", "new_state": "final",
        "at": datetime(2026, 10, 20, 6, 0, tzinfo=UTC), "cause": "late_data",
    }  # fmt: skip
    directory = tmp_path_factory.mktemp("told")
    write_snapshot(
        directory,
        PUBLISHED_AT,
        figures=full.snapshot.figures,
        catalogue=full.snapshot.catalogue,
        sources=full.snapshot.sources,
        calendar=full.snapshot.calendar,
        frames={"revisions": pl.DataFrame([revision], REVISIONS)},
        manifest={
            "code_version": "1.2.3+abc",
            "rounding_base": 5,
            "deliveries": [
                # Local days: the first ends as July begins, the last begins as it ends.
                delivery(source, "june", "2026-05-31T22:00:00Z",
                         "2026-06-30T22:00:00Z", "2026-07-01T04:00:00Z"),
                delivery(source, "july", "2026-06-30T22:00:00Z",
                         "2026-07-31T22:00:00Z", "2026-08-01T04:00:00Z", 31),
                delivery(source, "september", "2026-08-31T22:00:00Z",
                         "2026-09-30T22:00:00Z", "2026-10-01T04:00:00Z", 30),
                delivery(source, "october", "2026-09-30T22:00:00Z",
                         "2026-10-31T23:00:00Z", "2026-11-01T05:00:00Z", 31),
            ],
        },
    )  # fmt: skip
    return type(full)(full.city, open_current(directory))


def test_only_the_deliveries_that_reach_into_the_period_are_told(told):
    figure = "waiting.visits/einwohnermeldeamt/all/all/quarter/2026-Q3"
    page = told.page("/methodik/waiting.visits", zahl=figure)
    assert "september-sha256" in page.text
    assert "1. Oktober 2026, 06:00 Uhr" in page.text
    assert re.search(r'<td class="is-number">61</td>', page.html)
    for name in ("june", "july", "october"):
        assert f"{name}-sha256" not in page.text
    assert "Programmstand: 1.2.3+abc." in page.text
    assert f"/daten/{told.snapshot.id}/manifest.json" in page.html


def test_a_figure_that_changed_says_so(told):
    figure = "waiting.visits/einwohnermeldeamt/all/all/quarter/2026-Q3"
    text = told.page("/methodik/waiting.visits", zahl=figure).text
    assert (
        "20. Oktober 2026, 08:00 Uhr: vorher 400 Besuche, danach 410 Besuche."
        " Grund: Spätere Lieferung."
    ) in text
    other = figure.replace("2026-Q3", "2026-Q2")
    unchanged = told.page("/methodik/waiting.visits", zahl=other).text
    assert "Änderungen dieser Zahl" not in unchanged


def test_a_count_says_the_days_it_is_compared_by(full):
    snapshot, checked = full.snapshot, 0
    for office, listed in snapshot.calendar["opening_days"].items():
        opening = [date.fromisoformat(day) for day in listed]
        figure = f"waiting.visits/{office}/all/all/quarter/2026-Q2"
        now, before = map(
            snapshot.figure, (figure, figure.replace("2026-Q2", "2025-Q2"))
        )
        if now["value"] is None or before["value"] is None:
            continue
        text = full.page("/methodik/waiting.visits", zahl=figure).text
        days = r"\((\d+) Öffnungstage in diesem Zeitraum, (\d+) im Vorjahr\)"
        found = re.search(days, text)
        assert found is not None
        for shown, year in ((found[1], 2026), (found[2], 2025)):
            first, last = date(year, 4, 1), date(year, 6, 30)
            assert int(shown) == sum(first <= day <= last for day in opening)
        checked += 1
    assert checked >= 3


def test_the_call_of_the_api_returns_just_this_figure(full):
    server = flask.Flask("test")
    register_api(server, full.snapshot.path.parent, full.city)
    figures = full.snapshot.figures.sample(60, seed=3)
    for figure_id in figures["figure_id"]:
        kpi = figure_id.partition("/")[0]
        page = full.page(f"/methodik/{kpi}", zahl=figure_id)
        calls = [
            html.unescape(link)
            for link in re.findall(r'href="(/api/v1/figures[^"]*)"', page.html)
            if "format=json" in link
        ]
        assert len(calls) == 1
        answer = server.test_client().get(calls[0]).get_json()
        assert [row["figure_id"] for row in answer["figures"]] == [figure_id]
        sentence = answer["figures"][0]["sentence"].replace("\xa0", " ")
        assert sentence in html.unescape(page.text)


def test_every_value_on_a_page_leads_to_a_figure_that_exists(full):
    ways = 0
    for path in full.paths():
        for language in ("de", "en"):
            page = full.page(path, language).html
            for link in re.findall(r'href="([^"]*[?&;]zahl=[^"]*)"', page):
                address = urlsplit(html.unescape(link))
                (figure_id,) = parse_qs(address.query)["zahl"]
                assert full.snapshot.figure(figure_id) is not None, (path, figure_id)
                assert address.path.endswith(f"/methodik/{figure_id.partition('/')[0]}")
                ways += 1
    assert ways > 1000


def test_every_tile_and_chart_leads_to_the_way_of_its_figure(full):
    for path in ("/", "/amt/einwohnermeldeamt", "/rueckstand"):
        page = full.page(path).html
        for tile in re.findall(r'<li class="tile">.*?</li>', page, re.DOTALL):
            assert "?zahl=" in tile, path
        blocks = re.findall(r"<section[^>]*chart-block.*?</section>", page, re.DOTALL)
        for block in blocks:
            asked = "Woher kommt diese Zahl?", "Woher kommen diese Zahlen?"
            assert any(each in block for each in asked), (path, block[:200])


@pytest.fixture(scope="module")
def site(full):
    return create_app(full.snapshot.path.parent, full.city).server.test_client()


@pytest.mark.parametrize(
    "figure",
    [
        "gibt/es/nicht",
        "waiting.visits/einwohnermeldeamt/all/all/quarter/2026-Q4",
        "backlog.open/einwohnermeldeamt/all/all/quarter/2026-Q3",  # of another KPI
        "<script>alert(1)</script>",
        "x" * 3000,
    ],
)
def test_an_unknown_figure_is_a_404_in_plain_words(site, figure):
    for prefix, said in (("", "Diese Zahl gibt es nicht"), ("/en", "no such figure")):
        address = f"{prefix}/methodik/waiting.visits"
        answer = site.get(address, query_string={"zahl": figure})
        assert answer.status_code == 404
        assert said in answer.text
        assert "<script>alert" not in answer.text
        assert "x" * 200 not in re.sub(r"<[^>]+>", " ", answer.text)
        assert f'href="{address}"' in answer.text


def test_a_known_figure_is_a_page_and_a_small_one(site):
    answer = site.get(
        "/methodik/backlog.received",
        query_string={"zahl": FIGURE},
        headers={"Accept-Encoding": "gzip"},
    )
    assert answer.status_code == 200
    assert answer.headers["ETag"]
    assert len(answer.data) < 10_000


def test_nothing_is_asked_for_is_the_page_of_the_kpi(site):
    plain = site.get("/methodik/waiting.visits")
    empty = site.get("/methodik/waiting.visits?zahl=")
    assert plain.status_code == empty.status_code == 200


CLOSING = {
    "source": "wartezeiten-live", "before_on": "2026-06-29", "keep_months": 24,
    "closed_at": "2028-07-03T04:00:00Z", "code_version": "4.5.6+def",
    "kpis": ["queue.median_wait_minutes"], "offices": [None, "einwohnermeldeamt"],
}  # fmt: skip


@pytest.fixture(scope="module")
def closed(full, tmp_path_factory):
    """Publish the same city after looks of it were deleted."""
    directory = tmp_path_factory.mktemp("closed")
    sources = [
        {**source, "keep_months": 24, "deleted_before": "2026-06-28T22:00:00Z"}
        if source["id"] == CLOSING["source"]
        else source
        for source in full.snapshot.sources
    ]
    write_snapshot(
        directory,
        PUBLISHED_AT,
        figures=full.snapshot.figures,
        catalogue=full.snapshot.catalogue,
        sources=sources,
        calendar=full.snapshot.calendar,
        manifest={"rounding_base": 5, "closings": [CLOSING]},
    )
    return type(full)(full.city, open_current(directory))


@pytest.mark.parametrize(
    ("language", "said", "not_said"),
    [
        (
            "de",
            "sind am 3. Juli 2028 gelöscht worden: Die Stadt bewahrt sie 24 Monate auf."
            " Es gilt der Wert, der davor berechnet worden ist, vom Programmstand"
            " 4.5.6+def.",
            "auf einem zweiten Weg nachzählen",
        ),
        (
            "en",
            "were deleted on 3 July 2028: the city keeps them for 24 months. The value"
            " is the one computed before, by code version 4.5.6+def.",
            "in a second way",
        ),
    ],
)
def test_a_closed_figure_says_that_its_looks_were_deleted(
    language, said, not_said, closed
):
    path = "/methodik/queue.median_wait_minutes"
    figure = "queue.median_wait_minutes/einwohnermeldeamt/all/all/quarter/2026-Q2"
    text = closed.page(path, language, zahl=figure).text
    assert said in text
    assert not_said not in text
    # Begun after the looks that were deleted, or of another office.
    for other in (
        figure.replace("Q2", "Q3"),
        figure.replace("einwohnermeldeamt", "kfz-zulassung"),
    ):
        text = closed.page(path, language, zahl=other).text
        assert "4.5.6+def" not in text
        assert not_said in text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "de",
            (
                "Einzelne Ablesungen werden 24 Monate aufbewahrt",
                "Gelöscht sind die vor dem 29. Juni 2026, auch die abgelehnten.",
                "Zeiträume, die vor dem 29. Juni 2026 beginnen",
            ),
        ),
        (
            "en",
            (
                "Single looks are kept for 24 months",
                "Those before 29 June 2026 were deleted, also the refused ones.",
                "periods that begin before 29 June 2026",
            ),
        ),
    ],
)
def test_the_data_status_says_how_long_looks_are_kept(language, said, closed, told):
    text = closed.page("/datenstand", language).text
    for each in said:
        assert each in text
        assert each not in told.page("/datenstand", language).text
