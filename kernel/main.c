// SPDX-License-Identifier: MIT
//
// Boot order, one call per line. Entered by the platform on its boot stack; never returns.
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/domain/archive.h"
#include "kernel/domain/crash.h"
#include "kernel/domain/dma.h"
#include "kernel/domain/domain.h"
#include "kernel/mm/frames.h"
#include "kernel/platform/platform.h"
#include "kernel/sched/sched.h"

#define STATUS_NO_SYSTEM 1
#define BOOT_PRIORITY 0

// Verification needs a real stack, so the system is built by a thread.
static void start_system(void *unused) {
    const void *bytes;
    size_t size;
    (void)unused;
    if (!platform_archive(&bytes, &size)) {
        log_write(BH_LOG_ERROR, "kernel", "no boot archive was given; make one with tools/mkimage and pass it as the first module");
        power_off(STATUS_NO_SYSTEM);
    }
    enum bh_error error = archive_start_system(bytes, size);
    if (error) {
        log_write(BH_LOG_ERROR, "kernel", "the system cannot start: %s; %s", error_sentence(error), error_hint(error));
        power_off(STATUS_NO_SYSTEM);
    }
}

void kernel_main(void) {
    sched_init();
    frames_init();
    crash_init();
    log_write(BH_LOG_INFO, "kernel", "Bulkhead, %zu MiB of memory, command line \"%s\"",
              (size_t)(frames_total_count() * (BH_PAGE_SIZE >> 10) >> 10), platform_command_line());
    cpus_start();
    if (thread_create("boot", &kernel_domain, (uint64_t)start_system, 0, BOOT_PRIORITY, NULL) != BH_OK)
        panic("no memory for the first thread; give the machine more");
    dma_start();
    sched_start();
}
