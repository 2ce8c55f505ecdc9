# build/cortex_m3/firmware.elf: `make image` calls this when `make build` has been here.
BOARD = cortex_m3
# mpy-cross miscompiles far branches in viper functions.
REPAIR = tools.thumb_branches
include boards/emulated/image.mk
