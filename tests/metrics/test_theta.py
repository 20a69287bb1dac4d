"""What the model says: against a plain implementation, over gaps, and kept."""

import random
from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest

import metrics.theta
from metrics.shelf import Shelf
from metrics.theta import Theta

AHEAD = 8


def weeks_of(number, value_of):
    return np.array([value_of(i) for i in range(number)], dtype=float)


def noisy(number=160, seed=3):
    chance = random.Random(seed)  # noqa: S311
    return weeks_of(
        number, lambda i: 100 + 0.3 * i + 20 * (i % 52 > 30) + chance.gauss(0, 8)
    )


def season_of(values):
    """Take the usual distance of each week of the year from a year's mean around it."""
    off = {}
    for i in range(26, len(values) - 26):
        year = values[i - 25 : i + 26]
        mean = (sum(year) + (values[i - 26] + values[i + 26]) / 2) / 52
        off.setdefault(i % 52, []).append(values[i] - mean)
    season = {week: sum(each) / len(each) for week, each in off.items()}
    mean = sum(season.values()) / 52
    return {week: value - mean for week, value in season.items()}


def smoothed(values, alpha):
    """Return the level after all, and the squared error of saying each level."""
    level, error = values[0], 0.0
    for value in values:
        error += (value - level) ** 2
        level += alpha * (value - level)
    return level, error


def slope_of(values):
    n, mean = len(values), sum(values) / len(values)
    middle = (n - 1) / 2
    above = sum((i - middle) * (value - mean) for i, value in enumerate(values))
    return above / sum((i - middle) ** 2 for i in range(n))


def plain_theta(values, ahead):
    """Half of the trend of all weeks, added to a level that follows the latest."""
    season = season_of(values)
    level_only = [value - season[i % 52] for i, value in enumerate(values)]
    alphas = [step / 1000 for step in range(1, 1000)]
    alpha = min(alphas, key=lambda each: smoothed(level_only, each)[1])
    level, _ = smoothed(level_only, alpha)
    half = slope_of(level_only) / 2
    n = len(values)
    late = (1 - (1 - alpha) ** n) / alpha
    return [
        level + half * (h - 1 + late) + season[(n + h - 1) % 52]
        for h in range(1, ahead + 1)
    ]


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_it_says_what_a_plain_implementation_says(seed):
    weeks = noisy(seed=seed)
    plain = plain_theta(weeks.tolist(), AHEAD)
    assert Theta(AHEAD).says(weeks) == pytest.approx(plain, rel=0.002)


def test_a_season_that_always_comes_again_is_said_as_it_comes():
    weeks = weeks_of(156, lambda i: 100 + i % 52)
    said = Theta(AHEAD).says(weeks)
    assert said == pytest.approx([100, 101, 102, 103, 104, 105, 106, 107], abs=1e-6)


def test_nothing_is_said_to_come_less_than_not_at_all():
    weeks = weeks_of(156, lambda i: max(0, 300 - 2 * i) + i % 52 / 10)
    said = Theta(AHEAD).says(weeks)
    assert min(said) == 0


def test_a_gap_of_four_weeks_is_filled_by_a_straight_line():
    weeks = noisy().tolist()
    ends = weeks[99], weeks[104]
    line = [ends[0] + (ends[1] - ends[0]) * step / 5 for step in (1, 2, 3, 4)]
    gap = np.array([*weeks[:100], *[np.nan] * 4, *weeks[104:]])
    filled = np.array([*weeks[:100], *line, *weeks[104:]])
    assert Theta(AHEAD).says(gap) == pytest.approx(Theta(AHEAD).says(filled))


def test_after_a_gap_of_five_weeks_what_lies_before_is_forgotten():
    weeks = noisy(160).tolist()
    gap = np.array([*weeks[:40], *[np.nan] * 5, *weeks[45:]])
    assert Theta(AHEAD).says(gap) == Theta(AHEAD).says(np.array(weeks[45:]))
    late = np.array([*weeks[:60], *[np.nan] * 5, *weeks[65:]])
    assert Theta(AHEAD).says(late) is None


def test_it_is_silent_without_two_years_and_five_weeks_after_the_last_known_one():
    weeks = noisy(160)
    assert Theta(AHEAD).says(weeks[:103]) is None
    assert Theta(AHEAD).says(weeks[:104]) is not None
    assert Theta(AHEAD).says(weeks[:0]) is None
    assert Theta(AHEAD).says(np.array([*weeks, *[np.nan] * 4])) is not None
    assert Theta(AHEAD).says(np.array([*weeks, *[np.nan] * 5])) is None


def test_what_was_said_is_kept_and_said_anew_only_after_other_weeks(
    tmp_path, monkeypatch
):
    shelf, weeks = Shelf(tmp_path, "guard"), noisy()
    first = Theta(AHEAD, shelf)
    said = first.says(weeks)
    first.keep()
    corrected = np.array([weeks[0] + 50, *weeks[1:]])
    anew = Theta(AHEAD).says(corrected)
    assert Theta(AHEAD, shelf).says(corrected) == anew != said

    def fit(*_):
        pytest.fail("it was fitted again")

    monkeypatch.setattr(metrics.theta, "_fitted", fit)
    assert Theta(AHEAD, shelf).says(weeks) == said


def test_what_nobody_asked_for_is_not_kept_for_ever(tmp_path):
    shelf, weeks = Shelf(tmp_path, "guard"), noisy()
    for asked in (weeks, weeks[-120:]):
        model = Theta(AHEAD, shelf)
        model.says(asked)
        model.keep()
    assert shelf.latest("theta").height == 1


def test_without_its_library_there_is_no_model(monkeypatch):
    assert Theta.installed(AHEAD) is not None

    def version(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(metrics.theta, "version", version)
    assert Theta.installed(AHEAD) is None
