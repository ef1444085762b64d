// SPDX-License-Identifier: MIT
//
// Idle is waiting for a signal; off is leaving hosted_run().
#include <signal.h>

#include "kernel/platform/hosted/hosted.h"
#include "kernel/platform/platform.h"

void power_idle(void) {
    sigset_t block, old;
    sigemptyset(&block);
    sigaddset(&block, SIGALRM);
    sigprocmask(SIG_BLOCK, &block, &old);
    if (platform_irq_pending) {
        platform_irq_pending = 0;
    } else {
        platform_irq_enabled = 1;
        sigsuspend(&old);
        platform_irq_enabled = 0;
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
}

[[noreturn]] void power_off(int status) {
    platform_irq_enabled = 0;
    clock_arm(0);
    hosted_leave(status);
}
