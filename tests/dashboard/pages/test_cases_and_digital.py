"""What the pages say of online services, of who holds cases, and of three months."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from dashboard.reading import read_figures
from dashboard.selection import kpi_words
from dashboard.sentences import change_words

NBSP = "\N{NO-BREAK SPACE}"


def said(stage, path, language="de", **query):
    return stage.page(path, language, **query).text.replace(NBSP, " ")


def with_figures(stage, change):
    """Draw the same city with figures changed."""
    figures = change(stage.snapshot.figures)
    keys = ["kpi", "office", "service", "channel", "grain"]
    series = figures.sort("period_start").partition_by(keys, as_dict=True)
    snapshot = replace(stage.snapshot, figures=figures, _series=series)
    return replace(stage, snapshot=snapshot, known={})


# ---- /digital


def test_every_maturity_is_told_with_its_model_and_its_date(full):
    text = said(full, "/digital")
    assert "Fahrzeug abmelden" in text
    assert "Stufe 7 von 7 Modell 2.0 15.01.2026" in text
    assert "Angabe der Stadt" in text
    assert "Stadt Musterstadt, Stabsstelle Digitalisierung" in text
    assert "lassen sich nicht vergleichen" in text


def test_levels_are_told_of_the_highest_of_their_own_model(full):
    def as_model_11(frame):
        return frame.with_columns(
            maturity=pl.lit(3, pl.Int32), maturity_model=pl.lit("1.1")
        )

    frames = full.snapshot.frames
    older = {**frames, "online_services": as_model_11(frames["online_services"])}
    stage = replace(full, snapshot=replace(full.snapshot, frames=older), known={})
    text = said(stage, "/digital")
    assert "Stufe 3 von 4 Modell 1.1" in text
    assert "von 7 Modell" not in text


def test_what_nobody_says_of_a_service_is_said_to_be_unknown(full):
    text = said(full, "/digital")
    # Of advice on building the city file says nothing, nor does a source.
    assert "Keine Angabe" in text
    assert "Bauberatung" in said(full, "/digital", amt="bauordnung")


def test_the_page_begins_with_what_is_online_of_how_many(full):
    def october(figures):
        is_it = (
            (pl.col("kpi") == "digital.services_online")
            & pl.col("office").is_null()
            & (pl.col("grain") == "month")
        )
        return figures.with_columns(
            value=pl.when(is_it).then(20.0).otherwise("value"),
            n=pl.when(is_it).then(25).otherwise("n"),
            state=pl.when(is_it).then(pl.lit("final")).otherwise("state").cast(
                figures.schema["state"]
            ),
        )  # fmt: skip

    text = said(with_figures(full, october), "/digital")
    assert "Am 31. Oktober 2026 gab es 20 von 25 Leistungen online." in text
    english = said(with_figures(full, october), "/digital", "en")
    assert "On 31 October 2026, 20 of 25 services were online." in english


def test_a_model_by_which_nobody_rates_any_more_is_not_drawn(full):
    kpi = "digital.level_4_share_model_11"

    def no_more(figures):
        over = (pl.col("kpi") == kpi) & (pl.col("period_start") >= date(2026, 1, 1))
        return figures.with_columns(
            value=pl.when(~over).then("value"),
            state=pl.when(over).then(pl.lit("no_data")).otherwise("state").cast(
                figures.schema["state"]
            ),
            reason=pl.when(over).then(pl.lit("not_recorded")).otherwise("reason"),
        )  # fmt: skip

    drawn = 'id="chart-digital-level-4-share-model-11"'
    assert drawn in full.page("/digital").html
    assert drawn not in with_figures(full, no_more).page("/digital").html


def test_what_is_not_recorded_of_online_services_is_said(full):
    assert "beginnen und nicht abschicken, erfassen die Quellen nicht" in said(
        full, "/digital"
    )


def test_without_online_services_there_is_no_page(nothing, queues_only):
    assert not nothing.exists("/digital")
    assert not queues_only.exists("/digital")


# ---- /rueckstand


def test_three_months_are_no_deadline(full):
    text = said(full, "/rueckstand", amt="bauordnung")
    assert "Was 3 Monate bedeuten (§ 75 VwGO)" in text
    assert "Das ist keine Frist, in der das Amt entscheiden muss." in text
    assert "§ 75" not in said(full, "/rueckstand", amt="servicecenter")


@pytest.mark.parametrize(
    ("office", "norm"), [("bauordnung", "§ 65 Abs. 2 HBO"), ("standesamt", "2024/031")]
)
def test_deadlines_name_who_set_them_and_since_when(full, office, norm):
    text = said(full, "/rueckstand", amt=office)
    assert "Welche Fristen gelten" in text
    assert norm in text
    assert ("7. Juli 2018" in text) is (office == "bauordnung")
    assert "Welche Fristen gelten" not in said(full, "/rueckstand", amt="gewerbe")


def test_who_holds_the_cases_is_told_of_one_day(full):
    html = full.page("/rueckstand", amt="bauordnung").html
    assert 'id="chart-holders"' in html
    assert "beim Amt. Auf den Antragsteller warteten" in said(
        full, "/rueckstand", amt="bauordnung"
    )


def test_net_stands_beside_gross_and_says_what_it_leaves_out(full):
    page = full.page("/rueckstand", amt="bauordnung")
    assert 'id="chart-gross-and-net-median"' in page.html
    assert "Netto zählt erst ab dem vollständigen Antrag" in page.text
    for kpi in ("median_days_decided", "median_net_days_decided"):
        assert f"zahl=processing.{kpi}/bauordnung" in page.html


def test_what_is_done_in_the_visit_can_have_no_time_until_a_decision(full):
    done = full.city.service("beglaubigung")
    other = full.city.service("personalausweis")
    assert (done.done_in_visit, other.done_in_visit) == (True, False)

    def without_cases(figures):
        of_both = pl.col("service").is_in([done.id, other.id]).fill_null(value=False)
        return figures.filter(
            ~(of_both & pl.col("kpi").str.contains("^(processing|backlog)"))
        )

    stage = with_figures(full, without_cases)
    rows = stage.page("/amt/einwohnermeldeamt").html.split("<tr")
    of = {
        each.id: next(row for row in rows if f">{each.name.de}<" in row)
        for each in (done, other)
    }
    assert of[done.id].count("Entfällt") == 3  # every KPI of cases in the table
    assert of[done.id].count("Wird sofort beim Besuch erledigt") == 3
    assert "Entfällt" not in of[other.id]  # nobody says so: then data are missing
    assert of[other.id].count("Keine Daten") == 3
    said_of = stage.page(f"/leistung/{done.id}").text
    assert "Diese Leistung wird sofort beim Besuch erledigt." in said_of


def test_without_the_net_time_the_gross_time_stands_alone(full):
    def without_net(figures):
        return figures.filter(~pl.col("kpi").str.contains("_net_"))

    html = with_figures(full, without_net).page("/rueckstand", amt="bauordnung").html
    assert 'id="chart-processing-median-days-decided"' in html
    assert "chart-gross-and-net" not in html


def only_sums(figures):
    of_office = (pl.col("office") == "gewerbe").fill_null(value=False)
    old = of_office & (pl.col("kpi") == "backlog.older_than_3_months")
    return figures.with_columns(
        value=pl.when(~old).then("value"),
        state=pl.when(old).then(pl.lit("no_data")).otherwise("state").cast(
            figures.schema["state"]
        ),
        reason=pl.when(old).then(pl.lit("only_counts")).otherwise("reason"),
    )  # fmt: skip


def test_an_office_that_reports_sums_says_so_and_which_do_not_add_up(full):
    stage = with_figures(full, only_sums)
    text = said(stage, "/rueckstand", amt="gewerbe")
    assert "Dieses Amt meldet nur Summen" in text
    assert "Zeitraum davor: Mai 2026 (Gewerbe abmelden)." in text
    other = said(stage, "/rueckstand", amt="gewerbe", leistung="gewerbe-anmelden")
    assert "Dieses Amt meldet nur Summen" in other
    assert "Mai 2026 (Gewerbe" not in other
    permits = said(stage, "/rueckstand", amt="bauordnung")
    assert "Dieses Amt meldet nur Summen" not in permits


def test_the_city_names_the_offices_that_are_in_no_figure_of_single_cases(full):
    """All open cases hold those of offices that report sums; ages cannot."""
    text = said(with_figures(full, only_sums), "/rueckstand")
    assert "Nicht alle Ämter melden einzelne Anträge" in text
    assert "Nur Summen kommen von: Gewerbeamt. Wie lange Anträge dort" in text
    assert "Nur Summen kommen" not in said(full, "/rueckstand")
    permits = said(with_figures(full, only_sums), "/rueckstand", amt="bauordnung")
    assert "Nur Summen kommen" not in permits


def test_a_change_of_one_service_is_a_change(full):
    """Unlike counts of cases, services are not rounded."""
    view = full.view()
    kpi = kpi_words(view, "digital.services_online")
    one = read_figures(full.snapshot.series("digital.services_online", grain="month"))[
        -1
    ]
    now, before = (
        replace(one, value=value, state="final", reason=None) for value in (20.0, 19.0)
    )
    told = change_words(view.words, kpi, now, before)
    assert told.replace(NBSP, " ") == "das ist 1 Leistung mehr als im Vorjahr"
