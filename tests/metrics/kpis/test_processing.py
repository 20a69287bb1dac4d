"""How long applications take, worked out by hand and by plain loops."""

import math
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from metrics.calendar import Calendar
from metrics.compute import compute
from metrics.periods import period_of

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
NOON = timedelta(hours=12)


def moment(day: date | None) -> datetime | None:
    return day and datetime(day.year, day.month, day.day, 11, tzinfo=UTC)


def case(
    key: int,
    received: date,
    decided: date | None = None,
    *,
    outcome: str | None = None,
    complete: date | None = None,
    closed: date | None = None,
    service: str | None = "bauantrag",
    office: str = "bauamt",
) -> dict[str, object]:
    return {
        "office": office,
        "service": service,
        "received_at": moment(received),
        "complete_at": moment(complete),
        "decided_at": moment(decided),
        "closed_at": moment(closed),
        "outcome": outcome or ("granted" if decided else None),
        "case_key": f"case-{key}",
    }


def deadline(duration: int, unit: str, **fields: object) -> dict[str, object]:
    return {
        "service": "bauantrag",
        "norm": "§ 1",
        "duration": duration,
        "unit": unit,
        "starts_at": "received",
        "valid_from": "2020-01-01",
        "label": {"de": "Frist", "en": "Deadline"},
        "source": "https://example.org/",
        **fields,
    }


def figure(figures: pl.DataFrame, figure_id: str) -> dict[str, object]:
    return figures.row(by_predicate=pl.col("figure_id") == figure_id, named=True)


def share(figures: pl.DataFrame, period: str = "month/2026-06") -> dict[str, object]:
    return figure(figures, f"processing.share_within_deadline/bauamt/all/all/{period}")


JUNE = [
    case(1, date(2026, 6, 1), date(2026, 6, 1)),  # 0 days
    case(2, date(2026, 5, 1), date(2026, 6, 2)),  # 32
    case(3, date(2026, 6, 3), date(2026, 6, 13)),  # 10
    case(4, date(2026, 6, 4), date(2026, 6, 20), outcome="refused"),  # 16
    case(5, date(2026, 6, 5), date(2026, 6, 10), outcome="withdrawn"),  # not decided
    case(6, date(2026, 6, 6), closed=date(2026, 6, 30), outcome="done"),  # 24
    case(7, date(2026, 6, 7), date(2026, 6, 8), outcome="duplicate"),  # not decided
    case(8, date(2026, 6, 8)),  # open
    case(9, date(2026, 6, 9), date(2026, 7, 1)),  # 22, in July
]


