// SPDX-License-Identifier: MIT
//
// Running the stages' programs, and their temporary files.
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codegen/bhcc/bhcc.h"

extern char **environ;
static char temporary_folder[PATH_MAX];
static struct arguments temporaries;

void arguments_add(struct arguments *arguments, const char *text) {
    arguments->list = realloc(arguments->list, (arguments->count + 2) * sizeof(*arguments->list));
    arguments->list[arguments->count++] = strdup(text);
    arguments->list[arguments->count] = NULL;
}

void arguments_add_all(struct arguments *arguments, const struct arguments *more) {
    for (size_t i = 0; i < more->count; i++)
        arguments_add(arguments, more->list[i]);
}

static bool start(const struct options *options, const struct arguments *command, const posix_spawn_file_actions_t *actions,
                  pid_t *child) {
    if (options->verbose) {
        for (size_t i = 0; i < command->count; i++)
            fprintf(stderr, "%s%s", i ? " " : "", command->list[i]);
        fputc('\n', stderr);
    }
    int error = posix_spawnp(child, command->list[0], actions, NULL, command->list, environ);
    if (error)
        fprintf(stderr, "bhcc: cannot run %s: %s; `make setup' installs what is missing\n", command->list[0], strerror(error));
    return !error;
}

static int wait_for(pid_t child) {
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int run(const struct options *options, const struct arguments *command) {
    pid_t child;
    return start(options, command, NULL, &child) ? wait_for(child) : 1;
}

int run_captured(const struct options *options, const struct arguments *command, int stream, char *text, size_t capacity) {
    posix_spawn_file_actions_t actions;
    pid_t child;
    int ends[2];
    text[0] = 0;
    if (pipe2(ends, O_CLOEXEC))
        return 1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], stream);
    bool started = start(options, command, &actions, &child);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    size_t size = 0;
    ssize_t one = 1;
    char rest[256];
    while (started && one > 0) {
        bool room = size + 1 < capacity;
        one = read(ends[0], room ? text + size : rest, room ? capacity - 1 - size : sizeof(rest));
        size += room && one > 0 ? (size_t)one : 0;
    }
    text[size] = 0;
    close(ends[0]);
    return started ? wait_for(child) : 1;
}

static const char *own_folder(void) {
    static char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (size < 0)
        return ".";
    path[size] = 0;
    return dirname(path);
}

const char *tool(const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", own_folder(), name);
    return strdup(path);
}

const char *library(const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/../domain-lib/%s", own_folder(), name);
    return access(path, R_OK) == 0 ? strdup(path) : NULL;
}

const char *temporary(const char *suffix) {
    static unsigned serial;
    const char *keep = getenv("BHCC_KEEP");
    char path[PATH_MAX + 64];
    if (!temporary_folder[0]) {
        const char *base = getenv("TMPDIR");
        snprintf(temporary_folder, sizeof(temporary_folder), "%s/bhcc.XXXXXX", base && *base ? base : "/tmp");
        if (keep && *keep)
            snprintf(temporary_folder, sizeof(temporary_folder), "%s", keep);
        else if (!mkdtemp(temporary_folder)) {
            fprintf(stderr, "bhcc: cannot make a folder for temporary files: %s\n", strerror(errno));
            exit(1);
        }
    }
    snprintf(path, sizeof(path), "%s/%d-%u%s", temporary_folder, getpid(), serial++, suffix);
    if (!keep || !*keep)
        arguments_add(&temporaries, path);
    return strdup(path);
}

void temporaries_remove(void) {
    for (size_t i = 0; i < temporaries.count; i++)
        unlink(temporaries.list[i]);
    if (temporary_folder[0] && (!getenv("BHCC_KEEP") || !*getenv("BHCC_KEEP")))
        rmdir(temporary_folder);
}
