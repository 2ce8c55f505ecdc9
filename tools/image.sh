#!/bin/sh
# sh tools/image.sh BOARD...: builds the images of boards on emulated chips, once `make build` and tools/setup.sh have run:
# `make image` calls it. Two calls at once take turns.

set -eu
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
if command -v flock >/dev/null 2>&1; then
    exec 9>build/setup.lock
    flock 9
fi
[ -n "${HEAP:-}" ] || unset HEAP # the Makefile exports it, if to nothing
build/venv/bin/python -m tools.settings HEAP
TREE=$(cat build/stamps/tree)

for board in "$@"; do
    out=build/$board
    {
        echo "$ROOT" "$TREE" "${HEAP:-}"
        dpkg-query -W gcc-arm-none-eabi gcc-riscv64-unknown-elf 2>/dev/null || :
        cksum "$TREE/py/mpconfig.h" "boards/$board/Makefile" boards/emulated/port.mk
        find firmware/native -name '*.mk' -exec cksum {} + | sort
    } | sh tools/when_changed.sh "$out/settings" "$out/port" "$out/empty"
    make --no-print-directory -f "boards/$board/image.mk" "ROOT=$ROOT" "TREE=$TREE" -j"$(nproc)"
    build/venv/bin/python -m tools.image_size "$out/port" --empty "$out/empty" --summary
done
