"""What single pages say, and what they leave unsaid."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest

from dashboard.blocks.by_office import expected_by_office
from dashboard.blocks.chart_parts import recent
from dashboard.blocks.when_to_go import best_time, hours_table, window_of
from dashboard.comparable import Days, days_of
from dashboard.i18n import Words
from dashboard.live_words import now_at
from dashboard.opening import opening, working_days
from dashboard.reading import read_figures
from dashboard.selection import (
    PER_OFFICE,
    case_noun,
    figures,
    holidays,
    kpi_words,
    latest,
    newest_told,
)
from ingest.city import Hours
from metrics.published import Live, LiveQueue

TUESDAY = datetime(2026, 11, 24, 9, 5, tzinfo=UTC)  # 10:05 in Musterstadt


def queue(office="einwohnermeldeamt", state="open", **changes):
    known = {
        "observed_at": TUESDAY - timedelta(minutes=2),
        "source_time_at": None,
        "wait_minutes": None,
        "wait_minutes_at_least": None,
        "waiting": None,
        "waiting_fewer_than": None,
        "is_stale": False,
    }
    return LiveQueue(office=office, state=state, **(known | changes))


def card(city, *queues, office="einwohnermeldeamt", now=TUESDAY, off=()):
    live = Live(now, queues, {})
    words = Words("de", city.timezone)
    said = now_at(words, city, city.office(office), live, off, now)
    plain = {
        name: text.replace("\N{NO-BREAK SPACE}", " ") if isinstance(text, str) else text
        for name, text in said.__dict__.items()
    }
    return replace(said, **plain)


def test_an_open_office_says_its_wait_and_its_age(city):
    said = card(city, queue(wait_minutes=15, waiting=10))
    assert said.state == "Geöffnet bis 16 Uhr"
    assert said.value == "etwa 15 Minuten"
    assert said.details == "Etwa 10 Personen warten"
    assert said.observed == "Stand 10:03 Uhr, vor 2 Minuten"


def test_no_minutes_are_said_as_few_minutes_and_many_as_at_least(city):
    assert card(city, queue(wait_minutes=0)).value == "unter 5 Minuten"
    assert card(city, queue(wait_minutes_at_least=60)).value == "mehr als 60 Minuten"
    assert card(city, queue(waiting_fewer_than=5)).details == (
        "Weniger als 5 Personen warten"
    )
    assert card(city, queue()).value == "Wartezeit nicht gemeldet"


def test_an_old_wait_is_not_shown(city):
    old = queue(
        wait_minutes=15, is_stale=True, source_time_at=TUESDAY - timedelta(hours=3)
    )
    said = card(city, old)
    assert said.value == "Keine aktuellen Angaben"
    assert said.observed == "Veraltet: letzte Meldung vor 3 Stunden"
    assert said.is_stale
    assert "15" not in (said.details or "")


def test_a_feed_that_repeats_itself_is_as_old_as_what_it_says(city):
    said = card(
        city, queue(wait_minutes=5, source_time_at=TUESDAY - timedelta(minutes=9))
    )
    assert said.observed == "Stand 09:56 Uhr, vor 9 Minuten"


def test_sold_out_is_neither_closed_nor_without_a_wait(city):
    said = card(city, queue(state="sold_out"))
    assert said.value == "Heute keine Wartemarken mehr"
    assert said.kind == "warning"
    assert said.details == "Öffnet morgen um 8 Uhr"


def test_a_closed_office_says_when_it_opens(city):
    evening = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
    said = card(city, queue(state="closed"), now=evening)
    assert said.value == "Öffnet morgen um 8 Uhr"
    friday = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
    assert card(city, now=friday).value == "Öffnet am Montag um 8 Uhr"
    between_the_years = datetime(2026, 12, 30, 18, 0, tzinfo=UTC)
    assert card(
        city, office="wohngeld", now=between_the_years, off=[date(2027, 1, 1)]
    ).value == ("Öffnet am Montag um 8 Uhr")


def test_when_a_closed_door_was_last_looked_at_is_not_said(city):
    sunday = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    old = queue(state="closed", source_time_at=sunday - timedelta(hours=46))
    said = card(city, old, now=sunday)
    assert said.value == "Öffnet morgen um 8 Uhr"
    assert said.observed == "Nach den Öffnungszeiten"
    assert not said.is_stale


@pytest.mark.parametrize("state", ["closed", "sold_out"])
def test_a_feed_that_has_not_noticed_the_open_door_is_called_out_of_date(city, state):
    old = queue(state=state, source_time_at=TUESDAY - timedelta(hours=46))
    said = card(city, old)
    assert said.value == "Keine aktuellen Angaben"
    assert said.observed == "Veraltet: letzte Meldung vor 46 Stunden"
    assert said.is_stale
    assert not said.is_known


@pytest.mark.parametrize("state", ["open", "sold_out"])
def test_what_was_written_before_everything_stopped_is_not_shown_as_now(city, state):
    """It was fresh when it was written; since then nobody has written anything."""
    minutes = None if state == "sold_out" else 5
    last = queue(
        state=state, wait_minutes=minutes, observed_at=TUESDAY - timedelta(minutes=61)
    )
    said = card(city, last)
    assert said.value == "Keine aktuellen Angaben"
    assert said.observed == "Veraltet: letzte Meldung vor 61 Minuten"
    assert not said.is_known
    # After closing the opening hours say more than the last look.
    evening = card(city, last, now=TUESDAY + timedelta(hours=10))
    assert evening.value == "Öffnet morgen um 8 Uhr"
    assert evening.observed == "Nach den Öffnungszeiten"
    newer = replace(last, observed_at=TUESDAY - timedelta(minutes=59))
    assert card(city, newer).value != "Keine aktuellen Angaben"


def test_closed_within_opening_hours_is_said_to_be_out_of_turn(city):
    said = card(city, queue(state="closed"))
    assert said.value == "Zurzeit geschlossen"
    assert said.details == "Laut Öffnungszeiten wäre bis 16 Uhr geöffnet."


@pytest.mark.parametrize(
    ("now", "off", "opens"),
    [
        (datetime(2026, 11, 24, 19, 0, tzinfo=UTC), [], "Öffnet morgen um 8 Uhr"),
        (datetime(2026, 11, 24, 6, 50, tzinfo=UTC), [], "Öffnet heute um 8 Uhr"),
        (TUESDAY, [TUESDAY.date()], "Öffnet morgen um 8 Uhr"),  # a holiday
    ],
)
def test_a_display_that_says_open_behind_a_closed_door_is_no_open_office(
    city, now, off, opens
):
    seen = {"observed_at": now - timedelta(minutes=2)}
    said = card(city, queue(wait_minutes=0, **seen), now=now, off=off)
    assert (said.state, said.kind) == ("Laut Anzeige geöffnet", "warning")
    assert said.details == f"Laut Öffnungszeiten geschlossen · {opens}"
    assert not said.is_known


def test_a_lunch_break_ends_the_same_day(city):
    noon = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)  # Thursday, 13:00
    assert card(city, office="standesamt", now=noon).value == "Öffnet heute um 14 Uhr"


def test_holidays_and_closures_are_no_working_days(full):
    # 1 to 7 June 2026 begins on a Monday; the 4th is a holiday, the 5th the outing.
    days = holidays(full.snapshot)
    assert working_days(full.city, days, date(2026, 6, 1), date(2026, 6, 7)) == 3


def test_visits_are_compared_per_opening_day_of_their_office(full):
    view = full.view()
    visits = kpi_words(view, "waiting.visits")
    series = read_figures(
        full.snapshot.series("waiting.visits", "bauordnung", grain="month")
    )
    june = next(each for each in series if each.period_start == date(2026, 6, 1))
    # Tuesdays and Thursdays less Corpus Christi: 9 less 1 in 2026, 8 less 1 in 2025.
    assert days_of(view, visits, june) == Days(8, 7)
    assert days_of(view, kpi_words(view, "backlog.open"), june) is None


def test_an_office_closed_out_of_turn_says_so(city):
    office = city.office("einwohnermeldeamt")
    found = opening(city, office, [], datetime(2026, 6, 5, 8, 0, tzinfo=UTC))
    assert found is not None
    assert not found.is_open
    assert found.closure is not None
    assert found.next_on == date(2026, 6, 8)


def test_cases_are_called_what_they_are(city):
    assert case_noun(city, "servicecenter") == "reports"
    assert case_noun(city, "bauordnung") == "applications"
    assert case_noun(city, None) == "cases"


def hours(view, medians, sold_out=(), opens=None):
    """Put medians into an office's hours: {(weekday, hour): minutes}."""
    template = view.snapshot.frames["wait_by_hour"].head(1)
    rows = [
        template.with_columns(
            office=pl.lit("einwohnermeldeamt"),
            weekday=pl.lit(weekday, pl.Int8),
            hour=pl.lit(hour, pl.Int8),
            n=pl.lit(120, pl.Int64),
            median_minutes=pl.lit(float(minutes)),
            state=pl.lit("final").cast(template.schema["state"]),
            reason=pl.lit(None, pl.String),
            sold_out_percent=pl.lit(20.0 if (weekday, hour) in sold_out else 19.0),
        )
        for (weekday, hour), minutes in medians.items()
    ]
    frames = {**view.snapshot.frames, "wait_by_hour": pl.concat(rows)}
    snapshot = replace(view.snapshot, frames=frames)
    office = view.city.office("einwohnermeldeamt")
    if opens is not None:
        office = office.model_copy(update={"hours": opens})
    window = window_of(replace(view, snapshot=snapshot), office)
    assert window is not None
    return best_time(view.words, window).replace("\N{NO-BREAK SPACE}", " ")


