// SPDX-License-Identifier: MIT
//
// What musl needs of a system, inside the kernel: memory from the frame allocator, output to the log, nothing else. The library sees
// one thread, since kernel code is never preempted; its thread pointer is a variable (tools/third-party.sh).
#include <elf.h>
#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "kernel/abi/slot.h"
#include "kernel/arch/x86_64/regs.h"
#include "kernel/base.h"
#include "kernel/mm/frames.h"
#include "kernel/platform/pc/pc.h"

void __init_libc(char **environment, char *program_name);
long libc_syscall(long number, long a, long b, long c, long d, long e, long f);

uintptr_t __kthread_pointer;

uint64_t libc_heap_bytes;
static uint64_t random_seed[2];

static long map(uint64_t size) {
    hpa frames;
    if (!size || frames_alloc(round_up(size, BH_PAGE_SIZE) / BH_PAGE_SIZE, 1, &frames) != BH_OK)
        return -ENOMEM;
    uint8_t *memory = platform_direct(frames);
    for (uint64_t i = 0; i < round_up(size, BH_PAGE_SIZE) / 8; i++)
        ((uint64_t *)memory)[i] = 0;
    libc_heap_bytes += round_up(size, BH_PAGE_SIZE);
    return (long)memory;
}

static long unmap(uint64_t address, uint64_t size) {
    frames_free(platform_direct_to_hpa((const void *)address), round_up(size, BH_PAGE_SIZE) / BH_PAGE_SIZE);
    libc_heap_bytes -= round_up(size, BH_PAGE_SIZE);
    return 0;
}

static long write_vector(const struct iovec *vector, long count) {
    long total = 0;
    for (long i = 0; i < count; i++) {
        console_output(vector[i].iov_base, vector[i].iov_len);
        total += (long)vector[i].iov_len;
    }
    return total;
}

long libc_syscall(long number, long a, long b, long c, long d, long e, long f) {
    (void)d;
    (void)e;
    (void)f;
    switch (number) {
    case SYS_mmap:
        return map((uint64_t)b);
    case SYS_munmap:
        return unmap((uint64_t)a, (uint64_t)b);
    case SYS_mprotect:
    case SYS_rt_sigprocmask:
        return 0;
    case SYS_brk: // no such thing: malloc then uses mmap alone
        return 0;
    case SYS_write:
        console_output((const char *)b, (size_t)c);
        return c;
    case SYS_writev:
        return write_vector((const struct iovec *)b, c);
    case SYS_set_tid_address:
    case SYS_gettid:
    case SYS_getpid:
        return 1;
    case SYS_exit:
    case SYS_exit_group:
    case SYS_tkill:
        panic("the C library gave up (system call %ld, %ld, %ld)", number, a, b);
    default:
        return -ENOSYS;
    }
}

void libc_start(void) {
    static uint64_t vector[] = {
        0, // end of the environment
        AT_PAGESZ, BH_PAGE_SIZE, AT_RANDOM, 0, AT_PHNUM, 0, AT_SECURE, 0, AT_NULL, 0,
    };
    static char name[] = "bulkhead";
    random_seed[0] = rdtsc();
    random_seed[1] = rdtsc() * 0x9e3779b97f4a7c15ull;
    vector[4] = (uint64_t)random_seed;
    __init_libc((char **)vector, name);
}
