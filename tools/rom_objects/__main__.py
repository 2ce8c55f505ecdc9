"""In place of MicroPython's makemanifest.py: runs it, and then puts functions and classes of what
it froze into ROM.

python -m tools.rom_objects [--closed] <makemanifest.py> -o frozen_content.c -b <build> ...

--closed: the image executes no scripts, so that only the firmware looks for names in modules.
"""

import os
import subprocess
import sys
from pathlib import Path

from tools.rom_objects.content import Content
from tools.rom_objects.emit import Emitter
from tools.rom_objects.link import c_modules
from tools.rom_objects.pool import built_in, tidied

_NATIVE = Path(__file__).resolve().parents[2] / "firmware" / "native"


def main() -> int:
    arguments = sys.argv[1:]
    closed = arguments[:1] == ["--closed"]
    if closed:
        del arguments[0]
    if not arguments or "-o" not in arguments:
        print(
            "usage: python -m tools.rom_objects [--closed] <makemanifest.py> -o <output> ...",
            file=sys.stderr,
        )
        return 2
    path = Path(arguments[arguments.index("-o") + 1])
    # makemanifest.py leaves alone what it takes for its own: it must not see what we made of it.
    before = path.stat().st_mtime_ns if path.exists() else 0
    text_before = path.read_text() if path.exists() else ""
    path.unlink(missing_ok=True)
    status = subprocess.run([sys.executable, *arguments], check=False).returncode
    if status:
        return status
    build = Path(arguments[arguments.index("-b") + 1]) if "-b" in arguments else path.parent
    emitter = Emitter(Content(path.read_text()), c_modules(build, _NATIVE), closed)
    text = "\n".join(tidied(emitter.lines(), built_in(build)))
    path.write_text(text)
    if text == text_before:
        os.utime(path, ns=(before, before))  # nothing to compile
    print(
        f"ROM objects: {emitter.functions} functions, {emitter.classes} classes, "
        f"{emitter.static} modules"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
