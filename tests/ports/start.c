// SPDX-License-Identifier: MIT
//
// In place of a command line and a folder: linked into a library's own test programs when they run as domains. Settings of the domain:
//   arguments   words, for main
//   files       NAME:SIZE words: the buffer granted as NAME is the file NAME
//   outputs     names of files that the program makes: at its end, the size and a checksum of each are printed
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bulkhead/domain.h>
#include <bulkhead/stdio.h>

#include "kernel.h"

#define WORDS_MAX 40

static char arguments[480], files[480], outputs[480];
char *bh_arguments[WORDS_MAX + 1];

static void publish(char *word) {
    char *size = strchr(word, ':');
    bh_cap buffer;
    void *data;
    if (!size)
        return;
    *size++ = 0;
    enum bh_error error = bh_cap_find(word, &buffer);
    if (!error)
        error = bh_buffer_map(buffer, BH_RIGHT_READ, &data);
    if (!error)
        error = bh_file_publish(word, data, strtoull(size, NULL, 10));
    if (error)
        bh_panic("file %s: %s", word, bh_strerror(error));
}

static void print_outputs(void) {
    for (char *name = strtok(outputs, " "); name; name = strtok(NULL, " ")) {
        FILE *file = fopen(name, "rb");
        uint64_t sum = 14695981039346656037ull, size = 0;
        for (int byte; file && (byte = getc(file)) != EOF; size++)
            sum = (sum ^ (uint8_t)byte) * 1099511628211ull; // FNV-1a
        printf("output %s: %llu bytes, %016llx\n", name, (unsigned long long)size, (unsigned long long)sum);
        if (file)
            fclose(file);
    }
}

static void setting(bh_cap settings, const char *key, char *value) {
    if (settings_get(settings, key, value) != BH_OK)
        *value = 0;
}

__attribute__((constructor)) static void start(void) {
    bh_cap settings;
    if (bh_cap_find("settings", &settings) != BH_OK)
        return;
    setting(settings, "arguments", arguments);
    setting(settings, "files", files);
    setting(settings, "outputs", outputs);
    int count = 0;
    for (char *word = strtok(arguments, " "); word && count < WORDS_MAX; word = strtok(NULL, " "))
        bh_arguments[count++] = word;
    for (char *word = strtok(files, " "); word; word = strtok(NULL, " "))
        publish(word);
    atexit(print_outputs);
}
