"""tools/image_size.py: a small linker's map, frozen content, and a whole image in one folder."""

import json
import pathlib
import subprocess
import sys
from collections import Counter

import pytest
from conftest import ROOT

from tools import image_size

BUILD = pathlib.Path("/there/build")

# As ld writes it, shortened: names that are too long stand on a line of their own.
MAP = """
Discarded input sections

 .text          0x00000000      0x999 /there/build/py/gone.o

Linker script and memory map

.text           0x08000000     0x1000
 *(.vectors)
 .vectors       0x08000000      0x184 /there/build/startup.o
 *fill*         0x08000184        0xc
 .text.mp_init  0x08000190      0x100 /there/build/py/runtime.o
 .text.lfs2_file_close
                0x08000290       0x20 /there/build/lib/littlefs/lfs2.o
 .text          0x080002b0        0x0 /there/build/py/empty.o
 .rodata.a_table_with_a_long_name
                0x080002b0       0x30 /there/build/frozen_content.o
 .text.control  0x080002e0       0x40 /there/build/control_station.o
 .text          0x08000320       0x10 /usr/lib/libc_nano.a(libc_a-memcpy.o)

.data           0x20000000        0x8 load address 0x08000330
 .data.x        0x20000000        0x8 /there/build/network.o

.bss            0x20000008       0x54
 .bss.ring      0x20000008       0x10 /there/build/serial_ethernet.o
 .bss.sim       0x20000018       0x40 /there/build/sim.o
 COMMON         0x20000058        0x4 /there/build/frozen_content.o

.comment        0x00000000       0x49
 .comment       0x00000000       0x49 /there/build/startup.o
"""

FROZEN = """
// frozen bytecode for file station.py, scope <module>
const byte fun_data_station[4] = { 1, 2, 3, 4, };
// frozen bytecode for file wire/rpc.py, scope answer
static const mp_obj_str_t const_obj_rpc_0 = {{&mp_type_bytes}, 1, 5, (const byte*)"hello"};
const qstr_table_t mp_frozen_const_pool = {
"""


def test_what_the_linker_has_put_where():
    sections = image_size.input_sections(MAP)
    assert len(sections) == 12
    assert sections[0] == (".text", 0x08000000, 0x184, "/there/build/startup.o")
    assert sections[1] == (".text", 0x08000184, 0xC, "*fill*")
    assert sections[3] == (".text", 0x08000290, 0x20, "/there/build/lib/littlefs/lfs2.o")
    assert not any("gone" in section.origin or "empty" in section.origin for section in sections)


# Strings that are merged: all of them lie at the first place, and the map still lists the others.
MERGED = """
Linker script and memory map

.text           0x08000000       0x3c
 .rodata.a.str1.1
                0x08000000       0x20 /there/build/a.o
                                 0x28 (size before relaxing)
 .rodata.b.str1.1
                0x08000020       0x20 /there/build/b.o
                                 0x10 (size before relaxing)
 *fill*         0x08000020        0x4
 .rodata.b      0x08000024       0x10 /there/build/b.o
 .rodata.c.str1.1
                0x08000034       0x20 /there/build/c.o

.long_name_of_a_section
                0x20000000        0x8
 .bss.x         0x20000000        0x8 /there/build/c.o
"""


def test_each_address_counts_once():
    sections = image_size.input_sections(MERGED)
    assert [(section.size, section.origin[-3:]) for section in sections] == [
        (0x20, "a.o"),
        (0x4, "ll*"),
        (0x10, "b.o"),
        (0x8, "c.o"),
        (0x8, "c.o"),
    ]
    assert sections[-1].output == ".long_name_of_a_section"


def _size(program, command="size"):
    """Bytes of each section, as the size command says."""
    done = subprocess.run([command, "-A", program], check=True, capture_output=True, text=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) == 3 and row[0].startswith(".")}


def _check_sum(map_text, sizes):
    found = Counter()
    for section in image_size.input_sections(map_text):
        found[section.output] += section.size
    for name in (*image_size.ROM_SECTIONS, *image_size.RAM_SECTIONS):
        assert found[name] == sizes.get(name, 0), name


