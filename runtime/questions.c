// SPDX-License-Identifier: MIT
//
// What a program asks the system about: limits, memory, which descriptors are ready. Files in memory always are; what waits for anything else
// waits in a call of Bulkhead's own.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>

#include "kernel/abi/slot.h"
#include "runtime/calls.h"
#include "runtime/libc.h"

#define FOR_EVER UINT64_MAX
#define MILLISECOND_NS 1000000ull
#define MICROSECOND_NS 1000ull
#define PRIORITY_BASE 20 // what the system adds to a nice value that it returns
#define SECOND_NS 1000000000ull

static long limit(long resource, const struct rlimit *wanted, struct rlimit *limits) {
    rlim_t value = resource == RLIMIT_NOFILE  ? FILES_FIRST + LIBC_DESCRIPTORS
                   : resource == RLIMIT_STACK ? BH_SLOT_STACK_STRIDE - BH_PAGE_SIZE
                   : resource == RLIMIT_DATA  ? BH_SLOT_HEAP_END - BH_SLOT_HEAP
                   : resource == RLIMIT_CORE  ? 0
                                              : RLIM_INFINITY;
    if (wanted)
        return -EPERM;
    if (limits)
        *limits = (struct rlimit){value, value};
    return 0;
}

// The most that the heap can have; the manifest may give less.
static long describe_system(struct sysinfo *info) {
    uint64_t memory = BH_SLOT_HEAP_END - BH_SLOT_HEAP;
    *info = (struct sysinfo){.uptime = (unsigned long)(bh_call_time() / SECOND_NS), .totalram = memory, .freeram = memory, .procs = 1, .mem_unit = 1};
    return 0;
}

static void pause_for(uint64_t time_ns) {
    uint64_t now = bh_call_time();
    bh_call_sleep(time_ns > FOR_EVER - now ? FOR_EVER : now + time_ns);
}

static bool is_open(long fd) {
    return fd >= 0 && (fd < FILES_FIRST || (libc_files && libc_files(SYS_fcntl, fd, F_GETFD, 0, 0) == 0));
}

static long ready_in(int count, fd_set *set) {
    long ready = 0;
    for (int fd = 0; set && fd < count; fd++) {
        if (!FD_ISSET(fd, set))
            continue;
        if (!is_open(fd))
            return -EBADF;
        ready++;
    }
    return ready;
}

static long select_ready(int count, fd_set *read, fd_set *write, fd_set *exceptions, const struct timeval *patience) {
    if (count < 0 || count > FD_SETSIZE)
        return -EINVAL;
    long readable = ready_in(count, read), writable = ready_in(count, write), exceptional = ready_in(count, exceptions);
    if (readable < 0 || writable < 0 || exceptional < 0)
        return -EBADF;
    if (exceptions)
        FD_ZERO(exceptions);
    if (readable + writable == 0)
        pause_for(patience ? (uint64_t)patience->tv_sec * SECOND_NS + (uint64_t)patience->tv_usec * MICROSECOND_NS : FOR_EVER);
    return readable + writable;
}

static long poll_ready(struct pollfd *list, uint64_t count, int patience_ms) {
    long ready = 0;
    for (uint64_t i = 0; i < count; i++) {
        struct pollfd *one = &list[i];
        one->revents = one->fd < 0 ? 0 : is_open(one->fd) ? one->events & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM) : POLLNVAL;
        ready += one->revents != 0;
    }
    if (!ready)
        pause_for(patience_ms < 0 ? FOR_EVER : (uint64_t)patience_ms * MILLISECOND_NS);
    return ready;
}

long libc_question(long number, long a, long b, long c, long d, long e) {
    switch (number) {
    case SYS_prlimit64:
        return limit(b, (const struct rlimit *)c, (struct rlimit *)d);
    case SYS_sysinfo:
        return describe_system((struct sysinfo *)a);
    case SYS_select:
        return select_ready((int)a, (fd_set *)b, (fd_set *)c, (fd_set *)d, (const struct timeval *)e);
    case SYS_poll:
        return poll_ready((struct pollfd *)a, (uint64_t)b, (int)c);
    case SYS_getpriority:
        return PRIORITY_BASE;
    case SYS_chdir: // there is one folder that a program can be in
        return strcmp((const char *)a, "/") == 0 || strcmp((const char *)a, ".") == 0 ? 0 : -ENOENT;
    default:
        return -ENOSYS;
    }
}
