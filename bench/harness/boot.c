// SPDX-License-Identifier: MIT
//
// A kernel_main of our own, in place of kernel/main.c: boots the same way, then runs the benchmark as a kernel thread of the lowest
// priority, which may call native code and domains in turn.
#include "bench/harness/harness.h"

#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/domain/archive.h"
#include "kernel/domain/crash.h"
#include "kernel/mm/frames.h"
#include "kernel/platform/hosted/hosted.h"
#include "kernel/platform/platform.h"
#include "kernel/sched/sched.h"

#define PRIORITY_LOWEST 3
#define PATIENCE_MS 1000
#define MILLISECOND_NS 1000000ull
#define MEMORY_SIZE (256ull << 20)

static int (*benchmark)(void);

static void run_benchmark(void *unused) {
    const void *bytes;
    size_t size;
    (void)unused;
    if (!platform_archive(&bytes, &size) || archive_start_system(bytes, size) != BH_OK)
        power_off(1);
    power_off(benchmark());
}

void kernel_main(void) {
    sched_init();
    frames_init();
    crash_init();
    log_console_level(BH_LOG_WARNING);
    if (thread_create("bench", &kernel_domain, (uint64_t)run_benchmark, 0, PRIORITY_LOWEST, NULL) != BH_OK)
        panic("no memory for the first thread");
    sched_start();
}

struct port *served_port(const char *domain_name, const char *port_name) {
    struct domain *domain = domain_find(domain_name);
    struct port *port = domain ? port_find(domain, port_name) : NULL;
    for (int i = 0; port && i < PATIENCE_MS; i++) {
        if (port->serving)
            return port;
        if (thread_sleep(clock_now_ns() + MILLISECOND_NS) == BH_EDEAD)
            break;
    }
    fprintf(stderr, "bench: domain %s serves no port %s\n", domain_name, port_name);
    return NULL;
}

void timer_hold(void) {
    clock_arm(0);
}

void timer_release(void) {
    sched_arm();
}

int run_in_kernel(const char *archive, int (*function)(void)) {
    struct hosted_options options = {.memory_size = MEMORY_SIZE, .archive = archive, .log_fd = 2};
    benchmark = function;
    return hosted_run(&options);
}
