"""tools/budget: what is over its gate fails, what is not measured yet does not."""

import json
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
import yardstick

from tools import least_heap
from tools.budget import __main__ as budget
from tools.budget import blocks, forecast, limits, memory, plot, record, rom
from tools.image_size import Image
from tools.products import BuildError

_SVG = "{http://www.w3.org/2000/svg}"


def test_a_value_over_its_gate_is_told():
    figures = limits.figures_of({"ram": 41_000, "image": 170_000, "image_all": 210_000})
    assert limits.over_the_gate(figures) == ["ram: 41000 B is 7000 B over its gate of 34000 B"]


def test_no_detail_takes_the_place_of_a_figure():
    figures = limits.figures_of({"ram": 30_000})
    said = budget.content(figures, {name: {"part": 1} for name in budget.TITLES})
    assert said["ram"] == {"value": 30_000, "gate": 34_000, "goal": 32_500}
    with pytest.raises(ValueError, match="ram"):
        budget.content(figures, {"ram": {"heap": 24_576}})


def test_every_figure_is_there_and_null_when_nothing_has_measured_it():
    figures = limits.figures_of({"least_heap": 27_648})
    rom = "image image_core image_all image_rv32 image_tls firmware"
    assert list(figures) == [*rom.split(), *"ram ram_tls least_heap least_heap_tls".split()]
    assert figures["least_heap"] == {"value": 27_648, "gate": 32_000, "goal": 30_000}
    assert figures["image_tls"] == {"value": None, "gate": 290_000, "goal": 280_000}
    assert limits.over_the_gate(figures) == []


# ---- what is to come


def test_lines_of_code():
    text = """'Says so.'

import a  # b


def f(
    x,
):
    'Does it.'
    # no
    return 'a'
"""
    assert forecast.code_lines(text) == 5
    assert forecast.code_lines("") == 0


def test_the_forecast_is_what_the_messages_to_come_would_take():
    there = forecast.Built(
        image=100_000, code=20_000, lines=1_000, block_lines=400, variables=50,
        variable_bytes=2_000, messages=20, message_bytes=3_000,
    )  # fmt: skip
    found = forecast.forecast(there, 30)
    assert (found["bytes_a_line"], found["bytes_a_variable"]) == (20, 40)
    assert found["bytes_a_message"] == 150
    assert (found["lines_to_come"], found["variables_to_come"]) == (200, 25)
    assert found["image"] == 100_000 + 200 * 20 + 25 * 40 + 10 * 150
    assert any("106,500 B" in line for line in forecast.lines(found))
    assert forecast.forecast(there, 20)["image"] == 100_000, "all is there"


def test_all_messages_of_OCPP_are_counted():
    assert forecast.all_actions() == 64


# ---- what blocks cost


def declared(tmp_path, **needed):
    for name, others in needed.items():
        folder = tmp_path / name
        folder.mkdir()
        line = f"needs {others}\n" if others else ""
        (folder / "block.txt").write_text(f"[block]\n{line}", encoding="utf-8")
    return tmp_path


def test_a_block_costs_what_the_image_has_more_with_it(tmp_path, monkeypatch):
    """Of one that others need, these are gone from both images; each is measured once."""
    monkeypatch.setattr(blocks, "BLOCKS", declared(tmp_path, a="", b="a", c="b", d=""))
    cost = {"a": (1000, 10), "b": (200, 20), "c": (30, 30), "d": (4, 40)}
    measured = []

    def measure(without):
        measured.append(without)
        there = [cost[name] for name in cost.keys() - without]
        ram = None if "d" in without else 500 + sum(ram for _, ram in there)
        return blocks.Size(5000 + sum(rom for rom, _ in there), ram)

    monkeypatch.setattr(blocks, "measure", measure)
    found = blocks.rows()
    assert found == {
        "a": {"rom": 1000, "ram": 10},
        "b": {"rom": 200, "ram": 20},
        "c": {"rom": 30, "ram": 30},
        "d": {"rom": 4, "ram": None},
    }
    assert len(measured) == len(set(measured)) == 5
    assert blocks.lines(found)[1].split() == ["a", "1000", "10"], "the dearest first"


