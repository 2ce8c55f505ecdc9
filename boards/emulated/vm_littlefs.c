// MicroPython's littlefs without what the firmware does not use of it: its own source, compiled here with shorter tables of
// methods, and a module `vfs` that has this class and no mount table. Nothing is imported from flash, and nothing opened by
// open(): storage/ works on its VfsLfs2 directly (firmware/storage/README.md).

#include "py/builtin.h"
#include "py/obj.h"
#include "py/stream.h"

#include "boards/emulated/vm_tables.h"
#include "extmod/vfs_lfs.c"

static const mp_rom_map_elem_t file_names[] = {
    NAME(read, mp_stream_read_obj),
    NAME(readinto, mp_stream_readinto_obj),
    NAME(write, mp_stream_write_obj),
    NAME(close, mp_stream_close_obj),
    NAME(seek, mp_stream_seek_obj),
    NAME(__del__, mp_stream_close_obj),
    NAME(__enter__, mp_identity_obj),
    NAME(__exit__, mp_stream___exit___obj),
};
static DICT(mp_vfs_lfs2_file_locals_dict, file_names);

static const mp_rom_map_elem_t vfs_names[] = {
    NAME(mkfs, mp_vfs_lfs2_mkfs_obj),
    NAME(open, mp_vfs_lfs2_open_obj),
    NAME(ilistdir, mp_vfs_lfs2_ilistdir_obj),
    NAME(remove, mp_vfs_lfs2_remove_obj),
    NAME(rename, mp_vfs_lfs2_rename_obj),
    NAME(stat, mp_vfs_lfs2_stat_obj),
};
static DICT(mp_vfs_lfs2_locals_dict, vfs_names);

static const mp_rom_map_elem_t module_names[] = {
    NAME(VfsLfs2, mp_type_vfs_lfs2),
};
static DICT(module_globals, module_names);

const mp_obj_module_t vfs_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&module_globals,
};
MP_REGISTER_MODULE(MP_QSTR_vfs, vfs_module);

// Asked by the import machinery about each module that is not frozen.
mp_import_stat_t mp_vfs_import_stat(const char *path) {
    (void)path;
    return MP_IMPORT_STAT_NO_EXIST;
}
