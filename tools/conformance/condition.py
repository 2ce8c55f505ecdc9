"""When a certification case applies: conditions over features, as the certification list has them.

    C-49 and (C-30 or C-31 or C-32)     NOT C-56     any of C-30..C-35     at least two of A, B, C
"""

import ast
import re

_RANGE = re.compile(r"(any|none) of ([A-Z]+)-(\d+)\.\.(?:[A-Z]+-)?(\d+)")
_LIST = re.compile(r"(any|none|at least two) of ([A-Z]+-[\d.]+(?:, [A-Z]+-[\d.]+)*)")
_NAME = re.compile(r"[A-Z]+-\d+(?:\.\d+)?(?: ?> ?\d+)?")


class ConditionError(ValueError):
    """A condition that can't be read; str() tells it."""


def applies(condition, features):
    """Whether a case applies.

    Args:
        condition: text; empty: always.
        features: {id: bool}.

    Raises:
        ConditionError: it is no condition, or names a feature that is not listed.
    """
    if not condition.strip():
        return True
    text = _RANGE.sub(_range, condition)
    text = _LIST.sub(_list, text)
    for name in sorted((n for n in features if not _NAME.fullmatch(n)), key=len, reverse=True):
        text = text.replace(name, _has(name))
    text = _NAME.sub(lambda m: _has(m[0].replace(" ", "")), text)
    text = re.sub(r"\bNOT\b", "not", text)
    try:
        return bool(_value(ast.parse(text, mode="eval").body, features))
    except (SyntaxError, KeyError, TypeError) as e:
        raise ConditionError(f"{condition!r}: {e}") from e


def _has(name):
    return f"[{name!r}]"


def _range(match):
    word, letter, first, last = match.groups()
    names = ", ".join(f"{letter}-{n}" for n in range(int(first), int(last) + 1))
    return f"{word} of {names}"


def _list(match):
    names = match[2].split(", ")
    if match[1] == "at least two":
        return f"(({' + '.join(names)}) > 1)"
    return f"({'not ' if match[1] == 'none' else ''}({' or '.join(names)}))"


def _value(node, features):
    """[name] is 1 or 0; only what a condition needs is understood."""
    if isinstance(node, ast.List):
        return int(features[node.elts[0].value])
    if isinstance(node, ast.BoolOp):
        values = [bool(_value(n, features)) for n in node.values]
        return all(values) if isinstance(node.op, ast.And) else any(values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not _value(node.operand, features)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _value(node.left, features) + _value(node.right, features)
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Gt):
        return _value(node.left, features) > node.comparators[0].value
    raise TypeError(f"not understood: {ast.unparse(node)}")