def test_the_best_time_names_the_quietest_hours_and_the_longest_wait(full):
    said = hours(
        full.view(), {(1, 8): 30, (1, 9): 40, (2, 8): 6, (2, 9): 6, (3, 8): 20}
    )
    assert said == (
        "Ohne Termin: Am kürzesten ist die Wartezeit meist dienstags von 8 bis 10 Uhr:"
        " Die Hälfte wartete dann höchstens 6 Minuten. Am längsten ist sie montags von"
        " 9 bis 10 Uhr: 40 Minuten."
    )


def test_where_most_hours_are_quiet_the_busy_ones_are_named(full):
    said = hours(full.view(), {(1, 8): 0, (1, 9): 1, (2, 8): 4, (3, 11): 45})
    assert said == (
        "Ohne Termin: Meist ist die Wartezeit kurz: Die Hälfte wartete höchstens 4"
        " Minuten."
        " Am längsten ist sie mittwochs von 11 bis 12 Uhr: 45 Minuten."
    )


def test_hours_that_hardly_differ_are_called_alike(full):
    said = hours(full.view(), {(1, 8): 12, (1, 9): 14, (2, 8): 16})
    assert said == (
        "Ohne Termin: Die Wartezeit ist zu allen Zeiten ähnlich: Die Hälfte wartete"
        " höchstens 16 Minuten."
    )


