// SPDX-License-Identifier: MIT
//
// One source to one object: clang to bitcode, bhlower, clang to assembly text, bhsfi, assemble. Assembly sources are taken as they
// stand: whoever writes them writes the verified form.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "codegen/bhcc/bhcc.h"

#define CLANG "clang-19"

enum { CANNOT_HAVE_TABLES = 3, // exit status of bhsfi
       NAMES_MAX = 65536 };    // bytes

// What the verified form needs from the front end.
static const char *const front_flags[] = {"-fomit-frame-pointer", "-mno-red-zone", "-fno-stack-protector", "-fPIE",
                                          "-femulated-tls", "-fvisibility=hidden", "-fsanitize=kcfi",
                                          "-march=x86-64", "-msse3", "-mcx16", "-fcf-protection=none", "-ffunction-sections",
                                          "-fdata-sections", "-fno-exceptions", "-funwind-tables",
                                          "-fasynchronous-unwind-tables", "-D__BULKHEAD__=1"};
// -trap-unreachable: the verifier does not believe that a function never returns, so an undefined instruction stands behind its call.
static const char *const back_flags[] = {"-Xclang", "-disable-llvm-passes", "-mllvm", "-trap-unreachable", "-fPIE", "-femulated-tls", "-mllvm", "-no-x86-call-frame-opt",
                                         "-ffunction-sections", "-fdata-sections", "-msse3", "-mcx16", "-Wno-unused-command-line-argument"};

static void add_list(struct arguments *arguments, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        arguments_add(arguments, list[i]);
}

static bool ends(const char *text, const char *with) {
    size_t size = strlen(text), want = strlen(with);
    return size >= want && strcmp(text + size - want, with) == 0;
}

static int lower(const struct options *options, const char *bitcode, const char *lowered, const char *without_tables) {
    struct arguments command = {0};
    char names[sizeof("--no-jump-tables=") + NAMES_MAX];
    arguments_add(&command, tool("bhlower"));
    arguments_add(&command, bitcode);
    arguments_add(&command, "-o");
    arguments_add(&command, lowered);
    arguments_add_all(&command, &options->lower);
    snprintf(names, sizeof(names), "--no-jump-tables=%s", without_tables);
    if (*without_tables)
        arguments_add(&command, names);
    return run(options, &command);
}

// Confines a file of assembly. CANNOT_HAVE_TABLES, never without `tables`: `names' tells the functions.
static int confine(const struct options *options, const char *plain, const char *output, bool hardened, bool tables, char *names) {
    struct arguments command = {0};
    arguments_add(&command, tool("bhsfi"));
    if (hardened)
        arguments_add(&command, "--hardened");
    if (!tables)
        arguments_add(&command, "--no-tables");
    arguments_add(&command, plain);
    arguments_add(&command, "-o");
    arguments_add(&command, output);
    return run_captured(options, &command, STDOUT_FILENO, names, NAMES_MAX);
}

static int assemble(const struct options *options, const char *input, const char *output, bool preprocess, bool hardened) {
    struct arguments command = {0};
    arguments_add(&command, CLANG);
    arguments_add(&command, "-c");
    if (preprocess)
        arguments_add_all(&command, &options->compile);
    if (preprocess && hardened)
        arguments_add(&command, "-D__BULKHEAD_HARDENED__=1");
    arguments_add(&command, input);
    arguments_add(&command, "-o");
    arguments_add(&command, output);
    return run(options, &command);
}

void add_headers(const struct options *options, struct arguments *command) {
    const char *include = library("include");
    if (!include || options->no_standard_libraries)
        return;
    arguments_add(command, "-nostdlibinc");
    arguments_add(command, "-isystem");
    arguments_add(command, include);
}

static int preprocess(const struct options *options, const char *input, const char *output) {
    struct arguments command = {0};
    arguments_add(&command, CLANG);
    arguments_add(&command, "-E");
    arguments_add(&command, "-D__BULKHEAD__=1");
    if (options->plain)
        arguments_add(&command, "-D__BULKHEAD_PLAIN__=1");
    arguments_add_all(&command, &options->compile);
    add_headers(options, &command);
    arguments_add(&command, input);
    if (options->output) {
        arguments_add(&command, "-o");
        arguments_add(&command, output);
    }
    return run(options, &command);
}

void add_dependencies(const struct options *options, struct arguments *command, const char *object) {
    char file[4096];
    if (!options->dependencies)
        return;
    snprintf(file, sizeof(file), "%.*s.d", (int)(strrchr(object, '.') ? strrchr(object, '.') - object : (long)strlen(object)), object);
    arguments_add(command, "-MT");
    arguments_add(command, object);
    if (!options->has_depfile) {
        arguments_add(command, "-MF");
        arguments_add(command, file);
    }
}

static int to_bitcode(const struct options *options, const char *input, const char *bitcode, const char *object) {
    struct arguments command = {0};
    arguments_add(&command, CLANG);
    arguments_add(&command, "-c");
    arguments_add(&command, "-emit-llvm");
    arguments_add_all(&command, &options->compile);
    add_headers(options, &command);
    arguments_add(&command, options->optimization);
    if (strcmp(options->optimization, "-O0") == 0) { // the code generator's quick mode copies %rsp
        arguments_add(&command, "-Xclang");
        arguments_add(&command, "-disable-O0-optnone");
    }
    if (!options->debug) // messages name file and line
        arguments_add(&command, "-gline-tables-only");
    add_list(&command, front_flags, sizeof(front_flags) / sizeof(*front_flags));
    add_dependencies(options, &command, object);
    arguments_add(&command, input);
    arguments_add(&command, "-o");
    arguments_add(&command, bitcode);
    return run(options, &command);
}

