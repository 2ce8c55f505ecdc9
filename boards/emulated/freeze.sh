#!/bin/sh
# In place of MicroPython's makemanifest.py, with its arguments: freezes, puts functions and classes into ROM
# (tools/rom_objects), repairs machine code (REPAIR). PYTHON, ROOT, TREE and REPAIR come from image.mk.

set -eu
output() {
    while [ "$1" != -o ]; do shift; done
    echo "$2"
}
content=$(output "$@")
rm -f "$content" # makemanifest.py leaves one that is up to date as it is, and ours has been worked on
export PYTHONPATH="$ROOT"
"$PYTHON" -m tools.rom_objects "$TREE/tools/makemanifest.py" "$@"
[ -z "${REPAIR:-}" ] || "$PYTHON" -m "$REPAIR" "$content"
