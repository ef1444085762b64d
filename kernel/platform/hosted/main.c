// SPDX-License-Identifier: MIT
//
// The program `bulkhead`: the hosted platform from the command line.
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>

#include "kernel/platform/hosted/hosted.h"

static const char usage[] =
    "usage: bulkhead [options] ARCHIVE\n"
    "Run a Bulkhead system (made by tools/mkimage) as a Linux process: no guests, no devices, native speed.\n"
    "  -m, --memory MIB      size of its memory (default 512)\n"
    "  -a, --append TEXT     kernel command line\n"
    "  -l, --log FILE        write the log there instead of standard error\n"
    "  -h, --help            this text\n"
    "Exit status: what the system gave to power_off; 1 when it could not start; 101 when the kernel panicked.\n";

int main(int argc, char **argv) {
    static const struct option options[] = {{"memory", 1, 0, 'm'}, {"append", 1, 0, 'a'}, {"log", 1, 0, 'l'},
                                            {"help", 0, 0, 'h'},   {0}};
    struct hosted_options hosted = {.log_fd = 2};
    int option;
    while ((option = getopt_long(argc, argv, "m:a:l:h", options, NULL)) != -1) {
        char *end;
        switch (option) {
        case 'm':
            hosted.memory_size = strtoull(optarg, &end, 10) << 20;
            if (*end || hosted.memory_size < (16ull << 20) || hosted.memory_size > (64ull << 30)) {
                fprintf(stderr, "bulkhead: --memory %s: give a number of MiB from 16 to 65536\n", optarg);
                return 2;
            }
            break;
        case 'a':
            hosted.command_line = optarg;
            break;
        case 'l':
            hosted.log_fd = open(optarg, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
            if (hosted.log_fd < 0) {
                fprintf(stderr, "bulkhead: --log %s: %s\n", optarg, strerror(errno));
                return 2;
            }
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind != argc - 1) {
        fputs(usage, stderr);
        return 2;
    }
    hosted.archive = argv[optind];
    return hosted_run(&hosted);
}
