"""What the image of an emulated chip consists of: ROM and RAM by part, in bytes.

    python -m tools.image_size build/cortex_m3/port [--files] [--json]

Reads the linker's map (which object brought how much), the symbols of the program, and
frozen_content.c, which says from which file of the firmware a frozen constant comes. The parts add
up to what the size command says: strings that the linker has merged stand in the map where they
were before, too, so each address counts once.

`simulation` is what only stands in for hardware, and for what a debugger does: it is no part of a
charger's image.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SIMULATION = "simulation"
NAMES = "names"
GLOBALS = "globals of modules"  # in RAM, with room for what the modules bind when they run
MICROPYTHON = ("VM", "asyncio", "littlefs", "C library")

# First match wins; the object's path below the build folder, or the library's.
OBJECTS = (
    (r"^(lib/littlefs|extmod/vfs|vm_littlefs)", "littlefs"),
    (r"^extmod/(modasyncio|modselect)", "asyncio"),
    (r"^((py|extmod|shared)/|vm_(names|types))", "VM"),
    (r"^native/wire/tables\.o$", "tables/"),
    (r"^native/(wire|websocket|json_out)/", "wire/"),
    (r"^native/catalogue/", "device_model/"),
    (r"^(control|json|sim|modsim)\w*\.o$", SIMULATION),
    (r"^(facts|flash_image|lockstep|platform|semihosting|settings|trials|modhw)\.o$", SIMULATION),
    (r"^native/", "native/"),
    (r"^strtoll\.o$", "C library"),
    (r"^\w+\.o$", "board"),
    (r"\.a\(|crt\w+\.o$", "C library"),
)

_COLUMNS = r"(0x[0-9a-f]+)\s+(0x[0-9a-f]+)\s*(\S.*)?$"
# At the margin an output section, indented by one an input section.
_SECTION = re.compile(r"^( ?)(\.\S+|COMMON|\*fill\*)(?:\s+" + _COLUMNS + r"|$)")
_CONTINUED = re.compile(r"^ {16}" + _COLUMNS)
_OF_FILE = re.compile(r"^// (?:frozen \w+(?: code)? for file|- frozen file name:) ([^,\n]+)")
_DEFINITION = re.compile(r"^(?:static )?const \w+ (\w+)(?:\[\w*\])? (?:=|__attribute__)")
_TEXT = re.compile(r"= \{\{&mp_type_(?:bytes|str)\}, \d+, (\d+),")
ROM_SECTIONS = (".text", ".ARM.exidx", ".data")
RAM_SECTIONS = (".data", ".bss")


class Input(NamedTuple):
    """One input section in the image; `size` is what lies before the next one."""

    output: str
    address: int
    size: int
    origin: str


def input_sections(map_text: str) -> list[Input]:
    """What the linker has put into each output section, from its map."""
    sections: list[Input] = []
    ends: dict[str, int] = {}
    output, indent, waiting = "", "", False
    for line in map_text.partition("Linker script and memory map")[2].splitlines():
        if start := _SECTION.match(line):
            indent, columns = start[1], start.groups()[2:]
            output = output if indent else start[2]
            waiting = columns[0] is None
        elif waiting and (continued := _CONTINUED.match(line)):
            columns, waiting = continued.groups(), False
        else:
            waiting = False
            continue
        if waiting:
            continue
        address, size = int(columns[0], 16), int(columns[1], 16)
        if not indent:
            ends[output] = address + size
        elif size > 0:
            sections.append(Input(output, address, size, columns[2] or "*fill*"))
    return _once(sections, ends)


def _once(sections: list[Input], ends: dict[str, int]) -> list[Input]:
    """The same with each address in one of them: the one that begins last before it."""
    found: list[Input] = []
    for section, after in zip(sections, [*sections[1:], None], strict=True):
        end = ends.get(section.output, 0)
        if after is not None and after.output == section.output:
            end = min(end, after.address)
        size = min(section.size, end - section.address)
        if size > 0:
            found.append(section._replace(size=size))
    return found


def part_of_object(origin: str, build: Path) -> str:
    """Which part of the image an object belongs to."""
    name = origin.removeprefix(str(build) + "/")
    for pattern, part in OBJECTS:
        if re.search(pattern, name):
            return part
    return "alignment" if origin == "*fill*" else "other"


def files_of_symbols(frozen_content: str) -> tuple[dict[str, str], Counter[str]]:
    """From which Python file each symbol of frozen_content.c comes, and the text bytes of each."""
    files: dict[str, str] = {}
    texts: Counter[str] = Counter()
    current = NAMES
    for line in frozen_content.splitlines():
        if of_file := _OF_FILE.match(line):
            current = of_file[1]
        elif definition := _DEFINITION.match(line):
            name = definition[1]
            files[name] = NAMES if name.startswith("mp_") else current
            if text := _TEXT.search(line):
                texts[current] += int(text[1]) + 1  # with a NUL
    return files, texts


def symbols(program: Path) -> list[tuple[str, int]]:
    """Name and size of every symbol that has one."""
    command = ["nm", "--print-size", str(program)]  # any ELF file: it looks at no code
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    columns = [line.split() for line in lines]
    return [(words[3], int(words[1], 16)) for words in columns if len(words) == 4]


def frozen_files(build: Path, total: int) -> Counter[str]:
    """Bytes of each frozen Python file; what can't be told apart are strings: names."""
    files, sizes = files_of_symbols((build / "frozen_content.c").read_text(encoding="utf-8"))
    for name, size in symbols(build / "firmware.elf"):
        if name in files:
            sizes[files[name]] += size
    sizes[NAMES] += total - sum(sizes.values())
    return sizes


