"""The defect reports: the window of 90 days, paging, filters, what is known when."""

import json
from datetime import datetime, timedelta

import pytest

PATH = "/open311/v2/requests.json"
NOW = datetime(2026, 11, 19, 10, 15)  # noqa: DTZ001 - local time of the city


@pytest.fixture
def reports(get):
    def ask(now=NOW, **query):
        answer = get(PATH, now, **query)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    return ask


def pages(reports, **query):
    found, page = [], 1
    while got := reports(page=str(page), page_size="500", **query):
        found += got
        page += 1
    return found


def moments(found):
    return [datetime.fromisoformat(report["requested_datetime"]) for report in found]


def test_by_default_it_answers_fifty_of_the_last_ninety_days_newest_first(reports):
    assert len(reports()) == 50
    asked = moments(pages(reports))
    assert asked == sorted(asked, reverse=True)
    now = NOW.astimezone(asked[0].tzinfo)
    assert now - timedelta(days=91) < asked[-1] < now - timedelta(days=89)
    assert asked[0] <= now


def test_a_longer_window_is_cut_to_its_last_ninety_days(reports):
    asked = moments(
        pages(
            reports,
            start_date="2025-01-01T00:00:00+01:00",
            end_date="2025-12-31T23:59:59+01:00",
        )
    )
    assert max(asked).date().isoformat() == "2025-12-31"
    assert min(asked).date().isoformat() == "2025-10-03"


def test_a_start_alone_opens_ninety_days_from_there(reports):
    asked = moments(pages(reports, start_date="2025-01-01T00:00:00+01:00"))
    assert min(asked).date().isoformat() == "2025-01-01"
    assert max(asked).date().isoformat() == "2025-03-31"


def test_pages_hold_every_report_once(reports):
    window = {"start_date": "2026-10-01T00:00:00Z", "end_date": "2026-10-31T00:00:00Z"}
    by_page = [report["service_request_id"] for report in pages(reports, **window)]
    assert 700 < len(by_page) == len(set(by_page))
    by_offset = [
        report["service_request_id"]
        for start in range(0, len(by_page) + 300, 300)
        for report in reports(offset=str(start), limit="300", **window)
    ]
    assert by_offset == by_page


def test_no_page_is_longer_than_five_hundred(reports):
    assert len(reports(page_size="100000")) == 500


def test_filters_choose_by_status_and_code(reports):
    open_ones = reports(status="open", page_size="500")
    assert {report["status"] for report in open_ones} == {"open"}
    assert not any("status_notes" in report for report in open_ones)
    lights = reports(service_code="030", page_size="500")
    assert {report["service_name"] for report in lights} == {"Defekte Beleuchtung"}
    one = lights[7]["service_request_id"]
    assert reports(service_request_id=one) == [lights[7]]


def test_a_report_is_open_until_it_is_closed(reports, get):
    closed = next(
        r for r in reports(status="closed") if r["status_notes"] == "Erledigt"
    )
    done = datetime.fromisoformat(closed["updated_datetime"]).replace(tzinfo=None)
    path = f"/open311/v2/requests/{closed['service_request_id']}.json"
    (before,) = json.loads(get(path, done - timedelta(seconds=5)).body)
    (after,) = json.loads(get(path, done + timedelta(seconds=5)).body)
    assert (before["status"], after["status"]) == ("open", "closed")
    assert get(path, NOW - timedelta(days=600)).status == 404


def test_times_carry_their_offset_and_text_carries_people(reports):
    summer = reports(end_date="2026-07-10T00:00:00Z")[0]
    winter = reports()[0]
    assert summer["requested_datetime"].endswith("+02:00")
    assert winter["requested_datetime"].endswith("+01:00")
    assert "Tel." in winter["description"]
    assert "99999 Musterstadt" in winter["address"]


def test_duplicates_are_closed_as_such(reports):
    closed = pages(reports, status="closed")
    share = sum(r["status_notes"] == "Duplikat" for r in closed) / len(closed)
    assert 0.02 < share < 0.07


@pytest.mark.parametrize(
    "query", [{"start_date": "gestern"}, {"page": "zwei"}, {"limit": "1.5"}]
)
def test_what_cannot_be_understood_is_400_with_a_reason(get, query):
    answer = get(PATH, **query)
    assert answer.status == 400
    assert next(iter(query)) in json.loads(answer.body)[0]["description"]


def test_the_services_are_those_of_the_reports(get, reports):
    offered = json.loads(get("/open311/v2/services.json").body)
    by_code = {service["service_code"]: service["service_name"] for service in offered}
    used = {r["service_code"]: r["service_name"] for r in reports(page_size="500")}
    assert used == by_code
