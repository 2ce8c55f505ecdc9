"""One array that holds the tables of all modules, of names or of constants, so that what modules
have in common stands in it once.

Bytecode counts from the beginning of its module's table. So a module uses what stands behind its
own entries, too, where that is in reach: up to 127, which bytecode writes in one byte.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

REACH = 128


def _own(names: Sequence[str], behind: Sequence[str], head: int) -> list[str]:
    """Of the names of a module those that are not in reach behind its table, which begins with
    `head` others.
    """
    own: list[str] = []
    while True:
        reached = set(behind[: max(0, REACH - head - len(own))])
        more = [name for name in names if name not in reached and name not in own]
        if not more:
            return own
        own += more


def joined(
    tables: Mapping[str, Sequence[str]], head: int = 0
) -> tuple[list[str], dict[str, int]]:
    """-> the array, and where in it each table begins.

    Args:
        tables: by module what it uses.
        head: so many entries that are the module's alone are the first of each table.
    """
    used = Counter(name for table in tables.values() for name in set(table[head:]))
    left = {
        module: sorted(set(table[head:]), key=lambda name: (-used[name], name))
        for module, table in tables.items()
    }
    array: list[str] = []
    from_end: dict[str, int] = {}
    while left:
        # Next comes, in front of the others, what has most of its names in reach there.
        owns = {module: _own(names, array, head) for module, names in left.items()}
        module = max(left, key=lambda m: (len(left[m]) - len(owns[m]), len(left[m]), m))
        array = [*tables[module][:head], *owns[module], *array]
        from_end[module] = len(array)
        del left[module]
    return array, {module: len(array) - place for module, place in from_end.items()}
