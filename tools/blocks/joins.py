"""Resolve at build time how the functional blocks are joined: [block] of block.txt becomes code.

    python -m tools.blocks.joins --tables build/gen/tables --output build/gen/parts.py \\
        firmware/blocks

firmware/blocks/README.md describes the directives. What a declaration names is a direct call in
the module that is made, or a byte in a table: nobody looks a name up on the charger, and a block
that is not there costs nothing.
"""

import argparse
import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.blocks.declaration import (
    Declaration,
    DeclarationError,
    profile,
    read_all,
    use_case,
)
from tools.blocks.hooks import HOOKS, is_call, replace

# What a part may be given besides other parts: attributes of the station.
GIVEN = {
    "accepted", "board", "boot_count", "charging", "clock", "is_of_evse", "model", "places",
    "restart", "store", "timers", "trigger",
}  # fmt: skip
# ... and what Parts.make() has of the maker's side.
MAKERS = {"extension", "maker"}
# What a part must not be named: Parts has these itself, or is given them.
_STATIONS = {"changed", "event", "handle", "link", "live", "make", "source", "sources", *HOOKS}
# The places of other rooms where a part, or a method of it, can be put.
PLACES = {"extension.block", "link.accepted"}

_PART = re.compile(r"(\w+) = ([a-z_.]+)\.([A-Z]\w*)\(([\w, ]*)\)")
_RECEIVES = re.compile(r"receive (\w+)Request\s*:")
_NUMBER = re.compile(r"^([A-Z][A-Z0-9_]*) = (?:const\()?(-?\d+)\)?(?:  # (.*))?$", re.M)
_EVENTS = Path(__file__).resolve().parents[2] / "firmware" / "hal" / "events.py"
_END = 100  # after all places
_EVENT = "EVENT_"  # before the constant of an event, which may be that of a message too
_MADE = "Made by tools/blocks/joins.py; do not edit."
# Files in flash (firmware/storage/store.py).
_FILES_OF_ROOMS = {"boot": "firmware/storage", "variables": "firmware/device_model"}
_FILE = re.compile(r"[a-z0-9_]{1,16}\*?")
_STORE = re.compile(r"[(,]\s*store\s*[,)]")


class Part:
    """One object of a block, as it was declared."""

    def __init__(self, match: re.Match[str], where: str, block: str):
        self.name, module, self.class_ = match[1], match[2], match[3]
        self.module = module if "." in module else f"blocks.{block}.{module}"
        self.arguments = [a.strip() for a in match[4].split(",") if a.strip()]
        self.where = where
        self.block = block
        self.handles: list[str] = []
        self.places: list[list[str]] = []
        self.source: int | None = None
        self.link = False


def _overlap(name: str, other: str) -> bool:
    """Whether two names of files, NAME or BEGINNING*, can be of one file."""
    shorter, longer = sorted((name, other), key=len)
    if shorter.endswith("*"):
        return longer.startswith(shorter[:-1])
    return name == other or (longer.endswith("*") and shorter.startswith(longer[:-1]))


