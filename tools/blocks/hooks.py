"""Hooks: what parts of blocks are told and asked, and the calls that stand in place of that.

A module of the firmware that has the Parts writes `partners.HOOK(...)`, as in
`self.charging.partners.kept(...)`; the station is the Parts, and writes `self.HOOK(...)`. In the
copy that is frozen the calls of who has declared it stand there, in their order, or a constant
where nobody has. firmware/blocks/README.md lists the hooks.
"""

import ast
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tools.inline import Edit, FreezeError, Source, apply, parse

STATION = "station"
PARTNERS = "partners"


class Hook(NamedTuple):
    """How the answers become one (RULES), and the names of the arguments."""

    rule: str
    arguments: tuple[str, ...]


def _hook(rule: str, arguments: str = "") -> Hook:
    return Hook(rule, tuple(arguments.split()))


HOOKS = {
    # of the station
    "loading": _hook("all"),
    "started": _hook("all"),
    "connected": _hook("all", "up"),
    "accepted_by_csms": _hook("all"),
    "online": _hook("all", "up"),
    "refusal": _hook("one", "action"),
    "closed": _hook("all"),
    # of charging: what it tells
    "connector_changed": _hook("all", "evse connector"),
    "lock_changed": _hook("all"),
    "transaction_event": _hook("all", "evse transaction kind trigger state reason"),
    "transaction_ended": _hook("all"),
    "judged": _hook("all", "token kind info"),
    "readings": _hook("all", "tell"),
    "thin": _hook("all"),
    # ... and asks
    "known": _hook("first", "grant"),
    "ask_csms": _hook("one", "grant"),
    "kept": _hook("any", "evse connector grant"),
    "reservation_id": _hook("one", "evse transaction grant"),
    "limit_ma": _hook("least", "own_ma evse"),
    "cost": _hook("one", "evse"),
    "unsent": _hook("any"),
    # of the device model
    "value_changed": _hook("all", "variable evse connector"),
    "monitorable": _hook("any", "variable"),
}


# What stands in place of a hook, by its rule.


def _all(calls: list[str], arguments: list[str]) -> str:
    return "; ".join(calls) or "pass"


def _one(calls: list[str], arguments: list[str]) -> str:
    return calls[0] if calls else "None"


def _any(calls: list[str], arguments: list[str]) -> str:
    if not calls:
        return "False"
    return calls[0] if len(calls) == 1 else f"({' or '.join(calls)})"


def _least(calls: list[str], arguments: list[str]) -> str:
    return f"min({', '.join((arguments[0], *calls))})" if calls else arguments[0]


RULES: dict[str, Callable[[list[str], list[str]], str]] = {
    "all": _all,
    "any": _any,
    "first": _any,
    "least": _least,
    "one": _one,
}


def expand(source: Source, hooks: dict[str, list[str]]) -> str:
    """The text of a module with calls in place of its hooks; lines keep their numbers.

    Args:
        hooks: HOOK -> the calls that stand for it, as Joins.hooks() has them.

    Raises:
        FreezeError: there is no such hook, or it is not asked in this way.
    """
    if PARTNERS not in source.text and source.module != STATION:
        return source.text
    return apply(source.text, list(_edits(source, hooks)))


def _edits(source: Source, hooks: dict[str, list[str]]) -> Iterator[Edit]:
    tree = parse(source)
    statements = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    asked = set()  # attributes whose hook is called
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner, hook = node.func.value, node.func.attr
        if isinstance(owner, ast.Attribute) and owner.attr == PARTNERS:
            asked.add(id(owner))
        elif not (source.module == STATION and ast.unparse(owner) == "self" and hook in HOOKS):
            continue
        why = _problem(node, hook, id(node) in statements)
        if why:
            raise FreezeError(source.path, node.lineno, why)
        yield _edit(node, _text(node, owner, hook, hooks))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _asks(node) and id(node) not in asked:
            why = f"partners are asked by {PARTNERS}.HOOK(...), with a HOOK of"
            raise FreezeError(source.path, node.lineno, f"{why} firmware/blocks/README.md")


def _problem(call: ast.Call, hook: str, alone: bool) -> str | None:
    if hook not in HOOKS:
        return f"there is no hook {hook}; there are {', '.join(HOOKS)}"
    rule, arguments = HOOKS[hook]
    plain = not call.keywords and not any(isinstance(a, ast.Starred) for a in call.args)
    if not plain or len(call.args) != len(arguments):
        return f"{hook} takes ({', '.join(arguments)})"
    if rule == "all" and not alone:
        return f"{hook} has no answer; call it in a statement of its own"
    if any(_asks(node) for argument in call.args for node in ast.walk(argument)):
        return f"{hook} asks within its arguments; ask before"
    return None


def _asks(node: ast.AST) -> bool:
    """Whether it reads the attribute that has the Parts."""
    reads = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    return reads and ast.unparse(node).endswith(f".{PARTNERS}")


def _text(call: ast.Call, owner: ast.expr, hook: str, hooks: dict[str, list[str]]) -> str:
    rule, names = HOOKS[hook]
    arguments = [ast.unparse(argument) for argument in call.args]
    meant = {**dict(zip(names, arguments, strict=True)), "self": ast.unparse(owner)}
    calls = [replace(template, meant) for template in hooks.get(hook, ())]
    return RULES[rule](calls, arguments)


def _edit(node: ast.Call, text: str) -> Edit:
    """`text` in place of a call, of as many lines."""
    assert node.end_lineno is not None and node.end_col_offset is not None
    lines = node.end_lineno - node.lineno
    if lines and ";" not in text and text != "pass":
        text = f"({text}" + "\n" * lines + ")"
    elif lines:
        text += "\n" * lines
    return Edit(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, text)


def replace(expression: str, meant: dict[str, str]) -> str:
    """An expression with other expressions in place of names."""

    class _Replace(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            if node.id in meant:
                return ast.parse(meant[node.id], mode="eval").body
            return node

    return ast.unparse(_Replace().visit(ast.parse(expression, mode="eval")))


def is_call(text: str) -> bool:
    """Whether it is a call or an attribute, of something that has a name: PART.METHOD(...)."""
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError:
        return False
    if isinstance(node, ast.Call):
        node = node.func
    return isinstance(node, ast.Attribute) and bool(re.match(r"[a-z]", text))
