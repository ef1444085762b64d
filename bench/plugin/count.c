// SPDX-License-Identifier: MIT
//
// A plugin for QEMU's TCG that counts executed instructions by address range. Arguments: out=FILE, and range=NAME:START:END (hex) as
// often as wanted, at most RANGES, names more than once; what is in no range is "rest". Writes "NAME COUNT" lines at exit. A block that an exception ends early
// counts whole, so the numbers are a little high, by the same small share for everybody.
// With mark=NAME:ADDRESS (hex), at most MARKS of them, lines "mark NAME COUNT" stand in front, in the order in which the marked instructions were executed: how many
// instructions had been by then, wherever they were. For machines of one processor.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What we use of QEMU's plugin interface, version 1.
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t plugin_id;
enum plugin_operation { ADD_U64 };
enum plugin_registers { NO_REGISTERS };
typedef void on_translation(plugin_id id, struct qemu_plugin_tb *block);
typedef void on_exit_function(plugin_id id, void *data);
typedef void on_instruction(unsigned processor, void *data);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, on_translation *function);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, enum plugin_operation operation, void *counter, uint64_t amount);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction, on_instruction *function, enum plugin_registers registers, void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, on_exit_function *function, void *data);
__attribute__((visibility("default"))) int qemu_plugin_version = 1;
__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *machine, int argc, char **argv);

#define RANGES 512
#define MARKS 64
#define PASSES 1000000 // of marks that are remembered; those behind are left out

static struct {
    char name[32];
    uint64_t start, end, count;
} ranges[RANGES];
static size_t range_count;
static uint64_t rest;
static char *out_path;

static struct {
    char name[32];
    uint64_t address;
} marks[MARKS];
static size_t mark_count;
static struct {
    size_t mark;
    uint64_t count;
} *passes;
static size_t pass_count;

static void pass(unsigned processor, void *data) {
    uint64_t count = rest;
    (void)processor;
    for (size_t i = 0; i < range_count; i++)
        count += ranges[i].count;
    if (pass_count == PASSES)
        return;
    passes[pass_count].mark = (size_t)(uintptr_t)data;
    passes[pass_count++].count = count;
}

static void watch(struct qemu_plugin_tb *block) {
    for (size_t at = 0; mark_count && at < qemu_plugin_tb_n_insns(block); at++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, at);
        for (size_t i = 0; i < mark_count; i++)
            if (qemu_plugin_insn_vaddr(instruction) == marks[i].address)
                qemu_plugin_register_vcpu_insn_exec_cb(instruction, pass, NO_REGISTERS, (void *)(uintptr_t)i);
    }
}

static void translated(plugin_id id, struct qemu_plugin_tb *block) {
    uint64_t address = qemu_plugin_tb_vaddr(block), *counter = &rest;
    (void)id;
    for (size_t i = 0; i < range_count; i++)
        if (address >= ranges[i].start && address < ranges[i].end)
            counter = &ranges[i].count;
    qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, counter, qemu_plugin_tb_n_insns(block));
    watch(block);
}

static void write_counts(plugin_id id, void *data) {
    FILE *out = fopen(out_path, "w");
    (void)id;
    (void)data;
    if (!out)
        return;
    for (size_t i = 0; i < pass_count; i++)
        fprintf(out, "mark %s %llu\n", marks[passes[i].mark].name, (unsigned long long)passes[i].count);
    for (size_t i = 0; i < range_count; i++)
        fprintf(out, "%s %llu\n", ranges[i].name, (unsigned long long)ranges[i].count);
    fprintf(out, "rest %llu\n", (unsigned long long)rest);
    fclose(out);
}

static int take(const char *argument) {
    unsigned long long start, end;
    if (strncmp(argument, "out=", 4) == 0) {
        out_path = strdup(argument + 4);
        return out_path ? 0 : -1;
    }
    if (mark_count < MARKS && sscanf(argument, "mark=%31[^:]:%llx", marks[mark_count].name, &start) == 2) {
        marks[mark_count++].address = start;
        return 0;
    }
    if (range_count == RANGES || sscanf(argument, "range=%31[^:]:%llx:%llx", ranges[range_count].name, &start, &end) != 3) {
        fprintf(stderr, "count: `%s' is not out=FILE, range=NAME:START:END or mark=NAME:ADDRESS\n", argument);
        return -1;
    }
    ranges[range_count].start = start;
    ranges[range_count++].end = end;
    return 0;
}

int qemu_plugin_install(plugin_id id, const void *machine, int argc, char **argv) {
    (void)machine;
    for (int i = 0; i < argc; i++)
        if (take(argv[i]))
            return -1;
    passes = calloc(PASSES, sizeof(*passes));
    if (!out_path || !passes)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, write_counts, NULL);
    return 0;
}
