"""The API answers exactly what is published, says what it was not asked right."""

import gzip
import io
import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import brotli
import jsonschema
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from dashboard.addresses import Addresses
from dashboard.figure_query import PARAMETERS, first_and_last_day
from dashboard.health import is_healthy
from dashboard.i18n import Words
from dashboard.reading import read_figures
from dashboard.telling import Teller
from dashboard.view import View
from metrics.figures import FIGURES, parse_figure_id
from metrics.published import open_current
from metrics.snapshot_folder import json_bytes, write_atomically

FIGURES_AT = "/api/v1/figures"
ADDRESSES = ["figures", "catalogue", "sources", "calendar", "revisions", "live",
             "openapi.json"]  # fmt: skip
PUBLISHED_AT = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)


def ask(client, **parameters):
    response = client.get(f"{FIGURES_AT}?{urlencode(parameters, doseq=True)}")
    assert response.status_code == 200, response.text
    return response


def rows_of_json(response):
    rows = response.get_json()["figures"]
    for row in rows:
        for name in ("period_start", "period_end"):
            row[name] = date.fromisoformat(row[name])
    return rows


def rows_of_csv(response):
    text = {
        name: pl.String for name, kind in FIGURES.items() if isinstance(kind, pl.Enum)
    }
    frame = pl.read_csv(
        io.BytesIO(response.data), schema_overrides=dict(FIGURES) | text
    )
    return frame.to_dicts()


def test_all_figures_of_the_snapshot_are_answered_in_its_order(
    open_client, open_figures
):
    assert rows_of_json(ask(open_client, limit=10_000)) == open_figures.to_dicts()
    assert rows_of_csv(ask(open_client, format="csv")) == open_figures.to_dicts()


def test_the_csv_is_byte_for_byte_the_published_file(open_client, open_published):
    published = (open_published / "current" / "figures.csv").read_bytes()
    assert ask(open_client, format="csv").data == published


def test_every_figure_is_reached_by_what_its_id_says(open_client, open_figures):
    for figure_id in open_figures["figure_id"]:
        parts = parse_figure_id(figure_id)
        found = rows_of_json(
            ask(
                open_client,
                **{
                    "kpi": parts.kpi,
                    "office": parts.office or "all",
                    "service": parts.service or "all",
                    "channel": parts.channel or "all",
                    "grain": parts.grain,
                    "from": parts.period,
                    "to": parts.period,
                },
            )
        )
        assert [row["figure_id"] for row in found] == [figure_id]


def some(values):
    return st.lists(st.sampled_from(values), max_size=3)


DAYS = st.none() | st.dates(date(2024, 12, 30), date(2026, 12, 31))


@settings(max_examples=80)
@given(data=st.data(), first=DAYS, last=DAYS)
def test_filters_select_what_a_plain_loop_selects(
    open_client, open_figures, data, first, last
):
    if first and last and first > last:
        first, last = last, first
    rows = open_figures.to_dicts()
    chosen = {
        name: data.draw(some(sorted({str(row[name] or "all") for row in rows})))
        for name in ("kpi", "office", "service", "channel", "grain")
    }
    expected = [
        row
        for row in rows
        if all(
            not values or (row[name] or "all") in values
            for name, values in chosen.items()
        )
        and (first is None or row["period_start"] >= first)
        and (last is None or row["period_end"] <= last)
    ]
    separate = data.draw(st.booleans())
    asked = {k: v if separate else ",".join(v) for k, v in chosen.items() if v}
    asked |= {"from": first} if first else {}
    asked |= {"to": last} if last else {}
    assert rows_of_json(ask(open_client, **asked, limit=10_000)) == expected
    assert rows_of_csv(ask(open_client, **asked, format="csv")) == expected


