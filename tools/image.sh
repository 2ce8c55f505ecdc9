#!/bin/sh
# sh tools/image.sh BOARD...: builds the images of boards on emulated chips, once tools/setup.sh has run: `make image`
# calls it. PRODUCT says which product's, and so where (tools/blocks/product.py). Two calls for one product at once take turns.

set -eu
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
[ -n "${HEAP:-}" ] || unset HEAP # the Makefile exports it, if to nothing
build/venv/bin/python -m tools.settings HEAP
OUT=$(build/venv/bin/python -m tools.blocks.product)
if command -v flock >/dev/null 2>&1; then
    if [ "$OUT" = build ]; then exec 9>build/setup.lock; else exec 9>"$OUT/lock"; fi
    flock 9
fi
TREE=$(cat build/stamps/tree)

BOARDS=$*
for board in $BOARDS; do
    out=$OUT/$board
    {
        echo "$ROOT" "$TREE" "${HEAP:-}"
        dpkg-query -W gcc-arm-none-eabi gcc-riscv64-unknown-elf 2>/dev/null || :
        cksum "$TREE/py/mpconfig.h" "boards/$board/Makefile" boards/emulated/port.mk
        find firmware/native -name '*.mk' -exec cksum {} + | sort
    } | sh tools/when_changed.sh "$out/settings" "$out/port" "$out/empty"
    make --no-print-directory -f "boards/$board/image.mk" "ROOT=$ROOT" "TREE=$TREE" "OUT=$OUT" -j"$(nproc)"
    if [ "$OUT" = build ]; then set -- --empty "$out/empty"; else set --; fi
    build/venv/bin/python -m tools.image_size "$out/port" "$@" --summary
done