def test_a_product_that_is_not_built_is_told(monkeypatch, capsys):
    def fails(product, board):
        raise BuildError("no such block")

    monkeypatch.setattr(blocks, "build_image", fails)
    monkeypatch.setattr("sys.argv", ["blocks", "reset"])
    assert blocks.main() == 1
    assert capsys.readouterr().err.endswith("budget: no such block\n")


# ---- the command, with the measuring left out


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """What `make budget` measures; the test changes it. Its files lie in tmp_path."""
    figures = {"image": 169_000, "ram": 32_800}
    monkeypatch.setattr(budget, "BUILD", tmp_path)
    monkeypatch.setattr(budget, "chip", lambda before: (dict(figures), {}))
    monkeypatch.setattr(least_heap, "least_heap", lambda: 27_648)
    monkeypatch.setattr(blocks, "core_rom", lambda: figures["image"])
    monkeypatch.setattr(blocks, "rows", lambda: {"reset": {"rom": 1_376, "ram": 160}})
    monkeypatch.setattr(rom, "table_sizes", lambda folder: {"schema": 11_800})
    monkeypatch.setattr(rom, "unix_program", lambda build: {})
    monkeypatch.setattr(record, "last", lambda: record.Record("abc1234", {"image": 180_000}))
    monkeypatch.setattr("sys.argv", ["budget"])
    return figures


def test_within_the_gates_the_command_succeeds_and_compares(measured, tmp_path, capsys):
    assert budget.main() == 0
    written = json.loads((tmp_path / "budget.json").read_text())
    assert written["image"] == {"value": 169_000, "gate": 172_000, "goal": 168_000}
    assert written["ram_tls"]["value"] is None
    line = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("image, Core"))
    assert line.split()[-4:] == ["169000", "172000", "168000", "-11000"]


def test_over_a_gate_the_command_fails_and_names_it(measured, tmp_path, capsys):
    measured["image"] = 172_001
    assert budget.main() == 1
    assert "image: 172001 B is 1 B over its gate of 172000 B" in capsys.readouterr().err
    assert json.loads((tmp_path / "budget.json").read_text())["image"]["value"] == 172_001


# ---- the record


def _git(folder, *arguments):
    names = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *names, *arguments], cwd=folder, check=True, capture_output=True)


def test_figures_are_compared_with_the_last_commit_not_with_a_renewed_file(tmp_path):
    (tmp_path / record.NAME).parent.mkdir(parents=True)
    record.renew({"image": 180_000}, tmp_path)  # no repository yet
    assert record.last(tmp_path) == record.Record("none", {"image": 180_000})
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "first")
    record.renew({"image": 190_000}, tmp_path)
    last = record.last(tmp_path)
    assert last.figures == {"image": 180_000}
    assert last.change("image", 170_000) == -10_000
    assert last.change("ram", 40_000) is None
    assert last.change("image", None) is None
    _git(tmp_path, "commit", "-qam", "second")
    assert record.last(tmp_path).figures == {"image": 190_000}
    assert len(record.last(tmp_path).commit) >= 7  # of the first commit


def test_a_record_that_is_none_is_told():
    with pytest.raises(ValueError, match=r"last\.json"):
        record.parse('{"figures": 5}')


def test_the_committed_record_has_figures_of_the_limits():
    names = {*limits.LIMITS, budget.CHIP_HEAP}
    assert record.parse((record.ROOT / record.NAME).read_text()).figures.keys() <= names


# ---- ROM


