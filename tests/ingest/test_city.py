"""A city file is read whole, or refused with every error at once."""

from pathlib import Path

import pytest

from ingest.city import CityFileError, read_city

CITIES = Path(__file__).parents[2] / "data" / "cities"

SMALL_CITY = """
[city]
id = "kleinstadt"
name = "Kleinstadt"
ars = "051200000000"
state = "NW"
timezone = "Europe/Berlin"
publisher = "Stadt Kleinstadt"
licence = "dl-de/by-2-0"
contact = { name = "Pressestelle", mail = "presse@kleinstadt.example" }

[[office]]
id = "buergeramt"
name = { de = "Bürgeramt", en = "Citizens' office" }
hours.mon = [{ opens = 08:00:00, closes = 12:00:00 }]

[[service]]
id = "personalausweis"
leika = "99115005070000"
name = { de = "Personalausweis", en = "Identity card" }
office = "buergeramt"

[[source]]
id = "aufrufe"
adapter = "table_file"
publisher = "Stadt Kleinstadt"
licence = "dl-de/by-2-0"
folder = "eingang"
every = "15min"
max_age = "2d"

[source.mapping]
table = "tickets"
columns.office = { value = "buergeramt" }
columns.arrived_at = { column = "Ankunft", format = "%d.%m.%Y %H:%M" }

[publish]
cells = [{ kpis = ["waiting.*"], by = ["city"], grains = ["month"] }]
"""


def errors_of(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "stadt.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CityFileError) as caught:
        read_city(path)
    return [line.removeprefix(f"{path}: ") for line in str(caught.value).splitlines()]


def test_a_right_file_becomes_a_city(tmp_path):
    path = tmp_path / "stadt.toml"
    path.write_text(SMALL_CITY, encoding="utf-8")
    city = read_city(path)
    assert city.id == "kleinstadt"
    assert city.office("buergeramt").name.in_language("en") == "Citizens' office"
    assert [service.id for service in city.services_of("buergeramt")] == [
        "personalausweis"
    ]
    assert city.source("aufrufe").max_age.days == 2
    assert city.service("personalausweis").leika == "99115005070000"


def test_every_error_is_told_at_once_with_place_value_and_expectation(tmp_path):
    wrong = (
        SMALL_CITY.replace('"051200000000"', '"5120000"')
        .replace('every = "15min"', 'every = "bald"')
        .replace(
            'office = "buergeramt"\n\n[[source]]', 'office = "rathaus"\n\n[[source]]'
        )
        .replace('state = "NW"\n', "")
    )
    assert errors_of(tmp_path, wrong) == [
        "[city] ars: is '5120000'; String should match pattern '^\\d{12}$'",
        "[city] state: is missing",
        '[[source]] "aufrufe" every: is \'bald\'; expected a duration such as "5min",'
        ' "36h" or "14d"',
        "[[service]] \"personalausweis\" office: 'rathaus' is no office; expected one"
        " of: buergeramt",
    ]


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        (
            'hours.mon = [{ opens = 08:00:00, closes = 12:00:00 }]',
            'hours.mon = [{ opens = 12:00:00, closes = 08:00:00 }]',
            '[[office]] "buergeramt" hours.mon.0: "closes" must be later than "opens"',
        ),
        (
            'timezone = "Europe/Berlin"',
            'timezone = "Bergisches Land"',
            "[city] timezone: is 'Bergisches Land'; expected a time zone such as"
            ' "Europe/Berlin"',
        ),
        (
            '[source.mapping]\n',
            '[source.mapping]\ndelimiter = "§"\n',  # two bytes
            '[[source]] "aufrufe" mapping.delimiter: is \'§\'; expected a single sign,'
            " such as ; or a tab",
        ),
        (
            'folder = "eingang"',
            'folder = "eingang"\nurl = "https://daten.kleinstadt.example/a.csv"',
            '[[source]] "aufrufe": give either "url" or "folder"',
        ),
        (
            'columns.office = { value = "buergeramt" }',
            'columns.office = { value = "buergerbuero" }',
            "[[source]] \"aufrufe\" mapping.office: 'buergerbuero' is no office;"
            " expected one of: buergeramt",
        ),
        (
            'licence = "dl-de/by-2-0"\ncontact',
            'lizenz = "dl-de/by-2-0"\nlicence = "dl-de/by-2-0"\ncontact',
            "[city] lizenz: is unknown here; is the name misspelt?",
        ),
    ],
)  # fmt: skip
def test_a_single_error_is_said_in_one_line(tmp_path, before, after, error):
    assert before in SMALL_CITY
    assert errors_of(tmp_path, SMALL_CITY.replace(before, after)) == [error]


def test_an_id_must_not_stand_twice(tmp_path):
    twice = (
        SMALL_CITY + '\n[[office]]\nid = "buergeramt"\nname = { de = "B", en = "B" }\n'
    )
    assert errors_of(tmp_path, twice) == [
        '[[office]] id = "buergeramt": stands 2 times'
    ]


