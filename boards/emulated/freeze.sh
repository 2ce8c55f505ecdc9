#!/bin/sh
# In place of MicroPython's makemanifest.py, with its arguments: freezes, puts modules, functions and classes into ROM
# (tools/rom_objects), leaves out texts of names (tools/names). PYTHON, ROOT and TREE come from image.mk,
# MICROPY_MANIFEST_FROZEN from the command line of make.

set -eu
output() {
    while [ "$1" != -o ]; do shift; done
    echo "$2"
}
content=$(output "$@")
rm -f "$content" # makemanifest.py leaves one that is up to date as it is, and ours has been worked on
export PYTHONPATH="$ROOT"
"$PYTHON" -m tools.rom_objects --closed "$TREE/tools/makemanifest.py" "$@"
for manifest; do :; done
exec "$PYTHON" -m tools.names "$content" \
    --sources "${MICROPY_MANIFEST_FROZEN:-$(dirname "$manifest")}" "$TREE/extmod"