def test_nobody_is_sent_to_a_closed_door(full):
    # Called at 7:58, two minutes before the doors open at 8.
    said = hours(full.view(), {(1, 7): 1, (1, 8): 30, (2, 8): 20})
    assert "7 bis" not in said
    assert "dienstags von 8 bis 9 Uhr" in said


@pytest.mark.parametrize(("tuesday", "row"), [("08:30", "8:30–9"), ("08:00", "8–9")])
def test_a_row_of_the_week_is_named_after_when_the_office_is_open(full, tuesday, row):
    view = full.view()
    office = view.city.office("einwohnermeldeamt")
    opens = {
        day: (Hours(opens=time.fromisoformat(at), closes=time(12)),)
        for day, at in (("mon", "08:30"), ("tue", tuesday))
    }
    office = office.model_copy(update={"hours": opens})
    window = window_of(view, office)
    assert window is not None
    drawn = str(hours_table(view, office, window).to_plotly_json())
    assert f"'{row}'" in drawn
    in_part = "An manchen Tagen ist nur in einem Teil der Zeit geöffnet"
    assert (in_part in drawn) == (row == "8–9")


def test_nobody_is_sent_to_a_door_that_opens_within_the_hour(full):
    half_past = (Hours(opens=time(8, 30), closes=time(12, 30)),)
    said = hours(
        full.view(),
        {(1, 8): 6, (1, 9): 6, (2, 12): 40},
        opens={"mon": half_past, "tue": half_past},
    )
    assert "montags von 8:30 bis 10 Uhr" in said
    assert "dienstags von 12 bis 12:30 Uhr" in said


