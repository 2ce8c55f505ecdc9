// A plugin of QEMU: counts the instructions of an emulated chip by the stack of calls in which they are executed, functions of C and
// of Python. profile.py builds it, starts it, and reads what it writes.
//
// It sees instructions' addresses alone, and that is enough. A call (bl, blx) puts a frame onto a stack of its own; what is not a call
// and leaves the function goes back to the frame that waits for that address, or, after nlr_jump(), to the last one of that function.
// Interrupts begin at a handler's first instruction. Which function of Python a frame of the interpreter's loop executes is known by the
// bytecode that it loads: all of it lies in the image, at addresses of its own.
//
//     -plugin profile_plugin.so,image=...,functions=...,mark=...,output=...
//
// image      the bytes of the chip's flash: u32 address, then the bytes
// functions  a line a function, by rising address: "kind address size", kind c (C), l (the interpreter's loop), h (a handler of
//            interrupts), g (C that is no line's, whoever calls it), b (bytecode); in what is written a function goes by its number
//            here, from 0
// mark       a file whose first byte is the number of the part that is being played, from 0 to 254; 255: write the output now. It is
//            looked at whenever a function is called or left
// output     "node NUMBER PARENT PART FUNCTION CALLS SELF" (PARENT -1: the bottom, FUNCTION -1),
//            "code PART ADDRESS SELF" (of the bytecode there, with the C that it calls), "lost NUMBER" (returns to nowhere)

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// ---- What is used of qemu-plugin.h, which Debian does not package; the same in all versions of the interface so far.

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { NO_REGISTERS = 0 };
enum { LOADS_AND_STORES = 3 }; // QEMU 7.2 takes the one for the other when asked for one of them

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*translated)(qemu_plugin_id_t id, struct qemu_plugin_tb *block));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction, void (*executed)(unsigned int cpu, void *data),
    int flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *instruction,
    void (*accessed)(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data), int flags, int which, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);

// profile.py says which version QEMU asks for.
EXPORT int qemu_plugin_version = PLUGIN_VERSION;

// ---- The image

#define NONE UINT32_MAX

typedef struct {
    uint32_t address, size;
    char kind;
} function_t;

typedef enum { PLAIN, BRANCH, CALL } leaves_t; // how an instruction goes on elsewhere; PLAIN: not at all, or by an address in a register

typedef struct {
    uint32_t address, next; // next: of the instruction behind it
    uint32_t function;
    leaves_t leaves;
} instruction_t;

static uint32_t flash_address, flash_size;
static uint8_t *flash;
static function_t *functions;
static uint32_t functions_count;
static uint32_t code_first, code_end; // where bytecode lies, with gaps
static instruction_t **known; // by halfword of flash

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "profile: %s\n", what);
    exit(1);
}

static void *more(void *memory, size_t size) {
    memory = realloc(memory, size);
    if (memory == NULL) {
        fail("no memory");
    }
    return memory;
}

