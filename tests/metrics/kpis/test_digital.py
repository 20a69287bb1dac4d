"""What is online and how many use it, worked out by hand."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from metrics.compute import compute
from metrics.protect import protect
from tests.metrics.conftest import service

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
JUNE, JULY = (datetime(2026, month, 10, 9, tzinfo=UTC) for month in (6, 7))


def case(key: str, channel: str | None, **more: Any) -> dict[str, Any]:
    return {
        "office": "bauamt",
        "service": "bauantrag",
        "channel": channel,
        "received_at": JUNE,
        "case_key": key,
        **more,
    }


def told(computed: Any, figure: str, office: str = "bauamt") -> Any:
    kpi, _, period = figure.partition("/")
    wanted = f"digital.{kpi}/{office}/all/all/{period}"
    row = computed.figures.row(by_predicate=pl.col("figure_id") == wanted, named=True)
    if row["value"] is None:
        return row["reason"]
    return row["value"], row["n"]


def test_the_online_share_counts_all_that_came_in(
    connection, make_city, deliver
) -> None:
    """Of five with a known way three came online, one of which was withdrawn."""
    cases = [
        case("a", "online"),
        case("b", "online", closed_at=JULY, outcome="withdrawn"),
        case("c", "online"),
        case("d", "mail"),
        case("e", "paper"),
        case("f", None),
    ]
    deliver("cases", cases, until=NOW)
    computed = compute(connection, make_city(), NOW)
    assert told(computed, "online_share/month/2026-06") == (60, 5)
    assert told(computed, "online_share/month/2026-07") == "no_receipts"


def test_without_a_known_way_there_is_no_share(connection, make_city, deliver) -> None:
    deliver("cases", [case("a", None)], until=NOW)
    computed = compute(connection, make_city(), NOW)
    assert told(computed, "online_share/month/2026-06") == "not_recorded"


def test_end_to_end_counts_by_decision_and_of_online_cases_only(
    connection, make_city, deliver
) -> None:
    def decided(key: str, channel: str, without_paper: bool | None) -> dict[str, Any]:
        return case(
            key,
            channel,
            decided_at=JULY,
            outcome="granted",
            digital_end_to_end=without_paper,
        )

    cases = [
        decided("a", "online", True),
        decided("b", "online", False),
        decided("c", "online", None),
        decided("d", "paper", True),
        case("e", "online", digital_end_to_end=True),  # not decided yet
        case("f", "online", closed_at=JULY, outcome="withdrawn"),
    ]
    deliver("cases", cases, until=NOW)
    computed = compute(connection, make_city(), NOW)
    assert told(computed, "end_to_end_share/month/2026-07") == (50, 2)
    assert told(computed, "end_to_end_share/month/2026-06") == "no_decisions"


def test_no_online_case_is_said_and_hidden_as_few_are(
    connection, make_city, deliver
) -> None:
    paper = case("a", "paper", decided_at=JULY, outcome="granted")
    deliver("cases", [paper], until=NOW)
    cells = [{"kpis": ["digital.*"], "by": ["office"], "grains": ["month"]}]
    city = make_city(publish={"cells": cells})
    computed = compute(connection, city, NOW)
    assert told(computed, "end_to_end_share/month/2026-07") == "no_online_cases"
    published = protect(computed, city, NOW)
    assert told(published, "end_to_end_share/month/2026-07") == "fewer_than_8"


# ---- services


def online(service_id: str, maturity: int, model: str, on: str) -> dict[str, Any]:
    stated = {"maturity": maturity, "model": model, "on": on}
    return service(service_id, "bauamt") | {"online": stated}


@pytest.fixture
def city(make_city):
    return make_city(
        service=[
            online("bauantrag", 5, "2.0", "2026-06-15"),
            online("vorbescheid", 3, "2.0", "2026-06-20"),
            online("abbruch", 4, "1.1", "2025-03-01"),
            service("auskunft", "bauamt"),
            service("pass", "meldeamt"),
        ]
    )


def look(service_id: str, day: date, is_online: bool | None, **more: Any) -> Any:
    return {
        "service": service_id,
        "observed_on": day,
        "is_online": is_online,
        **more,
    }


def test_models_are_never_mixed(connection, city) -> None:
    """Nothing was delivered: the dated statements of the city file count."""
    computed = compute(connection, city, NOW)
    assert told(computed, "level_4_share_model_20/month/2026-06") == (50, 2)
    assert told(computed, "level_4_share_model_11/month/2026-06") == (100, 1)
    assert told(computed, "level_4_share_model_20/month/2026-05") == "not_recorded"
    assert told(computed, "services_online/month/2026-06") == "not_recorded"
    state = computed.figures.filter(
        pl.col("figure_id").str.starts_with("digital.level_4_share_model_20/bauamt"),
        pl.col("grain") == "month",
    ).sort("period_start")["state"]
    assert state.to_list()[-2:] == ["final", "provisional"]


def test_a_state_lasts_until_it_is_told_anew(connection, city, deliver) -> None:
    looks = [
        look("bauantrag", date(2026, 6, 10), True),
        look("bauantrag", date(2026, 8, 10), False),
        look("bauantrag", date(2026, 8, 20), None),  # nothing new
        look("vorbescheid", date(2026, 7, 1), True),
        look("auskunft", date(2026, 7, 1), False),
        look("pass", date(2026, 7, 1), True),
        look("unheard of", date(2026, 7, 1), True),
    ]
    deliver("online_services", looks, until=NOW, source="ozg")
    computed = compute(connection, city, NOW)
    assert told(computed, "services_online/month/2026-06") == (1, 1)
    assert told(computed, "services_online/month/2026-07") == (2, 3)
    assert told(computed, "services_online/month/2026-08") == (1, 3)
    assert told(computed, "services_online/month/2026-07", "all") == (3, 4)
    # The source says nothing of maturity: the city file's statements stay.
    assert told(computed, "level_4_share_model_20/month/2026-08") == (50, 2)


def test_a_new_rating_takes_a_service_out_of_the_old_model(
    connection, city, deliver
) -> None:
    rated = {"maturity": 2, "maturity_model": "2.0"}
    looks = [look("abbruch", date(2026, 8, 3), None, **rated)]
    deliver("online_services", looks, until=NOW, source="ozg")
    computed = compute(connection, city, NOW)
    assert told(computed, "level_4_share_model_11/month/2026-07") == (100, 1)
    assert told(computed, "level_4_share_model_11/month/2026-08") == "not_recorded"
    after = told(computed, "level_4_share_model_20/month/2026-08")
    assert after == (pytest.approx(100 / 3), 3)
    services = computed.frames["online_services"]
    row = services.row(by_predicate=pl.col("service") == "abbruch", named=True)
    assert (row["maturity"], row["maturity_model"], row["rated_by"]) == (
        2,
        "2.0",
        "ozg",
    )
    stated = services.row(by_predicate=pl.col("service") == "bauantrag", named=True)
    assert (stated["rated_on"], stated["rated_by"]) == (date(2026, 6, 15), None)
    assert services["service"].n_unique() == 5
    assert protect(computed, city, NOW).frames["online_services"].equals(services)


def test_few_services_are_no_secret(connection, make_city, city) -> None:
    cells = [{"kpis": ["digital.*"], "by": ["office"], "grains": ["month"]}]
    open_city = city.model_copy(
        update={"publish": make_city(publish={"cells": cells}).publish}
    )
    published = protect(compute(connection, open_city, NOW), open_city, NOW)
    assert told(published, "level_4_share_model_20/month/2026-06") == (50, 2)
