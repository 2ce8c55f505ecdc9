"""tools/blocks/product.py: what a product is, its mistakes, what the build makes of it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.blocks.declaration import DeclarationError, read_all
from tools.blocks.product import (
    board_of_image,
    boards,
    file_of,
    folder_of,
    read,
    unused,
    write,
)
from tools.inline import Source, read_constants

ROOT = Path(__file__).resolve().parents[1]
ALL = ROOT / "boards" / "products" / "all.txt"
RIGHT = """\
# The 11 kW wall box.
board       cortex_m3
profiles    Core
vendor      ACME
firmware    2.3.0
"""
_OF_CORE = [block.name for block in read_all(ROOT / "firmware" / "blocks")]


def product_file(folder: Path, text: str | bytes = RIGHT, name: str = "wallbox") -> Path:
    path = folder / f"{name}.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(path: Path, root: Path = ROOT) -> str:
    with pytest.raises(DeclarationError) as caught:
        read(path, root)
    return str(caught.value)


# ---- what is read


def test_a_product(tmp_path):
    text = RIGHT + (
        "blocks data_transfer, reset  # there already\n"
        "without trigger\n"
        'model "Box #1"\n'
        "evses 1,2\nrating 16,32\nsupply 63\nfixed_cable 1\nphases 1\n"
        "extension sub/extension.py\n"
    )
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "extension.py").write_text("")
    product = read(product_file(tmp_path, text), ROOT)
    assert (product.name, product.board) == ("wallbox", "cortex_m3")
    assert (product.vendor, product.model, product.firmware) == ("ACME", "Box #1", "2.3.0")
    assert (product.evses, product.rating, product.supply) == ("1,2", "16,32", "63")
    assert (product.fixed_cable, product.phases) == ("1", "1")
    assert list(product.blocks) == [name for name in _OF_CORE if name != "trigger"]
    assert product.blocks["reset"].endswith("firmware/blocks/reset")
    assert product.extension == str(tmp_path / "sub" / "extension.py")


def test_what_is_left_out_is_as_ever(tmp_path):
    product = read(product_file(tmp_path), ROOT)
    every = read(ALL, ROOT)
    names = ("model", "evses", "rating", "supply", "fixed_cable", "phases")
    assert [getattr(product, name) for name in names] == [getattr(every, name) for name in names]


def test_all_is_all_as_it_was_before_there_were_products():
    """SIMULATED_STATION's options; what BootNotification told."""
    product = read(ALL, ROOT)
    assert set(product.blocks) == set(_OF_CORE)
    assert (product.vendor, product.model, product.firmware) == ("Pilotwire", None, "0.1.0")
    assert (product.evses, product.rating, product.supply) == ("1,1", "32", "0")
    assert (product.fixed_cable, product.phases) == ("0", "3")


def test_core_is_the_blocks_of_its_profile():
    blocks = read(ALL.with_name("core.txt"), ROOT).blocks
    known = read_all(ROOT / "firmware" / "blocks")
    lines = {b.name: [line for _, line in b.sections["block"]] for b in known}
    assert set(blocks) == {name for name, said in lines.items() if "profile Core" in said}
    assert {"provisioning", "transactions"} <= set(blocks)


def test_blocks_of_another_folder(tmp_path):
    lamp = tmp_path / "more" / "lamp"
    lamp.mkdir(parents=True)
    (lamp / "block.txt").write_text("# A lamp.\n[block]\nprofile Reservation\n")
    for line in ("blocks lamp", "profiles Core, Reservation"):
        text = f"{RIGHT}{line}\nblocks_from more\n"
        assert read(product_file(tmp_path, text), ROOT).blocks["lamp"] == str(lamp)
    assert "lamp" not in read(product_file(tmp_path, RIGHT + "blocks_from more\n"), ROOT).blocks


# ---- mistakes

