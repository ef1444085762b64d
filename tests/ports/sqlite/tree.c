// SPDX-License-Identifier: MIT
//
// In place of a command line and a folder of files: the words of the setting "arguments", and the buffer "tree", a tar archive of plain files.
// Files are read where they lie.
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <bulkhead/domain.h>
#include <bulkhead/stdio.h>

#include "kernel.h"

#define WORDS_MAX 60
#define BLOCK 512ull
#define NAME_SIZE 100
#define SIZE_AT 124
#define NAME_MAX_PATH 256

static char arguments[480];
char *bh_arguments[WORDS_MAX + 1];
extern char **environ;

// The folders that a file lies in.
static void make_folders(const char *path) {
    char name[NAME_MAX_PATH];
    for (const char *slash = strchr(path, '/'); slash && slash - path < NAME_MAX_PATH; slash = strchr(slash + 1, '/')) {
        memcpy(name, path, (size_t)(slash - path));
        name[slash - path] = 0;
        if (mkdir(name, 0755) && errno != EEXIST)
            bh_panic("%s: cannot be made", name);
    }
}

static void publish_all(const char *archive, uint64_t size) {
    for (uint64_t at = 0; at + BLOCK <= size && archive[at];) {
        char name[NAME_SIZE + 1] = {0};
        memcpy(name, archive + at, NAME_SIZE);
        uint64_t length = strtoull(archive + at + SIZE_AT, NULL, 8);
        if (length > size - at - BLOCK)
            bh_panic("%s: %llu bytes are more than the archive has", name, (unsigned long long)length);
        make_folders(name);
        enum bh_error error = bh_file_publish(name, archive + at + BLOCK, length);
        if (error)
            bh_panic("%s: %s", name, bh_strerror(error));
        at += BLOCK + (length + BLOCK - 1) / BLOCK * BLOCK;
    }
}

__attribute__((constructor)) static void start(void) {
    bh_cap settings, buffer;
    struct bh_buffer_info info;
    void *data;
    static char *nothing[1];
    int count = 0;
    environ = nothing;
    enum bh_error error = bh_cap_find("settings", &settings);
    if (!error)
        error = settings_get(settings, "arguments", arguments);
    if (!error)
        error = bh_cap_find("tree", &buffer);
    if (!error)
        error = bh_buffer_info(buffer, &info);
    if (!error)
        error = bh_buffer_map(buffer, BH_RIGHT_READ, &data);
    if (error)
        bh_panic("cannot begin: %s", bh_strerror(error));
    for (char *word = strtok(arguments, " "); word && count < WORDS_MAX; word = strtok(NULL, " "))
        bh_arguments[count++] = word;
    publish_all(data, info.size);
}