def test_nobody_is_sent_to_where_tickets_have_often_run_out(full):
    """The shortest waits are in the hour in which most are turned away."""
    waits = {(1, 8): 30, (2, 8): 20, (3, 11): 2}
    said = hours(full.view(), waits, sold_out=[(3, 11)])
    assert "meist dienstags von 8 bis 9 Uhr" in said
    assert "mittwochs" not in said
    gone = hours(full.view(), waits, sold_out=waits)
    assert gone == "Ohne Termin: Zu allen Zeiten sind die Wartenummern oft ausgegangen."


def test_every_hour_is_shown_with_its_spread_and_what_it_stands_on(full):
    text = full.page("/amt/einwohnermeldeamt").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Jede Stunde mit Spanne und Grundlage" in text
    # Monday is 1, so nine o'clock has a median of 10 and a 90th percentile of 19.
    assert "Mo, 9 bis 10 Uhr 10 Minuten 19 Minuten 120 Besuche" in text


def test_the_way_of_a_visit_is_of_one_quarter_and_is_not_added_up(full):
    text = full.page("/amt/einwohnermeldeamt").text
    way = text[text.rindex("Der Weg eines Besuchs") :]
    way = way[: way.index("Veröffentlicht")]
    steps = ("Bis zum Termin", "Warten im Amt", "Vom Aufruf zum Platz", "Am Platz")
    places = [way.index(step) for step in steps]
    assert places == sorted(places)
    quarters = set(re.findall(r"\d\. Quartal \d{4}", way))
    assert len(quarters) == 1
    assert "zusammenzählen lassen sie sich nicht" in way


def test_a_city_that_counts_no_visits_shows_no_way_of_one(queues_only, cases_only):
    for stage in (queues_only, cases_only):
        assert "Der Weg eines Besuchs" not in stage.page("/amt/einwohnermeldeamt").text


def test_every_service_has_a_page_that_answers_how_long_it_takes(full):
    for service in full.city.services:
        rendered = full.page(f"/leistung/{service.id}")
        assert f">{service.name.de}</h1>" in rendered.html
        lead = re.search(r'class="page-lead">([^<]+)<', rendered.html)
        assert lead is not None
        assert service.sensitive or re.search(r"\d", lead[1]), service.id
        office = full.city.office(service.office)
        assert f'href="/amt/{office.id}"' in rendered.html


def test_a_service_of_which_nothing_is_known_says_so(nothing):
    text = nothing.page("/leistung/personalausweis").text
    assert "noch keine Zahlen, die hier stehen dürfen" in text


def test_days_to_an_appointment_never_stand_without_how_many_found_one(full):
    text = full.page("/leistung/beglaubigung").text
    assert "Tage bis zum nächsten freien Termin" in text
    assert "Erfolgreiche Suchen nach einem Termin" in text


def test_services_are_linked_wherever_they_are_listed(full):
    pages = (
        "/", "/amt/einwohnermeldeamt", "/quartal/2026-Q3", "/leistung/reisepass",
    )  # fmt: skip
    for path in pages:
        assert 'href="/leistung/personalausweis"' in full.page(path).html, path
    filtered = full.page("/rueckstand", amt="einwohnermeldeamt").html
    assert 'href="/leistung/personalausweis"' in filtered


