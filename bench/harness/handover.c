// SPDX-License-Identifier: MIT
//
// What a call into another process costs on Linux: hand a byte over a pipe, a count over an eventfd, a word over a futex, and wait for the
// answer. The partner is a child process pinned to the same processor, as a call that migrates would be.
#include "bench/harness/harness.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN_MAX = 8 };
static pid_t children[CHILDREN_MAX];
static size_t child_count;

// True in the child, which must not come back.
static bool fork_partner(void) {
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        return true;
    }
    if (child > 0 && child_count < CHILDREN_MAX)
        children[child_count++] = child;
    return false;
}

void handovers_stop(void) {
    for (size_t i = 0; i < child_count; i++) {
        kill(children[i], SIGKILL);
        waitpid(children[i], NULL, 0);
    }
    child_count = 0;
}

bool read_all(int fd, void *to, size_t size) {
    ssize_t done;
    while ((done = read(fd, to, size)) < 0 && errno == EINTR)
        ;
    return done == (ssize_t)size;
}

bool write_all(int fd, const void *from, size_t size) {
    ssize_t done;
    while ((done = write(fd, from, size)) < 0 && errno == EINTR)
        ;
    return done == (ssize_t)size;
}

static int pipe_there[2], pipe_back[2];

static bool pipe_start(void) {
    char byte;
    if (pipe(pipe_there) < 0 || pipe(pipe_back) < 0)
        return false;
    if (fork_partner())
        while (read_all(pipe_there[0], &byte, 1) && write_all(pipe_back[1], &byte, 1))
            ;
    return true;
}

static bool pipe_run(void) {
    char byte = 1;
    return write_all(pipe_there[1], &byte, 1) && read_all(pipe_back[0], &byte, 1);
}

static int event_there, event_back;

static bool eventfd_start(void) {
    uint64_t value;
    event_there = eventfd(0, 0);
    event_back = eventfd(0, 0);
    if (event_there < 0 || event_back < 0)
        return false;
    if (fork_partner())
        while (read_all(event_there, &value, 8) && write_all(event_back, &value, 8))
            ;
    return true;
}

static bool eventfd_run(void) {
    uint64_t value = 1;
    return write_all(event_there, &value, 8) && read_all(event_back, &value, 8);
}

static uint32_t *word; // 0: ours, 1: the partner's

static void hand_over(uint32_t to) {
    __atomic_store_n(word, to, __ATOMIC_RELEASE);
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == to)
        syscall(SYS_futex, word, FUTEX_WAIT, to, NULL, NULL, 0);
}

static bool futex_start(void) {
    word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (word == MAP_FAILED)
        return false;
    if (fork_partner()) {
        while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0)
            syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL, NULL, 0);
        for (;;)
            hand_over(0);
    }
    return true;
}

static bool futex_run(void) {
    hand_over(1);
    return true;
}

const struct handover handovers[] = {
    {"pipe", "a byte over a pipe to another process and back", pipe_start, pipe_run},
    {"eventfd", "a count over an eventfd to another process and back", eventfd_start, eventfd_run},
    {"futex", "a futex hand-over to another process and back", futex_start, futex_run},
};
const size_t handover_count = sizeof(handovers) / sizeof(handovers[0]);