def test_the_days_of_decided_cases_worked_out_by_hand(
    connection, make_city, deliver
) -> None:
    deliver("cases", JUNE, until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    # Decided in June: 0 10 16 24 32. Ranks: ceil(2.5) = 3 -> 16, ceil(4.0) = 4 -> 24.
    median = figure(
        figures, "processing.median_days_decided/bauamt/all/all/month/2026-06"
    )
    p80 = figure(figures, "processing.p80_days_decided/bauamt/all/all/month/2026-06")
    assert (median["value"], median["n"], median["state"]) == (16, 5, "final")
    assert (p80["value"], p80["n"]) == (24, 5)
    august = figure(
        figures, "processing.median_days_decided/bauamt/all/all/month/2026-08"
    )
    assert (august["value"], august["reason"]) == (None, "no_decisions")


def test_the_share_within_the_deadline_counts_open_cases_as_missed(
    connection, make_city, deliver
) -> None:
    deliver("cases", JUNE, until=NOW)
    city = make_city(deadline=[deadline(20, "days")])
    june = share(compute(connection, city, NOW).figures)
    # Received in June and not given up: 1 3 4 6 8 9. Within 20 days: 1 3 4.
    # Number 6 took 24 days, 9 took 22, and 8 is still open.
    assert (june["numerator"], june["n"], june["value"]) == (3, 6, 50.0)


def test_the_last_day_of_the_deadline_is_in_time(
    connection, make_city, deliver
) -> None:
    deliver("cases", JUNE, until=NOW)
    figures = [
        share(compute(connection, make_city(deadline=[each]), NOW).figures)
        for each in (deadline(22, "days"), deadline(21, "days"))
    ]
    # Number 9 took 22 days.
    assert [each["numerator"] for each in figures] == [4, 3]


def test_there_is_no_share_before_the_deadline_is_over_for_all(
    connection, make_city, deliver
) -> None:
    # Number 9 came on 9 June; 20 days end on 29 June.
    city = make_city(deadline=[deadline(20, "days")])
    early = datetime(2026, 6, 29, 21, tzinfo=UTC)  # 23:00 in Berlin
    deliver("cases", JUNE, until=early)
    before = share(compute(connection, city, NOW).figures)
    assert (before["state"], before["reason"]) == ("no_data", "deadline_not_over")
    deliver("cases", JUNE[:1], until=early + timedelta(hours=2))
    after = share(compute(connection, city, NOW).figures)
    assert after["value"] is not None
    assert after["state"] == "provisional"  # June itself is not over


def test_without_a_deadline_there_is_no_share(connection, make_city, deliver) -> None:
    deliver("cases", JUNE, until=NOW)
    ended = deadline(20, "days", valid_to="2025-12-31")
    june = share(compute(connection, make_city(deadline=[ended]), NOW).figures)
    assert (june["state"], june["reason"]) == ("no_data", "no_deadline")


def test_months_end_as_the_civil_code_says(connection, make_city, deliver) -> None:
    # Three months from 30 November end on the last of February (section 188 BGB).
    cases = [
        case(1, date(2025, 11, 30), date(2026, 2, 28)),
        case(2, date(2025, 11, 29), date(2026, 3, 1)),
    ]
    deliver("cases", cases, until=NOW)
    city = make_city(deadline=[deadline(3, "months")])
    november = share(compute(connection, city, NOW).figures, "month/2025-11")
    assert (november["numerator"], november["n"]) == (1, 2)


def test_working_days_leave_out_weekends_holidays_and_closures(
    connection, make_city, deliver
) -> None:
    # Received on Friday 29 May 2026. Working days after it: 1 2 3 June, not 4 (Corpus
    # Christi), not 5 (closed), 8 9 June: the fifth is Tuesday 9 June.
    reason = {"de": "Betriebsausflug", "en": "Staff outing"}
    closed = {"first_on": "2026-06-05", "last_on": "2026-06-05", "reason": reason}
    city = make_city(deadline=[deadline(5, "working_days")], closure=[closed])
    cases = [
        case(1, date(2026, 5, 29), date(2026, 6, 9)),
        case(2, date(2026, 5, 29), date(2026, 6, 10)),
        case(3, date(2026, 5, 30), date(2026, 6, 9)),  # a Saturday: the same last day
    ]
    deliver("cases", cases, until=NOW)
    may = share(compute(connection, city, NOW).figures, "month/2026-05")
    assert (may["numerator"], may["n"]) == (2, 3)


def test_a_clock_from_completeness_does_not_run_for_incomplete_cases(
    connection, make_city, deliver
) -> None:
    received = date(2026, 6, 1)
    cases = [
        case(1, received, date(2026, 6, 25), complete=date(2026, 6, 10)),  # 15 days
        case(2, received, date(2026, 6, 25)),  # 24 days: nobody knows since when
        case(3, received),  # papers are missing: left out
        case(4, received, complete=date(2026, 6, 2)),  # open, missed
    ]
    deliver("cases", cases, until=NOW)
    city = make_city(deadline=[deadline(20, "days", starts_at="complete")])
    june = share(compute(connection, city, NOW).figures)
    assert (june["numerator"], june["n"]) == (1, 3)


def test_where_completeness_is_never_recorded_open_cases_still_count(
    connection, make_city, deliver
) -> None:
    deliver("cases", JUNE, until=NOW)
    city = make_city(deadline=[deadline(20, "days", starts_at="complete")])
    june = share(compute(connection, city, NOW).figures)
    assert (june["numerator"], june["n"]) == (3, 6)


def test_the_strictest_of_several_deadlines_counts(
    connection, make_city, deliver
) -> None:
    deliver("cases", JUNE, until=NOW)
    city = make_city(deadline=[deadline(3, "months"), deadline(20, "days")])
    assert share(compute(connection, city, NOW).figures)["numerator"] == 3


def test_expected_days_worked_out_by_hand(connection, make_city, deliver) -> None:
    # From 1 June on two cases a day come in and one is decided, on the same day: after
    # d days d cases are open. The 30 working days up to Friday 31 July 2026 begin on
    # Monday 22 June (six weeks of five days, no holiday in Hessen): they and what is
    # before them since Friday 19 June are 42 days, with 42 decisions. 61 cases are
    # open: 61 / 42 * 42 = 61 days, or 61 / 42 * 30 working days.
    days = [date(2026, 6, 1) + timedelta(days=offset) for offset in range(61)]
    cases = [case(2 * n, day, day) for n, day in enumerate(days)]
    cases += [case(2 * n + 1, day) for n, day in enumerate(days)]
    deliver("cases", cases, until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    july = figure(figures, "processing.expected_days/bauamt/all/all/month/2026-07")
    reach = figure(figures, "backlog.reach_working_days/bauamt/all/all/month/2026-07")
    assert (july["value"], july["n"], july["numerator"]) == (61.0, 42, 61)
    assert reach["value"] == pytest.approx(61 / 42 * 30)
    june = figure(figures, "processing.expected_days/bauamt/all/all/month/2026-06")
    assert june["reason"] == "history_too_short"
    # By the end of September nothing has been decided for 30 working days.
    autumn = figure(figures, "processing.expected_days/bauamt/all/all/month/2026-09")
    assert autumn["reason"] == "too_few_decisions"


def test_what_came_later_does_not_change_what_was_expected(
    connection, make_city, deliver
) -> None:
    cases = random_cases(5)
    known = [
        row for row in cases if row["received_at"] < datetime(2026, 5, 1, tzinfo=UTC)
    ]
    city = make_city()
    deliver("cases", known, until=NOW)
    before = compute(connection, city, NOW).figures
    later = [row for row in cases if row not in known]
    deliver("cases", later, until=NOW)
    after = compute(connection, city, NOW).figures
    expected = pl.col("kpi").is_in(["processing.expected_days", "backlog.open"])
    is_past = expected & (pl.col("period_end") < date(2026, 5, 1))
    assert before.filter(is_past).equals(after.filter(is_past))
    assert len(before.filter(is_past, pl.col("value").is_not_null())) > 20


# ---- the same by plain loops over rows


def random_cases(seed: int) -> list[dict[str, object]]:
    source = random.Random(seed)  # noqa: S311
    cases = []
    for key in range(900):
        received = date(2025, 10, 1) + timedelta(days=source.randrange(330))
        days = round(source.expovariate(1 / 30))
        ended: date | None = received + timedelta(days=days)
        if ended >= date(2026, 9, 30):
            ended = None
        office, service = source.choice(
            [("bauamt", "bauantrag"), ("meldeamt", "pass"), ("meldeamt", None)]
        )
        outcomes = ["granted", "refused", "withdrawn", "duplicate", None]
        complete = received + timedelta(days=source.randrange(20))
        cases.append(
            case(
                key,
                received,
                ended,
                outcome=source.choices(outcomes, [6, 2, 1, 1, 1])[0] if ended else None,
                complete=complete if source.random() < 0.7 else None,
                office=office,
                service=service,
            )
        )
    return cases


def plain_due(row: dict, calendar: Calendar) -> date | None:
    received = row["received_at"].date()
    if row["service"] == "pass":
        day, left = received, 10
        while left:
            day += timedelta(days=1)
            left -= calendar.is_working_day(day)
        return day
    if row["service"] != "bauantrag":
        return None
    if row["complete_at"]:
        return row["complete_at"].date() + timedelta(days=25)
    return received + timedelta(days=25) if row["decided_at"] else None


@pytest.mark.parametrize("seed", range(2))
def test_every_figure_is_what_plain_loops_find(
    connection, make_city, deliver, seed
) -> None:
    cases = random_cases(seed)
    city = make_city(
        deadline=[
            deadline(10, "working_days", service="pass"),
            deadline(25, "days", starts_at="complete"),
        ]
    )
    deliver("cases", cases, until=NOW)
    figures = compute(connection, city, NOW).figures
    calendar = Calendar(city)

    given_up = ("withdrawn", "duplicate")
    first = {
        office: min(
            row["received_at"].date() for row in cases if row["office"] == office
        )
        for office in ("bauamt", "meldeamt")
    }
    decided, received = defaultdict(list), defaultdict(list)
    for row in cases:
        fine = [(None, None), (row["office"], None)]
        fine += [(row["office"], row["service"])] if row["service"] else []
        came = row["received_at"].date()
        ended = row["decided_at"] and row["decided_at"].date()
        for office, service in fine:
            for grain in ("week", "month", "quarter", "year"):
                if ended and row["outcome"] not in given_up:
                    start = period_of(ended, grain).start
                    decided[office, service, grain, start].append((ended - came).days)
                if row["outcome"] not in given_up and came >= first[row["office"]]:
                    start = period_of(came, grain).start
                    due = plain_due(row, calendar)
                    received[office, service, grain, start].append((due, ended))

    checked = 0
    processing = figures.filter(
        pl.col("kpi").str.starts_with("processing."),
        ~pl.col("kpi").str.starts_with("processing.expected_days"),
        ~pl.col("kpi").str.contains("_net_"),
        pl.col("channel").is_null(),
        pl.col("grain") != "day",
    )
    for row in processing.to_dicts():
        key = tuple(row[n] for n in ("office", "service", "grain", "period_start"))
        if row["kpi"] == "processing.share_within_deadline":
            known = [(due, ended) for due, ended in received[key] if due]
            in_time = [due for due, ended in known if ended and ended <= due]
            value = 100 * len(in_time) / len(known) if known else None
        else:
            p = 0.5 if "median" in row["kpi"] else 0.8
            days = sorted(decided[key])
            value = days[math.ceil(p * len(days)) - 1] if days else None
        assert row["value"] == pytest.approx(value), row
        checked += value is not None
    assert checked > 200
