// SPDX-License-Identifier: MIT
//
// The trusted proxies of interfaces between domains, from the macros of kernel/arch/x86_64/proxy.inc, and the table by which the loader
// fills the slots' call tables.
#include "codegen/bhidl/emit.h"
#include "kernel/abi/cap.h"

#define INVOKE_FIRST 0x10000u // of kernel/domain/invoke.h: the first capability of a call
#define RIGHTS_SHIFT 20      // INVOKE_RIGHTS_SHIFT
#define LONG_COPY 256 // bytes from which a loop replaces straight moves

static const char *const words[] = {"rsi", "rdx", "rcx", "r8", "r9"};
static const char *const words_32[] = {"esi", "edx", "ecx", "r8d", "r9d"};

static void print_in(FILE *file, const struct parameter *one) {
    const char *reg = words[one->word], *reg_32 = words_32[one->word];
    unsigned long long area = one->area, size = one->optional ? area_bytes(one) : one->type->size;
    if (one->type->kind == TYPE_BYTES)
        fprintf(file, "        PROXY_IN_BYTES %%%s, %%%s, %%%s, %llu, %llu\n", reg, reg_32, words[one->word + 1], area,
                (unsigned long long)one->type->bound);
    else
        fprintf(file, "        PROXY_IN %%%s, %%%s, %llu, %llu, %d\n", reg, reg_32, area, size, size > LONG_COPY && size % 8 == 0);
}

static const char *translation(const struct parameter *one) {
    return one->kind == PARAMETER_MOVE ? "invoke_move_buffer" : one->kind == PARAMETER_LEND ? "invoke_lend_buffer" : "invoke_give_cap";
}

static unsigned cap_type(const struct parameter *one) {
    static const struct {
        const char *name;
        unsigned type;
    } known[] = {{"Event", BH_CAP_EVENT}, {"Buffer", BH_CAP_BUFFER}, {"Ring", BH_CAP_RING}};
    for (size_t i = 0; i < 3; i++)
        if (!__builtin_strcmp(one->type->name, known[i].name))
            return known[i].type;
    for (const struct interface *other = program.interfaces; other; other = other->next)
        if (!__builtin_strcmp(one->type->name, other->name))
            return BH_CAP_PORT + (unsigned)other->id;
    return 0;
}

// Type, rights, and upper half of a ring's type, as kernel/domain/invoke.h has them.
static uint64_t cap_passed(const struct parameter *one) {
    return cap_type(one) | (uint64_t)one->type->rights << RIGHTS_SHIFT | (one->type->ring ? one->type->ring->fingerprint >> 32 << 32 : 0);
}

// In this order: memory is copied first, since a bad address ends the caller and capabilities passed by then would stay with the callee;
// moved buffers last, since they cannot be taken back.
enum phase { PHASE_MEMORY, PHASE_CAPS, PHASE_MOVES, PHASE_COUNT };

static enum phase phase_of(const struct parameter *one) {
    return one->kind == PARAMETER_IN || one->kind == PARAMETER_OUT ? PHASE_MEMORY : one->kind == PARAMETER_MOVE ? PHASE_MOVES : PHASE_CAPS;
}

int number_pairs(const struct method *method) {
    int pairs = 0;
    for (struct parameter *one = method->parameters; one; one = one->next)
        if (one->kind == PARAMETER_LEND || (one->kind == PARAMETER_OUT && one->word >= 0))
            one->pair = pairs++;
    return pairs;
}

// What is copied or translated on the way in.
static void print_passing(FILE *file, const struct parameter *one, bool *first) {
    if (one->word < 0 || (one->kind == PARAMETER_IN && in_word(one)))
        return;
    const char *reg = words[one->word];
    if (one->kind == PARAMETER_IN) {
        print_in(file, one);
    } else if (one->kind == PARAMETER_OUT) {
        fprintf(file, "        PROXY_OUT %d, %%%s, %%%s, %llu, %llu\n", one->pair, reg, words_32[one->word],
                (unsigned long long)one->area, (unsigned long long)area_bytes(one));
    } else {
        fprintf(file, "        PROXY_TRANSLATE %s, %%%s, %llu\n", translation(one), reg, (unsigned long long)cap_passed(one) | (*first ? INVOKE_FIRST : 0));
        *first = false;
        if (one->kind == PARAMETER_LEND)
            fprintf(file, "        PROXY_KEEP %d, %%%s\n", one->pair, reg);
    }
}

