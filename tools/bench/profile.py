"""Where the instructions go on the emulated Cortex-M3: by function of Python and of C, by line.

chip_bench's session is played once more, with a plugin in QEMU (profile_plugin.c) that watches
every instruction; the firmware is the same to the last bit, and so is the count. Written are
build/profile.txt to read, build/profile.svg to look at, build/profile.json for programs.
"""

import json
import mmap
import re
import struct
import subprocess
from collections import Counter
from pathlib import Path

from tools.bench.chip_bench import IDLE_S, IMAGE, TIMES, TOLERANCE, session
from tools.bench.profile_image import FLASH, PYTHON, Function, flash, functions, line_at
from tools.bench.profile_picture import picture
from tools.bench.profile_tree import (
    Call,
    Counted,
    Row,
    c_rows,
    parts_of_image,
    python_only,
    python_rows,
    read,
)
from tools.lockstep import Chip, LockstepError

# Steps of the session that are shown, and how often each is played: figures are of one.
STEPS = {
    "boot": 1,
    "idle": IDLE_S,
    "GetVariables of 1": TIMES,
    "DataTransfer": TIMES,
    "GetVariables of 20": 1,
    "SetVariables of 20 different": 1,
    "GetBaseReport": 1,
    "charging starts": 1,
    "charging": IDLE_S,
    "meter sample": 1,
}
# What goes on anyway meanwhile is taken off; elsewhere that is idling.
_BACKGROUND = {"boot": "", "idle": "", "meter sample": "charging"}
_LOCKSTEP = ("tell", "listen", "exchange")  # of boards/emulated/lockstep.c: host and chip in turns
_PLUGIN = Path(__file__).with_name("profile_plugin.c")
_WRITE = 255  # as profile_plugin.c has it
_LEAST = 100_000  # instructions: what is left of a meter sample may be next to nothing
_SHOWN = 25  # rows of a table
_LEAST_OF_TREE = 0.01  # of all instructions

Figures = dict[str, object]


class ProfileError(RuntimeError):
    """There is no image, QEMU takes no plugin, or it has not seen all."""


def _build_plugin(folder: Path) -> Path:
    text = subprocess.run(
        ["qemu-system-arm", "--version"], check=True, capture_output=True, text=True
    ).stdout
    found = re.search(r"version (\d+)", text)
    # From version 9 on QEMU refuses the first version of its interface, which is the same here.
    version = 1 if found is None or int(found[1]) < 9 else 2
    plugin = folder / "plugin.so"
    command = ["gcc", "-O2", "-shared", "-fPIC", f"-DPLUGIN_VERSION={version}"]
    subprocess.run([*command, "-o", str(plugin), str(_PLUGIN)], check=True)
    return plugin


class Profiler:
    """Files for the plugin, and what it has counted.

    Attributes:
        options: QEMU's, to start the plugin.
        ms: milliseconds by step.
    """

    def __init__(self, build: Path) -> None:
        self._folder = build / "profile"
        self._folder.mkdir(parents=True, exist_ok=True)
        image = (build / IMAGE).resolve()
        self.content = flash(image)
        self.functions = functions(
            image, self.content, image.parent / "port", image.parent / "frozen"
        )
        self._put("image", struct.pack("<I", FLASH) + self.content)
        rows = (f"{f.kind} {f.address} {f.size}\n" for f in self.functions)
        self._put("functions", "".join(rows).encode())
        self._put("mark", bytes(mmap.PAGESIZE))
        self._output = self._folder / "output"
        self._output.unlink(missing_ok=True)
        with (self._folder / "mark").open("r+b") as mark:
            self._mark = mmap.mmap(mark.fileno(), 0)
        names = ",".join(
            f"{name}={self._folder / name}" for name in ("image", "functions", "mark")
        )
        plugin = _build_plugin(self._folder)
        self.options = ("-plugin", f"{plugin},{names},output={self._output}")
        self.ms: Counter[str] = Counter()

    def _put(self, name: str, data: bytes) -> None:
        (self._folder / name).write_bytes(data)

    def play(self, image: Path) -> dict[str, float]:
        """The session of chip_bench. -> instructions by step, as the chip itself counts them."""
        names, now, since = ["", *STEPS], "", 0
        with Chip(image, options=self.options) as chip:

            def begins(name: str) -> None:
                nonlocal now, since
                self.ms[now] += chip.counts.ms - since
                now, since = name if name in STEPS else "", chip.counts.ms
                self._mark[0] = names.index(now)

            found = session(chip, begins)
            self._mark[0] = _WRITE
            chip.run(50)
        messages: dict[str, float] = found["chip_message"]  # type: ignore[assignment]
        boot: float = found["chip_reset_to_boot_notification"]  # type: ignore[assignment]
        return {"boot": boot, **messages}

    def counted(self) -> dict[str, Counted]:
        """By step."""
        lockstep = {
            number
            for number, function in enumerate(self.functions)
            if function.name in _LOCKSTEP and function.part == "simulation"
        }
        with self._output.open(encoding="utf-8") as lines:
            parts = read(lines, self.functions, lockstep)
        return {name: parts[number + 1] for number, name in enumerate(STEPS)}


