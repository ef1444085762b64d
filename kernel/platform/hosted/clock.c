// SPDX-License-Identifier: MIT
//
// Time from the monotonic clock, the timer interrupt from a one-shot POSIX timer that sends SIGALRM.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kernel/arch/x86_64/regs.h"
#include "kernel/platform/hosted/hosted.h"
#include "kernel/platform/platform.h"

#define SECOND_NS 1000000000ull
#define REPLAY_NS 20000
#define TRACED_NS 100000000ull

static timer_t timer;
static uint64_t armed_ns; // 0: not armed
static uint64_t start_ns;
static uint64_t shortest_ns; // between two timer signals

static uint64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

// A debugger handles every signal before it goes on: with shorter distances it would do nothing else.
static uint64_t shortest_distance(void) {
    char line[64];
    int tracer = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && !tracer && fgets(line, sizeof(line), status))
        sscanf(line, "TracerPid: %d", &tracer);
    if (status)
        fclose(status);
    return tracer ? TRACED_NS : 0;
}

int hosted_clock_start(void) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    start_ns = monotonic_ns();
    shortest_ns = shortest_distance();
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
        return 0;
    fprintf(stderr, "bulkhead: cannot make a timer: %s\n", strerror(errno));
    return -1;
}

uint64_t clock_now_ns(void) {
    return monotonic_ns() - start_ns;
}

void clock_arm(uint64_t deadline_ns) {
    uint64_t now = clock_now_ns();
    if (deadline_ns && deadline_ns < now + shortest_ns)
        deadline_ns = now + shortest_ns;
    if (deadline_ns && armed_ns > now && armed_ns <= deadline_ns)
        return;
    armed_ns = deadline_ns;
    uint64_t absolute = deadline_ns ? start_ns + deadline_ns : 0;
    struct itimerspec spec = {.it_value = {(time_t)(absolute / SECOND_NS), (long)(absolute % SECOND_NS)}};
    timer_settime(timer, TIMER_ABSTIME, &spec, NULL);
}

// Nothing is armed from clock_arm's point of view, so that its next call programs the timer whatever it wants.
void hosted_clock_again(void) {
    struct itimerspec spec = {.it_value = {0, (long)(shortest_ns ? shortest_ns : REPLAY_NS)}};
    armed_ns = 0;
    timer_settime(timer, 0, &spec, NULL);
}

uint64_t clock_ticks(void) {
    return rdtsc();
}
