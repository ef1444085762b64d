// SPDX-License-Identifier: MIT
//
// musl's door to the system: each of its system calls comes here. Memory comes from the domain's heap window (brk grows it, mmap takes
// pages from it and keeps those given back for reuse); locks yield; output goes to the log; the rest does not exist.
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "runtime/calls.h"

#define PAGE 4096ull
#define BRK_STEP (64ull << 10)
#define FREE_MAX 256
#define SECOND_NS 1000000000ull

long bh_syscall(long number, long a, long b, long c, long d, long e, long f);
void bh_libc_start(void);

// Page ranges given back by munmap.
static struct range {
    uint64_t start, size;
} free_ranges[FREE_MAX];
static unsigned free_count;
static _Atomic int lock;

static uint64_t brk_start, brk_now, brk_end;

static void take_lock(void) {
    while (__atomic_exchange_n((int *)&lock, 1, __ATOMIC_ACQUIRE))
        bh_call_yield();
}

static void give_lock(void) {
    __atomic_store_n((int *)&lock, 0, __ATOMIC_RELEASE);
}

static uint64_t pages(uint64_t size) {
    return (size + PAGE - 1) & ~(PAGE - 1);
}

static long map_pages(uint64_t size) {
    size = pages(size);
    for (unsigned i = 0; i < free_count; i++) {
        if (free_ranges[i].size < size)
            continue;
        uint64_t start = free_ranges[i].start;
        free_ranges[i].start += size;
        free_ranges[i].size -= size;
        if (!free_ranges[i].size)
            free_ranges[i] = free_ranges[--free_count];
        memset((void *)start, 0, size);
        return (long)start;
    }
    void *address = bh_call_heap_grow(size);
    return address ? (long)address : -ENOMEM;
}

static long unmap_pages(uint64_t start, uint64_t size) {
    size = pages(size);
    for (unsigned i = 0; i < free_count; i++) {
        if (free_ranges[i].start + free_ranges[i].size == start) {
            free_ranges[i].size += size;
            return 0;
        }
        if (start + size == free_ranges[i].start) {
            free_ranges[i].start = start;
            free_ranges[i].size += size;
            return 0;
        }
    }
    if (free_count < FREE_MAX)
        free_ranges[free_count++] = (struct range){start, size};
    return 0;
}

// The heap window has one end for everybody, so brk reserves in steps and answers "no" when something else took the next pages.
static long set_brk(uint64_t want) {
    if (!brk_start) {
        brk_start = brk_now = (uint64_t)bh_call_heap_grow(BRK_STEP);
        brk_end = brk_start ? brk_start + BRK_STEP : 0;
    }
    if (want < brk_start || want > brk_end + (64ull << 20))
        return (long)brk_now;
    while (want > brk_end) {
        uint64_t more = (uint64_t)bh_call_heap_grow(BRK_STEP);
        if (more != brk_end) {
            if (more)
                unmap_pages(more, BRK_STEP);
            return (long)brk_now;
        }
        brk_end += BRK_STEP;
    }
    brk_now = want;
    return (long)want;
}

static long write_vector(const struct iovec *vector, long count) {
    char line[BH_LOG_LINE_MAX];
    size_t size = 0;
    long total = 0;
    for (long i = 0; i < count; i++) {
        const char *text = vector[i].iov_base;
        total += (long)vector[i].iov_len;
        for (size_t n = 0; n < vector[i].iov_len; n++) {
            if (text[n] != '\n' && size < sizeof(line)) {
                line[size++] = text[n];
                continue;
            }
            bh_call_log(BH_LOG_INFO, line, size);
            size = 0;
        }
    }
    if (size)
        bh_call_log(BH_LOG_INFO, line, size);
    return total;
}

static long clock_time(struct timespec *time) {
    uint64_t now = bh_call_time();
    time->tv_sec = (time_t)(now / SECOND_NS);
    time->tv_nsec = (long)(now % SECOND_NS);
    return 0;
}

static long memory_call(long number, long a, long b) {
    long result = -ENOSYS;
    take_lock();
    if (number == SYS_brk)
        result = set_brk((uint64_t)a);
    else if (number == SYS_mmap)
        result = b > 0 ? map_pages((uint64_t)b) : -EINVAL;
    else if (number == SYS_munmap)
        result = unmap_pages((uint64_t)a, (uint64_t)b);
    give_lock();
    return result;
}

long bh_syscall(long number, long a, long b, long c, long d, long e, long f) {
    (void)d, (void)e, (void)f;
    switch (number) {
    case SYS_brk:
    case SYS_mmap:
    case SYS_munmap:
        return memory_call(number, a, b);
    case SYS_madvise:
        return 0;
    case SYS_writev:
        return write_vector((const struct iovec *)b, c);
    case SYS_write: {
        struct iovec one = {(void *)b, (size_t)c};
        return write_vector(&one, 1);
    }
    case SYS_ioctl: // standard output is a terminal: the library then writes line by line
        return a == 1 || a == 2 ? 0 : -ENOTTY;
    case SYS_futex: // a waiter polls: nobody sleeps while holding one of musl's locks
        bh_call_yield();
        return 0;
    case SYS_sched_yield:
        bh_call_yield();
        return 0;
    case SYS_clock_gettime:
        return clock_time((struct timespec *)b);
    case SYS_exit:
    case SYS_exit_group:
        bh_call_exit((uint64_t)a);
        return 0;
    case SYS_tkill:
    case SYS_kill:
        bh_call_panic("abort", 5);
        return 0;
    case SYS_rt_sigprocmask:
    case SYS_gettid:
    case SYS_getpid:
        return number == SYS_rt_sigprocmask ? 0 : 1;
    default:
        return -ENOSYS;
    }
}

void bh_libc_need_locks(void); // compiled with musl's own headers

void bh_libc_start(void) {
    bh_libc_need_locks();
}
