"""What a model expects of the next weeks: Theta, by statsmodels, where it is installed.

Theta averages a trend with what came lately, after the season of all years is taken
out (Assimakopoulos and Nikolopoulos, International Journal of Forecasting 16, 2000).
The same weeks always give the same forecast, so each is made once and kept.
"""

import hashlib
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import numpy as np
import polars as pl

from metrics.shelf import Shelf

_SEASON: Final = 52  # weeks
_FEWEST_WEEKS: Final = 2 * _SEASON  # in which a season is seen twice
_LONGEST_GAP: Final = 4  # weeks: an office that closes over a holiday, a lost delivery
_KEPT: Final = pl.Schema({"made_of": pl.String(), "said": pl.List(pl.Float64)})


class Theta:
    """Forecasts so many weeks ahead, those of last time from the shelf."""

    def __init__(self, ahead: int, shelf: Shelf | None = None) -> None:
        self._ahead, self._shelf = ahead, shelf
        self._version = version("statsmodels")
        kept = None if shelf is None else shelf.latest("theta")
        self._before: dict[str, list[float]] = (
            {} if kept is None else dict(kept.select(*_KEPT).iter_rows())
        )
        self._said: dict[str, list[float]] = {}

    @classmethod
    def installed(cls, ahead: int, shelf: Shelf | None = None) -> "Theta | None":
        """Return the model, or None without the extra package that it needs."""
        try:
            return cls(ahead, shelf)
        except PackageNotFoundError:
            return None

    def says(self, weeks: np.ndarray) -> list[float] | None:
        """Say what comes per day, after all weeks so far; NaN: not known.

        None where they are too few, or too many in a row are missing.
        """
        known = _without_long_gaps(weeks)
        if len(known) < _FEWEST_WEEKS:
            return None
        made_of = hashlib.sha256(known.tobytes() + self._version.encode()).hexdigest()
        said = self._before.get(made_of) or self._said.get(made_of)
        if said is None:
            said = _fitted(known, self._ahead)
        self._said[made_of] = said
        return said

    def keep(self) -> None:
        """Keep what was said for the next time."""
        if self._shelf is None or self._said.keys() == self._before.keys():
            return
        said = [*self._said.items()]
        self._shelf.keep("theta", pl.DataFrame(said, schema=_KEPT, orient="row"))


def _without_long_gaps(weeks: np.ndarray) -> np.ndarray:
    """Fill short gaps by a straight line; forget what lies before a long one."""
    known = np.flatnonzero(~np.isnan(weeks))
    if not known.size or len(weeks) - known[-1] > _LONGEST_GAP + 1:
        return np.empty(0)
    is_first = np.diff(known, prepend=-_LONGEST_GAP - 2) > _LONGEST_GAP + 1
    since = np.arange(known[is_first][-1], len(weeks))
    filled: np.ndarray = np.interp(since, known, weeks[known])
    return filled


def _fitted(known: np.ndarray, ahead: int) -> list[float]:
    # Here, since it takes a second, and most publications need it not.
    from statsmodels.tsa.forecasting.theta import ThetaModel

    model = ThetaModel(known, period=_SEASON, use_test=False, method="additive")
    said = np.asarray(model.fit().forecast(ahead))
    return [max(0.0, float(value)) for value in said]
