// SPDX-License-Identifier: MIT
//
// The kernel as a Linux process: memory from a memory file, the archive from a file, interrupts from a timer signal. The
// slots stand at the same addresses as on bare metal, so the same verified images run.
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/arch/x86_64/regs.h"
#include "kernel/platform/hosted/hosted.h"
#include "kernel/platform/platform.h"

#define HWCAP2_HAS_FSGSBASE 2
#define DEFAULT_MEMORY (512ull << 20)
#define FIRST_FRAME 4096 // so that no frame has address 0

struct hosted_options hosted_options;
uint64_t platform_host_fs_base;

static const void *archive_bytes;
static size_t archive_size;
static sigjmp_buf leave_point;
static int leave_status;

size_t platform_memory(struct platform_range *ranges, size_t max) {
    if (!max)
        return 0;
    ranges[0] = (struct platform_range){FIRST_FRAME, hosted_options.memory_size - FIRST_FRAME};
    return 1;
}

bool platform_archive(const void **bytes, size_t *size) {
    *bytes = archive_bytes;
    *size = archive_size;
    return archive_bytes != NULL;
}

const char *platform_command_line(void) {
    return hosted_options.command_line ? hosted_options.command_line : "";
}

static int open_archive(const char *path) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) < 0 || info.st_size == 0) {
        fprintf(stderr, "bulkhead: %s: %s\n", path, fd >= 0 && !info.st_size ? "the archive is empty" : strerror(errno));
        return -1;
    }
    void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED) {
        fprintf(stderr, "bulkhead: %s: %s\n", path, strerror(errno));
        return -1;
    }
    archive_bytes = bytes;
    archive_size = (size_t)info.st_size;
    return 0;
}

[[noreturn]] void hosted_leave(int status) {
    wrfsbase(platform_host_fs_base);
    leave_status = status;
    siglongjmp(leave_point, 1);
}

int hosted_run(const struct hosted_options *options) {
    if (!(getauxval(AT_HWCAP2) & HWCAP2_HAS_FSGSBASE)) {
        fprintf(stderr, "bulkhead: this machine does not let programs write segment bases (FSGSBASE); "
                        "a kernel of 5.9 or newer on a processor with FSGSBASE is needed\n");
        return 1;
    }
    hosted_options = *options;
    if (!hosted_options.memory_size)
        hosted_options.memory_size = DEFAULT_MEMORY;
    platform_host_fs_base = rdfsbase();
    if (hosted_options.archive && open_archive(hosted_options.archive) < 0)
        return 1;
    if (hosted_paging_start(hosted_options.memory_size) < 0 || hosted_trap_start() < 0 || hosted_clock_start() < 0)
        return 1;
    if (sigsetjmp(leave_point, 1) == 0)
        kernel_main();
    return leave_status;
}
