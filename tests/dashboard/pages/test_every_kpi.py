"""Each KPI is one thing everywhere: definition, function, recount, pages and API."""

import re
from typing import get_args

import flask
import pytest

from dashboard.api import register_api
from dashboard.pages.method_kpi import _PROTECTION
from dashboard.units import UNITS
from metrics.catalogue import CATALOGUE, REASONS
from metrics.derived import FROM_FIGURES
from metrics.facts import FACTS
from metrics.kpis import KPI_FUNCTIONS
from metrics.measure import Facts
from metrics.recount import _FAMILIES
from metrics.small_numbers import RULES, THINGS

# Published and explained, but told on no page: each with the reason why.
ONLY_IN_DATA: dict[str, str] = {}


def test_what_has_a_definition_has_a_function_and_the_other_way_round():
    assert list(KPI_FUNCTIONS.keys() - CATALOGUE.keys()) == [], "without a definition"
    computed = KPI_FUNCTIONS.keys() | FROM_FIGURES
    assert list(CATALOGUE.keys() - computed) == [], "without a function"


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_kpi_is_complete(name):
    kpi = CATALOGUE[name]
    assert kpi.family in _FAMILIES, f"metrics/recount has no second way to {name}"
    assert kpi.kind in RULES, f"small_numbers.py has no rule for {kpi.kind}"
    assert kpi.kind in _PROTECTION, f"method_kpi.py does not say the rule of {kpi.kind}"
    assert kpi.unit in {*UNITS, "percent"}, f"units.py cannot say {kpi.unit}"
    assert kpi.counts in UNITS, f"units.py cannot count {kpi.counts}"
    for term in kpi.quotient_of or ():
        assert CATALOGUE[term].kind in ("count", "sum"), f"{name} is no quotient of it"


@pytest.mark.parametrize("name", KPI_FUNCTIONS)
def test_a_measure_is_complete(name):
    kpi, measure = CATALOGUE[name], KPI_FUNCTIONS[name]()
    assert measure.facts in FACTS, f"metrics/facts.py lacks {measure.facts}"
    assert measure.facts in get_args(Facts)
    assert measure.absent in REASONS, f"reasons.toml lacks {measure.absent}"
    if kpi.kind == "share" and kpi.counts not in THINGS:  # these are rounded
        assert measure.numerator is not None, f"the share {name} tells no numerator"


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_a_kpi_has_a_page_that_says_how_it_is_measured(full, name, language):
    rendered = full.page(f"/methodik/{name}", language)
    texts = full.snapshot.catalogue[name]["texts"][language]
    for part in ("definition", "left_out"):
        assert texts[part] in rendered.text
    if "office" not in name:  # an example can be followed from here
        assert "amtspuls explain " in rendered.text
    listed = full.page("/methodik", language).html
    assert rendered.view.addresses.method(name) in listed, (
        f"/methodik does not list {name}: add its family to pages/method.py"
    )


def kpis_told(*stages):
    """Find the KPIs of which a figure leads from any page to its way."""
    pages = [
        stage.page(path)
        for stage in stages
        for path in stage.paths()
        if not path.startswith("/methodik")
    ]
    # Some figures exist for single offices only, which are chosen there.
    pages += [
        stage.page("/rueckstand", amt="bauordnung")
        for stage in stages
        if stage.exists("/rueckstand")
    ]
    return {kpi for page in pages for kpi in re.findall(r"\?zahl=([\w.]+)/", page.html)}


def test_every_kpi_is_told_on_a_page_or_said_to_be_in_the_data_only(
    full, queues_only, cases_only
):
    told = kpis_told(full, queues_only, cases_only)
    silent = CATALOGUE.keys() - told - ONLY_IN_DATA.keys()
    assert sorted(silent) == [], "on no page: show them, or list them in ONLY_IN_DATA"
    assert sorted(ONLY_IN_DATA.keys() & told) == [], "on a page after all"
    assert sorted(ONLY_IN_DATA.keys() - CATALOGUE.keys()) == [], "no longer a KPI"


@pytest.fixture(scope="module")
def client(full):
    server = flask.Flask("test")
    register_api(server, full.snapshot.path.parent, full.city)
    return server.test_client()


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_the_api_returns_every_figure_of_a_kpi_with_its_sentence(
    client, full, name, language
):
    measure = KPI_FUNCTIONS.get(name)
    is_yearly = measure is not None and "quarter" not in measure().grains
    grain = "year" if is_yearly else "quarter"
    asked = f"kpi={name}&grain={grain}&office=all&lang={language}&sentences=true"
    answer = client.get(f"/api/v1/figures?{asked}").get_json()
    expected = full.snapshot.series(name, grain=grain)["figure_id"].to_list()
    assert [row["figure_id"] for row in answer["figures"]] == expected != []
    texts = full.snapshot.catalogue[name]["texts"][language]
    assert answer["kpis"][name]["definition"] == texts["definition"]
    for row in answer["figures"]:
        assert row["sentence"].endswith("."), row["figure_id"]


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_kind_of_figure_of_a_kpi_shows_its_way(full, name, language):
    """One of each state: its page says the same as the API and the catalogue."""
    figures = full.snapshot.figures.filter(kpi=name).unique(
        ["state", "reason"], keep="any", maintain_order=True
    )
    texts = full.snapshot.catalogue[name]["texts"][language]
    assert figures.height >= 3
    for row in figures.iter_rows(named=True):
        page = full.page(f"/methodik/{name}", language, zahl=row["figure_id"])
        assert texts["definition"] in page.text
        assert row["figure_id"] in page.text
        assert f"amtspuls explain {row['figure_id']}" in page.text
        assert page.html.count('<pre class="snippet">') == 2
        reason = REASONS.get(row["reason"] or "")
        assert reason is None or reason.in_language(language) in page.text
