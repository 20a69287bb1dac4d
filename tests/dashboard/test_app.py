"""The site's server: whole pages, real 404s, one edition at a time."""

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dash import html

from dashboard.app import create_app
from dashboard.components.frame import main
from dashboard.view import Page

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)


def layout(view):
    said = f"{view.snapshot.id} {dict(view.parts)} {dict(view.query)}"
    return main(view.words("Methodik"), html.P(said, id="said"))


PAGES = (
    Page("start", "/", lambda view: "Start <1>", layout, place="menu"),
    Page("amt", "/amt/{office}", lambda view: view.parts["office"], layout,
         description=lambda view: "Ein Amt", filters=("zeit",),
         places=lambda view: [{"office": office.id} for office in view.city.offices]),
    Page("fuss", "/fuss", lambda view: "Fuß", layout, place="footer"),
)  # fmt: skip


@pytest.fixture
def client_of_site(open_city):
    def start(directory, clock=lambda: NOW):
        return create_app(directory, open_city, PAGES, clock).server.test_client()

    return start


@pytest.fixture
def client(client_of_site, open_published):
    return client_of_site(open_published)


def ask(client, pathname, search=""):
    """Ask what Dash asks after the page has come."""
    question = {
        "output": "page.shown",
        "outputs": {"id": "page", "property": "shown"},
        "inputs": [
            {"id": "address", "property": "pathname", "value": pathname},
            {"id": "address", "property": "search", "value": search},
        ],
        "changedPropIds": ["address.pathname"],
    }
    return client.post("/_dash-update-component", json=question)


def test_a_page_is_a_whole_document(client):
    answer = client.get("/amt/einwohnermeldeamt")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    assert text.startswith('<!DOCTYPE html>\n<html lang="de">')
    assert "<title>einwohnermeldeamt – Amtspuls Musterstadt</title>" in text
    assert '<meta name="description" content="Ein Amt">' in text
    assert (
        '<link rel="alternate" hreflang="en" href="/en/amt/einwohnermeldeamt">' in text
    )
    assert (
        text.index('class="header"')
        < text.index("<main")
        < text.index('class="footer"')
    )
    assert text.count("<footer") == 1
    assert "[[" not in text
    assert "{%" not in text


def test_words_in_the_head_are_escaped(client):
    assert "<title>Start &lt;1&gt; –" in client.get("/").get_data(as_text=True)


def test_english_stands_below_en(client):
    text = client.get("/en/amt/einwohnermeldeamt").get_data(as_text=True)
    assert '<html lang="en">' in text
    assert '<a class="skip" href="#inhalt">' in text
    assert 'href="/amt/einwohnermeldeamt" hreflang="de"' in text


@pytest.mark.parametrize(
    "path",
    ["/nirgends", "/amt/gibtesnicht", "/amt/", "/amt/a/b", "/en/nirgends",
     "/../etc/passwd", "/index.html"],
)  # fmt: skip
def test_an_unknown_address_is_a_404_with_a_page_in_its_language(client, path):
    answer = client.get(path)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 404
    assert f'<html lang="{"en" if path.startswith("/en") else "de"}">' in text
    assert "<main" in text
    assert "<script" not in text
    assert answer.headers["Cache-Control"] == "no-store"


def test_only_the_filters_that_a_page_knows_reach_it(client):
    text = client.get("/amt/kfz-zulassung?zeit=w&boese=1").get_data(as_text=True)
    assert "{'zeit': 'w'}" in text
    assert "boese" not in re.sub(r"<nav.*?</nav>", "", text)


def test_the_page_says_nothing_about_the_servers_insides(client):
    answer = client.get("/")
    text = answer.get_data(as_text=True)
    assert sys.version.split()[0] not in text
    assert "python_version" not in text
    assert str(Path(__file__).parents[2]) not in text
    assert "Set-Cookie" not in answer.headers


def test_an_unchanged_page_is_not_sent_again(client):
    first = client.get("/")
    again = client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.get_data() == b""


def test_an_etag_names_the_snapshot_and_belongs_to_one_view(client, open_published):
    current = (open_published / "current").readlink().name
    views = ("/", "/en/", "/amt/kfz-zulassung", "/amt/kfz-zulassung?zeit=w")
    tags = {client.get(path).headers["ETag"] for path in views}
    assert len(tags) == 4
    assert all(current in tag for tag in tags)


def test_the_clock_alone_changes_no_etag(client_of_site, open_published):
    times = iter([NOW, NOW, NOW + timedelta(minutes=5)])
    client = client_of_site(open_published, lambda: next(times, NOW))
    assert client.get("/").headers["ETag"] == client.get("/").headers["ETag"]


def test_a_page_comes_compressed(client):
    plain = client.get("/").get_data()
    small = client.get("/", headers={"Accept-Encoding": "br"})
    assert small.headers["Content-Encoding"] == "br"
    assert small.headers["Vary"] == "Accept-Encoding"
    assert len(small.get_data()) < len(plain) / 2


