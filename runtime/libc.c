// SPDX-License-Identifier: MIT
//
// musl's door to the system: each of its system calls comes here, but for those that name files (files.c). What does not exist says ENOSYS.
#include "runtime/libc.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "runtime/calls.h"

#define SECOND_NS 1000000000ull
#define YIELDS 4
#define PATIENCE_NS 100000ull

long bh_syscall(long number, long a, long b, long c, long d, long e, long f);

libc_file_function *libc_files;

void libc_lock(struct libc_lock *lock) {
    for (unsigned n = 0; __atomic_exchange_n(&lock->taken, 1u, __ATOMIC_ACQUIRE); n++)
        if (n < YIELDS)
            bh_call_yield();
        else
            bh_call_sleep(bh_call_time() + PATIENCE_NS);
}

void libc_unlock(struct libc_lock *lock) {
    __atomic_store_n(&lock->taken, 0u, __ATOMIC_RELEASE);
}

// Every clock shows the time since the machine started.
static long clock_time(struct timespec *time) {
    uint64_t now = bh_call_time();
    time->tv_sec = (time_t)(now / SECOND_NS);
    time->tv_nsec = (long)(now % SECOND_NS);
    return 0;
}

static long sleep_until(const struct timespec *time, uint64_t from) {
    if (time->tv_sec < 0 || (uint64_t)time->tv_nsec >= SECOND_NS)
        return -EINVAL;
    bh_call_sleep(from + (uint64_t)time->tv_sec * SECOND_NS + (uint64_t)time->tv_nsec);
    return 0;
}

static long transfer(long number, long fd, const struct iovec *vector, long count) {
    long total = 0;
    for (long i = 0; i < count; i++) {
        long done = number == SYS_writev ? libc_stdio_write((int)fd, vector[i].iov_base, vector[i].iov_len)
                                         : libc_stdio_read(vector[i].iov_base, vector[i].iov_len);
        if (done < 0)
            return total ? total : done;
        total += done;
        if ((size_t)done < vector[i].iov_len)
            break;
    }
    return total;
}

// Files that stand in for the standard streams (freopen, dup2), 0: none.
static long redirected[FILES_FIRST];

static long file_call(long number, long fd, long b, long c, long d) {
    return libc_files ? libc_files(number, fd, b, c, d) : -EBADF;
}

// dup2() and dup3(): the new number is the same file as the old one.
static long duplicate_as(long fd, long as) {
    if (fd < FILES_FIRST || as < 0)
        return fd == as ? as : -EBADF;
    if (as >= FILES_FIRST)
        return file_call(SYS_dup2, fd, as, 0, 0);
    long copy = file_call(SYS_dup, fd, 0, 0, 0);
    if (copy < 0)
        return copy;
    if (redirected[as])
        (void)file_call(SYS_close, redirected[as], 0, 0, 0);
    redirected[as] = copy;
    return as;
}

static long descriptor_call(long number, long fd, long b, long c, long d) {
    if (fd >= 0 && fd < FILES_FIRST && redirected[fd]) {
        long file = redirected[fd];
        if (number == SYS_close)
            redirected[fd] = 0;
        fd = file;
    }
    if (fd >= FILES_FIRST)
        return file_call(number, fd, b, c, d);
    struct iovec one = {(void *)b, (size_t)c};
    bool single = number == SYS_read || number == SYS_write;
    const struct iovec *vector = single ? &one : (const struct iovec *)b;
    long count = single ? 1 : c;
    switch (number) {
    case SYS_readv:
    case SYS_read:
        return fd ? -EBADF : transfer(SYS_readv, fd, vector, count);
    case SYS_writev:
    case SYS_write:
        return fd ? transfer(SYS_writev, fd, vector, count) : -EBADF;
    case SYS_ioctl: // standard output is a terminal: the library then writes line by line
        return fd ? 0 : -ENOTTY;
    case SYS_lseek:
        return -ESPIPE;
    default:
        return number == SYS_fcntl || number == SYS_close ? 0 : -EINVAL;
    }
}

// There is one folder.
static long current_folder(char *name, uint64_t capacity) {
    if (capacity < 2)
        return -ERANGE;
    name[0] = '/';
    name[1] = 0;
    return 2;
}

static long end(long number, long status) {
    libc_stdio_flush();
    if (number == SYS_exit || number == SYS_exit_group)
        bh_call_exit((uint64_t)status);
    else
        bh_call_panic("abort", 5);
    return 0;
}

static bool is_about_descriptor(long number) {
    switch (number) {
    case SYS_read:
    case SYS_readv:
    case SYS_write:
    case SYS_writev:
    case SYS_ioctl:
    case SYS_lseek:
    case SYS_close:
    case SYS_fcntl:
    case SYS_fstat:
    case SYS_ftruncate:
    case SYS_pread64:
    case SYS_pwrite64:
    case SYS_fsync:
    case SYS_fdatasync:
    case SYS_dup:
    case SYS_getdents64:
        return true;
    default:
        return false;
    }
}

// Advice is taken and forgotten, priorities are the manifest's; handlers of signals are never called, since there are none; nobody owns files, and nobody asks for their times.
static bool has_no_effect(long number) {
    switch (number) {
    case SYS_madvise:
    case SYS_rt_sigprocmask:
    case SYS_rt_sigaction:
    case SYS_utimensat:
    case SYS_chmod:
    case SYS_fchmod:
    case SYS_chown:
    case SYS_fchown:
    case SYS_umask:
    case SYS_setpriority:
    case SYS_getuid:
    case SYS_geteuid:
    case SYS_getgid:
    case SYS_getegid:
        return true;
    default:
        return false;
    }
}

long bh_syscall(long number, long a, long b, long c, long d, long e, long f) {
    (void)f;
    if (is_about_descriptor(number))
        return descriptor_call(number, a, b, c, d);
    if (has_no_effect(number))
        return 0;
    switch (number) {
    case SYS_brk:
    case SYS_mmap:
    case SYS_munmap:
    case SYS_mremap:
        return libc_memory_call(number, a, b, c, d);
    case SYS_dup2:
    case SYS_dup3:
        return duplicate_as(a, b);
    case SYS_futex:
        return libc_futex((uint32_t *)a, (int)b, (uint32_t)c, (uint64_t)d, (uint32_t *)e);
    case SYS_sched_yield:
        bh_call_yield();
        return 0;
    case SYS_clock_gettime:
        return clock_time((struct timespec *)b);
    case SYS_nanosleep:
        return sleep_until((const struct timespec *)a, bh_call_time());
    case SYS_clock_nanosleep: // b is 1: until then, not for so long
        return sleep_until((const struct timespec *)c, b == 1 ? 0 : bh_call_time());
    case SYS_exit:
    case SYS_exit_group:
    case SYS_tkill:
    case SYS_kill:
        return end(number, a);
    case SYS_getcwd:
        return current_folder((char *)a, (uint64_t)b);
    case SYS_gettid:
    case SYS_getpid:
        return 1;
    default:
        return libc_question(number, a, b, c, d, e);
    }
}