def without_background(counted: dict[str, Counted], ms: Counter[str]) -> dict[str, Counted]:
    """Steps without what would have been executed in the same time if nothing had happened."""
    found = {}
    for name, (tree, code) in counted.items():
        rest = Counted(Call(tree.name), Counter(code))
        rest.tree.add(tree)
        if background := _BACKGROUND.get(name, "idle"):
            times = ms[name] / ms[background]
            rest.tree.add(counted[background].tree, -times)
            for address, own in counted[background].code.items():
                rest.code[address] -= own * times  # type: ignore[assignment]
        found[name] = rest
    return found


def check(found: dict[str, Figures], chip: dict[str, float]) -> None:
    """Raises: ProfileError: the plugin has not seen what the chip counts itself."""
    for name, figures in found.items():
        profiled: int = figures["instructions"]  # type: ignore[assignment]
        least = _LEAST if _BACKGROUND.get(name) else 0
        if name in chip and abs(profiled - chip[name]) > TOLERANCE * max(abs(chip[name]), least):
            raise ProfileError(f"{name}: {profiled} instructions; the chip says {chip[name]}")


def _row(row: Row, times: int) -> Figures:
    return {
        "function": row.name,
        "own": round(row.own / times),
        "with_calls": round(row.inclusive / times),
        "calls": round(row.calls / times, 1),
        "allocations": round(row.allocations / times, 1),
    }


def _of_c(row: Row, times: int) -> dict[str, int]:
    ordered = sorted(row.c.items(), key=lambda item: -item[1])
    return {name: round(own / times) for name, own in ordered if abs(own) >= times}


def lines_of(code: Counter[int], known: list[Function], content: bytes) -> Counter[str]:
    """Instructions by line, "link/link.py:90", or by function where the image knows no lines."""
    at = {function.address: function for function in known if function.kind == PYTHON}
    found: Counter[str] = Counter()
    function = None
    for address in sorted({*at, *code}):
        function = at.get(address, function)
        if address in code and function is not None:
            start = function.address - FLASH
            line = line_at(content[start : start + function.size], address - function.address)
            name = f"{re.split('[: ]', function.name)[0]}:{line}" if line else function.name
            found[name] += code[address]
    return found


def figures_of(part: Counted, times: int, lines: Counter[str]) -> Figures:
    """What build/profile.json has of a step; instructions of one time."""
    python = [row for row in python_rows(part.tree) if max(abs(row.own), row.inclusive) >= times]
    return {
        "instructions": round(part.tree.total() / times),
        "by_part_of_the_image": {
            name: round(own / times) for name, own in parts_of_image(part.tree).items()
        },
        "python": [{**_row(row, times), "c": _of_c(row, times)} for row in python],
        "c": [_row(row, times) for row in c_rows(part.tree) if abs(row.own) >= times],
        "lines": {name: round(own / times) for name, own in lines.most_common() if own >= times},
    }


