"""Draws heap in use over time, the phases marked, as an SVG: build/heap.svg."""

from typing import NamedTuple
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 960, 420
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 50, 40
_STEP = 4000  # bytes between two lines of the scale


class Sample(NamedTuple):
    """Heap in use at a time of the session; `live`: right after a collection."""

    s: float
    used: int
    live: bool


class Phase(NamedTuple):
    """Where a phase begins."""

    s: float
    name: str


def svg(samples: list[Sample], phases: list[Phase], heap: int, title: str) -> str:
    """The picture. `heap`: its size, bytes."""
    end = max(sample.s for sample in samples) or 1.0

    def x(s: float) -> str:
        return f"{LEFT + s / end * (WIDTH - LEFT - RIGHT):.1f}"

    def y(used: int) -> str:
        return f"{HEIGHT - BOTTOM - used / heap * (HEIGHT - TOP - BOTTOM):.1f}"

    def line(x1: str, y1: str, x2: str, y2: str, style: str) -> str:
        return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" class="{style}"/>'

    def text(at_x: str, at_y: str, content: str, style: str) -> str:
        return f'<text x="{at_x}" y="{at_y}" class="{style}">{escape(content)}</text>'

    right, top, bottom = str(WIDTH - RIGHT), str(TOP), str(HEIGHT - BOTTOM)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">',
        "<style>text{font:11px sans-serif;fill:#333}.head{font-size:14px}.scale{text-anchor:end}"
        ".grid{stroke:#ddd}.size{stroke:#b00}.phase{stroke:#999;stroke-dasharray:3 3}"
        ".used{fill:none;stroke:#9bc}.live{fill:none;stroke:#036;stroke-width:2}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        text(str(LEFT), "18", title, "head"),
    ]
    for used in range(0, heap, _STEP):
        parts.append(line(str(LEFT), y(used), right, y(used), "grid"))
        parts.append(text(str(LEFT - 6), y(used), f"{used:,} B", "scale"))
    parts.append(line(str(LEFT), top, right, top, "size"))
    for number, phase in enumerate(phases):
        parts.append(line(x(phase.s), top, x(phase.s), bottom, "phase"))
        # Short phases lie close together: every other name a line lower.
        parts.append(text(x(phase.s), str(TOP - 6 - number % 2 * 12), phase.name, "name"))
    for style, wanted in (("used", False), ("live", True)):
        points = " ".join(f"{x(s.s)},{y(s.used)}" for s in samples if s.live is wanted)
        parts.append(f'<polyline points="{points}" class="{style}"/>')
    foot = f"{end:.0f} s. Thin: in use, garbage included. Thick: after a collection. Red: the heap"
    parts.append(text(str(LEFT), str(HEIGHT - 12), f"{foot}, {heap:,} B.", "foot"))
    return "\n".join([*parts, "</svg>"]) + "\n"
