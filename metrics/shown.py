"""What the snapshot of a moment says of one figure, and how far it carries it."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from metrics.closings import closing_of, closings_in
from metrics.explanation import Outcome
from metrics.figures import parse_figure_id
from metrics.published import snapshot_at
from metrics.recomputation import Recomputation, recomputation


@dataclass(frozen=True)
class Shown:
    """One figure in one snapshot."""

    snapshot: str
    figures_sha256: str  # of figures.parquet, as the manifest says
    figure: Outcome | None  # None: it is not in the snapshot
    recomputation: Recomputation | None


def shown_at(published_dir: Path, figure_id: str, moment: datetime) -> Shown | None:
    """Look a figure up in what was published at a moment; None: nothing was."""
    folder = snapshot_at(published_dir, moment)
    if folder is None:
        return None
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    catalogue = json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))
    figures = pl.read_parquet(folder / "figures.parquet", memory_map=False)
    found = figures.filter(figure_id=figure_id).to_dicts()
    about = catalogue.get(parse_figure_id(figure_id).kpi)
    figure, lines = None, None
    if found and about is not None:
        parts = ("value", "n", "numerator", "state", "reason")
        figure = Outcome(**{part: found[0][part] for part in parts})
        states = dict(figures.select("figure_id", "state").iter_rows())
        base = manifest["rounding_base"]
        closed = closing_of(parse_figure_id(figure_id), closings_in(manifest))
        lines = recomputation(
            *(found[0], about, base, states.get), is_closed=closed is not None
        )
    return Shown(manifest["id"], manifest["files"]["figures.parquet"], figure, lines)
