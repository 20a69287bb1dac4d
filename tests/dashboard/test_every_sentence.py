"""Every KPI says every figure in whole sentences, and no number of its own."""

import re
from datetime import date
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.comparable import Days
from dashboard.i18n import Words
from dashboard.reading import Figure, KpiWords, value_words
from dashboard.sentences import headline
from metrics.catalogue import CATALOGUE, REASONS, in_number
from metrics.figures import FigureId
from metrics.periods import GRAINS, period_of

BERLIN = ZoneInfo("Europe/Berlin")
WORDS = {language: Words(language, BERLIN) for language in ("de", "en")}
NOUNS = ("applications", "reports", "cases")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# Where a verb goes with a number it must stand in both forms: "[wurde|wurden]". The
# German one comes second in the sentence, or last in a clause with "denen".
N = r"\{(?:value|number)\}"
OF_MANY_ONLY = {
    "de": rf"\{{(?:period|end)\}} (?:\w+en|sind) (?:nur |je \w+ neue Fälle )?{N}"
    rf"|denen {N}[^,.]* \w+en$",
    # "1% of the appointments were missed" is right.
    "en": rf"\b(?:were|are|have) {N}|{N}(?! of\b)(?: \w+){{0,4}} (?:were|are|have)\b",
}
HIDES_OR_LACKS = [
    ("hidden", "fewer_than_8"),
    ("hidden", "too_few"),
    *(("no_data", reason) for reason in REASONS),
]
KNOWN = [
    ("final", None),
    ("provisional", None),
    ("final", "below"),
    ("final", "above"),
    *HIDES_OR_LACKS,
]


def kpi_words(name, language, noun="applications"):
    catalogue = {name: CATALOGUE[name].model_dump(mode="json")}
    return KpiWords.of(catalogue, name, language, noun)


def figure(name, value, period, *, state="final", reason=None, n=400):
    return Figure(
        figure_id=str(FigureId(name, "amt", None, None, period.grain, period.id)),
        kpi=name, office="amt", service=None, channel=None, grain=period.grain,
        period_start=period.start, period_end=period.end, value=value,
        n=n if value is not None else None, numerator=None, lower=None, upper=None,
        target=None, state=state, reason=reason, coverage=1.0,
    )  # fmt: skip


QUARTER = period_of(date(2026, 7, 1), "quarter")


def assert_well_formed(sentence):
    assert sentence[0].isupper(), sentence
    assert sentence.endswith("."), sentence
    assert not re.search(r"[{}\[\]|_]|  | [,.]|\.\.|,,|None|nan", sentence), sentence


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_kpi_says_every_state_in_a_whole_sentence(name, language):
    words = WORDS[language]
    for noun, grain in product(NOUNS, GRAINS):
        kpi, period = (
            kpi_words(name, language, noun),
            period_of(date(2026, 5, 4), grain),
        )
        for value, state in product((0, 1, 2, 40, 1234), ("final", "provisional")):
            now = figure(name, value, period, state=state)
            before = figure(name, 2 * value + 7, period.year_before or period)
            assert_well_formed(headline(words, kpi, now))
            assert_well_formed(headline(words, kpi, now, before, days=Days(60, 62)))
        for state, reason in HIDES_OR_LACKS:
            now = figure(name, None, period, state=state, reason=reason)
            sentence = headline(words, kpi, now)
            assert_well_formed(sentence)
            assert kpi.label in sentence
            assert value_words(words, kpi, now) in sentence


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("name", CATALOGUE)
def test_a_limit_is_said_as_a_limit(name, language):
    """Else "under 5 %" would pass for 5 %, and "over an hour" for "at most an hour"."""
    words, kpi = WORDS[language], kpi_words(name, language)
    if "{number}" in kpi.sentence:
        assert kpi.kind == "ratio", f"{name} says limits: use {{value}} instead"
        return
    for reason in ("below", "above"):
        now = figure(name, 40, QUARTER, reason=reason)
        sentence = headline(words, kpi, now)
        assert_well_formed(sentence)
        limit = value_words(words, kpi, now).split()[0]
        assert re.search(rf"\b{limit} 40\b", sentence), sentence


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("name", CATALOGUE)
def test_one_takes_the_singular(name, language):
    template = CATALOGUE[name].texts[language].sentence
    for is_one in (True, False):
        assert not set("[]|") & set(in_number(template, is_one=is_one))
    wrong = re.search(OF_MANY_ONLY[language], in_number(template, is_one=True))
    assert not wrong, (
        f"the {language} sentence of {name} says {wrong and wrong[0]!r} of 1, too;"
        " write the verb in both forms, as [wurde|wurden] or [was|were]"
    )