def test_a_sensitive_service_is_told_of_the_city_not_of_its_office(full):
    service = full.city.service("personalausweis")
    secret = service.model_copy(update={"sensitive": True})
    services = tuple(
        secret if each.id == service.id else each for each in full.city.services
    )
    city = full.city.model_copy(update={"services": services})
    rendered = replace(full, city=city, known={}).page("/leistung/personalausweis")
    # All that the snapshot knows is by office, so none of it may stand here.
    assert "noch keine Zahlen, die hier stehen dürfen" in rendered.text


def test_a_hidden_figure_is_not_replaced_by_an_older_one(full):
    series = read_figures(full.snapshot.series("waiting.median_minutes"))
    visible = replace(series[0], value=10.0, state="final", reason=None)
    hidden = replace(series[1], value=None, state="hidden", reason="fewer_than_8")
    pending = replace(
        series[2], value=None, state="no_data", reason="deadline_not_over"
    )
    assert newest_told([visible, hidden, pending]) == hidden
    assert newest_told([visible, pending]) == visible
    assert latest([visible, hidden, pending]) == visible


def test_the_start_page_of_queues_alone_says_what_is_displayed(queues_only):
    text = queues_only.page("/").text
    assert "Angezeigte Wartezeit (Median)" in text
    assert "Öffnungsstunden, keine einzelnen Besuche" in text
    assert "Offene Anträge" not in text
    assert "Besuche der letzten" not in text


def test_the_start_page_counts_only_offices_of_which_it_knows(full):
    # Open: two by their queue, Wohngeld and ServiceCenter by their hours. Closed:
    # Bauordnung; no tickets: Ausländerbehörde. Nothing is known of the Standesamt.
    said = full.page("/").text
    assert "24. November 2026, 10:05 Uhr: 5 von 7 Ämtern haben geöffnet." in said


def test_the_start_page_answers_a_visitor_before_it_looks_back(full):
    said = full.page("/").text
    asked = [
        "Wann ist es am ruhigsten?",
        "Wie lange dauert mein Anliegen?",
        "Die neuesten Quartalszahlen",
        "Alle Ämter",
    ]
    places = [said.index(each) for each in asked]
    assert places == sorted(places)


def test_a_city_with_cases_alone_does_not_speak_of_waiting(cases_only):
    text = cases_only.page("/").text
    assert "So arbeiten die Ämter" in text
    assert "Wartezeit" not in text
    assert "Offene Anträge" in text


def test_a_city_without_cases_has_no_page_for_them(queues_only, full):
    assert not queues_only.exists("/rueckstand")
    assert full.exists("/rueckstand")


@pytest.mark.parametrize(
    "quarter", ["2026-Q4", "2019-Q1", "2026-Q5", "gestern", "2026-09"]
)
def test_open_and_unknown_quarters_do_not_exist(full, quarter):
    assert not full.exists(f"/quartal/{quarter}")


def test_a_quarter_links_its_neighbours(full):
    html = full.page("/quartal/2026-Q2").html
    assert 'href="/quartal/2026-Q1"' in html
    assert 'href="/quartal/2026-Q3"' in html
    newest = full.page("/quartal/2026-Q3").html
    assert 'href="/quartal/2026-Q4"' not in newest


def test_the_headline_says_what_the_table_says(full):
    page = full.page("/amt/einwohnermeldeamt", zeitraum="quartal").html
    block = re.search(
        r'id="chart-waiting-median-minutes" class="chart-block".*?</section>|'
        r'class="chart-block" id="chart-waiting-median-minutes".*?</section>',
        page,
        re.DOTALL,
    )
    assert block is not None
    headline = re.search(r"höchstens (\d+ Minuten)", block[0])
    newest = re.search(
        r"<tbody><tr><th[^>]*>([^<]*)</th><td[^>]*><a[^>]*>([^<]*)</a></td>", block[0]
    )
    assert headline is not None
    assert newest is not None
    assert newest[1] == "3. Quartal 2026"
    assert newest[2] == headline[1]


def test_the_backlog_comes_before_what_was_decided(full):
    text = full.page("/rueckstand", amt="kfz-zulassung").text
    assert text.index("Wer einen Antrag stellt, muss mit rund") < text.index(
        "Nur entschiedene Fälle"
    )
    assert text.index("Offene Anträge") < text.rindex("Nur entschiedene Fälle")


