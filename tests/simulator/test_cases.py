"""The life of applications: what must hold for each, and the story of the offices."""

from datetime import date, datetime

import pytest

from data.simulator.case_plan import BUILDING, CASE_OFFICES, REPORTS
from data.simulator.cases import DAY, NEVER, CaseSystem, seconds_of
from data.simulator.opening import is_working_day

LAST = date(2026, 11, 19)


@pytest.fixture(scope="session")
def cases_of(systems):
    return {office: systems.cases.known(office, LAST) for office in CASE_OFFICES}


def open_on(cases, day):
    end = seconds_of(day)
    return sum(case.received < end <= case.decided for case in cases)


def share_in_time(cases, first, end, days):
    begun, ended = seconds_of(first), seconds_of(end)
    due = [c for c in cases if begun <= c.received < ended and c.procedure == 0]
    return sum(c.decided - c.complete <= days * DAY for c in due) / len(due)


@pytest.mark.parametrize("office", CASE_OFFICES)
def test_times_of_a_case_follow_one_another(cases_of, office):
    for case in cases_of[office]:
        assert case.received <= case.complete <= case.ready
        assert case.received < case.decided <= case.closed
        if case.fate < 2 and case.decided != NEVER:
            assert case.decided >= case.ready
        for begun, ended, holder in case.pauses:
            assert case.received <= begun <= ended <= case.ready
            assert holder in {"Antragsteller", "Dritte"}


@pytest.mark.parametrize("office", CASE_OFFICES)
def test_clerks_decide_on_working_days_only(cases_of, office):
    for case in cases_of[office]:
        if case.fate < 2 and case.decided != NEVER:
            day = datetime(1970, 1, 1).toordinal() + case.decided // DAY  # noqa: DTZ001
            assert is_working_day(office, date.fromordinal(day))


@pytest.mark.parametrize("office", CASE_OFFICES)
def test_cases_are_numbered_in_the_order_of_receipt(cases_of, office):
    cases = cases_of[office]
    received = [case.received for case in cases]
    assert received == sorted(received)
    year = [case for case in cases if seconds_of(date(2025, 1, 1)) <= case.received]
    year = [case for case in year if case.received < seconds_of(date(2026, 1, 1))]
    assert [case.number for case in year] == list(range(1, len(year) + 1))


@pytest.mark.parametrize(
    ("office", "least", "most"),
    [
        ("bauordnung", 1_000, 1_500),
        ("auslaenderbehoerde", 11_000, 15_000),
        ("wohngeld", 5_000, 7_500),
        ("einwohnermeldeamt", 18_000, 26_000),
        ("kfz-zulassung", 10_000, 15_000),
        ("standesamt", 10_000, 14_000),
        ("servicecenter", 11_000, 15_000),
    ],
)
def test_a_year_brings_each_office_its_number_of_cases(cases_of, office, least, most):
    begun, ended = seconds_of(date(2025, 1, 1)), seconds_of(date(2026, 1, 1))
    received = sum(begun <= case.received < ended for case in cases_of[office])
    assert least < received < most


def test_the_backlog_of_building_permits_grows_while_posts_are_vacant(cases_of):
    cases = cases_of["bauordnung"]
    before = open_on(cases, date(2025, 10, 1))
    worst = open_on(cases, date(2026, 7, 1))
    assert worst > 1.8 * before
    assert open_on(cases, LAST) < 0.95 * worst
    # Before, the backlog went neither up nor down by much.
    assert 0.75 < open_on(cases, date(2024, 10, 1)) / before < 1.3


def test_building_permits_miss_their_deadline_only_while_posts_are_vacant(cases_of):
    cases = cases_of["bauordnung"]
    good = share_in_time(cases, date(2025, 1, 1), date(2025, 4, 1), 91)
    bad = share_in_time(cases, date(2026, 1, 1), date(2026, 4, 1), 91)
    assert good > 0.85
    assert bad < 0.4


def test_an_applicant_who_failed_may_apply_again(cases_of):
    repeats = [case for case in cases_of["bauordnung"] if case.is_repeat]
    failed = {c.person for c in cases_of["bauordnung"] if c.fate in (1, 2)}
    assert 20 < len(repeats) < 0.06 * len(cases_of["bauordnung"])
    assert {case.person for case in repeats} <= failed


def test_only_defect_reports_are_closed_as_reported_twice(cases_of):
    for office, cases in cases_of.items():
        share = sum(case.fate == 3 for case in cases) / len(cases)
        assert (0.02 < share < 0.06) if office == REPORTS.id else share == 0


def test_simulating_further_changes_nothing_that_was_known():
    early, late = CaseSystem(115, BUILDING), CaseSystem(115, BUILDING)
    early.advance(date(2024, 6, 30))
    late.advance(date(2024, 6, 30))
    late.advance(date(2025, 3, 31))
    end = seconds_of(date(2024, 7, 1))
    for known, later in zip(early.cases, late.cases, strict=False):
        if known.decided == NEVER:
            assert later.decided >= end
            later.decided, later.closed = NEVER, NEVER
        assert known == later


def test_days_simulated_one_by_one_are_those_simulated_at_once():
    slowly, at_once = CaseSystem(115, BUILDING), CaseSystem(115, BUILDING)
    for day in (date(2023, 2, 1), date(2023, 2, 2), date(2023, 9, 30)):
        slowly.advance(day)
    at_once.advance(date(2023, 9, 30))
    assert slowly.cases == at_once.cases