static void print_entry(FILE *file, const struct interface *interface, const struct method *method) {
    bool first = true;
    if (method->area_size)
        fprintf(file, "        PROXY_AREA %llu\n", (unsigned long long)method->area_size);
    for (enum phase phase = PHASE_MEMORY; phase < PHASE_COUNT; phase++) {
        for (const struct parameter *one = method->parameters; one; one = one->next)
            if (phase_of(one) == phase)
                print_passing(file, one, &first);
        if (phase == PHASE_MEMORY && has_value_rules(interface, method, false))
            fprintf(file, "        PROXY_CHECK rules_%s_%s\n", snake(interface->name), method->name);
    }
}

// Buffers go back before memory is copied: a bad address ends the caller.
static void print_exit(FILE *file, const struct method *method) {
    for (const struct parameter *one = method->parameters; one; one = one->next)
        if (one->kind == PARAMETER_LEND)
            fprintf(file, "        PROXY_UNLEND %d\n", one->pair);
    for (const struct parameter *one = method->parameters; one; one = one->next)
        if (one->kind == PARAMETER_OUT && one->word >= 0)
            fprintf(file, "        PROXY_OUT_BACK %d, %llu\n", one->pair, (unsigned long long)area_bytes(one));
}

static void print_proxy(FILE *file, const struct interface *interface, const struct method *method, unsigned index) {
    const char *name = snake(interface->name);
    fprintf(file, "        .macro BODY_%s_%s\n        PROXY_ENTER %llu, %d\n", name, method->name, BH_CAP_PORT + (unsigned long long)interface->id,
            number_pairs(method));
    print_entry(file, interface, method);
    fprintf(file, "        PROXY_CALL %u\n        PROXY_RETURN\n", index);
    print_exit(file, method);
    if (has_value_rules(interface, method, true))
        fprintf(file, "        PROXY_CHECK_BACK rules_%s_%s_back\n", snake(interface->name), method->name);
    for (const struct parameter *one = method->parameters; one; one = one->next)
        if (one->kind == PARAMETER_OUT_CAP)
            fprintf(file, "        PROXY_CAP_BACK %llu\n", (unsigned long long)cap_passed(one));
    fprintf(file, "        PROXY_DONE\n        .endm\n        PROXY_BOTH proxy_%s_%s, BODY_%s_%s, %llu\n\n", name, method->name, name, method->name,
            (unsigned long long)interface->id << 8 | index);
}

// The versions before the newest, of which images may still be.
static void print_versions(FILE *file, const struct interface *one) {
    if (one->version_count == 1)
        return;
    fprintf(file, "static const struct interface_version %s_older[] = {\n", snake(one->name));
    for (unsigned i = 0; i + 1 < one->version_count; i++)
        fprintf(file, "    {0x%016llxull, %u},\n", (unsigned long long)one->versions[i].fingerprint, one->versions[i].method_count);
    fputs("};\n", file);
}

// How the table says of each interface where its calls lead, traced and not, and of which type its methods are (emit_labels.c).
static const char table_macros[] =
    "#define DECLARED(kind, method, form) void kind##_##method##form(void);\n"
    "#define ADDRESS(kind, method, form) kind##_##method##form,\n"
    "#define LABEL(kind, method, form) LABEL_##method,\n"
    "#define ENTRIES(name, kind, form) \\\n"
    "    METHODS_##name(DECLARED, kind, form) static void *const name##_entries##form[] = {METHODS_##name(ADDRESS, kind, form)};\n"
    "#define GATES(name) ENTRIES(name, gate, ) ENTRIES(name, gate, _traced)\n"
    "#define PROXIES(name) \\\n"
    "    ENTRIES(name, proxy, ) ENTRIES(name, proxy, _traced) static const uint32_t name##_labels[] = {METHODS_##name(LABEL, , )};\n\n";

#define METHODS_IN_LINE 4

static void print_entries(FILE *file, const struct interface *one) {
    const char *name = snake(one->name);
    unsigned count = 0;
    fprintf(file, "#define METHODS_%s(M, kind, form)", name);
    for (const struct method *method = one->methods; method; method = method->next)
        fprintf(file, "%sM(kind, %s_%s, form)", count++ % METHODS_IN_LINE ? " " : " \\\n    ", name, method->name);
    fprintf(file, "\n%s(%s)\n", one->kernel ? "GATES" : "PROXIES", name);
}