COST = """
[[cost]]
office = "buergeramt"
year = 2025
amount_eur = 480000
per = "visits"
includes = { de = "Personal und Räume", en = "Staff and rooms" }
decided_by = { de = "Jahresabschluss 2025", en = "Annual accounts 2025" }
"""


DEADLINE = """
[[deadline]]
service = "personalausweis"
norm = "§ 1"
duration = 3
unit = "months"
starts_at = "received"
label = { de = "3 Monate", en = "3 months" }
source = "https://example.org/norm"
valid_from = 2020-01-01
"""


def test_what_is_done_in_the_visit_has_no_deadline(tmp_path):
    path = tmp_path / "stadt.toml"
    path.write_text(SMALL_CITY + DEADLINE, encoding="utf-8")
    assert len(read_city(path).deadlines) == 1
    at_once = SMALL_CITY.replace(
        'office = "buergeramt"\n', 'office = "buergeramt"\ndone_in_visit = true\n'
    )
    assert errors_of(tmp_path, at_once + DEADLINE) == [
        "[[deadline]] \"no. 1\" service: 'personalausweis' is done in the visit; it has"
        " no deadline"
    ]


def test_a_cost_is_of_an_office_or_a_service_and_stands_once_a_year(tmp_path):
    path = tmp_path / "stadt.toml"
    other_year = COST.replace("2025\n", "2024\n")
    path.write_text(SMALL_CITY + COST + other_year, encoding="utf-8")
    assert [cost.year for cost in read_city(path).costs] == [2025, 2024]
    twice = SMALL_CITY + COST + COST.replace('"visits"', '"cases"')
    assert errors_of(tmp_path, twice) == [
        "[[cost]] of buergeramt in 2025: stands 2 times"
    ]


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        ("480000", "0", "amount_eur: is 0; Input should be greater than 0"),
        ('"visits"', '"calls"', "per: is 'calls'; Input should be 'visits' or 'cases'"),
        (
            'office = "buergeramt"',
            'service = "reisepass"',
            "service: 'reisepass' is no service; expected one of: personalausweis",
        ),
        (
            'office = "buergeramt"',
            'office = "buergeramt"\nservice = "personalausweis"',
            'give either "office" or "service"',
        ),
        ("year = 2025\n", "", "year: is missing"),
    ],
)
def test_a_wrong_cost_is_said_in_one_line(tmp_path, before, after, error):
    place = '[[cost]] "no. 1"'
    (said,) = errors_of(tmp_path, SMALL_CITY + COST.replace(before, after))
    assert said in (f"{place} {error}", f"{place}: {error}")


CALLS = """
[[source]]
id = "telefon"
adapter = "asterisk_queue_log"
publisher = "Stadt Kleinstadt"
licence = "dl-de/by-2-0"
folder = "telefon"
every = "1d"
max_age = "2d"
mapping = { queues = { "115" = "buergeramt" }, calls = { target_seconds = 30 } }

[[target]]
kpi = "contacts.service_level"
channel = "phone"
value = 75
limit = 20
valid_from = 2026-01-01
decided_by = { de = "115", en = "115" }
"""


def test_a_queue_leads_to_an_office_of_the_file(tmp_path):
    wrong = CALLS.replace('"buergeramt" }', '"rathaus" }').replace("= 20", "= 30")
    assert errors_of(tmp_path, SMALL_CITY + wrong) == [
        "[[source]] \"telefon\" mapping.queues: 'rathaus' is no office; expected one"
        " of: buergeramt"
    ]


def test_a_promise_is_in_the_seconds_that_the_source_counts(tmp_path):
    place = SMALL_CITY.index("[publish]")
    assert errors_of(tmp_path, SMALL_CITY[:place] + CALLS + SMALL_CITY[place:]) == [
        '[[target]] "no. 1" limit: is 20; but [[source]] "telefon" counts within 30'
        " seconds"
    ]
    path = tmp_path / "stadt.toml"
    right = SMALL_CITY + CALLS.replace("limit = 20", "limit = 30")
    path.write_text(right, encoding="utf-8")
    assert read_city(path).targets[0].channel == "phone"
    misspelt = CALLS.replace('"phone"', '"telefon"').replace("= 20", "= 30")
    (error,) = errors_of(tmp_path, SMALL_CITY + misspelt)
    assert error.startswith("[[target]] \"no. 1\" channel: is 'telefon'; Input should")
    of_the_chat = CALLS.replace('channel = "phone"', 'channel = "chat"')
    path.write_text(SMALL_CITY + of_the_chat, encoding="utf-8")
    assert read_city(path).targets[0].limit == 20


def test_a_file_that_is_no_toml_is_refused_with_the_line(tmp_path):
    (error,) = errors_of(tmp_path, "[city\n")
    assert "line 1" in error


@pytest.mark.parametrize("path", sorted(CITIES.glob("*.toml")), ids=lambda p: p.stem)
def test_every_city_file_of_the_project_is_right(path):
    assert read_city(path).id