@pytest.mark.parametrize(
    ("first", "last", "names"),
    [
        ("2026-07-01", "2026-09-30", {"2026-Q3"}),
        ("2026-07-02", "2026-09-30", set()),
        ("2026-07-01", "2026-09-29", set()),
        ("2026-Q2", "2026-Q3", {"2026-Q2", "2026-Q3"}),
        ("2026", "2026", {"2026-Q2", "2026-Q3"}),
    ],
)
def test_from_and_to_include_the_days_they_name(open_client, first, last, names):
    response = ask(open_client, grain="quarter", **{"from": first, "to": last})
    found = {row["figure_id"].rsplit("/", 1)[1] for row in rows_of_json(response)}
    assert found == names


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-Q4", date(2024, 10, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2024-12", date(2024, 12, 1), date(2024, 12, 31)),
        ("2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
        ("2026-09-30", date(2026, 9, 30), date(2026, 9, 30)),
    ],
)
def test_a_period_is_read_as_its_first_and_last_day(period, first, last):
    assert first_and_last_day(period) == (first, last)


@pytest.mark.parametrize(
    "period", ["2025-W53", "2026-13", "2026-02-29", "2026-Q5", "26", "", "٢٠٢٦", "0999"]
)
def test_what_is_no_period_is_not_read_as_one(period):
    assert first_and_last_day(period) is None


def test_an_answer_says_whose_figures_these_are_and_in_which_units(
    open_client, open_city
):
    answer = ask(open_client, kpi="waiting.median_minutes", lang="en").get_json()
    assert answer["snapshot"].startswith("20261122T050000Z-")
    assert answer["published_at"] == "2026-11-22T05:00:00Z"
    assert answer["publisher"] == open_city.info.publisher
    assert answer["licence"] == "dl-de/by-2-0"
    assert answer["sample_data"] is True
    kpi = answer["kpis"]["waiting.median_minutes"]
    assert kpi["unit"] == "minutes"
    assert kpi["label"] == "Typical wait (median)"


@pytest.mark.parametrize("language", ["de", "en"])
def test_each_figure_says_itself_when_asked_to(
    open_client, open_figures, open_city, open_published, language
):
    plain = ask(open_client, limit=1000, lang=language)
    said = ask(open_client, limit=1000, lang=language, sentences="true")
    rows = said.get_json()["figures"]
    sentences = [row.pop("sentence") for row in rows]
    assert rows == plain.get_json()["figures"]
    assert "sentence" not in plain.get_json()["figures"][0]
    teller = Teller(
        View(
            city=open_city,
            words=Words(language, open_city.timezone),
            addresses=Addresses(language=language),
            snapshot=open_current(open_published),
            live=None,
            now=PUBLISHED_AT,
        )
    )
    expected = [teller.sentence(figure) for figure in read_figures(open_figures)]
    assert sentences == expected[:1000]
    assert all(sentence.endswith(".") for sentence in sentences)
    asked = {"format": "csv", "sentences": "true", "lang": language}
    text = ask(open_client, **asked).data
    assert pl.read_csv(io.BytesIO(text))["sentence"].to_list() == sentences


def test_sentences_are_given_to_a_thousand_figures_at_most(open_client):
    refused = open_client.get(f"{FIGURES_AT}?sentences=true&limit=1001&lang=en")
    assert refused.status_code == 400
    assert "from 1 to 1000" in refused.get_json()["detail"]
    assert ask(open_client, sentences="true").get_json()["limit"] == 1000


def test_a_protected_figure_has_no_value_and_says_why(open_client):
    rows = ask(open_client, limit=10_000).get_json()["figures"]
    hidden = [row for row in rows if row["state"] == "hidden"]
    assert hidden
    for row in hidden:
        assert row["value"] is None
        assert row["n"] is None
        assert row["reason"] == "fewer_than_8"


def test_the_pages_of_an_answer_hold_every_figure_once(open_client, open_figures):
    address, found = f"{FIGURES_AT}?limit=17&grain=month,quarter", []
    expected = open_figures.filter(pl.col("grain").is_in(["month", "quarter"]))
    while address:
        answer = open_client.get(address).get_json()
        assert answer["total"] == expected.height
        assert len(answer["figures"]) <= 17
        found += [row["figure_id"] for row in answer["figures"]]
        address = answer["next"]
    assert found == expected["figure_id"].to_list()


