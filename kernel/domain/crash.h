// SPDX-License-Identifier: MIT
//
// The death of a domain: mark, record, unwind every thread to the records that entered it, reclaim.
#ifndef BH_CRASH_INTERNAL_H
#define BH_CRASH_INTERNAL_H

#include <stdint.h>
#include "kernel/abi/crash.h"
#include "kernel/platform/platform.h"

struct domain;
struct event_object;
struct thread;

// Kill `domain`. `frame` is the interrupted code when a trap found the cause (then *frame afterwards resumes the caller of the
// innermost record if the current thread was inside), NULL when kernel code found it: the gate unwinds the current thread on its way out.
void crash_domain(struct domain *domain, enum bh_crash_cause cause, struct trap_frame *frame, uint64_t address,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));
// The event raised at each death (the supervisor's). Holds a reference; replaces an earlier one.
void crash_watch(struct event_object *event, const struct domain *domain);
const struct domain *crash_watching(void); // who watches, NULL: nobody yet
void crash_tell_watcher(void);
void crash_init(void);
const char *crash_cause_name(enum bh_crash_cause cause);

#endif
