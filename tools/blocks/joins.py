"""Resolve at build time how the functional blocks are joined: [block] of block.txt becomes code.

    python -m tools.blocks.joins --tables build/gen/tables --output build/gen/parts.py \\
        firmware/blocks

firmware/blocks/README.md describes the directives. What a declaration names is a direct call in
the module that is made, or a byte in a table: nobody looks a name up on the charger, and a block
that is not there costs nothing.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.blocks.declaration import Declaration, DeclarationError, profile, read_all

# What a part may be given besides other parts: attributes of the station.
GIVEN = {
    "accepted", "board", "boot_count", "charging", "clock", "extension", "is_of_evse", "journal",
    "maker", "model", "places", "restart", "store", "timers", "trigger",
}  # fmt: skip
# Hooks: methods of parts that the station calls, as self.HOOK(...). In the copy of station.py
# that is frozen these calls stand in its place (`expand`), in the order of the sources. Nobody
# there: nothing, and None.
HOOKS = (
    "accepted_by_csms", "connected", "connector_changed", "data_transfer_asked", "hook_replied",
    "online", "refusal", "restart_asked", "started", "transaction_ended",
)  # fmt: skip
_ANSWERED = {"refusal"}  # the station wants its answer: only one may give it
# What a part must not be named: Parts has these itself, or is given them.
_STATIONS = {"changed", "handle", "link", "live", "make", "source", "sources", *HOOKS}
# The places of other rooms where a part, or a method of it, can be put.
PARTNERS = {
    "charging.events", "charging.authorizer", "charging.cache", "link.accepted", "model.most",
}  # fmt: skip

_PART = re.compile(r"(\w+) = ([a-z_.]+)\.([A-Z]\w*)\(([\w, ]*)\)")
_LAST_SOURCE = 100
_MADE = "Made by tools/blocks/joins.py; do not edit."


class Part:
    """One object of a block, as it was declared."""

    def __init__(self, match: re.Match[str], where: str, block: str):
        self.name, module, self.class_ = match[1], match[2], match[3]
        self.module = module if "." in module else f"blocks.{block}.{module}"
        self.arguments = [a.strip() for a in match[4].split(",") if a.strip()]
        self.where = where
        self.block = block
        self.handles: list[str] = []
        self.hooks: list[str] = []
        self.partner: list[list[str]] = []
        self.source: int | None = None
        self.link = False


def _constant(name: str) -> str:
    """The constant of a wire name: GetBaseReport -> GET_BASE_REPORT."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def _numbers(path: Path) -> dict[str, int]:
    """The constants of a module that the build has made."""
    pairs = re.findall(r"^([A-Z][A-Z0-9_]*) = (-?\d+)$", path.read_text(encoding="utf-8"), re.M)
    return {name: int(number) for name, number in pairs}


