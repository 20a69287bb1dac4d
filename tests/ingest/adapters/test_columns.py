"""What is read as it stands is what would be read without the blanks around it."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.adapters.columns import Reading, fill
from ingest.mappings import Column

BLANKS = " \t\r\n\u00a0\u202f\ufeff"
FORMATS = [
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H",
    "%n%d.%m.%Y %H:%M%t",
    "%Y-%m-%dT%H:%M",
    "%b %d %Y %I:%M %p",
    ("%d.%m.%Y %H:%M", "%m.%d.%Y %H:%M%t"),
]


def filled(texts, words=("", "-"), **column):
    """Read texts as the moments at which visits began."""
    raw = pl.DataFrame({"Beginn": texts}, schema={"Beginn": pl.String})
    return fill(
        raw.with_row_index("row_number"),
        "tickets",
        {"called_at": Column(column="Beginn", **column)},
        Reading("Europe/Berlin", lambda texts: texts, missing=words),
    )


@st.composite
def written(draw):
    """Write moments as sources do: with blanks, with gaps, and wrong."""
    form = draw(st.sampled_from(FORMATS))
    blanks = st.text(BLANKS, max_size=2)
    moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1))  # noqa: DTZ001
    first = form if isinstance(form, str) else form[0]
    said = moments.map(lambda moment: moment.strftime(first))
    bare = said | said.map(lambda text: text[1:]) | st.sampled_from(["", "-", "x"])
    texts = st.tuples(blanks, bare, blanks).map("".join) | st.none()
    return form, draw(st.lists(texts, max_size=6))


@given(written())
def test_blanks_around_moments_change_nothing(source):
    form, texts = source
    stripped = [text and text.strip(BLANKS) for text in texts]
    found, expected = filled(texts, format=form), filled(stripped, format=form)
    assert found.rows.equals(expected.rows)
    assert found.refused.drop("row_json").equals(expected.refused.drop("row_json"))


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0"])
@pytest.mark.parametrize("said_by", ["source", "column"])
def test_a_moment_that_means_nothing_is_none_with_and_without_blanks(said_by, blank):
    never = "01.01.1900 00:00"
    texts = [never, blank + never, never + blank, f"{blank}02.03.2026 10:00"]
    words = {"words": (never,)} if said_by == "source" else {"missing": (never,)}
    found = filled(texts, format="%d.%m.%Y %H:%M", **words)
    called_at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert found.rows["called_at"].to_list() == [None, None, None, called_at]
    assert found.refused.is_empty()


def test_beside_moments_that_are_read_as_they_stand_others_are_told_as_ever():
    texts = [
        "02.03.2026 10:00:00",
        " 02.03.2026 10:00:00\u00a0",
        None,
        "-\t",
        "29.03.2026 02:30:00 ",  # left out by summer time
        " 25.10.2026 02:30:00",  # came twice
        "gestern",
    ]
    found = filled(texts, format="%d.%m.%Y %H:%M:%S")
    called_at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert found.rows.select("row_number", "called_at").rows() == [
        (0, called_at),
        (1, called_at),
        (2, None),
        (3, None),
    ]
    assert found.refused.select("row_number", "reason").rows() == [
        (4, "nonexistent_time"),
        (5, "ambiguous_time"),
        (6, "unreadable_time"),
    ]


def test_the_first_of_several_formats_counts_whatever_blanks_there_are():
    formats = ("%d.%m.%Y %H:%M", "%m.%d.%Y %H:%M%t")
    found = filled(["01.02.2026 10:00", "01.02.2026 10:00 "], format=formats)
    first_of_february = datetime(2026, 2, 1, 9, tzinfo=UTC)
    assert found.rows["called_at"].to_list() == [first_of_february] * 2
