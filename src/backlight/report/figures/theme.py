"""How every figure looks, and how it leaves matplotlib: themed SVG for a page, or a file.

Figures are drawn in a few fixed colours. On a page each of them becomes a CSS custom property, so that the page's
light or dark theme decides; in a file they stay as they are. Sizes are CSS pixels: a point of matplotlib is one.
"""

import io
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...records import BacklightError

INK = "#1c2127"
MUTED = "#69727d"
GREY = "#8c949e"
LINE = "#dfe3e8"
PAPER = "#fefefe"
ACCENT = "#2458a6"
WARM = "#b8501f"
COLOURS = {"ink": INK, "muted": MUTED, "grey": GREY, "line": LINE, "paper": PAPER, "accent": ACCENT, "warm": WARM}
"""Name of the CSS custom property (after `--figure-`) → colour in a file."""
DARK = {
    INK: "#e4e7eb",
    MUTED: "#9ea7b1",
    GREY: "#7d8691",
    LINE: "#30363d",
    PAPER: "#14171b",
    ACCENT: "#79aaf2",
    WARM: "#e8925f",
}
"""What a browser shows instead in an .svg file where the reader prefers dark; the same as on a page."""

STYLES: Any = {
    "svg.fonttype": "none",  # text stays text: sharp, searchable, in the page's own font
    "text.parse_math": False,  # a dollar in the name of a column is a dollar
    "font.size": 11.0,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 1.0,
    "axes.titlelocation": "left",
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "path.simplify_threshold": 0.5,
}
_SVG_UNITS_PER_INCH = 72
_PNG_DOTS_PER_INCH = 144

P = ParamSpec("P")


def themed(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Let a function draw in the styles of this file, whatever the user's own matplotlib is set to."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(STYLES):
            return draw(*args, **kwargs)

    return drawn


def canvas(width: float, height: float) -> Figure:
    """An empty figure of that many CSS pixels."""
    figure = Figure(figsize=(width / _SVG_UNITS_PER_INCH, height / _SVG_UNITS_PER_INCH), facecolor=PAPER)
    figure.patch.set_gid("paper")
    return figure


def axes_within(
    figure: Figure, *, left: float = 44, right: float = 8, top: float = 8, bottom: float = 36, grid: str = "y"
) -> Axes:
    """Axes that leave these margins, in pixels."""
    width, height = figure.get_size_inches() * _SVG_UNITS_PER_INCH
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    )
    bare(axes, grid=grid)
    return axes


def bare(axes: Axes, *, grid: str = "y") -> None:
    """Take away what carries no information: upper and right frame, tick marks; leave a quiet grid."""
    axes.set_facecolor("none")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=0, pad=6)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid, color=LINE, linewidth=0.8)  # type: ignore[arg-type]


def to_svg(figure: Figure, *, name: str, label: str) -> str:
    """An inline `<svg>` whose colours are CSS custom properties.

    `name` must be unique on its page: every id within starts with it. `label` says for a screen reader what is seen.
    """
    markup = _svg(figure, salt=name)
    markup = markup[markup.index("<svg") :]
    markup = re.sub(
        r"<metadata>.*?</metadata>|<!--.*?-->|<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", markup, flags=re.S
    )
    markup = re.sub(r'<g id="paper">.*?</g>', "", markup, count=1, flags=re.S)
    markup = _own_ids(markup, name)
    for colour, value in COLOURS.items():
        markup = markup.replace(value, f"var(--figure-{colour})")
    # The page's own font; matplotlib turns every text by −0 degrees and repeats its long list of fonts in each.
    markup = re.sub(r" font-family: [^;\"]*;?| ?transform=\"rotate\(-0 [^\"]*\"", "", markup)
    width, height = figure.get_size_inches() * _SVG_UNITS_PER_INCH
    opening = (
        f'<svg class="figure" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'role="img" aria-label="{_escaped(label)}">'
    )
    return re.sub(r"\n\s*", "\n", re.sub(r"<svg[^>]*>", lambda _: opening, markup, count=1)).strip()


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as .png or .svg.

    Raises BacklightError for another ending.
    """
    path = Path(path)
    if path.suffix.lower() == ".svg":
        path.write_text(_svg(figure, salt="backlight").replace("<defs>", _dark_style() + "<defs>", 1), encoding="utf-8")
    elif path.suffix.lower() == ".png":
        with mpl.rc_context(STYLES):
            figure.savefig(path, dpi=_PNG_DOTS_PER_INCH, metadata={"Software": None})
    else:
        raise BacklightError(f"cannot write a figure to {path}: end its name in .png or .svg")
    return path


def _dark_style() -> str:
    """Rules that change each colour in a browser that prefers dark; other programs do not know them."""
    rules = "".join(
        f'[style*="{kind}: {colour}"],[{kind}="{colour}"]{{{kind}:{dark}!important}}'  # patterns use attributes
        for colour, dark in DARK.items()
        for kind in ("fill", "stroke")
    )
    return f"<style>@media screen and (prefers-color-scheme: dark){{{rules}}}</style>\n"


def _svg(figure: Figure, *, salt: str) -> str:
    stream = io.StringIO()
    with mpl.rc_context(STYLES | {"svg.hashsalt": salt}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def _own_ids(markup: str, name: str) -> str:
    """Put the name before ids that something refers to, and drop all others."""
    markup = markup.replace("xlink:href", "href")
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', markup))
    markup = re.sub(r' id="([^"]*)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", markup)
    return re.sub(r'(href="#|url\(#)([^")]+)', rf"\g<1>{name}-\g<2>", markup)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
