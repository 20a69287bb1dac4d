"""Draws a chart with plotly: the same picture as the SVG, with hover in words."""

from __future__ import annotations

from typing import Any, Final

from dashboard.charts.chart import Chart, Series, Target
from dashboard.charts.plot import (
    FONT_SIZE,
    LINE_HEIGHT,
    NARROW,
    WIDE,
    Plot,
    labelled_positions,
)

Figure = dict[str, Any]

_DASHES: Final = ("solid", "9px,5px", "2px,4px", "12px,4px,2px,4px")
_SYMBOLS: Final = ("circle", "diamond", "square", "triangle-up")
_SIZES: Final = (9, 11, 9, 11)
_TARGET: Final = "var(--chart-target)"
_MUTED: Final = {"color": "var(--chart-muted)"}
_FONT: Final = '"Fira Sans", sans-serif'


def figure(chart: Chart) -> Figure:
    """Give data and layout for each size of the picture, ready for Plotly.react.

    Colours are css variables of the page ("var(--chart-1)"), which the script
    resolves when it draws: so light, dark and the city's colours need one figure.
    """
    return {
        "wide": _picture(Plot.of(chart, WIDE)),
        "narrow": _picture(Plot.of(chart, NARROW)),
        "config": {
            "displayModeBar": False,
            "displaylogo": False,
            "plotlyServerURL": "",
            "locale": chart.language,
            "scrollZoom": False,
            "responsive": False,
        },
    }


def color(number: int) -> str:
    return f"var(--chart-{number})"


def _picture(plot: Plot) -> Figure:
    traces = [trace for each in plot.chart.series for trace in _traces(plot, each)]
    return {"data": traces, "layout": _layout(plot)}


def _traces(plot: Plot, series: Series) -> list[Figure]:
    chart = plot.chart
    number = chart.series.index(series) + 1
    said: Figure = {
        "name": series.name,
        "showlegend": False,
        "x": list(range(len(series.values))),
        "y": list(series.values),
        "customdata": [
            [period.label, words]
            for period, words in zip(chart.periods, series.words, strict=True)
        ],
        # No tags but <br>: plotly makes inline styles of them, which are blocked.
        "hovertemplate": "%{customdata[1]}<br>%{customdata[0]}<br>"
        "%{fullData.name}<extra></extra>",
    }
    if series.kind == "bar":
        return [said | _bars(chart, series, number)]
    return [*_lines(chart, series, number), said | _markers(plot, series, number)]


def _bars(chart: Chart, series: Series, number: int) -> Figure:
    is_filled = chart.bars.index(series) == 0
    fills = [
        color(number) if is_filled and i not in series.provisional else color(0)
        for i in range(len(series.values))
    ]
    style = {"color": fills, "line": {"color": color(number), "width": 2}}
    return {"type": "bar", "marker": style}


def _lines(chart: Chart, series: Series, number: int) -> list[Figure]:
    """Draw the stretches between gaps, dotted towards provisional values."""
    traces: list[Figure] = []
    for is_provisional in (False, True):
        stretches = [run for run, later in series.runs() if later is is_provisional]
        if not stretches:
            continue
        dash = "dot" if is_provisional else _DASHES[chart.lines.index(series)]
        joined = [i for run in stretches for i in (*run, None)]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "hoverinfo": "skip",
                "showlegend": False,
                "connectgaps": False,
                "x": joined,
                "y": [None if i is None else series.values[i] for i in joined],
                "line": {"color": color(number), "width": 2.5, "dash": dash},
            }
        )
    return traces


def _markers(plot: Plot, series: Series, number: int) -> Figure:
    style = plot.chart.lines.index(series)
    positions = range(len(series.values))
    return {
        "type": "scatter",
        "mode": "markers",
        "cliponaxis": False,
        "marker": {
            "opacity": 1,
            "size": [_SIZES[style] * plot.has_marker(series, i) for i in positions],
            "symbol": _SYMBOLS[style],
            "color": [
                color(0 if i in series.provisional else number) for i in positions
            ],
            "line": {"color": color(number), "width": 2},
        },
    }