def ranged(view, days):
    """Say the range of a month in which only these offices have expected days."""
    kpi = "processing.expected_days"
    every = view.snapshot._series
    series = {key: frame for key, frame in every.items() if key[0] != kpi}
    for office, value in days.items():
        key = (kpi, office, None, None, "month")
        october = every[key].filter(pl.col("period_start") == date(2026, 10, 1))
        state = pl.lit("final").cast(october.schema["state"])
        series[key] = october.with_columns(value=pl.lit(value), state=state)
    snapshot = replace(view.snapshot, _series=series)
    said = expected_by_office(replace(view, snapshot=snapshot), "month")
    return said and said.replace("\N{NO-BREAK SPACE}", " ")


def test_a_whole_city_says_its_range_and_who_takes_longest(full):
    days = {office.id: 9.0 for office in full.city.offices}
    days |= {"einwohnermeldeamt": 3.0, "bauordnung": 106.0}
    assert ranged(full.view(), days) == (
        "Was neu eingeht, dauert je nach Amt voraussichtlich 3 bis 106 Tage, am"
        " längsten hier: Bauordnung (Stand 31. Oktober 2026)."
    )
    assert ranged(full.view(language="en"), days) == (
        "What comes in now will probably take 3 to 106 days, depending on the office,"
        " and longest here: Building permits (as of 31 October 2026)."
    )


def test_offices_without_a_figure_are_named_and_one_office_is_no_range(full):
    days = {office.id: 9.0 for office in full.city.offices if office.id != "wohngeld"}
    assert ranged(full.view(), days) == (
        "Was neu eingeht, dauert voraussichtlich rund 9 Tage, gleich in welchem Amt"
        " (Stand 31. Oktober 2026). Ohne Angabe: Wohngeld."
    )
    assert ranged(full.view(), {"wohngeld": 24.0}) is None


@pytest.mark.parametrize("kpi", sorted(PER_OFFICE))
def test_what_would_mix_permits_and_certificates_is_not_said_of_a_city(full, kpi):
    view = full.view()
    assert figures(view, kpi, grain="month") == []
    assert figures(view, kpi, office="bauordnung", grain="month") != []
    address = f"/methodik/{kpi}?zahl={kpi}"  # every tile and every origin leads there
    assert f"{address}/all/" not in full.page("/rueckstand").html
    page = full.page("/rueckstand", amt="kfz-zulassung").html
    assert f"{address}/kfz-zulassung/" in page
    assert f"{address}/all/" not in page


def test_the_row_of_the_whole_city_sends_to_the_offices(full):
    text = full.page("/quartal/2026-Q3").text
    assert "Ganze Stadt Nur je Amt" in text


def test_late_sources_are_named_with_how_far_their_data_reach(full):
    text = full.page("/datenstand").text
    assert "Überfällig: Stadt Musterstadt, Aufrufsystem der Fachämter" in text
    assert "7 Zeilen: Zeitpunkt in der Zukunft" in text
    assert "Übernommen, aber auffällig 15 Zeilen: Anzeige eingefroren" in text
    english = full.page("/datenstand", "en").text
    assert "7 rows: time in the future" in english


def test_every_published_kpi_has_a_page_with_its_definition(full):
    for path in full.paths():
        if path.startswith("/methodik/"):
            text = full.page(path).text
            assert "Wer gezählt wird" in text
            assert "Was nicht mitzählt" in text
            assert "Formel" in text


def test_holidays_are_read_from_the_snapshot(full):
    days = holidays(full.snapshot)
    assert days[date(2026, 1, 1)] == {"de": "Neujahr", "en": "New Year's Day"}


def test_a_series_that_broke_off_years_ago_is_still_drawn(full):
    months = [
        replace(each, value=None if i % 9 else 4.0, state="final")
        for i, each in enumerate(
            figures(full.view(), "waiting.visits", office="wohngeld", grain="month")[:3]
        )
    ]
    empty = [replace(months[-1], value=None, state="no_data") for _ in range(140)]
    kept = recent([*months, *empty])
    assert kept[0].value == 4.0
    assert len(kept) == 4  # the value and three empty months: that something is missing
    assert recent(empty) == []