static bool emit_table(const char *folder) {
    FILE *file = open_output("//", "%s/kernel/interfaces.c", folder);
    if (!file)
        return false;
    fprintf(file, "#include \"interfaces.h\"\n#include \"labels.h\"\n\n%s", table_macros);
    for (const struct interface *one = program.interfaces; one; one = one->next) {
        print_entries(file, one);
        print_versions(file, one);
    }
    fputs("\nconst struct interface interfaces[] = {\n", file);
    size_t count = 0;
    for (const struct interface *one = program.interfaces; one; one = one->next, count++)
        fprintf(file, "    {%llu, %u, 0x%016llxull, \"%s\", %s, %s_entries, %s_entries_traced, %s%s, %s%s, %u},\n", (unsigned long long)one->id, one->method_count,
                (unsigned long long)one->fingerprint, one->name, one->kernel ? "true" : "false", snake(one->name), snake(one->name),
                one->kernel ? "0" : snake(one->name), one->kernel ? "" : "_labels",
                one->version_count > 1 ? snake(one->name) : "0", one->version_count > 1 ? "_older" : "", one->version_count - 1);
    fprintf(file, "};\nconst size_t interface_count = %zu;\n\nconst struct ring_type ring_types[] = {\n", count);
    count = 0;
    for (const struct ring_type *one = program.rings; one; one = one->next, count++)
        fprintf(file, "    {0x%016llxull, \"%s\"},\n", (unsigned long long)one->fingerprint, one->name);
    fprintf(file, "    {0}, // there may be none\n};\nconst size_t ring_type_count = %zu;\n", count);
    if (!close_output(file))
        return false;
    file = open_output("//", "%s/include/interfaces.h", folder);
    if (!file)
        return false;
    fputs("// Every interface that the kernel knows, and the gates of the fixed run-time calls. For the loader.\n"
          "#ifndef BH_INTERFACES_H\n#define BH_INTERFACES_H\n\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n"
          "#include \"kernel/abi/slot.h\"\n\n"
          "struct interface_version {\n    uint64_t fingerprint;\n    uint32_t method_count; // the first so many\n};\n\n"
          "struct interface {\n    uint32_t id, method_count;\n    uint64_t fingerprint;\n    const char *name;\n    bool kernel;\n"
          "    void *const *proxies; // method_count addresses\n    void *const *traced; // the same while calls are traced\n    const uint32_t *labels; // of the types of its methods; none in the kernel\n"
          "    const struct interface_version *older; // versions before this one\n    uint32_t older_count;\n};\nextern const struct interface interfaces[];\n"
          "extern const size_t interface_count;\n\nstruct ring_type {\n    uint64_t type;\n    const char *name;\n};\nextern const struct ring_type ring_types[];\n"
          "extern const size_t ring_type_count;\n\nextern void *const fixed_calls[BH_CALLS_FIXED], *const fixed_calls_traced[BH_CALLS_FIXED];\nvoid bad_call(void);\n\n#endif\n", file);
    return close_output(file);
}

bool emit_proxies(const char *folder) {
    for (const struct source *input = program.sources; input; input = input->next) {
        FILE *file = open_output("//", "%s/kernel/proxy_%s.S", folder, input->name);
        if (!file)
            return false;
        fputs("#include \"kernel/arch/x86_64/gate.h\"\n\n        .section text_proxy, \"ax\", @progbits\n\n", file);
        for (const struct interface *one = program.interfaces; one; one = one->next) {
            unsigned index = 0;
            for (const struct method *method = one->methods; one->source == input && method; method = method->next, index++) {
                if (one->kernel)
                    fprintf(file, "GATE gate_%s_%s, glue_%s_%s, %llu\n", snake(one->name), method->name, snake(one->name), method->name,
                            (unsigned long long)one->id << 8 | index);
                else
                    print_proxy(file, one, method, index);
            }
        }
        fputs("        .section .note.GNU-stack, \"\", @progbits\n", file);
        if (!close_output(file))
            return false;
    }
    return emit_table(folder);
}