class Sources:
    """Text of lines, for people."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, list[str]] = {}

    def text(self, place: str) -> str:
        """Of "link/link.py:90", or "link/link.py:90 Link.wake"."""
        file, _, line = place.partition(" ")[0].partition(":")
        path = self._folder / file
        if not line or not path.exists():
            return ""
        if file not in self._files:
            self._files[file] = path.read_text(encoding="utf-8").splitlines()
        return self._files[file][int(line) - 1].strip()


def _tree(call: Call, times: int, least: float, indent: str = "") -> list[str]:
    """Calls of Python with at least so many instructions, below their callers."""
    found = []
    for child in sorted(call.children.values(), key=lambda child: -child.total()):
        total = child.total()
        if total >= least:
            calls = child.calls / times
            found.append(f"  {total / times:>11,.0f} {calls:>8,.1f}  {indent}{child.name}")
            found += _tree(child, times, least, indent + "  ")
    return found


def _table(title: str, rows: list[Figures], total: int) -> list[str]:
    head = f"  {'own':>11} {'':6} {'with calls':>11} {'calls':>8} {'allocs':>7}  {title}"
    return [
        head,
        *(
            f"  {row['own']:>11,} {100 * row['own'] / total:>5.1f}% {row['with_calls']:>11,}"  # type: ignore[operator]
            f" {row['calls']:>8,} {row['allocations']:>7,}  {row['function']}"
            for row in rows
        ),
        "",
    ]


def text_of(name: str, figures: Figures, calls: Call, sources: Sources) -> str:
    """A step for people. `calls`: of Python."""
    total: int = figures["instructions"]  # type: ignore[assignment]
    python: list[Figures] = figures["python"]  # type: ignore[assignment]
    c: list[Figures] = figures["c"]  # type: ignore[assignment]
    parts: dict[str, int] = figures["by_part_of_the_image"]  # type: ignore[assignment]
    lines: dict[str, int] = figures["lines"]  # type: ignore[assignment]
    shares = ", ".join(f"{part} {100 * own / total:.0f} %" for part, own in parts.items())
    inclusive = sorted(python, key=lambda row: -row["with_calls"])  # type: ignore[operator]
    return "\n".join(
        [
            f"==== {name}: {total:,} instructions\n\n  {shares}\n",
            *_table("Python, with the C that it calls", python[:_SHOWN], total),
            *_table("Python, by instructions with calls", inclusive[:_SHOWN], total),
            *_table("C", c[:_SHOWN], total),
            f"  {'with calls':>11} {'calls':>8}  Python, below its caller",
            *_tree(calls, STEPS[name], _LEAST_OF_TREE * calls.total()),
            "",
            "  lines",
            *(
                f"  {own:>11,}  {place:32} {sources.text(place)}"
                for place, own in list(lines.items())[:_SHOWN]
            ),
            "",
        ]
    )


def run(build_dir: Path) -> Figures:
    """-> instructions by step; writes profile.txt, profile.svg and profile.json."""
    build = Path(build_dir)
    if not (build / IMAGE).exists():
        raise ProfileError(f"{build / IMAGE} is missing; `make image` makes it")
    try:
        profiler = Profiler(build)
        chip = profiler.play(build / IMAGE)
    except LockstepError as error:
        raise ProfileError(str(error)) from error
    parts = without_background(profiler.counted(), profiler.ms)
    found = {
        name: figures_of(
            part, STEPS[name], lines_of(part.code, profiler.functions, profiler.content)
        )
        for name, part in parts.items()
    }
    check(found, chip)
    (build / "profile.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sources = Sources((build / IMAGE).parent / "frozen")
    calls = {name: python_only(part.tree) for name, part in parts.items()}
    texts = [text_of(name, figures, calls[name], sources) for name, figures in found.items()]
    (build / "profile.txt").write_text("\n".join(texts), encoding="utf-8")
    drawn = [
        (f"{name}: {figures['instructions']:,}", STEPS[name], calls[name])
        for name, figures in found.items()
    ]
    (build / "profile.svg").write_text(picture(drawn), encoding="utf-8")
    return {"profile": {name: figures["instructions"] for name, figures in found.items()}}