_CHARACTERS = "1 to 50 printable ones are right (BootNotification)"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("boards cortex_m3", "unknown boards; board is meant?"),
        (
            "colour red",
            "unknown colour; there are blocks, blocks_from, board, evses, extension, f",
        ),
        ("evses", "evses says nothing; "),
        ("vendor Other", "vendor is at {file}:4 already; leave one out"),
        ("blocks rest", "there is no block rest; reset is meant?"),
        ("blocks lamp", "there is no block lamp; there are authorization, availability, "),
        ("without rest", "there is no block rest; reset is meant?"),
        ("without trigger trigger", "trigger is not chosen above; leave it out here, too"),
        ("profiles Cor", "there is no certification profile Cor; Core is meant?"),
        (
            "profiles Core, ",
            "there is no certification profile ; there are Advanced Device Manage",
        ),
        ("profiles Smart Charging", "no block is of Smart Charging yet; there are Core"),
        ("model 123456789012345678901", "model has 21 characters; 1 to 20 printable ones are"),
        ('model ""', "model has 0 characters; 1 to 20 printable ones are right"),
        ("model a\tb", "model 'a\\tb'; 1 to 20 printable ones are right"),
        ("evses 1,0", "1,0 is out of range, or no number; connectors of each EVSE, 1 to 4, as in"),
        ("evses 5", "5 is out of range, or no number; connectors of each EVSE, 1 to 4"),
        ("evses " + ",".join("1" * 17), "too many EVSEs; at most 16"),
        ("rating 5", "5 is out of range, or no number; A per phase, 6 to 80"),
        ("rating 16,", "16, is out of range, or no number; A per phase, 6 to 80"),
        ("rating 16,16,16", "16,16,16: not as many as EVSEs (1,1); give one for each, or one"),
        ("supply 16,16", "supply is one number; A per phase that the EVSEs share, up to 10000"),
        ("supply 10001", "10001 is out of range, or no number; A per phase that the EVSEs share"),
        ("fixed_cable yes", "yes is wrong; one of 0, 1 is right"),
        ("phases 2", "2 is wrong; one of 1, 3 is right"),
        ("extension gone.py", "there is no file {folder}/gone.py; its path from here is meant"),
        ("blocks_from gone", "there is no folder {folder}/gone; its path from this file is meant"),
    ],
)
def test_a_mistake_is_told_with_path_and_line(tmp_path, line, told):
    path = product_file(tmp_path, f"{RIGHT}{line}\n")
    expected = told.format(file=path, folder=tmp_path)
    assert refused(path).startswith(f"{path}:6: {expected}")


@pytest.mark.parametrize(
    ("was", "becomes", "number", "told"),
    [
        ("cortex_m3", "cortex_m33", 2, "there is no board cortex_m33; cortex_m3 is meant?"),
        ("cortex_m3", "emulated", 2, "there is no board emulated; there are cortex_m3, rv32, "),
        ("ACME", "A" * 51, 4, f"vendor has 51 characters; {_CHARACTERS}"),
        ("ACME", "ü" * 51, 4, f"vendor has 51 characters; {_CHARACTERS}"),
        ("2.3.0", "v2", 5, "v2 is no version; at most 50 characters, as in 1.4.2 or 1.5.0-rc1"),
        ("2.3.0", "2.3.0-" + "x" * 45, 5, "2.3.0-xxxxxxxx"),
        ("board  ", "# ", 1, "board is missing; every product has board, vendor, firmware"),
        ("vendor  ", "# ", 1, "vendor is missing; every product has board, vendor, firmware"),
        ("firmware  ", "# ", 1, "firmware is missing; every product has board, vendor, firmw"),
        ("profiles", "# ", 1, "no block is chosen; profiles Core, or blocks all, is a beginning"),
        ("profiles    Core", "blocks transactions", 3, "transactions needs metering ("),
    ],
)  # fmt: skip
def test_a_line_that_is_wrong_or_missing(tmp_path, was, becomes, number, told):
    path = product_file(tmp_path, RIGHT.replace(was, becomes))
    assert refused(path).startswith(f"{path}:{number}: {told}")


def test_fifty_characters_are_no_mistake(tmp_path):
    path = product_file(tmp_path, RIGHT.replace("ACME", "ü" * 50))
    assert read(path, ROOT).vendor == "ü" * 50


def test_a_need_names_both_places(tmp_path):
    path = product_file(tmp_path, RIGHT + "without metering\n")
    place = r"\S*firmware/blocks/transactions/block\.txt:\d+"
    wanted = rf"{re.escape(str(path))}:3: transactions needs metering \({place}\), which is not"
    assert re.match(wanted + " chosen; add blocks metering$", refused(path))


def test_a_file_that_is_no_utf_8(tmp_path):
    path = product_file(tmp_path, RIGHT.encode() + b"model caf\xe9\n")
    assert refused(path) == f"{path}:6: byte 0xe9 is no UTF-8; save the file as UTF-8"