static int write_assembly(const struct options *options, const char *bitcode, const char *assembly) {
    struct arguments command = {0};
    arguments_add(&command, CLANG);
    arguments_add(&command, "-x");
    arguments_add(&command, "ir");
    arguments_add(&command, "-S");
    arguments_add(&command, strcmp(options->optimization, "-O0") ? options->optimization : "-O1");
    add_list(&command, back_flags, sizeof(back_flags) / sizeof(*back_flags));
    arguments_add(&command, bitcode);
    arguments_add(&command, "-o");
    arguments_add(&command, assembly);
    return run(options, &command);
}

static bool has_name(const char *list, const char *name, size_t length) {
    for (; *list; list += strcspn(list, ","), list += *list == ',')
        if (strcspn(list, ",") == length && strncmp(list, name, length) == 0)
            return true;
    return false;
}

// Adds names, a line each, to a list with commas. False: it has them all.
static bool add_names(char *list, const char *names) {
    bool added = false;
    for (size_t length; (length = strcspn(names, "\n")) && names[length] && strlen(list) + length + 2 < NAMES_MAX; names += length + 1) {
        if (has_name(list, names, length))
            continue;
        snprintf(list + strlen(list), NAMES_MAX - strlen(list), "%s%.*s", *list ? "," : "", (int)length, names);
        added = true;
    }
    return added;
}

// Bitcode to confined assembly. *plain is clang's assembly with all jump tables: NULL if it is still to be made. Some jump tables have
// no confined form, and none has a hardened one: those functions are made again without.
static int confine_bitcode(const struct options *options, const char *bitcode, bool hardened, const char **plain, const char *output) {
    enum { ROUNDS = 8 }; // a name that was cut off comes again
    static char without[NAMES_MAX], names[NAMES_MAX];
    int status = CANNOT_HAVE_TABLES;
    without[0] = 0;
    for (int round = 0; status == CANNOT_HAVE_TABLES && round < ROUNDS; round++) {
        const char *assembly = *without || !*plain ? temporary(".plain.s") : *plain;
        status = 0;
        if (assembly != *plain) {
            const char *lowered = temporary(".lowered.bc");
            status = lower(options, bitcode, lowered, without);
            if (!status)
                status = write_assembly(options, lowered, assembly);
        }
        if (!*plain)
            *plain = assembly;
        if (!status)
            status = confine(options, assembly, output, hardened, true, names);
        if (status == CANNOT_HAVE_TABLES && !add_names(without, names)) // the jump is not the compiler's: bhsfi says where it stands
            status = confine(options, assembly, output, hardened, false, names);
    }
    return status;
}

static bool same_contents(const char *one, const char *other) {
    FILE *a = fopen(one, "r"), *b = fopen(other, "r");
    bool same = a && b;
    for (int c = 0; same && c != EOF;) {
        c = getc(a);
        same = c == getc(b);
    }
    if (a)
        fclose(a);
    if (b)
        fclose(b);
    return same;
}

static const char *twin_of(const char *object) {
    static char twin[4096];
    snprintf(twin, sizeof(twin), "%s.hardened", object);
    return twin;
}

// The hardened twin of an object: made of the assembly source itself, or of `bitcode' when that gives something else than `confined`.
static int compile_twin(const struct options *options, const char *input, const char *bitcode, const char *plain, const char *confined,
                        const char *output) {
    const char *twin = twin_of(output);
    if (bitcode) {
        const char *hardened = temporary(".hardened.s");
        int status = confine_bitcode(options, bitcode, true, &plain, hardened);
        return status || same_contents(hardened, confined) ? status : assemble(options, hardened, twin, false, false);
    }
    int status = assemble(options, input, twin, ends(input, ".S"), true);
    if (!status && same_contents(twin, output))
        remove(twin);
    return status;
}

int compile(const struct options *options, const char *input, const char *output) {
    if (options->stage == STAGE_PREPROCESS)
        return preprocess(options, input, output);
    if (options->plain)
        return compile_plain(options, input, output);
    bool twin = options->both && options->stage == STAGE_OBJECT;
    if (options->stage == STAGE_OBJECT)
        remove(twin_of(output)); // one of an earlier compilation, perhaps of another source
    if (ends(input, ".s") || ends(input, ".S")) {
        int failed = assemble(options, input, output, ends(input, ".S"), options->hardened);
        return failed || !twin ? failed : compile_twin(options, input, NULL, NULL, NULL, output);
    }
    const char *bitcode = temporary(".bc"), *plain = NULL;
    const char *confined = options->stage == STAGE_ASSEMBLY ? output : temporary(".s");
    int status = to_bitcode(options, input, bitcode, output);
    if (!status)
        status = confine_bitcode(options, bitcode, options->hardened, &plain, confined);
    if (!status && options->stage != STAGE_ASSEMBLY)
        status = assemble(options, confined, output, false, false);
    if (!status && twin)
        status = compile_twin(options, input, bitcode, plain, confined, output);
    return status;
}
