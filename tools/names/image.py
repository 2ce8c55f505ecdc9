"""The tables of firmware/native/names.h, and the list of what has no text."""

from dataclasses import dataclass, field

from tools.names.micropython import Name
from tools.names.sources import NamesError, Sources

STEP = 16  # NAMES_STEP of names.h
_TOO_LONG = 65535


@dataclass
class Image:
    """Names by what is kept of them.

    Attributes:
        vm: MicroPython's, in the order of their numbers.
        with_text: identifiers of those that keep their text.
        anonymous: the firmware's that have no text.
        texts: the firmware's other ones.
    """

    vm: list[Name]
    with_text: set[str] = field(default_factory=set)
    anonymous: list[Name] = field(default_factory=list)
    texts: list[Name] = field(default_factory=list)

    def numbered(self) -> list[Name]:
        """The firmware's in the order of their numbers; private ones come first."""
        anonymous = sorted(self.anonymous, key=lambda name: (name.text[:1] != b"_", name.text))
        return anonymous + sorted(self.texts, key=lambda name: name.text)

    def private_count(self) -> int:
        return sum(name.text.startswith(b"_") for name in self.anonymous)

    def entries(self) -> list[tuple[int, bytes]]:
        """Hash and text of the entries of the tables."""
        entries = []
        for number, name in enumerate(self.vm):
            if number < 2 or name.identifier in self.with_text:  # MP_QSTRnull, MP_QSTR_
                entries.append((name.hash, name.text))
            else:
                entries.append((0, b"_" if name.text.startswith(b"_") else b""))
        texts = sorted(self.texts, key=lambda name: name.text)
        return entries + [(name.hash, name.text) for name in texts]


def _literal(text: bytes) -> str:
    plain = text.decode("ascii", "replace")
    if all(" " <= c <= "~" and c not in '"\\?' for c in plain):
        return f'    "{plain}\\0"'
    return '    "' + "".join(f"\\x{byte:02x}" for byte in text) + '\\0"'


def module_name(file: str) -> str:
    """What a frozen file is imported by: wire.text."""
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def tables(image: Image) -> list[str]:
    """C lines that take the place of mpy-tool.py's enum and pool."""
    numbered = image.numbered()
    entries = image.entries()
    starts, at = [], 0
    for index, (_, text) in enumerate(entries):
        if b"\0" in text:
            raise NamesError("names", 0, f"{text!r} holds a NUL: write it as bytes")
        if index % STEP == 0:
            starts.append(at)
        at += len(text) + 1
    if at > _TOO_LONG:
        raise NamesError("names", 0, f"the texts have {at} bytes, of at most {_TOO_LONG}")
    vm = len(image.vm)
    lines = ['#include "firmware/native/names.h"', ""]
    if numbered:
        first, *rest = [name.identifier for name in numbered]
        lines += ["enum {", f"    {first} = MP_QSTRnumber_of,", *(f"    {i}," for i in rest), "};"]
    lines += [
        f'_Static_assert(MP_QSTRnumber_of == {vm}, "tables of this very MicroPython");',
        "const names_t names = {",
        f"    .vm = {vm},",
        f"    .private_end = {vm + image.private_count()},",
        f"    .anonymous_end = {vm + len(image.anonymous)},",
        f"    .end = {vm + len(numbered)},",
        "};",
        f"const uint8_t names_hashes[{len(entries)}] = {{",
        *(f"    {hash_}," for hash_, _ in entries),
        "};",
        f"const uint16_t names_starts[{len(starts)}] = {{",
        *(f"    {start}," for start in starts),
        "};",
        f"const char names_texts[{at + 1}] =",
        *(_literal(text) for _, text in entries),
        "    ;",
    ]
    return lines


def listing(image: Image, sources: Sources) -> str:
    """Numbers of names without texts; modules with their files, and functions with their
    first and last lines.
    """
    lines = ["# What the image does not say of its names; for tools/readable_log.py."]
    numbered = list(enumerate(image.vm + image.numbered()))
    with_text = image.with_text | {name.identifier for name in image.texts}
    for number, name in numbered[2:]:
        if name.identifier not in with_text:
            lines.append(f"name {number} {name.text.decode()}")
    for file, spans in sorted(sources.functions.items()):
        lines.append(f"module {module_name(file)} {file}")
        lines += [f"function {file} {s.first} {s.last} {s.name}" for s in spans]
    return "\n".join(lines) + "\n"