def test_a_block_of_a_name_that_is_taken(tmp_path):
    reset = tmp_path / "more" / "reset"
    reset.mkdir(parents=True)
    (reset / "block.txt").write_text("[block]\n")
    path = product_file(tmp_path, RIGHT + "blocks_from more\n")
    told = refused(path)
    assert told.startswith(f"{path}:6: {reset}/block.txt has the name of ")
    assert told.endswith("firmware/blocks/reset/block.txt; rename its folder")


def test_a_block_that_needs_one_that_is_not_there(tmp_path):
    lamp = tmp_path / "more" / "lamp"
    lamp.mkdir(parents=True)
    (lamp / "block.txt").write_text("[block]\nneeds bulb\n")
    path = product_file(tmp_path, RIGHT + "blocks_from more\nblocks lamp\n")
    assert refused(path) == f"{lamp}/block.txt:2: there is no block bulb; name one that is"


def test_a_name_that_make_cannot_work_with(tmp_path):
    path = product_file(tmp_path, name="wall box")
    told = f"{path}:1: make can't work with the name 'wall box'; letters, digits and _ . - / are"
    assert refused(path).startswith(told)


def test_a_product_that_is_not_there():
    with pytest.raises(DeclarationError) as caught:
        file_of("cor", ROOT)
    told = str(caught.value)
    assert told.startswith("PRODUCT=cor: there is no product ")
    assert told.endswith(
        "there are all, core (boards/products), or give the path of a file NAME.txt"
    )


# ---- extensions in the folder of a board


@pytest.fixture
def house(tmp_path):
    """A repository with boards of its own, and no more than one block."""
    for name in ("cortex_m3", "rv32", "unix", "emulated", "products"):
        (tmp_path / "boards" / name).mkdir(parents=True)
    for name in ("cortex_m3", "rv32", "emulated"):
        (tmp_path / "boards" / name / "image.mk").write_text("")
    block = tmp_path / "firmware" / "blocks" / "reset"
    block.mkdir(parents=True)
    (block / "block.txt").write_text("[block]\nprofile Core\n")
    product_file(tmp_path / "boards" / "products", name="all")
    return tmp_path


def of_house(house, more=""):
    return read(product_file(house / "boards" / "products", RIGHT + more, "all"), house)


@pytest.mark.parametrize("board", ["cortex_m3", "unix"])
def test_an_extension_of_the_board_or_of_the_hosts_is_taken_in(house, board):
    (house / "boards" / board / "extension.py").write_text("")
    product = of_house(house)
    assert product.extension == str(house / "boards" / board / "extension.py")
    assert unused(product, house) == []


def test_of_two_extensions_the_product_names_one(house):
    for board in ("cortex_m3", "unix"):
        (house / "boards" / board / "extension.py").write_text("")
    path = house / "boards" / "products" / "all.txt"
    both = " and ".join(f"{house}/boards/{board}/extension.py" for board in ("cortex_m3", "unix"))
    with pytest.raises(DeclarationError) as caught:
        of_house(house)
    wanted = "name the one that is meant: extension ..."
    assert str(caught.value) == f"{path}:1: there are {both}; {wanted}"
    product = of_house(house, "extension ../unix/extension.py\n")
    assert product.extension == f"{house}/boards/unix/extension.py"
    (told,) = unused(product, house)
    other = f"{house}/boards/cortex_m3/extension.py"
    assert told.startswith(f"{other}: not used by {path}, which has {product.extension}; ")


def test_an_extension_that_no_product_uses_is_told(house):
    (house / "boards" / "rv32" / "extension.py").write_text("")
    product = of_house(house)
    assert product.extension is None
    (told,) = unused(product, house)
    assert told == (
        f"{house}/boards/rv32/extension.py: not used by {house}/boards/products/all.txt, whose"
        " board is cortex_m3; a line `extension ../rv32/extension.py` there would take it in"
    )


# ---- where it is built, and what is made of it


def test_each_product_has_its_folder(tmp_path):
    assert (
        folder_of("", ROOT) == folder_of("all", ROOT) == folder_of(str(ALL), ROOT) == Path("build")
    )
    assert folder_of("core", ROOT) == Path("build/products/core")
    assert folder_of(str(ALL.with_name("core.txt")), ROOT) == Path("build/products/core")
    assert folder_of(str(tmp_path / "wallbox.txt"), ROOT) == Path("build/products/wallbox")
    assert folder_of(str(tmp_path / "all.txt"), ROOT) == Path("build/products/all")