def _constant(name: str) -> str:
    """The constant of a wire name: GetBaseReport -> GET_BASE_REPORT."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def constants(path: Path) -> dict[str, int]:
    """The constants of a module."""
    return {found[1]: int(found[2]) for found in _NUMBER.finditer(path.read_text("utf-8"))}


class Joins:
    """All declarations, checked.

    Args:
        declarations: of the blocks of the product.
        tables: folder of the generated tables.
    """

    def __init__(self, declarations: list[Declaration], tables: Path):
        self.names = constants(tables / "names.py")
        self.variables = constants(tables / "variables.py")
        # Of those that are marked live: where, if somebody has to compute them.
        self._marked = {
            found[1]: found[3].partition(": ")[2]
            for found in _NUMBER.finditer((tables / "variables.py").read_text("utf-8"))
            if found[3]
        }
        self.events = constants(_EVENTS)
        layout = constants(tables / "layout.py")
        self.first_action = layout["FIRST_ACTION"]
        self.actions = range(self.first_action, layout["FIRST_OTHER"])
        self.parts: list[Part] = []
        # (constants, call): what is called for these
        self.triggers: Calls = []
        self.live: Calls = []
        self.hears: Calls = []
        self.hardware: Calls = []  # of events
        self.arena: list[str] = []  # variables that size it
        self.of_evses: list[str] = []  # messages that can be asked of an EVSE
        # HOOK -> (its place among the answers, or None; the part; call)
        self._called: dict[str, list[tuple[int | None, str, str]]] = {hook: [] for hook in HOOKS}
        self._kept: dict[str, str] = {}  # what is called later -> where that is declared
        # block -> message -> where that is declared
        self._handled: dict[str, dict[str, str]] = {}
        self._owners: dict[tuple[str, str], str] = {}  # what only one may do -> where it does
        self._files: dict[str, str] = dict(_FILES_OF_ROOMS)  # name -> whose
        self._blocks = {declaration.name for declaration in declarations}
        for declaration in declarations:
            self._read(declaration)
        self._order()
        for declaration in declarations:
            self._check_live(declaration)
            self._check_received(declaration)
            self._check_files(declaration)

    # ---- reading

    def _read(self, declaration: Declaration) -> None:
        part: Part | None = None
        for number, line in declaration.sections.get("block", ()):
            where = f"{declaration.path}:{number}"
            word, *rest = line.split()
            if word in _LISTS and rest[:1] in ([], ["="]):
                raise DeclarationError(f"{where}: {word} names nothing; name one or more")
            if word == "part":
                part = self._part(line, where, declaration.name)
            elif word in _OF_BLOCKS:
                _OF_BLOCKS[word](self, rest, where)
            elif word in _CALLS:
                _CALLS[word](self, part, rest, where)
            elif word not in _DIRECTIVES:
                known = ", ".join(sorted(("part", *_OF_BLOCKS, *_DIRECTIVES, *_CALLS)))
                raise DeclarationError(f"{where}: unknown {word}; there are {known}")
            elif part is None:
                raise DeclarationError(f"{where}: {word} belongs to a part; begin with part ...")
            else:
                _DIRECTIVES[word](self, part, rest, where)

    def _part(self, line: str, where: str, block: str) -> Part:
        match = _PART.fullmatch(line[len("part ") :].strip())
        if match is None:
            raise DeclarationError(
                f"{where}: {line}: no part; wanted is part NAME = file.Class(given, ...)"
            )
        part = Part(match, where, block)
        if part.name in GIVEN | MAKERS | _STATIONS:
            raise DeclarationError(
                f"{where}: the station has its own {part.name}; take another name"
            )
        self._only("part", part.name, where)
        self.parts.append(part)
        return part

    @staticmethod
    def _check_files(declaration: Declaration) -> None:
        """Who is given the store says which files it keeps."""
        said = declaration.sections.get("block", ())
        if any(line.startswith("files ") for _, line in said):
            return
        for number, line in said:
            if _STORE.search(line):
                raise DeclarationError(
                    f"{declaration.path}:{number}: store is given, and no file declared;"
                    " add a line files NAME"
                )

    def _only(self, kind: str, name: str, where: str) -> None:
        other = self._owners.setdefault((kind, name), where)
        if other != where:
            raise DeclarationError(f"{where}: {kind} {name} is taken by {other}; leave one out")

    def needs(self, blocks: list[str], where: str) -> None:
        for block in blocks:
            if block not in self._blocks:
                raise DeclarationError(
                    f"{where}: needs {block}, which is not there; choose it too"
                )

    def files(self, names: list[str], where: str) -> None:
        for name in names:
            if not _FILE.fullmatch(name):
                wrong = f"{name} is no name of a file in flash"
                raise DeclarationError(
                    f"{where}: {wrong}; a word of at most 16 letters and digits, or signed* for"
                    " all that begin so"
                )
            for other, place in self._files.items():
                if _overlap(name, other):
                    raise DeclarationError(
                        f"{where}: the file {name} is taken by {place}; take another name"
                    )
            self._files[name] = where

    def profile(self, rest: list[str], where: str) -> None:
        profile(" ".join(rest), where)  # that is of use to products alone (product.py)

    def use_cases(self, names: list[str], where: str) -> None:
        for name in names:
            use_case(name, where)  # of use to `make conformance`

    def arena_(self, variables: list[str], where: str) -> None:
        self.arena += [self._variable(name, where) for name in variables]

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
            self._handled.setdefault(part.block, {})[name] = where

    def _call(
        self, part: Part | None, rest: list[str], method: str, given: Iterable[str], where: str
    ) -> str:
        """What follows the = of a directive, else the method `method` of the part with all that is
        `given`; takes it off `rest`. What is not given there is an attribute of `self`.
        """
        if "=" in rest:
            call = " ".join(rest[rest.index("=") + 1 :])
            del rest[rest.index("=") :]
        elif part is None:
            raise DeclarationError(f"{where}: of no part; write NAME = PART.METHOD()")
        else:
            call = f"{part.name}.{method}({', '.join(given)})"
        if not is_call(call):
            raise DeclarationError(
                f"{where}: {call!r} is no call; write PART.METHOD() or PART.ATTRIBUTE"
            )
        names = {n.id for n in ast.walk(ast.parse(call)) if isinstance(n, ast.Name)} - set(given)
        for name in names:
            self._kept.setdefault(name, where)
        return replace(call, {name: f"self.{name}" for name in names})

    def trigger(self, part: Part | None, rest: list[str], where: str) -> None:
        call = self._call(part, rest, "trigger", ("wanted", "evse", "connector"), where)
        of_evses = rest[:1] == ["evse"]
        names = rest[of_evses:]
        for name in names:
            self._only("TriggerMessage of", name, where)
        constants = [self._action(name, where) for name in names]
        self.triggers.append((constants, call))
        self.of_evses += constants if of_evses else []

    def live_(self, part: Part | None, rest: list[str], where: str) -> None:
        call = self._call(part, rest, "live", ("variable", "evse", "connector"), where)
        for name in rest:
            self._only("the live variable", name, where)
            if self._variable(name, where) not in self._marked:
                raise DeclarationError(
                    f"{where}: {name} is declared without live; add that to its line below"
                    " [variables]"
                )
        self.live.append((rest, call))

    def hears_(self, part: Part | None, rest: list[str], where: str) -> None:
        call = self._call(part, rest, "changed", ("variable",), where)
        self.hears.append(([self._variable(name, where) for name in rest], call))

    def event(self, part: Part | None, rest: list[str], where: str) -> None:
        call = self._call(part, rest, "event", ("event",), where)
        for name in rest:
            if name not in self.events:
                known = ", ".join(self.events)
                raise DeclarationError(f"{where}: {name} is no event; there are {known}")
        self.hardware.append((rest, call))

    def on(self, part: Part | None, rest: list[str], where: str) -> None:
        """Hooks that tell."""
        hooks = rest[: rest.index("=")] if "=" in rest else list(rest)
        for hook in hooks:
            self._hook(part, hook, None, list(rest), "on", where)

    def answers(self, part: Part | None, rest: list[str], where: str) -> None:
        """A hook that asks, and the place among those who answer it, if there is an order."""
        hook, *more = rest
        number = int(more.pop(0)) if more[:1] and more[0].isdigit() else None
        if more and more[0] != "=":
            raise DeclarationError(
                f"{where}: answers {' '.join(rest)}; write answers HOOK [PLACE] [= PART.METHOD()]"
            )
        self._hook(part, hook, number, more, "answers", where)

    def _hook(
        self,
        part: Part | None,
        hook: str,
        number: int | None,
        rest: list[str],
        word: str,
        where: str,
    ) -> None:
        known = [name for name, (rule, _) in HOOKS.items() if (rule == "all") == (word == "on")]
        if hook not in known:
            other = "answers" if word == "on" else "on"
            hint = (
                f"; it goes with {other}" if hook in HOOKS else f"; there are {', '.join(known)}"
            )
            raise DeclarationError(
                f"{where}: there is no hook {hook} to be named with {word}{hint}"
            )
        rule, given = HOOKS[hook]
        if (number is not None) != (rule == "first") or (number or 0) >= _END:
            wanted = f"a place, 0 to {_END - 1}" if rule == "first" else "no place"
            raise DeclarationError(
                f"{where}: answers {hook}{'' if number is None else f' {number}'};"
                f" wanted is {wanted}"
            )
        if rule == "one":
            self._only("the answer of", hook, where)
        if number is not None:
            self._only(f"the place among the answers of {hook},", str(number), where)
        given = given[1:] if rule == "least" else given
        call = self._call(part, rest, hook, given, where)
        self._called[hook].append((number, call.split(".")[1], call))

    def partner(self, part: Part, rest: list[str], where: str) -> None:
        if not rest or rest[0] not in PLACES or len(rest) > 2:
            known = ", ".join(sorted(PLACES))
            raise DeclarationError(
                f"{where}: partner {' '.join(rest)}: no place; wanted is PLACE [METHOD],"
                f" places are {known}"
            )
        self._only("the place", rest[0], where)
        part.places.append(rest)

    def source(self, part: Part, rest: list[str], where: str) -> None:
        if len(rest) != 1 or not rest[0].isdigit() or int(rest[0]) >= _END:
            raise DeclarationError(
                f"{where}: source {' '.join(rest)}: no place; wanted is one of 0 to {_END - 1}"
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
                if argument not in names | GIVEN | MAKERS:
                    known = ", ".join(sorted(GIVEN | MAKERS))
                    raise DeclarationError(
                        f"{part.where}: nobody gives {argument}; a part of a block that is there,"
                        f" or {known}"
                    )
        self.parts = made
        for name, where in self._kept.items():
            if name not in names | GIVEN | {"link"}:
                known = ", ".join(sorted(GIVEN | {"link"}))
                raise DeclarationError(
                    f"{where}: there is no part {name};"
                    f" a part of a block that is there, or {known}"
                )

    def _check_live(self, declaration: Declaration) -> None:
        """What has no other value is computed."""
        computed = {name for names, _ in self.live for name in names}
        for name, where in self._marked.items():
            its = where.rpartition(":")[0] == str(declaration.path)
            if its and name not in computed:
                raise DeclarationError(
                    f"{where}: nobody computes {name}, which is live; write live {name} ="
                    " PART.METHOD() below [block], or give it a default"
                )

    def _check_received(self, declaration: Declaration) -> None:
        """A block handles what it receives, and receives what it handles."""
        received = {}
        for number, line in declaration.sections.get("messages", ()):
            match = _RECEIVES.match(line)
            if match:
                received[match[1]] = f"{declaration.path}:{number}"
        handled = self._handled.get(declaration.name, {})
        for name in [name for name in received if name not in handled]:
            raise DeclarationError(
                f"{received[name]}: nobody handles {name}; write handles {name} below a part, or"
                " leave this line out"
            )
        for name in [name for name in handled if name not in received]:
            raise DeclarationError(
                f"{handled[name]}: {name} is not received; write receive {name}Request: below"
                " [messages], with the fields that are wanted"
            )

    # ---- writing

    def hooks(self) -> dict[str, list[str]]:
        """HOOK -> what is called, in this order; where `self` stands the Parts are meant."""
        sources = {p.name: p.source for p in self.parts if p.source is not None}

        def place(called: tuple[int | None, str, str]) -> int:
            number, part, _ = called
            return sources.get(part, _END) if number is None else number

        return {
            hook: [call for _, _, call in sorted(called, key=place)]
            for hook, called in self._called.items()
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
        yield from _imports("tables.variables", self.live + self.hears + [(self.arena, "")])
        for event in sorted({name for events, _ in self.hardware for name in events}):
            yield f"from hal.events import {event} as {_EVENT}{event}"
        yield ""
        for part in self.parts:
            yield f"from {part.module} import {part.class_}"
        yield ""
        yield "if EXTENSION:"
        yield "    from extension_guard import Guard"
        yield ""
        handlers = [part for part in self.parts if part.handles]
        of_action = bytearray(len(self.actions))
        for number, part in enumerate(handlers):
            for name in part.handles:
                of_action[self.names[name] - self.first_action] = number
        yield "# Of each message, in the order of its name id, that is received: who handles it."
        yield f"_HANDLER = {bytes(of_action)!r}"
        yield f"_FIRST_ACTION = const({self.first_action})"
        yield "# Variables: so many bytes of a message are kept."
        yield f"ARENA = ({_listed(self.arena)})"
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
        yield "        maker = self.board"
        yield "        extension = None"
        yield "        if EXTENSION:"
        yield "            maker = extension = Guard(maker, self.model, self.timers)"
        yield "            self.extension = extension"
        given = Counter(a for part in self.parts for a in part.arguments if a in GIVEN)
        inline = {name: f"self.{name}" for name, uses in given.items() if uses == 1}
        for name in sorted(set(given) - set(inline)):
            yield f"        {name} = self.{name}"
        sources = sorted(
            (p for p in self.parts if p.source is not None), key=lambda p: p.source or 0
        )
        linked = [p for p in self.parts if p.link and p.source is None]
        used = {a for part in self.parts for a in part.arguments}
        used |= {p.name for p in (*handlers, *sources, *linked) if p}
        used |= {p.name for p in self.parts if p.places}
        for part in self.parts:
            made = f"{part.class_}({', '.join(inline.get(a, a) for a in part.arguments)})"
            names = [f"self.{part.name}"] * (part.name in self._kept)
            names += [part.name] * (part.name in used)
            yield "        " + " = ".join((*names, made))
        yield f"        self._handlers = ({_listed(p.name for p in handlers)})"
        yield f"        sources.extend(({_listed(p.name for p in sources)}))"
        yield "        for source in sources:"
        yield "            source.link = link"
        for part in linked:
            yield f"        {part.name}.link = link"
        for part in self.parts:
            for place, *method in part.places:
                of_makers = place.split(".")[0] in MAKERS
                if of_makers:
                    yield "        if EXTENSION:"
                yield f"        {'    ' * of_makers}{place} = {'.'.join((part.name, *method))}"
        yield ""

    def _dispatch(self) -> Iterator[str]:
        yield "    def handle(self, action, reader):"
        yield '        """A CALL of the CSMS goes to whose it is."""'
        yield "        handler = self._handlers[_HANDLER[action - _FIRST_ACTION]]"
        yield "        return handler.handle(action, reader)"
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
        yield ""
        yield "    def event(self, event):"
        yield '        """An event of the hardware, which the station has taken."""'
        yield "        kind = event[0]"
        for events, call in self.hardware:
            yield f"        if {_among('kind', [_EVENT + name for name in events])}:"
            yield f"            {call}"
        yield "        if EXTENSION:"
        yield "            self.extension.event(event)"


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


# Those of a block, of a part, and those that can stand for themselves.
_OF_BLOCKS = {
    "arena": Joins.arena_,
    "files": Joins.files,
    "needs": Joins.needs,
    "profile": Joins.profile,
    "use_cases": Joins.use_cases,
}
_DIRECTIVES = {
    "handles": Joins.handles,
    "link": Joins.link,
    "partner": Joins.partner,
    "source": Joins.source,
}
_CALLS = {
    "answers": Joins.answers,
    "event": Joins.event,
    "hears": Joins.hears_,
    "live": Joins.live_,
    "on": Joins.on,
    "trigger": Joins.trigger,
}
_LISTS = {*_OF_BLOCKS, *_CALLS, "handles"}


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