def test_less_than_a_day_is_not_said_as_no_days(full):
    days = {"einwohnermeldeamt": 0.3, "bauordnung": 106.0}
    assert "je nach Amt voraussichtlich unter 1 bis 106 Tage" in ranged(
        full.view(), days
    )
    assert "voraussichtlich weniger als 1 Tag, gleich in welchem Amt" in ranged(
        full.view(), {"einwohnermeldeamt": 0.3, "wohngeld": 0.1}
    )


def test_the_service_centre_says_who_promised_what_and_counts_each_line_apart(full):
    text = full.page("/servicecenter").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "der Anfragen innerhalb von 30 Sekunden angenommen" in text
    assert "Leistungsversprechen der Behördennummer 115" in text
    assert "Geteilt wird durch alle angenommenen und alle aufgegebenen Anfragen" in text
    # The promise is of calls only; and a chart names the exchange, not the chat.
    chat = full.page("/servicecenter", weg="chat").text
    assert "innerhalb von 30 Sekunden" not in chat.partition("Zeitraum")[2]
    origin = full.page("/servicecenter").html
    block = re.search(
        r'id="chart-contacts-service-level".*?</section>', origin, re.DOTALL
    )
    assert "Telefonanlage des ServiceCenters" in block[0]
    assert "Chat des ServiceCenters" not in block[0]


def test_handling_time_is_of_the_whole_office(full):
    html = full.page("/servicecenter").html
    block = html.partition('id="chart-contacts-mean-handling-seconds"')[2]
    said = block.partition("</section>")[0]
    assert "ServiceCenter. So lange wurde im Durchschnitt" in said
    assert "Telefon, ServiceCenter" not in said


def test_answers_of_a_survey_stand_side_by_side_from_best_to_worst(full):
    html = full.page("/amt/servicecenter").html
    block = re.search(r'id="chart-satisfaction".*?</section>', html, re.DOTALL)[0]
    table = re.search(r"<tbody>(.*?)</tbody>", block, re.DOTALL)[1]
    names = re.findall(r'<th scope="row"[^>]*>([^<]*)<', table)
    assert names == [
        "5, sehr zufrieden", "4, zufrieden", "3, teils, teils", "2, unzufrieden",
        "1, sehr unzufrieden",
    ]  # fmt: skip
    assert "5 heißt sehr zufrieden, 1 sehr unzufrieden" in block
    assert "Umfrage am Ausgang" in block


def test_what_a_visit_costs_says_what_the_amount_includes(full):
    text = full.page("/amt/einwohnermeldeamt").text
    assert "Kosten je Besuch" in text
    assert "Kosten 2025: 3.420.000 Euro. Enthalten: Personal, Räume, IT" in text
    assert "Kämmerei Musterstadt, Jahresabschluss 2025" in text
    assert "Was es kostet" not in full.page("/amt/bauordnung").text


def test_offices_that_ask_nobody_say_nothing_of_satisfaction(queues_only):
    assert "zufrieden" not in queues_only.page("/amt/einwohnermeldeamt").text


def test_the_service_centre_is_there_only_where_a_source_tells_of_it(full, nothing):
    assert "/servicecenter" in full.paths()
    # It delivers, but nothing may be shown yet: the page says so.
    said = nothing.page("/servicecenter").text
    assert "Für Musterstadt gibt es noch keine Zahlen, die hier stehen dürfen." in said
    without = with_sources_of(full, {"tickets", "cases"})
    assert "/servicecenter" not in without.paths()
    rated = with_sources_of(full, {"ratings"})
    assert "Wie zufrieden sind die Menschen?" in rated.page("/servicecenter").text


def with_sources_of(stage, tables):
    sources = [each for each in stage.city.sources if each.table in tables]
    city = stage.city.model_copy(update={"sources": tuple(sources)})
    return replace(stage, city=city, known={})
