// tools/bench/profile_plugin.c without QEMU, for test_profile.py: a script on standard input says what the chip executes.
//
//     x ADDRESS    the instruction there
//     l ADDRESS    the one executed last loads from there
//     p PART       the mark is set; 255 writes the output
#include "tools/bench/profile_plugin.c"

struct qemu_plugin_tb {
    int unused;
};

struct qemu_plugin_insn {
    uint64_t address;
    void *data;
};

static struct qemu_plugin_insn instruction;
static void (*translate)(qemu_plugin_id_t id, struct qemu_plugin_tb *block);
static void (*execute)(unsigned int cpu, void *data);
static void (*access_memory)(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*translated)(qemu_plugin_id_t id, struct qemu_plugin_tb *block)) {
    (void)id;
    translate = translated;
}

void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *of, void (*executed)(unsigned int cpu, void *data), int flags,
    void *data) {
    (void)flags;
    of->data = data;
    execute = executed;
}

void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *of,
    void (*accessed)(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data), int flags, int which, void *data) {
    (void)of;
    (void)flags;
    (void)which;
    (void)data;
    access_memory = accessed;
}

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block) {
    (void)block;
    return 1;
}

struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index) {
    (void)block;
    (void)index;
    return &instruction;
}

uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *of) {
    return of->address;
}

bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info) {
    return info != 0;
}

int main(int argc, char **argv) {
    if (qemu_plugin_install(1, NULL, argc - 1, argv + 1) != 0) {
        return 1;
    }
    static uint8_t part_now;
    mark = &part_now; // in place of the file
    char what;
    uint32_t value;
    while (scanf(" %c %" SCNx32, &what, &value) == 2) {
        if (what == 'p') {
            part_now = value;
        } else if (what == 'x') {
            struct qemu_plugin_tb block;
            instruction.address = value;
            translate(1, &block);
            execute(0, instruction.data);
        } else {
            access_memory(0, 0, value, NULL);
        }
    }
    return 0;
}
