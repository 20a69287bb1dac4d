"""Every address of the site is built, and read, in one place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.addresses import Addresses, read_query

GERMAN, ENGLISH = Addresses(), Addresses(language="en")


@pytest.mark.parametrize(
    ("built", "address"),
    [
        (GERMAN.home(amt=None, zeitraum=""), "/"),
        (GERMAN.office("kfz", zeitraum="monat"), "/amt/kfz?zeitraum=monat"),
        (ENGLISH.service("ausweis"), "/en/leistung/ausweis"),
        (GERMAN.quarter("2026-Q3"), "/quartal/2026-Q3"),
        (GERMAN.method(), "/methodik"),
        (ENGLISH.method("waiting.visits"), "/en/methodik/waiting.visits"),
        (GERMAN.backlog(), "/rueckstand"),
        (GERMAN.data_status(), "/datenstand"),
        (GERMAN.figures(kpi="waiting.visits"),
         "/api/v1/figures?format=csv&lang=de&kpi=waiting.visits"),
        (Addresses("/moers/", "en").office("x"), "/moers/en/amt/x"),
        (Addresses("/moers/").api("live"), "/moers/api/v1/live"),
        (Addresses(releases={"a.js": "1f"}).asset("a.js"), "/assets/a.js?v=1f"),
        (GERMAN.in_language("en").home(), "/en/"),
        (GERMAN.office("a b/<c>"), "/amt/a%20b/%3Cc%3E"),
    ],
)  # fmt: skip
def test_addresses_are_built(built, address):
    assert built == address


def test_the_start_of_both_languages():
    assert (GERMAN.home(), ENGLISH.home()) == ("/", "/en/")


@pytest.mark.parametrize(
    ("address", "read"),
    [
        ("/", ("de", "/")),
        ("/en", ("en", "/")),
        ("/en/", ("en", "/")),
        ("/en/amt/kfz", ("en", "/amt/kfz")),
        ("/amt/en", ("de", "/amt/en")),
        ("/england", ("de", "/england")),
    ],
)
def test_addresses_are_read(address, read):
    assert GERMAN.read(address) == read


def test_another_city_is_not_ours():
    assert Addresses("/moers/").read("/koeln/amt/x") is None


@given(st.sampled_from(["de", "en"]), st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True))
def test_what_is_built_is_read_again(language, office):
    built = Addresses("/stadt/", language).office(office)
    assert Addresses("/stadt/").read(built) == (language, f"/amt/{office}")


def test_of_repeated_filters_the_first_counts():
    assert read_query("?amt=a&amt=b&zeit=&x=%C3%A4") == {"amt": "a", "x": "ä"}
    assert read_query(None) == {}


def test_a_flood_of_filters_is_not_read():
    assert read_query("?" + "&".join(f"a{i}=1" for i in range(1000))) == {}