static uint32_t function_at(uint32_t address) {
    uint32_t first = 0, end = functions_count;
    while (first < end) {
        uint32_t middle = (first + end) / 2;
        if (functions[middle].address <= address) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first > 0 && address - functions[first - 1].address < functions[first - 1].size ? first - 1 : NONE;
}

static uint16_t halfword(uint32_t address) {
    uint32_t at = address - flash_address;
    return at + 1 < flash_size ? flash[at] | flash[at + 1] << 8 : 0;
}

// ARMv7-M Architecture Reference Manual, A5.
static void decode(instruction_t *it) {
    uint16_t first = halfword(it->address), second = halfword(it->address + 2);
    bool wide = first >= 0xE800;
    it->next = it->address + (wide ? 4 : 2);
    it->leaves = PLAIN;
    if (!wide) {
        if ((first & 0xFF87) == 0x4780) { // blx register
            it->leaves = CALL;
        } else if ((first & 0xF000) == 0xD000 || (first & 0xF800) == 0xE000 || (first & 0xF500) == 0xB100) { // b, cbz, cbnz
            it->leaves = BRANCH;
        }
    } else if ((first & 0xF800) == 0xF000 && (second & 0x8000)) {
        it->leaves = (second & 0xD000) == 0xD000 ? CALL : BRANCH; // bl; b
    } else if ((first & 0xFFF0) == 0xE8D0 && (second & 0xFFE0) == 0xF000) { // tbb, tbh
        it->leaves = BRANCH;
    }
}

// ---- What is counted

#define PARTS (255)
#define WRITE (255)

typedef struct {
    uint32_t parent, child, sibling; // sibling: the next of the same parent
    uint32_t function; // NONE: the bottom
    uint32_t calls;
    uint64_t self;
    uint8_t part;
} node_t;

typedef struct {
    uint32_t node;
    uint32_t function; // of C
    uint32_t returns_to;
    uint32_t code; // the bytecode that it executes; 0: none
    const instruction_t *interrupted; // of a handler's: what was executed last before it
    bool handler;
} frame_t;

#define FRAMES (4096)

static node_t *nodes;
static uint32_t nodes_count, nodes_room;
static frame_t frames[FRAMES];
static uint32_t depth; // of frames
static uint64_t *code_self[PARTS]; // by byte from code_first
static uint32_t code_now; // the bytecode of the last frame that has one; 0: none
static const instruction_t *last; // executed
static uint64_t pending; // instructions that are in no node yet
static uint64_t lost;

static volatile const uint8_t *mark;
static uint8_t part;
static bool written;
static const char *output;

static uint32_t new_node(uint32_t parent, uint32_t function) {
    if (nodes_count == nodes_room) {
        nodes_room = nodes_room ? 2 * nodes_room : 4096;
        nodes = more(nodes, nodes_room * sizeof(node_t));
    }
    uint32_t sibling = parent == NONE ? NONE : nodes[parent].child;
    nodes[nodes_count] = (node_t) { parent, NONE, sibling, function, 0, 0, part };
    if (parent != NONE) {
        nodes[parent].child = nodes_count;
    }
    return nodes_count++;
}

static uint32_t child_of(uint32_t parent, uint32_t function) {
    for (uint32_t node = nodes[parent].child; node != NONE; node = nodes[node].sibling) {
        if (nodes[node].function == function) {
            return node;
        }
    }
    return new_node(parent, function);
}

static uint32_t bottom(void) {
    static uint32_t bottoms[PARTS]; // number of the node, plus 1
    if (bottoms[part] == 0) {
        bottoms[part] = new_node(NONE, NONE) + 1;
        code_self[part] = more(NULL, (code_end - code_first) * sizeof(uint64_t));
        memset(code_self[part], 0, (code_end - code_first) * sizeof(uint64_t));
    }
    return bottoms[part] - 1;
}

static void settle(void) {
    uint32_t node = depth > 0 ? frames[depth - 1].node : bottom();
    nodes[node].self += pending;
    if (code_now != 0) {
        code_self[part][code_now - code_first] += pending;
    }
    pending = 0;
}

static bool is_no_lines(const frame_t *frame) {
    return frame->handler || (frame->function != NONE && functions[frame->function].kind == 'g');
}

static void find_code_now(void) {
    code_now = 0;
    for (uint32_t i = depth; i > 0 && code_now == 0 && !is_no_lines(&frames[i - 1]); i--) {
        code_now = frames[i - 1].code;
    }
}

static void push(uint32_t function, uint32_t returns_to, bool handler) {
    if (depth == FRAMES) {
        fail("calls too deep to be true");
    }
    uint32_t node = child_of(depth > 0 && !handler ? frames[depth - 1].node : bottom(), function);
    nodes[node].calls++;
    frames[depth++] = (frame_t) { node, function, returns_to, 0, last, handler };
    if (is_no_lines(&frames[depth - 1])) {
        code_now = 0;
    }
}

static void pop_to(uint32_t new_depth) {
    depth = new_depth;
    find_code_now();
}

// The frame at the top becomes one of another function (a tail call).
static void replace(uint32_t function) {
    frame_t *top = &frames[depth - 1];
    uint32_t node = child_of(nodes[top->node].parent, function);
    nodes[node].calls++;
    top->node = node;
    top->function = function;
    top->code = 0;
    find_code_now();
}

static void write_output(void) {
    FILE *file = fopen(output, "w");
    if (file == NULL) {
        fail("the output cannot be written");
    }
    for (uint32_t i = 0; i < nodes_count; i++) {
        const node_t *node = &nodes[i];
        fprintf(file, "node %" PRIu32 " %" PRId32 " %u %" PRId32 " %" PRIu32 " %" PRIu64 "\n", i, (int32_t)node->parent, node->part,
            (int32_t)node->function, node->calls, node->self);
    }
    for (int of = 0; of < PARTS; of++) {
        for (uint32_t i = 0; code_self[of] != NULL && i < code_end - code_first; i++) {
            if (code_self[of][i] != 0) {
                fprintf(file, "code %d %" PRIu32 " %" PRIu64 "\n", of, code_first + i, code_self[of][i]);
            }
        }
    }
    fprintf(file, "lost %" PRIu64 "\n", lost);
    if (fclose(file) != 0) {
        fail("the output cannot be written");
    }
}

// Another part is played: the same frames, in a tree of their own.
static void look_at_mark(void) {
    uint8_t now = *mark;
    if (now == WRITE) {
        if (!written) {
            written = true;
            write_output();
        }
    } else if (now != part) {
        part = now;
        for (uint32_t i = 0; i < depth; i++) {
            uint32_t parent = i > 0 && !frames[i].handler ? frames[i - 1].node : bottom();
            frames[i].node = child_of(parent, nodes[frames[i].node].function);
        }
    }
}

// ---- What is executed

static bool starts(const instruction_t *it) {
    return it->function != NONE && functions[it->function].address == it->address;
}

// Whether `it` is only the next instruction. Behind a function's last one another function begins.
static bool goes_on(const instruction_t *it) {
    return last != NULL && last->next == it->address && last->function == it->function;
}

// From `last`, which went on elsewhere, to `it`.
static void go(const instruction_t *it) {
    for (;;) {
        frame_t *top = depth > 0 ? &frames[depth - 1] : NULL;
        bool is_handler = starts(it) && functions[it->function].kind == 'h';
        bool returned = last != NULL && last->leaves == PLAIN && !goes_on(it);
        if (top != NULL && top->handler && returned && it->function != top->function) {
            last = top->interrupted; // and on from there, or to the next handler
            pop_to(depth - 1);
            if (goes_on(it)) {
                return;
            }
            continue;
        }
        if (is_handler) {
            push(it->function, NONE, true);
        } else if (last != NULL && last->leaves == CALL && !goes_on(it)) {
            push(it->function, last->next, false);
        } else if (top == NULL) {
            push(it->function, NONE, false);
        } else if (top->returns_to == it->address && last->leaves != BRANCH) {
            pop_to(depth - 1);
        } else if (it->function == top->function) {
            // a jump inside of it
        } else if (starts(it)) {
            replace(it->function);
        } else {
            uint32_t i = depth - 1;
            while (i > 0 && !frames[i].handler && frames[i].returns_to != it->address && frames[i - 1].function != it->function) {
                i--;
            }
            if (i > 0 && !frames[i].handler) {
                pop_to(i);
            } else {
                lost++;
                replace(it->function);
            }
        }
        return;
    }
}

static void executed(unsigned int cpu, void *data) {
    (void)cpu;
    const instruction_t *it = data;
    if (!goes_on(it)) {
        if (last == NULL || last->leaves != BRANCH || it->function != last->function || starts(it)) {
            settle();
            look_at_mark();
            go(it);
        }
    }
    last = it;
    pending++;
}

// The interpreter's loop loads something: bytecode, if it is there.
static void loaded(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data) {
    (void)cpu;
    (void)data;
    if (address < code_first || address >= code_end || depth == 0 || qemu_plugin_mem_is_store(info)) {
        return;
    }
    frame_t *top = &frames[depth - 1];
    uint32_t function = function_at(address);
    if (function == NONE || functions[function].kind != 'b') {
        return;
    }
    if (nodes[top->node].function != function) { // the first byte of a call
        uint32_t parent = nodes[top->node].parent;
        nodes[top->node].calls--;
        top->node = child_of(parent, function);
        nodes[top->node].calls++;
        code_now = address;
    }
    settle();
    top->code = code_now = address;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
    (void)id;
    size_t count = qemu_plugin_tb_n_insns(block);
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        uint32_t address = qemu_plugin_insn_vaddr(instruction), at = (address - flash_address) / 2;
        if (at >= flash_size / 2) {
            fail("code outside of the flash");
        }
        if (known[at] == NULL) {
            known[at] = more(NULL, sizeof(instruction_t));
            known[at]->address = address;
            known[at]->function = function_at(address);
            decode(known[at]);
        }
        qemu_plugin_register_vcpu_insn_exec_cb(instruction, executed, NO_REGISTERS, known[at]);
        uint32_t function = known[at]->function;
        if (function != NONE && functions[function].kind == 'l') {
            qemu_plugin_register_vcpu_mem_cb(instruction, loaded, NO_REGISTERS, LOADS_AND_STORES, NULL);
        }
    }
}

