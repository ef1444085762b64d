// SPDX-License-Identifier: MIT
//
// bhidl: the interface compiler. Reads all files, checks them together, writes what was asked for.
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "codegen/bhidl/ast.h"

struct program program;
struct source *source;

static const char usage[] = "usage: bhidl --out FOLDER [--emit LIST] FILE.bidl...\n"
                            "       bhidl diff OLD NEW\n"
                            "Compile interface definitions (see docs/idl.md), or say what a change of them means: OLD and NEW are files, or\n"
                            "folders of such files.\n"
                            "  -o, --out FOLDER     where the output goes\n"
                            "  -e, --emit LIST      header,client,server,labels,proxy,kernel,docs,json,trace,fuzz,python,call,interpose (default: all)\n"
                            "  -c, --check          only check the files\n"
                            "  -h, --help           this text\n"
                            "Exit status: 0, 1 after errors in the files, 2 wrong use; of diff: 0 when images built from OLD need nothing,\n"
                            "1 when they have to be built again or their sources changed, 2 after errors.\n";

static const struct {
    const char *name;
    bool (*emit)(const char *folder);
} emitters[] = {{"header", emit_headers}, {"client", emit_clients}, {"server", emit_servers}, {"labels", emit_labels},
                {"proxy", emit_proxies},
                {"kernel", emit_kernel},  {"docs", emit_docs},      {"json", emit_json},
                {"trace", emit_trace},    {"fuzz", emit_fuzz},     {"python", emit_python},
                {"call", emit_call},      {"interpose", emit_interpose}};

static void read_lines(struct source *input) {
    FILE *file = fopen(input->path, "r");
    char *line = NULL;
    size_t capacity = 0;
    if (!file) {
        fprintf(stderr, "bhidl: %s: %s\n", input->path, strerror(errno));
        exit(2);
    }
    while (getline(&line, &capacity, file) > 0) {
        line[strcspn(line, "\n")] = 0;
        input->lines = realloc(input->lines, (size_t)(input->line_count + 1) * sizeof(*input->lines));
        input->lines[input->line_count++] = strdup(line);
    }
    fclose(file);
    free(line);
}

static void add_source(const char *path) {
    struct source *input = new_node(sizeof(*input));
    const char *slash = strrchr(path, '/');
    char *name = strdup(slash ? slash + 1 : path);
    name[strcspn(name, ".")] = 0;
    input->path = path;
    input->name = name;
    read_lines(input);
    LAST(program.sources, input);
    parse_file(input);
}

static bool wanted(const char *list, const char *name) {
    size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (!strncmp(at, name, length) && (!at[length] || at[length] == ','))
            return true;
    return false;
}

static int emit_all(const char *folder, const char *list) {
    static const char *const folders[] = {"", "/include", "/client", "/server", "/kernel", "/docs", "/trace", "/fuzz", "/python", "/python/bulkhead", "/call", "/interpose"};
    char path[4096];
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        snprintf(path, sizeof(path), "%s%s", folder, folders[i]);
        if (mkdir(path, 0777) < 0 && errno != EEXIST) {
            fprintf(stderr, "bhidl: %s: %s\n", path, strerror(errno));
            return 2;
        }
    }
    for (size_t i = 0; i < sizeof(emitters) / sizeof(*emitters); i++)
        if ((!list || wanted(list, emitters[i].name)) && !emitters[i].emit(folder))
            return 2;
    return 0;
}

// All of a folder, in the order of names; or one file.
static bool add_sources(const char *path) {
    struct dirent **entries;
    struct stat status;
    if (stat(path, &status) || !S_ISDIR(status.st_mode)) {
        add_source(path);
        return true;
    }
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        size_t length = strlen(entries[i]->d_name);
        char *name = new_node(strlen(path) + length + 2);
        sprintf(name, "%s/%s", path, entries[i]->d_name);
        if (length > 5 && !strcmp(entries[i]->d_name + length - 5, ".bidl"))
            add_source(name);
    }
    if (!program.sources)
        fprintf(stderr, "bhidl: %s: no .bidl file in it\n", path);
    return program.sources;
}

static bool complete(void) {
    if (!error_count)
        check_program();
    if (error_count) {
        fprintf(stderr, "bhidl: %d error%s\n", error_count, error_count == 1 ? "" : "s");
        return false;
    }
    fingerprint_program();
    return true;
}

static int diff(const char *old_path, const char *new_path) {
    if (!add_sources(old_path) || !complete())
        return 2;
    struct program old = program;
    program = (struct program){0};
    return add_sources(new_path) && complete() ? diff_programs(&old) : 2;
}

int main(int argc, char **argv) {
    if (argc == 4 && !strcmp(argv[1], "diff"))
        return diff(argv[2], argv[3]);
    static const struct option options[] = {{"out", 1, 0, 'o'}, {"emit", 1, 0, 'e'}, {"check", 0, 0, 'c'}, {"help", 0, 0, 'h'}, {0}};
    const char *folder = NULL, *list = NULL;
    bool check_only = false;
    int option;
    while ((option = getopt_long(argc, argv, "o:e:ch", options, NULL)) != -1) {
        switch (option) {
        case 'o': folder = optarg; break;
        case 'e': list = optarg; break;
        case 'c': check_only = true; break;
        case 'h': fputs(usage, stdout); return 0;
        default: fputs(usage, stderr); return 2;
        }
    }
    if (optind == argc || (!folder && !check_only)) {
        fputs(usage, stderr);
        return 2;
    }
    for (; optind < argc; optind++)
        add_source(argv[optind]);
    if (!complete())
        return 1;
    return check_only ? 0 : emit_all(folder, list);
}
