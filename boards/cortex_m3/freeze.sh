#!/bin/sh
# In place of MicroPython's makemanifest.py, with its arguments: freezes, puts functions and classes into ROM
# (tools/rom_objects), repairs far branches (tools/thumb_branches.py). PYTHON, ROOT and TREE come from image.mk.

set -eu
export PYTHONPATH="$ROOT"
"$PYTHON" -m tools.rom_objects "$TREE/tools/makemanifest.py" "$@"
while [ "$1" != -o ]; do shift; done
exec "$PYTHON" -m tools.thumb_branches "$2"
