"""Trees of calls as a picture: a box a function, as wide as its instructions, below its caller."""

from html import escape

from tools.bench.profile_tree import Call

_WIDTH = 1400
_ROW = 17
_TITLE = 26
_LEAST = 0.6  # narrower boxes are left out
_LETTER = 6.2  # pixels
_COLOURS = ("#f4a261", "#e9c46a", "#8ab6d6", "#a3c9a8", "#d8a7b1", "#c3b1e1", "#9fd3c7", "#e5b299")


def _colour(name: str) -> str:
    """The same for all functions of a file."""
    file = name.split(":")[0].split(" ")[0]
    return _COLOURS[sum(file.encode()) % len(_COLOURS)]


def _boxes(call: Call, x: float, row: int, scale: float, times: int) -> tuple[list[str], int]:
    """The boxes of what `call` calls, and the number of the first row that stays free."""
    found, free = [], row
    for child in sorted(call.children.values(), key=lambda child: -child.total()):
        total = child.total()
        width = total * scale
        if width < _LEAST:
            continue
        y = row * _ROW
        label = child.name.rpartition(" ")[2]
        shown = label[: int((width - 4) / _LETTER)] if width > 4 * _LETTER else ""
        words = f"{child.name}: {total / times:,.0f}, {child.own / times:,.0f} of its own"
        found.append(
            f'<g><title>{escape(words)}, {child.calls / times:,.1f} calls</title><rect x="{x:.1f}"'
            f' y="{y}" width="{width:.1f}" height="{_ROW - 1}" fill="{_colour(child.name)}"/>'
            f'<text x="{x + 3:.1f}" y="{y + 12}">{escape(shown)}</text></g>'
        )
        inner, free_inner = _boxes(child, x, row + 1, scale, times)
        found += inner
        free = max(free, row + 1, free_inner)
        x += width
    return found, free


def picture(parts: list[tuple[str, int, Call]]) -> str:
    """An SVG. `parts`: title, how many times it was played, calls of Python."""
    found, y = [], 0
    for title, times, tree in parts:
        boxes, rows = _boxes(tree, 0, 0, _WIDTH / max(tree.total(), 1), times)
        found.append(f'<text class="title" x="3" y="{y + 18}">{escape(title)}</text>')
        found.append(f'<g transform="translate(0 {y + _TITLE})">{"".join(boxes)}</g>')
        y += _TITLE + rows * _ROW + 12
    style = "text{font:11px monospace} .title{font:bold 14px sans-serif} rect:hover{stroke:#000}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{y}">'
        f'<style>{style}</style><rect width="100%" height="100%" fill="#fff"/>'
        + "\n".join(found)
        + "</svg>\n"
    )