def test_the_sum_is_what_the_size_command_says(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.c").write_text(
            f'const char *{name}(int i) {{ return i ? "in every file" : "in {name} only"; }}\n'
            f"const long long table_{name} = 1; int data_{name} = 2, zero_{name};\n"
        )
    script = tmp_path / "small.ld"
    script.write_text(
        "SECTIONS { .text : { *(.text*) *(.rodata*) } .data : { *(.data*) } .bss : { *(.bss*) } }"
    )
    flags = ["-Os", "-fno-pic", "-no-pie", "-static", "-nostdlib", "-ffunction-sections"]
    linker = [f"-Wl,-T,{script}", "-Wl,-e,a", "-Wl,-Map=small.map"]
    sources = [f"{name}.c" for name in "abc"]
    subprocess.run(["gcc", *flags, *linker, *sources, "-o", "small.elf"], cwd=tmp_path, check=True)
    text = (tmp_path / "small.map").read_text()
    assert "str1.1" in text, "strings are merged"
    _check_sum(text, _size(tmp_path / "small.elf"))


@pytest.mark.parametrize("board", ["cortex_m3", "rv32"])
def test_the_sum_of_an_image_is_what_the_size_command_says(board):
    port = ROOT / "build" / board / "port"
    if not (port / "firmware.elf").exists():
        pytest.skip("`make image` has not been here")
    _check_sum((port / "firmware.map").read_text(), _size(port / "firmware.elf"))


@pytest.mark.parametrize(
    ("origin", "part"),
    [
        ("/there/build/py/runtime.o", "VM"),
        ("/there/build/lib/littlefs/lfs2.o", "littlefs"),
        ("/there/build/extmod/modasyncio.o", "asyncio"),
        ("/there/build/control_station.o", image_size.SIMULATION),
        ("/there/build/sim_meter.o", image_size.SIMULATION),
        ("/there/build/trials.o", image_size.SIMULATION),
        ("/there/build/startup.o", "board"),
        ("/usr/lib/libc_nano.a(libc_a-memcpy.o)", "C library"),
        ("*fill*", "alignment"),
    ],
)
def test_part_of_an_object(origin, part):
    assert image_size.part_of_object(origin, BUILD) == part


def test_every_frozen_symbol_has_its_file():
    files, texts = image_size.files_of_symbols(FROZEN)
    assert files["fun_data_station"] == "station.py"
    assert files["const_obj_rpc_0"] == "wire/rpc.py"
    assert files["mp_frozen_const_pool"] == image_size.NAMES
    assert texts == {"wire/rpc.py": 6}  # with its NUL


@pytest.fixture
def image(tmp_path):
    """A folder as the build leaves it; the program is compiled here, for the host."""
    (tmp_path / "firmware.map").write_text(MAP.replace(str(BUILD), str(tmp_path)))
    (tmp_path / "frozen_content.c").write_text(FROZEN)
    source = tmp_path / "source.c"
    source.write_text("const char fun_data_station[4] = {1, 2, 3, 4};\n")
    program = str(tmp_path / "firmware.elf")
    subprocess.run(["gcc", "-c", "-o", program, str(source)], check=True)
    return tmp_path


def test_the_parts_add_up(image):
    found = image_size.read_image(image)
    # .text without the sections of no size, and .data
    assert found.rom.total() == 0x184 + 0xC + 0x100 + 0x20 + 0x30 + 0x40 + 0x10 + 0x8
    assert found.charger_rom() == found.rom.total() - 0x40
    assert found.ram.total() == 0x8 + 0x10 + 0x40 + 0x4
    assert found.charger_ram() == found.ram.total() - 0x40
    assert found.files == {"station.py": 4, "wire/rpc.py": 6, image_size.NAMES: 0x30 - 10}


def _run(*arguments):
    command = [sys.executable, "-m", "tools.image_size", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_the_command(image):
    text = _run(image, "--empty", image, "--summary")
    assert "ROM 760 bytes, and 64 of simulated hardware" in text
    assert "firmware 0" in text
    assert "RAM 28 bytes" in text
    assert json.loads(_run(image, "--json"))["files"]["station.py"] == 4
    assert "station.py" in _run(image, "--files")