class Joins:
    """All declarations, checked.

    Args:
        declarations: of the blocks of the product.
        tables: folder of the generated tables.
    """

    def __init__(self, declarations: list[Declaration], tables: Path):
        self.names = _numbers(tables / "names.py")
        self.variables = _numbers(tables / "variables.py")
        layout = _numbers(tables / "layout.py")
        self.first_action = layout["FIRST_ACTION"]
        self.actions = range(self.first_action, layout["FIRST_OTHER"])
        self.parts: list[Part] = []
        # (constants, call): what is called for these
        self.triggers: list[tuple[list[str], str]] = []
        self.live: list[tuple[list[str], str]] = []
        self.hears: list[tuple[list[str], str]] = []
        self.of_evses: list[str] = []  # messages that can be asked of an EVSE
        self._kept: dict[str, str] = {}  # parts that are called later -> where that is declared
        self._owners: dict[tuple[str, str], str] = {}  # what only one may do -> where it does
        self._blocks = {declaration.name for declaration in declarations}
        for declaration in declarations:
            self._read(declaration)
        self._order()

    # ---- reading

    def _read(self, declaration: Declaration) -> None:
        part: Part | None = None
        for number, line in declaration.sections.get("block", ()):
            where = f"{declaration.path}:{number}"
            word, *rest = line.split()
            if word in _LISTS and rest[:1] in ([], ["="]):
                raise DeclarationError(f"{where}: {word} names nothing; name one or more")
            if word == "part":
                match = _PART.fullmatch(line[len("part ") :].strip())
                if match is None:
                    raise DeclarationError(
                        f"{where}: {line}: no part; wanted is part NAME = file.Class(given, ...)"
                    )
                part = Part(match, where, declaration.name)
                if part.name in GIVEN or part.name in _STATIONS:
                    raise DeclarationError(
                        f"{where}: the station has its own {part.name}; take another name"
                    )
                self._only("part", part.name, where)
                self.parts.append(part)
            elif word in _OF_BLOCK:
                _OF_BLOCK[word](self, rest, where)
            elif word in _CALLS:
                _CALLS[word](self, part, rest, where)
            elif word not in _DIRECTIVES:
                known = ", ".join(sorted(("part", *_OF_BLOCK, *_DIRECTIVES, *_CALLS)))
                raise DeclarationError(f"{where}: unknown {word}; there are {known}")
            elif part is None:
                raise DeclarationError(f"{where}: {word} belongs to a part; begin with part ...")
            else:
                _DIRECTIVES[word](self, part, rest, where)

    def _only(self, kind: str, name: str, where: str) -> None:
        other = self._owners.setdefault((kind, name), where)
        if other != where:
            raise DeclarationError(f"{where}: {kind} {name} is taken by {other}; leave one out")

    def _needs(self, blocks: list[str], where: str) -> None:
        for block in blocks:
            if block not in self._blocks:
                raise DeclarationError(
                    f"{where}: needs {block}, which is not there; choose it too"
                )

    def _profile(self, rest: list[str], where: str) -> None:
        profile(" ".join(rest), where)  # that is of use to products alone (product.py)

    def _action(self, name: str, where: str) -> str:
        constant = _constant(name)
        if self.names.get(constant, -1) not in self.actions:
            raise DeclarationError(
                f"{where}: {name} is no message of OCPP 2.0.1; its name is meant, as GetBaseReport"
            )
        return constant

    def _variable(self, name: str, where: str) -> str:
        if name not in self.variables:
            raise DeclarationError(
                f"{where}: {name} is no variable; a constant is meant, as TX_CTRLR_TX_START_POINT"
            )
        return name

    def handles(self, part: Part, rest: list[str], where: str) -> None:
        for name in rest:
            self._only("the message", name, where)
            part.handles.append(self._action(name, where))

    def _call(self, part: Part | None, rest: list[str], default: str, where: str) -> str:
        """What follows the = of a directive, else the method `default` of the part; takes it off
        `rest`.
        """
        if "=" in rest:
            call = " ".join(rest[rest.index("=") + 1 :])
            del rest[rest.index("=") :]
        elif part is None:
            raise DeclarationError(f"{where}: of no part; write NAME = PART.METHOD()")
        else:
            call = f"{part.name}.{default}"
        if not re.match(r"[a-z]\w*\.[a-z_]", call):
            raise DeclarationError(
                f"{where}: {call!r} is no call; write PART.METHOD() or PART.ATTRIBUTE"
            )
        self._kept.setdefault(call.split(".")[0], where)
        return f"self.{call}"

    def trigger(self, part: Part | None, rest: list[str], where: str) -> None:
        call = self._call(part, rest, "trigger(wanted, evse, connector)", where)
        of_evses = rest[:1] == ["evse"]
        names = rest[of_evses:]
        for name in names:
            self._only("TriggerMessage of", name, where)
        constants = [self._action(name, where) for name in names]
        self.triggers.append((constants, call))
        self.of_evses += constants if of_evses else []

    def live_(self, part: Part | None, rest: list[str], where: str) -> None:
        call = self._call(part, rest, "live(variable, evse, connector)", where)
        for name in rest:
            self._only("the live variable", name, where)
        self.live.append(([self._variable(name, where) for name in rest], call))

    def hears_(self, part: Part | None, rest: list[str], where: str) -> None:
        call = self._call(part, rest, "changed(variable)", where)
        self.hears.append(([self._variable(name, where) for name in rest], call))

    def on(self, part: Part, rest: list[str], where: str) -> None:
        for name in rest:
            if name not in HOOKS:
                known = ", ".join(HOOKS)
                raise DeclarationError(f"{where}: there is no hook {name}; there are {known}")
            if name in _ANSWERED:
                self._only("the answer of", name, where)
            part.hooks.append(name)

    def partner(self, part: Part, rest: list[str], where: str) -> None:
        if not rest or rest[0] not in PARTNERS or len(rest) > 2:
            known = ", ".join(sorted(PARTNERS))
            raise DeclarationError(
                f"{where}: partner {' '.join(rest)}: no place; wanted is PLACE [METHOD],"
                f" places are {known}"
            )
        self._only("the place", rest[0], where)
        part.partner.append(rest)

    def source(self, part: Part, rest: list[str], where: str) -> None:
        if len(rest) != 1 or not rest[0].isdigit() or int(rest[0]) >= _LAST_SOURCE:
            raise DeclarationError(
                f"{where}: source {' '.join(rest)}: no place; wanted is one of 0 to"
                f" {_LAST_SOURCE - 1}"
            )
        self._only("the place among the sources", rest[0], where)
        part.source = int(rest[0])
        part.link = True

    def link(self, part: Part, rest: list[str], where: str) -> None:
        if rest:
            raise DeclarationError(f"{where}: link {' '.join(rest)}; link stands alone")
        part.link = True

    def _order(self) -> None:
        """Parts in an order in which each can be made."""
        made: list[Part] = []
        left = list(self.parts)
        names = {part.name for part in left}
        while left:
            ready = [p for p in left if not set(p.arguments) & {each.name for each in left}]
            if not ready:
                circle = ", ".join(part.name for part in left)
                raise DeclarationError(
                    f"{left[0].where}: {circle} need each other in a circle; give one to the other"
                )
            made += ready
            left = [part for part in left if part not in ready]
        for part in made:
            for argument in part.arguments:
                if argument not in names and argument not in GIVEN:
                    known = ", ".join(sorted(GIVEN))
                    raise DeclarationError(
                        f"{part.where}: nobody gives {argument}; a part of a block that is there,"
                        f" or {known}"
                    )
        self.parts = made
        for name, where in self._kept.items():
            if name not in names and name not in GIVEN and name != "link":
                known = ", ".join(sorted({*GIVEN, "link"}))
                raise DeclarationError(
                    f"{where}: there is no part {name};"
                    f" a part of a block that is there, or {known}"
                )

    # ---- writing

    def hooks(self) -> dict[str, list[str]]:
        """Hook -> the parts that want to be called, in their order."""

        def place(part: Part) -> int:
            return _LAST_SOURCE if part.source is None else part.source

        return {
            hook: [p.name for p in sorted(self.parts, key=place) if hook in p.hooks]
            for hook in HOOKS
        }

    def module(self) -> str:
        """The text of the module."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield f'"""How the functional blocks are joined. {_MADE}"""'
        yield ""
        yield "from micropython import const"
        yield "from tables.extension import EXTENSION"
        yield from _imports("tables.names", self.triggers)
        yield from _imports("tables.variables", self.live + self.hears)
        yield ""
        yield "from blocks.port import NOT_MINE"
        for part in self.parts:
            yield f"from {part.module} import {part.class_}"
        yield ""
        handlers = [part for part in self.parts if part.handles]
        of_action = bytearray(len(self.actions))
        for number, part in enumerate(handlers, 1):
            for name in part.handles:
                of_action[self.names[name] - self.first_action] = number
        yield "# Of each message, in the order of its name id: its place in _handlers, or 0."
        yield f"_HANDLER = {bytes(of_action)!r}"
        yield f"_FIRST_ACTION = const({self.first_action})"
        yield ""
        yield ""
        yield "class Parts:"
        yield '    """All parts of all blocks, and who is called for what."""'
        yield ""
        yield from self._make(handlers)
        yield from self._dispatch()

    def _make(self, handlers: list[Part]) -> Iterator[str]:
        yield "    def make(self, link, sources):"
        yield '        """Make the parts, of what `self` has; who sends goes into `sources`."""'
        given = sorted({a for part in self.parts for a in part.arguments} & GIVEN)
        for part in self.parts:
            for place, *_ in part.partner:
                of = place.split(".")[0]
                given += [of] * (of != "link" and of not in given)
        for name in given:
            yield f"        {name} = self.{name}"
        kept = {name for names in self.hooks().values() for name in names} | set(self._kept)
        for part in self.parts:
            made = f"{part.class_}({', '.join(part.arguments)})"
            yield f"        {f'self.{part.name} = ' * (part.name in kept)}{part.name} = {made}"
        for part in self.parts:
            for place, *method in part.partner:
                yield f"        {place} = {'.'.join((part.name, *method))}"
        yield f"        self._handlers = ({_listed(p.name for p in handlers)})"
        sources = sorted(
            (p for p in self.parts if p.source is not None), key=lambda p: p.source or 0
        )
        yield f"        sources.extend(({_listed(p.name for p in sources)}))"
        yield "        for source in sources:"
        yield "            source.link = link"
        for part in self.parts:
            if part.link and part.source is None:
                yield f"        {part.name}.link = link"
        yield ""

    def _dispatch(self) -> Iterator[str]:
        yield "    def handle(self, action, reader):"
        yield '        """A CALL of the CSMS goes to whose it is."""'
        yield "        handler = _HANDLER[action - _FIRST_ACTION]"
        yield "        if not handler:"
        yield "            return NOT_MINE"
        yield "        return self._handlers[handler - 1].handle(action, reader)"
        yield ""
        yield "    def trigger(self, wanted, evse, connector):"
        yield '        """TriggerMessage: whether it follows; None: not a message of ours."""'
        yield from _by(self.triggers, "wanted")
        yield "        return None"
        yield ""
        yield "    def is_of_evse(self, wanted):"
        yield '        """Whether the message can be asked of an EVSE."""'
        yield "        return " + (_among("wanted", self.of_evses) if self.of_evses else "False")
        yield ""
        yield "    def live(self, variable, evse, connector):"
        yield '        """The value of a variable that is computed; None: the stored one."""'
        yield from _by(self.live, "variable")
        yield "        if EXTENSION:"
        yield "            return self.extension.read(variable, evse, connector)"
        yield "        return None"
        yield ""
        yield "    def changed(self, variable, evse, connector):"
        yield '        """The CSMS has changed a variable."""'
        for constants, call in self.hears:
            yield f"        if {_among('variable', constants)}:"
            yield f"            {call}"
        yield "        if EXTENSION:"
        yield "            self.extension.changed(variable, evse, connector)"


def expand(text: str, hooks: dict[str, list[str]]) -> str:
    """A module with the calls of hooks, self.HOOK(...), in place; lines keep their numbers."""

    def called(match: re.Match[str]) -> str:
        indent, before, hook, arguments = match.groups()
        if hook not in hooks:
            return match[0]
        calls = [f"self.{part}.{hook}({arguments})" for part in hooks[hook]]
        if before:  # its answer is wanted
            if len(calls) > 1:
                raise DeclarationError(f"the answer of {hook} is wanted, and there are {calls}")
            return f"{indent}{before}{calls[0] if calls else None}"
        return indent + ("; ".join(calls) or "pass")

    return re.sub(r"^([ ]+)(\w+ = )?self\.(\w+)\((.*)\)$", called, text, flags=re.M)


Calls = list[tuple[list[str], str]]


def _by(calls: Calls, name: str) -> Iterator[str]:
    for constants, call in calls:
        yield f"        if {_among(name, constants)}:"
        yield f"            return {call}"


def _imports(module: str, calls: Calls) -> Iterator[str]:
    names = {name for constants, _ in calls for name in constants}
    if names:
        yield f"from {module} import ("
        yield from (f"    {name}," for name in sorted(names))
        yield ")"


def _listed(names: Iterable[str]) -> str:
    """The inside of a tuple."""
    return "".join(f"{name}, " for name in names).strip()


def _among(name: str, constants: list[str]) -> str:
    if len(constants) == 1:
        return f"{name} == {constants[0]}"
    return f"{name} in ({', '.join(constants)})"


_DIRECTIVES = {
    "handles": Joins.handles,
    "link": Joins.link,
    "on": Joins.on,
    "partner": Joins.partner,
    "source": Joins.source,
}
# Those that stand for the block.
_OF_BLOCK = {"needs": Joins._needs, "profile": Joins._profile}
_LISTS = {"handles", "hears", "live", "needs", "on", "trigger"}
# Those that can stand for themselves.
_CALLS = {"hears": Joins.hears_, "live": Joins.live_, "trigger": Joins.trigger}


def main() -> int:
    parser = argparse.ArgumentParser(description="Join the functional blocks.")
    parser.add_argument("--tables", type=Path, required=True, help="the generated tables")
    parser.add_argument("--output", type=Path, required=True, help="the module")
    parser.add_argument("root", type=Path, help="firmware/blocks, or a product's product.json")
    options = parser.parse_args()
    try:
        joins = Joins(read_all(options.root), options.tables)
    except DeclarationError as error:
        print(f"blocks: {error}", file=sys.stderr)
        return 1
    for path, text in (
        (options.output, joins.module()),
        (options.output.with_name("hooks.json"), json.dumps(joins.hooks(), indent=1)),
    ):
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
