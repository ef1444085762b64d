// SPDX-License-Identifier: MIT
//
// The command line: that of gcc and clang, as far as C projects use it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/bhcc/bhcc.h"

static const char usage[] =
    "usage: bhcc [options] FILE...\n"
    "Compile C for a Bulkhead domain: verified machine code that stays in its slot.\n"
    "  -c -S -E             stop after compiling, after assembly text, after preprocessing\n"
    "  -o FILE              output; a linked image by default (a.out)\n"
    "  -I -D -U -include -std= -W... -f... -O... -g   as for clang\n"
    "  -MMD -MP -MF FILE    dependency files\n"
    "  -L -l -Wl,...        for the linker\n"
    "  --hardened           indirect branches that speculation does not get past (docs/verified-code.md): slower; for -c and for linking\n"
    "  --both               with -c: FILE.o.hardened, too, where it differs; linking with --hardened finds it\n"
    "  --isolation=plain    clang's code as it is, for a domain that paging, pks, a process or nothing isolates (docs/mechanisms.md); for -c and for linking\n"
    "  -nostdlib            leave the runtime and the C library out\n"
    "  --call-as=F:G        function F is called through pointers as if it were declared like G\n"
    "  --no-verify          do not run the verifier over the linked image\n"
    "  -v                   show the commands\n"
    "  --help, --version    this text; the version\n"
    "FILE is C (.c), verified assembly (.s, .S: assembled as it stands), an object (.o) or a library (.a).\n"
    "Refused, with file and line: exceptions, and what looks at the control stack.\n"
    "BHCC_KEEP=DIR in the environment keeps the intermediate files there.\n";