// ---- Start

static void read_image(const char *path) {
    FILE *file = fopen(path, "rb");
    uint8_t head[4];
    if (file == NULL || fread(head, sizeof(head), 1, file) != 1) {
        fail("the image cannot be read");
    }
    flash_address = head[0] | head[1] << 8 | head[2] << 16 | (uint32_t)head[3] << 24;
    fseek(file, 0, SEEK_END);
    flash_size = ftell(file) - sizeof(head);
    fseek(file, sizeof(head), SEEK_SET);
    flash = more(NULL, flash_size);
    known = calloc(flash_size / 2 + 1, sizeof(*known));
    if (known == NULL || fread(flash, flash_size, 1, file) != 1) {
        fail("the image cannot be read");
    }
    fclose(file);
}

static void read_functions(const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail("the functions cannot be read");
    }
    function_t function;
    code_first = UINT32_MAX;
    while (fscanf(file, " %c %" SCNu32 " %" SCNu32, &function.kind, &function.address, &function.size) == 3) {
        if (functions_count % 1024 == 0) {
            functions = more(functions, (functions_count + 1024) * sizeof(function_t));
        }
        functions[functions_count++] = function;
        if (function.kind == 'b') {
            code_first = function.address < code_first ? function.address : code_first;
            code_end = function.address + function.size;
        }
    }
    fclose(file);
    if (code_end == 0) {
        fail("there is no bytecode");
    }
}

static void map_mark(const char *path) {
    int file = open(path, O_RDONLY);
    void *memory = file < 0 ? MAP_FAILED : mmap(NULL, 4, PROT_READ, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) {
        fail("the mark cannot be read");
    }
    close(file);
    mark = memory;
    part = *mark;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (value == NULL) {
            fail("an argument has no value");
        }
        *value++ = 0;
        if (strcmp(argv[i], "image") == 0) {
            read_image(value);
        } else if (strcmp(argv[i], "functions") == 0) {
            read_functions(value);
        } else if (strcmp(argv[i], "mark") == 0) {
            map_mark(value);
        } else if (strcmp(argv[i], "output") == 0) {
            output = strdup(value);
        }
    }
    if (flash == NULL || functions == NULL || mark == NULL || output == NULL) {
        fail("an argument is missing");
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