def made(folder: Path, product: str, *options: str) -> subprocess.CompletedProcess[str]:
    """What `python -m tools.blocks.product` says in a repository of its own."""
    (folder / "build").mkdir(exist_ok=True)
    for name in ("boards", "firmware"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    return subprocess.run(
        [sys.executable, "-m", "tools.blocks.product", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PRODUCT": product, "BOARD": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_no_product_and_all_are_one(tmp_path):
    files = []
    for product in ("", "all", "boards/products/all.txt"):
        done = made(tmp_path, product)
        assert (done.returncode, done.stdout) == (0, "build\n"), done.stderr
        gen = tmp_path / "build" / "gen"
        files.append({p: (p.read_bytes(), p.stat().st_mtime_ns) for p in gen.rglob("*.*")})
    assert len(files[0]) == 5 and files[0] == files[1] == files[2]


def test_what_has_not_changed_is_left_alone(tmp_path):
    path = product_file(tmp_path)
    product = read(path, ROOT)
    write(product, tmp_path / "gen")
    files = [p for p in (tmp_path / "gen").rglob("*") if p.is_file()]
    assert len(files) == 5
    for each in files:
        os.utime(each, (0, 0))
    write(product, tmp_path / "gen")
    assert {each.stat().st_mtime for each in files} == {0}
    write(product._replace(rating="16"), tmp_path / "gen")
    changed = {each.name for each in files if each.stat().st_mtime}
    assert changed == {"product.json", "product.h", "ratings.sh"}


def test_two_products_of_one_name_do_not_share_a_folder(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        product_file(tmp_path / name)
    assert made(tmp_path, "one/wallbox.txt").stdout == "build/products/wallbox\n"
    assert made(tmp_path, f"{tmp_path}/one/wallbox.txt").stdout == "build/products/wallbox\n"
    done = made(tmp_path, "two/wallbox.txt")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "product: two/wallbox.txt:1: build/products/wallbox is of one/wallbox.txt; give one of the"
        " two files another name, or remove that folder\n"
    )
    (tmp_path / "one" / "wallbox.txt").unlink()  # it has moved
    assert made(tmp_path, "two/wallbox.txt").stdout == "build/products/wallbox\n"


def test_a_mistake_ends_the_build(tmp_path):
    (tmp_path / "one").mkdir()
    path = product_file(tmp_path / "one", RIGHT + "rating 5\n")
    done = made(tmp_path, "one/wallbox.txt")
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith("product: one/wallbox.txt:6: 5 is out of range, or no number; ")
    assert path.is_file() and not (tmp_path / "build" / "products").exists()


def test_what_is_made(tmp_path):
    text = RIGHT.replace("ACME", 'A"C\\ME é') + "model B\\x ?\nevses 1\nrating 16\n"
    product = read(product_file(tmp_path, text + "without trigger\n"), ROOT)
    write(product, tmp_path / "gen")
    content = json.loads((tmp_path / "gen" / "product.json").read_text())
    assert content["blocks"] == product.blocks and content["vendor"] == 'A"C\\ME é'
    table = tmp_path / "gen" / "tables" / "product.py"
    assert table.read_text().startswith("# constants\n")
    assert read_constants(Source(table, Path("tables/product.py"), table.read_text())) == {
        "VENDOR_NAME": 'A"C\\ME é'.encode(),
        "FIRMWARE_VERSION": b"2.3.0",
        "PHASES": 3,
    }
    lines = (tmp_path / "gen" / "product.mk").read_text().split("\n")
    assert lines[0].rstrip() == "EXTENSION ="
    assert lines[1] == "BLOCK_FOLDERS = " + " ".join(product.blocks.values())
    # ratings.sh: what is not set
    script = f". {tmp_path}/gen/ratings.sh; env | grep ^STATION_ | sort"
    for rating in ("", "20"):
        done = subprocess.run(
            ["sh", "-c", script],
            env={"PATH": os.environ["PATH"], "STATION_RATING": rating},
            capture_output=True,
            text=True,
        )
        assert done.stdout.split() == [
            "STATION_EVSES=1",
            "STATION_FIXED_CABLE=0",
            f"STATION_RATING={rating or 16}",
            "STATION_SUPPLY=0",
        ]


@pytest.mark.parametrize("model", ['B\\x "?" é', "??/", None])
def test_the_compiler_reads_what_is_made(tmp_path, model):
    product = read(product_file(tmp_path), ROOT)._replace(model=model, evses="1,2")
    write(product, tmp_path / "gen")
    (tmp_path / "some.c").write_text(
        '#include "tables/product.h"\n#include <stdio.h>\n'
        "#ifndef PRODUCT_MODEL\n#define PRODUCT_MODEL \"none\"\n#endif\n"
        'int main(void) { printf("%s|%s|%d", PRODUCT_MODEL, PRODUCT_EVSES, PRODUCT_PHASES); }\n'
    )  # fmt: skip
    program = tmp_path / "some"
    command = ["gcc", "-trigraphs", f"-I{tmp_path}/gen", f"{tmp_path}/some.c", "-o", str(program)]
    subprocess.run(command, check=True)
    said = subprocess.run([program], capture_output=True, check=True).stdout.decode()
    assert said == f"{model or 'none'}|1,2|3"


def test_the_board_of_the_image(tmp_path):
    assert boards(ROOT) >= {"unix", "cortex_m3", "rv32"}
    product = read(product_file(tmp_path), ROOT)
    assert board_of_image(product, "") == board_of_image(product, "unix") == "cortex_m3"
    assert board_of_image(product, "rv32") == "rv32"
    on_host = product._replace(board="unix")
    assert board_of_image(on_host, "rv32") == "rv32"
    with pytest.raises(DeclarationError) as caught:
        board_of_image(on_host, "")
    assert "its board is unix, which has no image; BOARD= one of cortex_m3, rv32" in str(
        caught.value
    )


# ---- make test PRODUCT=


@pytest.fixture
def without_reset(tmp_path):
    """The path of a product without reset/, of which no more than gen/ is made."""
    name = f"test-{os.getpid()}"
    path = product_file(tmp_path, RIGHT + "without reset\n", name)
    folder = ROOT / "build" / "products" / name
    write(read(path, ROOT), folder / "gen")
    yield str(path)
    shutil.rmtree(folder)


def test_tests_of_a_block_that_a_product_lacks_are_left_out(without_reset):
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "host_tests/blocks"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PRODUCT": without_reset, "BOARD": ""},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = f"PRODUCT={without_reset}: without the tests of reset, which it lacks"
    assert done.stdout.split("\n").count(said) == 1
    assert "blocks/trigger/test_trigger.py" in done.stdout
    assert "blocks/reset/" not in done.stdout


def test_what_a_product_lacks_is_skipped_where_a_test_comes_upon_it(without_reset):
    script = (
        "import chosen\n"
        "for call in (chosen.skip_unless_received, chosen.skip_unless_sent):\n"
        "    for action in ('Reset', 'DataTransfer'):\n"
        "        try:\n"
        "            call(action)\n"
        "        except BaseException as error:\n"
        "            print(type(error).__name__, action)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/host_tests", "PRODUCT": without_reset},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "Skipped Reset\n", done.stderr


# ---- where its first build begins

_PORT = {
    "pilotwire": "program",
    "frozen_content.c": "frozen",
    "frozen_mpy/main.mpy": "frozen",
    "genhdr/qstr.i.last": "names",
    "vm.o": "object",
    "vm.P": "{root}/build/unix/port/vm.o: py/vm.c {root}/build/unix/port/genhdr/names.h",
    "options.o": "object",
    "options.P": "{root}/build/unix/port/options.o: {root}/build/gen/tables/product.h",
}


@pytest.mark.parametrize("same", [True, False])
def test_a_product_begins_with_the_objects_that_are_there(tmp_path, same):
    root, out = str(tmp_path), "build/products/some"
    for name, text in _PORT.items():
        path = tmp_path / "build/unix/port" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(root=root))
        os.utime(path, (7, 7))
    for folder, text in (("build", "TLS_IN="), (out, "TLS_IN=" if same else "TLS_IN=1024")):
        (tmp_path / folder / "unix").mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "unix" / "settings").write_text(text)
    command = ["sh", ROOT / "tools" / "begin_port.sh", root, out]
    for _ in range(2):  # the second time all is there
        subprocess.run(command, cwd=tmp_path, check=True)
    port = tmp_path / out / "unix" / "port"
    found = {str(p.relative_to(port)): p for p in port.rglob("*") if p.is_file()}
    assert sorted(found) == (["genhdr/qstr.i.last", "vm.P", "vm.o"] if same else [])
    assert {path.stat().st_mtime for path in found.values()} <= {7}, "no younger than it is"
    if same:
        here = f"{root}/{out}/unix/port"
        wanted = f"{here}/vm.o: py/vm.c {here}/genhdr/names.h"
        assert found["vm.P"].read_text().strip() == wanted
