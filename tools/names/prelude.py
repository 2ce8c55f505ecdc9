"""The head of a function's bytecode: its signature, how long what follows is, names, lines.

py/bc.h of MicroPython says how it is laid out. Here the names that nobody looks up go out of it:
one byte 0 then stands for the function's name and all of its arguments', and
firmware/native/names.c lets the virtual machine find the lines behind it.
"""

_MORE = 0x80  # bit of a byte: another one follows


class PreludeError(ValueError):
    """The head is not as py/bc.h says."""


def _signature(prelude: list[int]) -> tuple[int, int, int]:
    """How many arguments there are by position, and by keyword only; bytes of the signature."""
    byte = prelude[0]
    positional, keyword_only, at = byte & 3, 0, 0
    while byte & _MORE:
        byte = prelude[at + 1]
        positional |= (byte & 4) << at
        keyword_only |= (byte >> 3 & 1) << at
        at += 1
    return positional, keyword_only, at + 1


def _size(code: list[int]) -> tuple[int, int]:
    """Bytes of names and lines, and of closed over variables."""
    info = cells = 0
    for n, byte in enumerate(code):
        info |= (byte >> 1 & 0x3F) << 6 * n
        cells |= (byte & 1) << n
        if (byte & _MORE == 0) != (n == len(code) - 1):
            raise PreludeError("its size is no number")
    return info, cells


def _encoded_size(info: int, cells: int) -> list[int]:
    code = []
    while True:
        byte = (info & 0x3F) << 1 | cells & 1
        info >>= 6
        cells >>= 1
        code.append(byte | (_MORE if info or cells else 0))
        if not info and not cells:
            return code


def without_names(
    prelude: list[int], names: list[list[int]], other: int = 0
) -> tuple[list[int], list[int]]:
    """A head without the names that nobody looks up.

    Args:
        prelude: bytes of signature and size.
        names: of the function and of its arguments, as numbers in bytecode; 0: nobody asks for it.
        other: a number below 128 of what is no argument's name, or 0.

    Returns:
        both anew. Where an argument is looked up all names stay: the function's is 0 in two bytes,
        that of arguments that nobody asks for is `other`.
    """
    positional, keyword_only, at = _signature(prelude)
    if len(names) != 1 + positional + keyword_only:
        raise PreludeError(f"it has {len(names)} names, and arguments for another number")
    info, cells = _size(prelude[at:])
    if keyword_only or any(name != [0] for name in names):
        nobody = [other] if other else [_MORE, 0]
        code = [_MORE, *names[0]] if names[0] == [0] else list(names[0])
        code += [byte for name in names[1:] for byte in (nobody if name == [0] else name)]
    else:
        code = [0]
    info += len(code) - sum(len(name) for name in names)
    return prelude[:at] + _encoded_size(info, cells), code
