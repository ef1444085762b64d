// SPDX-License-Identifier: MIT
//
// Between the parts of the C library's door (libc.c, memory windows, futexes, files).
#ifndef BH_RUNTIME_LIBC_H
#define BH_RUNTIME_LIBC_H

#include <stddef.h>
#include <stdint.h>

// A short lock between the threads of the domain. A thread that finds it taken gives way, and sleeps when that does not help: the holder may
// have a worse priority.
struct libc_lock {
    unsigned taken;
};
void libc_lock(struct libc_lock *lock);
void libc_unlock(struct libc_lock *lock);

// libc_memory.c: brk, mmap, munmap, mremap; results as of Linux system calls
long libc_memory_call(long number, long a, long b, long c, long d);
// futex.c
long libc_futex(uint32_t *word, int operation, uint32_t value, uint64_t timeout_or_count, uint32_t *other);
// stdio.c: standard input and output; bytes done or a negative error number
long libc_stdio_write(int fd, const void *data, size_t size);
long libc_stdio_read(void *data, size_t size);
void libc_stdio_flush(void); // lines begun

// files.c sets it when the first file is opened: calls about descriptors from FILES_FIRST on.
#define FILES_FIRST 3
typedef long libc_file_function(long number, long fd, long b, long c, long d);
extern libc_file_function *libc_files;
#define LIBC_DESCRIPTORS 64 // that files.c has

// questions.c: limits, memory, readiness of descriptors; -ENOSYS for everything else
long libc_question(long number, long a, long b, long c, long d, long e);

#endif