def test_sizes_of_an_object(tmp_path):
    source = tmp_path / "a.c"
    source.write_text("int data[25] = {1}; int bss[50]; int main(void) { return 0; }")
    subprocess.run(["gcc", "-c", "-o", tmp_path / "a.o", source], check=True)
    sizes = rom.object_size(tmp_path / "a.o")
    assert sizes["data"] == 100
    assert sizes["bss"] == 200
    assert sizes["text"] > 0


def test_frozen_parts_are_summed_by_room(tmp_path):
    for path, size in {"wire/a.mpy": 10, "wire/b.mpy": 20, "main.mpy": 5, "wire/c.P": 99}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(bytes(size))
    assert rom.frozen_parts(tmp_path) == {"main": 5, "wire": 30}


def test_tables_are_their_bytes(tmp_path):
    (tmp_path / "a.py").write_text(
        "# made\nX = b'abc'\nY = (\n    b'de'\n    b'f'\n)\nZ = 'text'\n"
    )
    (tmp_path / "b.py").write_text("N = 1\n")
    assert rom.table_sizes(tmp_path) == {"a": 6}


def test_an_image_that_is_not_built_has_no_figures(tmp_path):
    assert rom.chip_figures(tmp_path) == {}


# ---- RAM


def test_the_simulation_is_in_no_part_of_ram():
    image = Image(rom={}, ram={"VM": 400, "simulation": 42_000}, files={})
    parts = memory.Memory(24_576, 5_000, 200).parts(image)
    assert parts == {"heap": 24_576, "stack": 5_000, "handlers' stack": 200, "VM": 400}


@pytest.mark.parametrize("guess", [20, 25, 26, 30])
async def test_the_least_heap_is_found_from_any_guess(guess):
    async def play(heap):
        return None if heap >= 25 * 1024 else "MemoryError"

    assert await memory.near(guess * 1024, play) == 25 * 1024


async def test_a_chip_without_enough_memory_is_told():
    async def play(heap):
        return "MemoryError"

    with pytest.raises(least_heap.LeastHeapError, match="MemoryError"):
        await memory.near(40 * 1024, play)


@pytest.mark.parametrize("least", [17, 30, 31, 47, 48])
def test_bisection_finds_the_least(least):
    tried = []

    def good(heap):
        tried.append(heap)
        return heap >= least * 1024

    assert least_heap.bisect(16 * 1024, 48 * 1024, good) == least * 1024
    assert len(tried) <= 5


async def test_luck_does_not_count():
    # 20 kB passes, 22 kB does not: 23 kB is the least
    async def play(heap):
        return None if heap == 20 * 1024 or heap >= 23 * 1024 else "MemoryError"

    assert await least_heap.least_from(20 * 1024, play) == 23 * 1024


async def test_a_heap_that_is_never_enough_is_told():
    async def play(heap):
        return "MemoryError"

    with pytest.raises(least_heap.LeastHeapError, match="MemoryError"):
        await least_heap.least_from(least_heap.HIGH - 2048, play)


# ---- the plot


async def test_the_plot_has_the_phases_of_a_session(rig, tmp_path):
    samples, phases = [], []

    async def enter(name, station):
        used = (await station.command("heap"))["used"]
        samples.append(plot.Sample(float(len(samples)), used, True))
        if name != "end":
            phases.append(plot.Phase(float(len(phases)), name))

    await yardstick.session(rig, 32_768, enter)
    picture = ElementTree.fromstring(plot.svg(samples, phases, 32_768, "a < b"))
    texts = [element.text for element in picture.iter(f"{_SVG}text")]
    assert [text for text in texts if text in yardstick.PHASES] == list(yardstick.PHASES)
    assert "a < b" in texts
    (live,) = (line for line in picture.iter(f"{_SVG}polyline") if line.get("class") == "live")
    points = [tuple(map(float, point.split(","))) for point in live.get("points").split()]
    assert len(points) == len(yardstick.PHASES) + 1
    assert points == sorted(points, key=lambda point: point[0])
    assert all(plot.TOP < y < plot.HEIGHT - plot.BOTTOM for _, y in points)