def test_dash_gets_the_same_html_that_was_sent(client):
    sent = client.get("/amt/kfz-zulassung?zeit=w").get_data(as_text=True)
    shown = ask(client, "/amt/kfz-zulassung", "?zeit=w").get_json()["response"]["page"]
    assert shown["shown"]["html"] in sent
    assert f'data-digest="{shown["shown"]["digest"]}"' in sent


def test_dash_is_told_of_an_unknown_address_too(client):
    shown = ask(client, "/nirgends").get_json()["response"]["page"]["shown"]
    assert "<h1" in shown["html"]


def test_a_new_snapshot_shows_at_once_on_the_page_and_in_callbacks(
    client_of_site, publish_open, tmp_path, open_figures
):
    first = publish_open(tmp_path)
    client = client_of_site(tmp_path)
    before = (
        client.get("/").get_data(as_text=True),
        ask(client, "/").get_data(as_text=True),
    )
    assert all(first.name in text for text in before)
    second = publish_open(tmp_path, now=NOW, figures=open_figures.head(3))
    after = (
        client.get("/").get_data(as_text=True),
        ask(client, "/").get_data(as_text=True),
    )
    assert second.name != first.name
    assert all(second.name in text and first.name not in text for text in after)


def test_the_same_question_is_drawn_once_per_edition(
    client_of_site, open_published, open_city
):
    drawn = []

    def counted(view):
        drawn.append(view.path)
        return layout(view)

    page = Page("start", "/", lambda view: "Start", counted)
    client = create_app(
        open_published, open_city, [page], lambda: NOW
    ).server.test_client()
    for _ in range(3):
        client.get("/")
        ask(client, "/")
    assert drawn == ["/", "/"]


def test_before_the_first_publication_the_page_says_so(client_of_site, tmp_path):
    answer = client_of_site(tmp_path).get("/en/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert '<html lang="en">' in answer.get_data(as_text=True)
    assert "<main" in answer.get_data(as_text=True)


def test_a_page_that_cannot_be_drawn_says_so_and_nothing_more(
    open_published, open_city
):
    page = Page("start", "/", lambda view: "Start", lambda view: 1 / 0, place="menu")
    app = create_app(open_published, open_city, [page], lambda: NOW)
    answer = app.server.test_client().get("/")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert "<main" in text
    assert "ZeroDivisionError" not in text


def test_a_city_without_english_has_no_english_addresses(open_city, open_published):
    info = open_city.info.model_copy(update={"languages": ("de",)})
    german = open_city.model_copy(update={"info": info})
    client = create_app(open_published, german, PAGES, lambda: NOW).server.test_client()
    assert client.get("/en/").status_code == 404
    assert 'hreflang="en"' not in client.get("/").get_data(as_text=True)


def test_sample_data_are_called_so_and_real_ones_not(open_city, open_published):
    info = open_city.info.model_copy(update={"sample_data": False})
    real = open_city.model_copy(update={"info": info})
    for city, is_said in ((open_city, True), (real, False)):
        client = create_app(
            open_published, city, PAGES, lambda: NOW
        ).server.test_client()
        assert ("Beispieldaten" in client.get("/").get_data(as_text=True)) is is_said


def test_the_citys_colours_come_as_a_file(client, open_city):
    link = re.search(
        r'href="(/stadtfarben[^"]+)"', client.get("/").get_data(as_text=True)
    )
    answer = client.get(link[1])
    assert answer.content_type.startswith("text/css")
    assert open_city.info.theme.action in answer.get_data(as_text=True)


def test_what_has_its_version_in_its_address_is_kept_for_a_year(client):
    text = client.get("/").get_data(as_text=True)
    found = re.findall(
        r'(?:src|href|data-plotly)="(/(?:assets|_dash-comp)[^"]+)"', text
    )
    assert len(found) > 10
    for address in found:
        answer = client.get(address, buffered=True)
        assert answer.status_code == 200, address
        assert "max-age=31536000" in answer.headers["Cache-Control"], address
    assert client.get("/assets/fehlt.js?v=1").headers.get("Cache-Control") is None


def test_dash_itself_loads_no_plotly(client):
    text = client.get("/").get_data(as_text=True)
    sources = re.findall(r'<script src="([^"]+)"', text)
    assert not [source for source in sources if "plotly" in source.lower()]


def test_the_web_process_knows_no_database_and_fetches_nothing():
    # In a process of its own, since other tests load both.
    import subprocess

    code = (
        "import sys, dashboard.app;"
        "sys.exit(bool({'duckdb', 'requests', 'amtspuls'} & sys.modules.keys()))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, check=False)
    assert done.returncode == 0


def test_a_wrong_question_gets_no_inside_view(client):
    answer = client.post(
        "/_dash-update-component", data="{", content_type="application/json"
    )
    assert answer.status_code == 400
    assert "Traceback" not in answer.get_data(as_text=True)
    assert json.dumps(PAGES[0].name) not in answer.get_data(as_text=True)
