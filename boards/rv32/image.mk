# build/rv32/firmware.elf: `make image BOARD=rv32` calls this when `make build` has been here.
BOARD = rv32
include boards/emulated/image.mk
