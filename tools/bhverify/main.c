// SPDX-License-Identifier: MIT
//
// bhverify: the kernel's verifier as a command.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kernel/verifier/verify.h"

static const char usage[] = "usage: bhverify [options] IMAGE...\n"
                            "Say whether the kernel would load these domain images, and if not, why.\n"
                            "  -c, --colour gs|fs   verify for this segment register (default gs)\n"
                            "  -q, --quiet          say nothing about what is accepted\n"
                            "  -r, --rules          list the rules\n"
                            "  -t, --time           verify for a second or more and print MB of text per second\n"
                            "  -h, --help           this text\n"
                            "Exit status: 0 all accepted, 1 something refused, 2 wrong use or unreadable file.\n";

struct options {
    enum bh_colour colour;
    bool quiet, time;
};

static void list_rules(void) {
#define RULE(number, name, sentence, cause) printf("%2d %-18s %s\n", number, #name, sentence);
#include "kernel/verifier/rules.def"
#undef RULE
}

static uint8_t *read_file(const char *name, size_t *size) {
    struct stat info;
    int fd = open(name, O_RDONLY);
    if (fd < 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
        fprintf(stderr, "bhverify: %s: %s\n", name, fd >= 0 && !S_ISREG(info.st_mode) ? "not a file" : strerror(errno));
        return NULL;
    }
    *size = (size_t)info.st_size;
    uint8_t *bytes = malloc(*size + 16);
    size_t have = 0;
    ssize_t one = 1;
    while (bytes && have < *size && (one = read(fd, bytes + have, *size - have)) > 0)
        have += (size_t)one;
    close(fd);
    if (have == *size && bytes)
        return bytes;
    fprintf(stderr, "bhverify: %s: cannot be read\n", name);
    free(bytes);
    return NULL;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void measure(const uint8_t *bytes, size_t size, enum bh_colour colour) {
    struct verified_image image;
    struct verify_report report;
    double start = now(), seconds = 0, text = 0;
    while (seconds < 1) {
        if (verify_image(bytes, size, colour, &image, &report) != BH_OK)
            return;
        text += image.text_end - image.text_start;
        verified_image_free(&image);
        seconds = now() - start;
    }
    printf("%.1f MB of text per second\n", text / 1e6 / seconds);
}

static int check(const char *name, const struct options *options) {
    struct verified_image image = {0};
    struct verify_report report;
    char text[512];
    size_t size;
    uint8_t *bytes = read_file(name, &size);
    if (!bytes)
        return 2;
    enum bh_error error = BH_OK;
    if (options->colour == BH_COLOUR_FS)
        error = verify_recolour(bytes, size, BH_COLOUR_GS, BH_COLOUR_FS, &report);
    if (!error)
        error = verify_image(bytes, size, options->colour, &image, &report);
    bool plain = error && image.plain;
    if (plain)
        error = verify_plain(bytes, size, &image, &report);
    if (!error && plain) {
        if (!options->quiet)
            printf("%s: of the plain flavour: nothing is proved of its code, %u bytes\n", name, image.text_end - image.text_start);
        verified_image_free(&image);
    } else if (error) {
        fprintf(stderr, "bhverify: %s\n", error == BH_ENOMEM ? "out of memory" : verify_report_format(&report, name, text, sizeof(text)));
    } else {
        if (!options->quiet)
            printf("%s: accepted%s, %u functions, %u instructions, %u bytes of text\n", name, image.hardened ? ", hardened" : "",
                   image.function_count, image.instruction_count, image.text_end - image.text_start);
        verified_image_free(&image);
        if (options->time)
            measure(bytes, size, options->colour);
    }
    free(bytes);
    return error ? 1 : 0;
}

int main(int argc, char **argv) {
    static const struct option long_options[] = {{"colour", 1, 0, 'c'}, {"quiet", 0, 0, 'q'}, {"rules", 0, 0, 'r'},
                                                 {"time", 0, 0, 't'},   {"help", 0, 0, 'h'},  {0}};
    struct options options = {0};
    int option, status = 0;
    while ((option = getopt_long(argc, argv, "c:qrth", long_options, NULL)) != -1) {
        switch (option) {
        case 'c':
            if (strcmp(optarg, "gs") && strcmp(optarg, "fs")) {
                fprintf(stderr, "bhverify: --colour %s: give gs or fs\n", optarg);
                return 2;
            }
            options.colour = optarg[0] == 'f' ? BH_COLOUR_FS : BH_COLOUR_GS;
            break;
        case 'q': options.quiet = true; break;
        case 't': options.time = true; break;
        case 'r': list_rules(); return 0;
        case 'h': fputs(usage, stdout); return 0;
        default: fputs(usage, stderr); return 2;
        }
    }
    if (optind == argc) {
        fputs(usage, stderr);
        return 2;
    }
    for (; optind < argc; optind++) {
        int one = check(argv[optind], &options);
        status = one > status ? one : status;
    }
    return status;
}