def test_a_csv_page_leads_to_the_next_one(open_client, open_figures):
    first = ask(open_client, format="csv", limit=open_figures.height - 1)
    assert first.headers["X-Total-Count"] == str(open_figures.height)
    following = first.headers["Link"].removeprefix("<").removesuffix('>; rel="next"')
    last = open_client.get(following)
    assert [row["figure_id"] for row in rows_of_csv(last)] == [
        open_figures["figure_id"][-1]
    ]
    assert "Link" not in last.headers


@pytest.mark.parametrize(
    ("query", "language", "sentence"),
    [
        (
            "farbe=rot",
            "de",
            "Den Parameter „farbe“ gibt es hier nicht. Es gibt: kpi, office, service,"
            " channel, grain, from, to, lang, format, sentences, limit, offset.",
        ),
        (
            "grain=decade",
            "de",
            "Der Parameter „grain“ hat den Wert „decade“. Erwartet wird einer von:"
            " day, hour_of_week, month, quarter, week, year.",
        ),
        (
            "grain=decade",
            "en",
            "The parameter “grain” has the value “decade”. Expected is one of:"
            " day, hour_of_week, month, quarter, week, year.",
        ),
        (
            "limit=0",
            "en",
            "The parameter “limit” has the value “0”. Expected is a whole number from"
            " 1 to 10000.",
        ),
        (
            "from=gestern",
            "de",
            "Der Parameter „from“ hat den Wert „gestern“. Erwartet wird ein Tag, eine"
            " Woche, ein Monat, ein Quartal oder ein Jahr, zum Beispiel 2026-09-30,"
            " 2026-W38, 2026-09, 2026-Q3 oder 2026.",
        ),
    ],
)
def test_a_wrong_question_is_refused_in_a_sentence(
    open_client, query, language, sentence
):
    response = open_client.get(
        f"{FIGURES_AT}?{query}", headers={"Accept-Language": language}
    )
    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"
    assert response.get_json()["detail"] == sentence
    assert response.headers["Content-Language"] == language


def test_everything_wrong_with_a_question_is_said_at_once(open_client):
    answer = open_client.get(
        f"{FIGURES_AT}?kpi=waiting.meridian_minutes&format=xml&limit=a&from=2026&to=2025"
    ).get_json()
    faults = {error["parameter"]: error for error in answer["errors"]}
    assert set(faults) == {"kpi", "format", "limit", "to"}
    assert "waiting.median_minutes" in faults["kpi"]["expected"]
    assert faults["format"]["value"] == "xml"
    for error in faults.values():
        assert error["message"] in answer["detail"]


@pytest.mark.parametrize("name", [n for n in ADDRESSES if n != "figures"])
def test_other_addresses_take_a_language_only(open_client, name):
    assert open_client.get(f"/api/v1/{name}?lang=en").status_code == 200
    refused = open_client.get(f"/api/v1/{name}?office=all")
    assert refused.status_code == 400
    assert "„office“" in refused.get_json()["detail"]


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/figures/x", "/figures/"])
def test_an_unknown_address_is_a_404_that_leads_on(open_client, path):
    response = open_client.get(f"/api/v1{path}", follow_redirects=True)
    assert response.status_code == 404
    if path:
        assert "/api/v1/openapi.json" in response.get_json()["detail"]


@pytest.mark.parametrize("name", ADDRESSES)
def test_an_unchanged_answer_is_not_sent_again(open_client, name):
    first = open_client.get(f"/api/v1/{name}")
    again = {"If-None-Match": first.headers["ETag"]}
    second = open_client.get(f"/api/v1/{name}", headers=again)
    assert (second.status_code, second.data) == (304, b"")
    assert first.headers["Cache-Control"] == "public, no-cache"
    in_english = open_client.get(f"/api/v1/{name}?lang=en", headers=again)
    assert in_english.status_code == (304 if name == "live" else 200)


