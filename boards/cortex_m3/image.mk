# build/cortex_m3/firmware.elf: `make image` calls this when `make build` has been here.
BOARD = cortex_m3
include boards/emulated/image.mk