def folder_of(path: str) -> str:
    """The part that a frozen file belongs to: its folder below firmware/."""
    first, slash, _ = path.partition("/")
    return first + slash if first != "uasyncio.py" else "asyncio/"


class Image(NamedTuple):
    """ROM and RAM of an image by part, and ROM of its frozen files, in bytes."""

    rom: Counter[str]
    ram: Counter[str]
    files: Counter[str]

    def charger_rom(self) -> int:
        """The image without the simulation."""
        return self.rom.total() - self.rom[SIMULATION]

    def charger_ram(self) -> int:
        """data and bss without the simulation's; no heap, no stack."""
        return sum(self.charger_ram_parts().values())

    def charger_ram_parts(self) -> dict[str, int]:
        """The same by part."""
        return {part: size for part, size in self.ram.items() if part != SIMULATION}


def read_image(build: Path) -> Image:
    """Take an image apart. `build`: the folder that the port was built in."""
    rom: Counter[str] = Counter()
    ram: Counter[str] = Counter()
    frozen = 0
    for section in input_sections((build / "firmware.map").read_text(encoding="utf-8")):
        part = part_of_object(section.origin, build)
        is_frozen = section.origin.endswith("/frozen_content.o")
        if section.output in ROM_SECTIONS:
            if is_frozen:
                frozen += section.size
            else:
                rom[part] += section.size
        if section.output in RAM_SECTIONS:
            ram[GLOBALS if is_frozen else part] += section.size
    files = frozen_files(build, frozen)
    for path, size in files.items():
        folder = folder_of(path)
        rom["asyncio" if folder == "asyncio/" else folder] += size
    return Image(rom, ram, files)


def show(image: Image, empty: Image | None, with_files: bool) -> None:
    def table(title: str, sizes: Counter[str], total: int) -> None:
        print(title)
        for part, size in sizes.most_common():
            print(f"  {part:40}{size:>8}")
        print(f"  {'without the simulation':40}{total:>8}\n")

    table("ROM", image.rom, image.charger_rom())
    table("RAM (data and bss; heap and stacks come on top)", image.ram, image.charger_ram())
    if empty is not None:
        print(f"{'firmware: more ROM than the empty image':42}{firmware_rom(image, empty):>8}\n")
    if with_files:
        table("frozen files", image.files, image.files.total())


def show_summary(image: Image, empty: Image | None) -> None:
    simulation = image.rom[SIMULATION]
    print(f"ROM {image.charger_rom():,} bytes, and {simulation:,} of simulated hardware")
    if empty is not None:
        print(f"  firmware {firmware_rom(image, empty):,}: what an image without it has not")
    print(f"RAM {image.charger_ram():,} bytes of data and bss; heap and stacks come on top")


def firmware_rom(image: Image, empty: Image) -> int:
    return image.charger_rom() - empty.charger_rom()


def main() -> int:
    parser = argparse.ArgumentParser(description="ROM and RAM of an image by part")
    parser.add_argument("build", type=Path, help="folder that the port was built in")
    parser.add_argument("--empty", type=Path, help="the same of the image without firmware")
    parser.add_argument("--files", action="store_true", help="list every file of the firmware")
    parser.add_argument("--summary", action="store_true", help="only the sums")
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args()
    image = read_image(options.build.resolve())
    empty = read_image(options.empty.resolve()) if options.empty else None
    if options.json:
        json.dump(image._asdict(), sys.stdout, indent=2)
    elif options.summary:
        show_summary(image, empty)
    else:
        show(image, empty, options.files)
    return 0


if __name__ == "__main__":
    sys.exit(main())