def test_a_new_snapshot_changes_the_etag_and_shows_at_once(
    tmp_path, publish_open, client_for, open_figures
):
    publish_open(tmp_path)
    client = client_for(tmp_path)
    before = ask(client)
    later = open_figures.with_columns(pl.col("value") + 1)
    publish_open(tmp_path, figures=later, now=PUBLISHED_AT + timedelta(hours=1))
    after = client.get(FIGURES_AT, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert rows_of_json(after) == later.head(1000).to_dicts()


@pytest.mark.parametrize(
    ("encoding", "read"), [("br", brotli.decompress), ("gzip", gzip.decompress)]
)
def test_an_answer_is_compressed_as_the_reader_likes(open_client, encoding, read):
    plain = open_client.get(FIGURES_AT)
    packed = open_client.get(FIGURES_AT, headers={"Accept-Encoding": encoding})
    assert packed.headers["Content-Encoding"] == encoding
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert read(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 4
    assert packed.headers["ETag"] == plain.headers["ETag"]
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize("name", ADDRESSES)
def test_scripts_of_every_site_may_read_open_data_but_send_nothing(open_client, name):
    address = f"/api/v1/{name}"
    assert open_client.get(address).headers["Access-Control-Allow-Origin"] == "*"
    posted = open_client.post(address)
    assert posted.status_code == 405
    assert "Access-Control-Allow-Origin" not in posted.headers
    asked = open_client.options(address)
    assert "Access-Control-Allow-Origin" not in asked.headers


def test_live_queues_are_served_as_they_were_written(
    tmp_path, publish_open, client_for
):
    publish_open(tmp_path)
    client = client_for(tmp_path)
    nothing = client.get("/api/v1/live").get_json()
    assert (nothing["generated_at"], nothing["queues"]) == (None, [])
    written = _live(PUBLISHED_AT)
    write_atomically(tmp_path / "live.json", json_bytes(written))
    live = client.get("/api/v1/live").get_json()
    assert live["queues"] == written["queues"]
    minutes = dict.fromkeys(("wait_minutes", "low_minutes", "high_minutes"), "minutes")
    assert live["units"] == minutes | {"waiting": "people"}
    document = client.get("/api/v1/openapi.json").get_json()
    schema = {"$ref": "#/components/schemas/LiveAnswer"}
    jsonschema.validate(live, {**schema, "components": document["components"]})
    assert live["sample_data"] is True


def _live(moment):
    queue = {
        "office": "einwohnermeldeamt", "state": "open",
        "observed_at": moment.isoformat(), "source_time_at": None, "wait_minutes": 15,
        "wait_minutes_at_least": None, "waiting": None, "waiting_fewer_than": 5,
        "is_stale": False, "rest_of_day": [
            {"hour": 11, "wait_minutes": 20, "low_minutes": 10, "high_minutes": 30},
        ],
    }  # fmt: skip
    return {"generated_at": moment.isoformat(), "queues": [queue]}


def test_before_the_first_publication_the_answer_is_to_come_back(tmp_path, client_for):
    client = client_for(tmp_path)
    response = client.get(FIGURES_AT)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "60"
    assert client.get("/healthz").status_code == 503
    assert str(tmp_path) not in response.text


def test_the_site_is_healthy_while_its_queues_are_live(tmp_path, publish_open):
    publish_open(tmp_path)
    assert not is_healthy(tmp_path, PUBLISHED_AT)  # a live source, but no live queue
    write_atomically(tmp_path / "live.json", json_bytes(_live(PUBLISHED_AT)))
    assert is_healthy(tmp_path, PUBLISHED_AT)
    assert is_healthy(tmp_path, PUBLISHED_AT + timedelta(minutes=30))
    assert not is_healthy(tmp_path, PUBLISHED_AT + timedelta(minutes=31))


def test_closed_offices_need_no_live_queues(tmp_path, publish_open):
    publish_open(tmp_path)
    closed = _live(PUBLISHED_AT)
    closed["queues"][0]["state"] = "closed"
    write_atomically(tmp_path / "live.json", json_bytes(closed))
    assert is_healthy(tmp_path, PUBLISHED_AT + timedelta(hours=2))


def test_a_site_that_nobody_looks_after_is_not_healthy(
    tmp_path, publish_open, open_sources
):
    publish_open(tmp_path, sources=open_sources[:1])  # without a live source
    assert is_healthy(tmp_path, PUBLISHED_AT + timedelta(hours=2))
    assert not is_healthy(tmp_path, PUBLISHED_AT + timedelta(hours=2, seconds=1))


def test_a_late_source_is_not_healthy(tmp_path, publish_open, open_sources):
    write_atomically(tmp_path / "live.json", json_bytes(_live(PUBLISHED_AT)))
    late = [open_sources[0] | {"is_late": True}, open_sources[1]]
    publish_open(tmp_path, sources=late)
    assert not is_healthy(tmp_path, PUBLISHED_AT)


def test_healthz_tells_no_details(open_client):
    response = open_client.get("/healthz")
    assert response.text in ("ok\n", "not ok\n")
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_description_is_valid_openapi_and_names_every_address(
    open_client, language
):
    document = open_client.get(f"/api/v1/openapi.json?lang={language}").get_json()
    OpenAPIV31SpecValidator(document).validate()
    assert set(document["paths"]) == {f"/{name}" for name in ADDRESSES}
    known = document["paths"]["/figures"]["get"]["parameters"]
    assert (
        "all"
        in next(p for p in known if p["name"] == "office")["schema"]["items"]["enum"]
    )


@pytest.mark.parametrize("name", ADDRESSES)
def test_each_answer_is_as_the_description_says(open_client, name):
    document = open_client.get("/api/v1/openapi.json").get_json()
    operation = document["paths"][f"/{name}"]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    answer = open_client.get(f"/api/v1/{name}").get_json()
    jsonschema.validate(answer, {**schema, "components": document["components"]})


def test_a_refusal_is_as_the_description_says(open_client):
    document = open_client.get("/api/v1/openapi.json").get_json()
    schema = {"$ref": "#/components/schemas/Problem"}
    answer = open_client.get(f"{FIGURES_AT}?x=1&limit=-1").get_json()
    jsonschema.validate(answer, {**schema, "components": document["components"]})


NAMES = st.sampled_from(
    ["kpi", "office", "service", "channel", "grain", "from", "to", "lang", "format",
     "limit", "offset"]
) | st.text(max_size=5)  # fmt: skip
VALUES = st.sampled_from(
    ["all", "waiting.median_minutes", "month", "2026-Q3", "2026-02-30", "de", "csv",
     "json", "1", "-1", "9" * 30, "all,all", ",", "1e3", "２"]
) | st.text(max_size=20)  # fmt: skip


@settings(max_examples=250)
@given(
    name=st.sampled_from(ADDRESSES),
    query=st.lists(st.tuples(NAMES, VALUES), max_size=5),
    language=st.sampled_from(["de", "en", "fr;q=0.3, *", "x" * 50, ""]),
)
def test_no_question_breaks_the_api(open_client, name, query, language):
    encoded = urlencode(query, errors="surrogatepass")
    response = open_client.get(
        f"/api/v1/{name}?{encoded}", headers={"Accept-Language": language}
    )
    assert response.status_code in (200, 400)
    if response.status_code == 400:
        assert json.loads(response.data)["errors"]


def test_the_documentation_names_every_address_and_parameter():
    document = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
    described = set(re.findall(r"^\| `/api/v1/([a-z.]+)`", document, re.MULTILINE))
    assert described == set(ADDRESSES)
    table = document.partition("| parameter |")[2].partition("\n\n")[0]
    heads = re.findall(r"^\| (`[^|]+`) \|", table, re.MULTILINE)
    assert set(re.findall(r"`([a-z]+)`", " ".join(heads))) == set(PARAMETERS)