def _layout(plot: Plot) -> Figure:
    chart, size = plot.chart, plot.size
    return {
        "width": size[0],
        "height": size[1],
        "font": {"family": _FONT, "size": FONT_SIZE, "color": "var(--chart-text)"},
        "margin": {
            "l": plot.left,
            "r": size[0] - plot.right,
            "t": plot.upper,
            "b": size[1] - plot.lower,
            "pad": 0,
        },
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "dragmode": False,
        "hovermode": "closest",
        "hoverdistance": 40,
        "hoverlabel": {
            "bgcolor": color(0),
            "bordercolor": "var(--chart-axis)",
            "font": {"family": _FONT, "size": 16, "color": "var(--chart-text)"},
            "align": "left",
        },
        "bargap": 0.24,
        "bargroupgap": 0.06,
        "transition": {"duration": 0},
        "xaxis": _x_axis(plot),
        "yaxis": _y_axis(chart),
        "shapes": _shapes(chart),
        "annotations": _annotations(plot),
    }


def _x_axis(plot: Plot) -> Figure:
    periods = plot.chart.periods
    return {
        "range": [-0.5, len(periods) - 0.5],
        "tickvals": labelled_positions(periods, plot.step),
        "ticktext": [periods[i].short for i in labelled_positions(periods, plot.step)],
        "tickangle": 0,
        "tickfont": _MUTED,
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
    }


def _y_axis(chart: Chart) -> Figure:
    return {
        "range": [0, chart.top],
        "tickvals": list(chart.ticks),
        "ticktext": [chart.number(tick) for tick in chart.ticks],
        "tickfont": _MUTED,
        "fixedrange": True,
        "gridcolor": "var(--chart-grid)",
        "zerolinecolor": "var(--chart-axis)",
        "zerolinewidth": 1,
    }


def _shapes(chart: Chart) -> list[Figure]:
    closures = [
        {
            "type": "rect",
            "layer": "below",
            "yref": "paper",
            "x0": closure.first - 0.5,
            "x1": closure.last + 0.5,
            "y0": 0,
            "y1": 1,
            "fillcolor": "var(--chart-closure)",
            "line": {"width": 0},
        }
        for closure in chart.closures
    ]
    events = [
        {
            "type": "line",
            "yref": "paper",
            "x0": event.at,
            "x1": event.at,
            "y0": 0,
            "y1": 1.04,
            "line": {"color": "var(--chart-text)", "width": 1.5, "dash": "3px,3px"},
        }
        for event in chart.events
    ]
    targets = [
        {
            "type": "line",
            "x0": target.first - 0.5,
            "x1": _last(chart, target) + 0.5,
            "y0": target.value,
            "y1": target.value,
            "line": {"color": _TARGET, "width": 2, "dash": "10px,4px"},
        }
        for target in chart.targets
    ]
    return [*closures, *events, *targets]


def _annotations(plot: Plot) -> list[Figure]:
    chart = plot.chart
    notes = [_unit(plot)]
    notes += [
        {"x": i - 0.5, "y": 0, "yref": "paper", "yanchor": "top", "text": name}
        | {"xanchor": "left", "yshift": -LINE_HEIGHT - 2, "xshift": 2, "font": _MUTED}
        for i, name in plot.groups()
    ]
    notes += [
        {"x": event.at, "y": 1.04, "yref": "paper", "text": str(number)}
        | {"xshift": round(flag - plot.x(event.at), 1)}
        | {"bgcolor": color(0), "bordercolor": "var(--chart-text)", "borderpad": 3}
        | {"font": {"weight": 600}}
        for number, (event, flag) in enumerate(
            zip(chart.events, plot.flags(), strict=True), 1
        )
    ]
    notes += [
        {"x": 1, "xref": "paper", "xanchor": "left", "xshift": 8}
        | {"y": plot.value_at(label.y), "yanchor": "middle", "text": label.text}
        | {
            "font": {
                "color": color(label.number) if label.number else _TARGET,
                "weight": 600,
            }
        }
        for label in plot.end_labels()
    ]
    return [note | {"showarrow": False} for note in notes]


def _unit(plot: Plot) -> Figure:
    return {
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "xshift": -plot.left,
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "yshift": plot.upper - LINE_HEIGHT,
        "text": plot.chart.unit,
        "font": _MUTED,
    }


def _last(chart: Chart, target: Target) -> int:
    return len(chart.periods) - 1 if target.last is None else target.last