@pytest.mark.parametrize("name", CATALOGUE)
def test_after_a_preposition_of_the_dative_stands_the_dative(name):
    template = CATALOGUE[name].texts["de"].sentence
    wrong = re.search(
        r"\b(?:nach|von|mit|bei|zu|aus|seit) \{(?:value|most)\}", template
    )
    assert not wrong, (
        f"the German sentence of {name} says {wrong and wrong[0]!r}: that would be"
        " „nach 3 Tage“; use {dative} or {most_dative}"
    )


def test_one_and_many_are_said_right():
    def said(name, value, language="de"):
        kpi = kpi_words(name, language)
        return headline(WORDS[language], kpi, figure(name, value, QUARTER))

    assert said("backlog.decided", 1) == "Im 3. Quartal 2026 wurde 1 Antrag erledigt."
    assert said("backlog.decided", 2) == "Im 3. Quartal 2026 wurden 2 Anträge erledigt."
    assert said("backlog.decided", 1, "en") == "In Q3 2026, 1 application was closed."
    assert said("backlog.open", 1) == "Am 30. September 2026 war 1 Antrag offen."
    assert said("waiting.no_show_share", 1) == (
        "Im 3. Quartal 2026 wurde 1\N{NO-BREAK SPACE}% der Termine nicht wahrgenommen."
    )
    assert said("backlog.clearance_percent", 1, "en") == (
        "In Q3 2026, 1 case was closed for every 100 new ones."
    )


def numbers(*texts):
    return {found for text in texts for found in NUMBER.findall(text)}


def said_of(words, kpi, now):
    """List every number that may be said of a figure: of its value and its period."""
    period = now.period
    return numbers(
        kpi.label,
        re.sub(r"\{.*?\}", "", kpi.sentence),  # "8 von 10"
        words.in_period(period.grain, period.start),
        words.period(period.grain, period.start),
        words.date(period.end),
        value_words(words, kpi, now),
        words.number(now.value or 0, kpi.decimals),
    )


def differences(words, kpi, now, before, days):
    """Work the change out again: in units, in points, or in percent by the day."""
    if kpi.kind in ("count", "sum"):
        now_by_day, then_by_day = now.value / days.now, before.value / days.before
        change = 100 * (now_by_day - then_by_day) / then_by_day if then_by_day else 0
    else:
        change = round(now.value) - round(before.value)
    return numbers(words.number(abs(change)))


@settings(max_examples=600)
@given(
    name=st.sampled_from(sorted(CATALOGUE)),
    language=st.sampled_from(sorted(WORDS)),
    noun=st.sampled_from(NOUNS),
    grain=st.sampled_from(GRAINS),
    day=st.dates(date(2024, 1, 1), date(2028, 12, 31)),
    values=st.tuples(*[st.integers(0, 200_000).map(lambda n: n / 4)] * 2),
    known=st.sampled_from(KNOWN),
    days=st.tuples(st.integers(1, 260), st.integers(1, 260)),
)
def test_no_sentence_has_a_number_that_is_not_in_its_figure(
    name, language, noun, grain, day, values, known, days
):
    words, kpi = WORDS[language], kpi_words(name, language, noun)
    period, (state, reason) = period_of(day, grain), known
    value = values[0] if state in ("final", "provisional") else None
    now = figure(name, value, period, state=state, reason=reason)
    alone = headline(words, kpi, now)
    assert_well_formed(alone)
    assert numbers(alone) <= said_of(words, kpi, now)
    if period.year_before is None or value is None:
        return
    before = figure(name, values[1], period.year_before)
    compared = headline(words, kpi, now, before, days=Days(*days))
    assert_well_formed(compared)
    change = differences(words, kpi, now, before, Days(*days))
    if min(values) <= 0:  # told by both values
        change |= numbers(value_words(words, kpi, before))
    assert numbers(compared) <= said_of(words, kpi, now) | change
    assert compared.startswith(alone.partition(".")[0][:20])
