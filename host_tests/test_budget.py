"""tools/budget.py: what is over its gate fails, what is not measured yet does not."""

import subprocess

import pytest

from tools import budget, least_heap


def test_a_value_over_its_gate_is_told():
    figures = {
        "ram": {"value": 41_000, "gate": 40_000, "goal": 36_000},
        "image": {"value": 205_000, "gate": 210_000, "goal": 200_000},
        "image_all": {"value": 230_000, "gate": None, "goal": 225_000},
        "ram_tls": {"value": None, "gate": 56_000, "goal": 50_000},
    }
    assert budget.over_the_gate(figures) == ["ram: 41000 B is 1000 B over its gate of 40000 B"]


def test_sizes_of_an_object(tmp_path):
    source = tmp_path / "a.c"
    source.write_text("int data[25] = {1}; int bss[50]; int main(void) { return 0; }")
    subprocess.run(["gcc", "-c", "-o", tmp_path / "a.o", source], check=True)
    sizes = budget.object_size(tmp_path / "a.o")
    assert sizes["data"] == 100
    assert sizes["bss"] == 200
    assert sizes["text"] > 0


def test_frozen_parts_are_summed_by_room(tmp_path):
    for path, size in {"wire/a.mpy": 10, "wire/b.mpy": 20, "main.mpy": 5, "wire/c.P": 99}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(bytes(size))
    assert budget.frozen_parts(tmp_path) == {"main": 5, "wire": 30}


def test_tables_are_their_bytes(tmp_path):
    (tmp_path / "a.py").write_text(
        "# made\nX = b'abc'\nY = (\n    b'de'\n    b'f'\n)\nZ = 'text'\n"
    )
    (tmp_path / "b.py").write_text("N = 1\n")
    assert budget.table_sizes(tmp_path) == {"a": 6}


@pytest.mark.parametrize("least", [17, 30, 31, 47, 48])
def test_bisection_finds_the_least(least):
    tried = []

    def good(heap):
        tried.append(heap)
        return heap >= least * 1024

    assert least_heap.bisect(16 * 1024, 48 * 1024, good) == least * 1024
    assert len(tried) <= 5


async def test_luck_does_not_count(monkeypatch):
    # 20 kB passes, 22 kB does not: 23 kB is the least
    async def failure(heap):
        return None if heap == 20 * 1024 or heap >= 23 * 1024 else "MemoryError"

    monkeypatch.setattr(least_heap, "failure", failure)
    assert await least_heap.least_from(20 * 1024) == 23 * 1024


async def test_a_heap_that_is_never_enough_is_told(monkeypatch):
    async def failure(heap):
        return "MemoryError"

    monkeypatch.setattr(least_heap, "failure", failure)
    with pytest.raises(least_heap.LeastHeapError, match="MemoryError"):
        await least_heap.least_from(least_heap.HIGH - 2048)
