// SPDX-License-Identifier: MIT
//
// The suite of attacks in one process, for a verifier that may be wrong: linked with each mutant by tests/verifier/mutants.py. The first
// argument names a file with the bytes of all images, the second one with the cases, one per line,
//
//   KIND COLOUR RULE OFFSET SIZE NAME    KIND: attack (must be refused by RULE), twin (must be accepted), any (must only not crash)
//
// Printed is what is not as it should be: `accepted NAME`, `refused NAME`, `rule NAME`, `report NAME`, `crash NAME`. An image ends where
// a page that is not there begins, so that reading past it is a crash.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/verifier/verify.h"

#define PAGE 4096u
#define ROOM (1u << 20)
#define SUITE_SECONDS 40

static char name[128];
static uint8_t *room_end;

// May be called at any time: nothing but write().
static void on_signal(int number) {
    const char *what = number == SIGALRM ? "hang " : "crash ";
    if (write(1, what, strlen(what)) < 0 || write(1, name, strlen(name)) < 0 || write(1, "\n", 1) < 0)
        _exit(3);
    _exit(2);
}

static bool open_room(void) {
    uint8_t *room = mmap(NULL, ROOM + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    room_end = room + ROOM;
    return room != MAP_FAILED && mprotect(room_end, PAGE, PROT_NONE) == 0;
}

static const uint8_t *map_images(const char *path, size_t *size) {
    struct stat info;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &info))
        return NULL;
    *size = (size_t)info.st_size;
    const uint8_t *images = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    return images == MAP_FAILED ? NULL : images;
}

// A refusal of code names function and instruction; labels and bytes that do not decode have none.
static bool report_complete(const struct verify_report *report, enum bh_error error) {
    char message[512];
    verify_report_format(report, name, message, sizeof(message));
    if (!strstr(message, name) || !strstr(message, "usual cause: ") || !strstr(message, verify_rule_name(report->rule)))
        return false;
    if (report->rule <= RULE_IMAGE_ENTRY)
        return error == BH_EIMAGE;
    bool bytes_only = report->rule == RULE_DECODE || report->rule == RULE_LABEL;
    return error == BH_EVERIFY && report->offset && report->function[0] && (bytes_only || report->instruction[0]);
}

static const char *judge(const char *kind, bool fs, const char *rule, uint8_t *bytes, size_t size) {
    struct verified_image image;
    struct verify_report report;
    enum bh_error error = fs ? verify_recolour(bytes, size, BH_COLOUR_GS, BH_COLOUR_FS, &report) : BH_OK;
    if (!error)
        error = verify_image(bytes, size, fs ? BH_COLOUR_FS : BH_COLOUR_GS, &image, &report);
    if (!error)
        verified_image_free(&image);
    if (strcmp(kind, "any") == 0)
        return NULL;
    if (strcmp(kind, "twin") == 0)
        return error ? "refused" : NULL;
    if (!error)
        return "accepted";
    if (fs || strcmp(rule, "any") == 0)
        return NULL;
    if (strcmp(rule, verify_rule_name(report.rule)))
        return "rule";
    return report_complete(&report, error) ? NULL : "report";
}

int main(int argc, char **argv) {
    char kind[16], colour[4], rule[32];
    size_t at, size, have = 0;
    const uint8_t *images = argc == 3 ? map_images(argv[1], &have) : NULL;
    FILE *cases = images && open_room() ? fopen(argv[2], "r") : NULL;
    if (!cases)
        return 3;
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        signal(numbers[i], on_signal);
    alarm(SUITE_SECONDS);
    while (fscanf(cases, "%15s %3s %31s %zu %zu %127[^\n]", kind, colour, rule, &at, &size, name) == 6) {
        if (size > ROOM || at > have || size > have - at)
            return 3;
        memcpy(room_end - size, images + at, size);
        const char *wrong = judge(kind, strcmp(colour, "fs") == 0, rule, room_end - size, size);
        if (wrong) {
            printf("%s %s\n", wrong, name);
            fflush(stdout);
            if (strcmp(wrong, "accepted") == 0) // the clearest of answers: no more are needed
                return 1;
        }
    }
    fclose(cases);
    return 0;
}
