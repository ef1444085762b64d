// SPDX-License-Identifier: MIT
//
// A Linux process that is killed and started again, timed by a small parent: fork and exec, or posix_spawn; its successor opens its device and answers
// the first word. The parent notices the death as anybody would, by the end of the socket, and then collects the child.
#include "bench/recovery/restart.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/harness/harness.h"

extern char **environ;
static pid_t parent_process, child;
static int to_parent[2], from_parent[2], line = -1;
static const char *program;

static bool start_by_fork(int end) {
    char *const arguments[] = {(char *)program, NULL};
    child = fork();
    if (child == 0) {
        dup2(end, 0);
        execv(program, arguments);
        _exit(1);
    }
    return child > 0;
}

static bool start_by_spawn(int end) {
    char *const arguments[] = {(char *)program, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, end, 0);
    bool done = posix_spawn(&child, program, &actions, NULL, arguments, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    return done;
}

static bool start(enum restart_way way) {
    int ends[2];
    uint32_t word = 7, back = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return false;
    bool started = way == RESTART_SPAWN ? start_by_spawn(ends[1]) : start_by_fork(ends[1]);
    close(ends[1]);
    line = ends[0];
    return started && write_all(line, &word, sizeof(word)) && read_all(line, &back, sizeof(back)) && back == word;
}

static bool one_round(enum restart_way way, struct restart_times *times) {
    uint32_t word = RESTART_FAIL;
    uint64_t begin = ticks_now();
    if (!write_all(line, &word, sizeof(word)) || read_all(line, &word, sizeof(word)))
        return false;
    uint64_t dead = ticks_now();
    waitpid(child, NULL, 0);
    close(line);
    if (!start(way))
        return false;
    *times = (struct restart_times){dead - begin, ticks_now() - dead};
    return true;
}

// What the child has for itself alone, by the kernel's books.
static bool weigh(struct restart_times *times) {
    char path[64], text[256];
    unsigned long long kilobytes;
    *times = (struct restart_times){0, 0};
    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", child);
    FILE *file = fopen(path, "r");
    while (file && fgets(text, sizeof(text), file))
        if (sscanf(text, "Private_Dirty: %llu", &kilobytes) == 1)
            times->dead += kilobytes;
    if (file)
        fclose(file);
    snprintf(path, sizeof(path), "/proc/%d/status", child);
    file = fopen(path, "r");
    while (file && fgets(text, sizeof(text), file))
        if (sscanf(text, "VmPTE: %llu", &kilobytes) == 1)
            times->back = kilobytes;
    if (file)
        fclose(file);
    return times->dead && times->back;
}

[[noreturn]] static void be_parent(void) {
    const struct rlimit none = {0, 0};
    uint32_t way;
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGPIPE, SIG_IGN);
    bool fine = start(RESTART_FORK);
    while (read_all(to_parent[0], &way, sizeof(way))) {
        struct restart_times times = {0, 0};
        fine = fine && (way == RESTART_MEMORY ? weigh(&times) : one_round(way, &times));
        if (!fine)
            times = (struct restart_times){0, 0};
        if (!write_all(from_parent[1], &times, sizeof(times)))
            break;
    }
    kill(child, SIGKILL);
    _exit(0);
}

bool restart_begin(const char *path) {
    pid_t caller = getpid();
    program = path;
    if (access(path, X_OK) < 0 || pipe2(to_parent, O_CLOEXEC) < 0 || pipe2(from_parent, O_CLOEXEC) < 0)
        return false;
    parent_process = fork();
    if (parent_process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != caller)
            _exit(1);
        close(to_parent[1]);
        be_parent();
    }
    return parent_process > 0;
}

bool restart_round(enum restart_way way, struct restart_times *times) {
    uint32_t word = way;
    return write_all(to_parent[1], &word, sizeof(word)) && read_all(from_parent[0], times, sizeof(*times)) && times->back;
}

void restart_end(void) {
    close(to_parent[1]);
    waitpid(parent_process, NULL, 0);
}