static bool starts(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

static bool has_value(const char *option) {
    static const char *const with[] = {"-I", "-D", "-U", "-include", "-isystem", "-idirafter", "-iquote", "-MF", "-MT", "-MQ", "-x", "-Xclang", "-mllvm"};
    for (size_t i = 0; i < sizeof(with) / sizeof(*with); i++)
        if (strcmp(option, with[i]) == 0)
            return true;
    return false;
}

static bool is_object(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot && (!strcmp(dot, ".o") || !strcmp(dot, ".a") || !strcmp(dot, ".lo"));
}

// Options that change what the verified form depends on, or that have no meaning here: taken and left out.
static bool is_ignored(const char *option) {
    static const char *const list[] = {"-pipe", "-pie", "-no-pie", "-static", "-static-pie", "-fpic", "-fPIC", "-fpie", "-fPIE",
                                       "-fno-pic", "-fno-pie", "-rdynamic", "-pthread", "-fomit-frame-pointer", "-s"};
    for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
        if (strcmp(option, list[i]) == 0)
            return true;
    return starts(option, "-fstack-protector") || starts(option, "-march=") || starts(option, "-mtune=") ||
           starts(option, "-fcf-protection");
}

// Libraries that programs ask for by habit: here they are one, which is always linked.
static bool is_part_of_libc(const char *name) {
    static const char *const list[] = {"c", "m", "pthread", "rt", "dl", "util", "crypt", "atomic", "gcc", "gcc_s"};
    for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

// Questions that configure scripts ask: answered on stdout.
static bool answer(const char *text) {
    if (!strcmp(text, "--help"))
        fputs(usage, stdout);
    else if (!strcmp(text, "--version"))
        puts("bhcc (Bulkhead) 1.0, clang 19");
    else if (!strcmp(text, "-dumpversion") || !strcmp(text, "-dumpfullversion"))
        puts("19");
    else if (!strcmp(text, "-dumpmachine"))
        puts("x86_64-unknown-linux-musl"); // what the C library looks like to programs
    else if (starts(text, "-print-prog-name="))
        puts(strchr(text, '=') + 1);
    else if (starts(text, "-print-file-name="))
        puts(library(strchr(text, '=') + 1) ? library(strchr(text, '=') + 1) : strchr(text, '=') + 1);
    else if (!strcmp(text, "-print-search-dirs"))
        printf("libraries: =%s\n", library("") ? library("") : "");
    else
        return false;
    return true;
}

static int refuse_option(const char *option, const char *why) {
    fprintf(stderr, "bhcc: %s: %s\n", option, why);
    return 2;
}

static int parse_one(struct options *options, int argc, char **argv, int *i) {
    const char *text = argv[*i];
    if (text[0] != '-' || !text[1]) {
        arguments_add(is_object(text) ? &options->link : &options->inputs, text);
    } else if (!strcmp(text, "-c")) {
        options->stage = STAGE_OBJECT;
    } else if (!strcmp(text, "-S")) {
        options->stage = STAGE_ASSEMBLY;
    } else if (!strcmp(text, "-E")) {
        options->stage = STAGE_PREPROCESS;
    } else if (starts(text, "-o")) {
        if (!text[2] && *i + 1 >= argc)
            return refuse_option(text, "a file name must follow");
        options->output = text[2] ? text + 2 : argv[++*i];
    } else if (starts(text, "-O")) {
        options->optimization = text;
    } else if (!strcmp(text, "-v")) {
        options->verbose = true;
    } else if (!strcmp(text, "-nostdlib") || !strcmp(text, "-nodefaultlibs")) {
        options->no_standard_libraries = true;
    } else if (!strcmp(text, "--hardened")) {
        options->hardened = true;
    } else if (!strcmp(text, "--both")) {
        options->both = true;
    } else if (starts(text, "--isolation=")) {
        options->plain = !strcmp(text, "--isolation=plain");
        if (!options->plain && strcmp(text, "--isolation=sfi"))
            return refuse_option(text, "give plain or sfi; which mechanism isolates a plain image is said in the manifest");
    } else if (starts(text, "--call-as=")) {
        arguments_add(&options->lower, text);
    } else if (!strcmp(text, "--no-verify")) {
        options->no_verify = true;
    } else if (!strcmp(text, "-shared") || starts(text, "-m32") || starts(text, "-mavx") || starts(text, "-flto")) {
        return refuse_option(text, "not supported for domains: an image is one static program for the x86-64 baseline with SSE3");
    } else if (starts(text, "-l") && is_part_of_libc(text + 2)) {
        return 0;
    } else if (starts(text, "-L") || starts(text, "-l")) {
        arguments_add(&options->link, text);
        if (!text[2] && *i + 1 < argc)
            arguments_add(&options->link, argv[++*i]);
    } else if (!strcmp(text, "-M") || !strcmp(text, "-MM")) {
        options->stage = STAGE_PREPROCESS;
        arguments_add(&options->compile, text);
    } else if (starts(text, "-Wl,")) {
        char *copy = strdup(text + 4), *save = NULL;
        for (char *part = strtok_r(copy, ",", &save); part; part = strtok_r(NULL, ",", &save))
            arguments_add(&options->link, part);
    } else if (!is_ignored(text)) {
        options->dependencies |= !strcmp(text, "-MMD") || !strcmp(text, "-MD");
        options->has_depfile |= !strcmp(text, "-MF");
        options->debug |= starts(text, "-g") && strcmp(text, "-g0");
        arguments_add(&options->compile, text);
        if (has_value(text) && *i + 1 < argc)
            arguments_add(&options->compile, argv[++*i]);
    }
    return 0;
}

int options_parse(int argc, char **argv, struct options *options) {
    options->stage = STAGE_LINK;
    options->optimization = "-O2";
    for (int i = 1; i < argc; i++) {
        if (answer(argv[i]))
            exit(0);
        int status = parse_one(options, argc, argv, &i);
        if (status)
            return status;
    }
    if (!options->inputs.count && !(options->stage == STAGE_LINK && options->link.count)) {
        if (options->verbose && argc == 2) // "-v" alone
            exit(!answer("--version"));
        fputs("bhcc: no input files; `bhcc --help' explains\n", stderr);
        return 2;
    }
    if (options->plain && (options->hardened || options->both))
        return refuse_option("--isolation=plain", "a hardened form is one of confined code");
    if (options->output && options->stage != STAGE_LINK && options->inputs.count > 1)
        return refuse_option(options->output, "one output for several inputs");
    return 0;
}
