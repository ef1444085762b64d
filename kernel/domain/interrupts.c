// SPDX-License-Identifier: MIT
//
// Who is told of which interrupt, and interrupts that go wrong on purpose.
#include "kernel/domain/interrupts.h"

#include "kernel/base.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/domain.h"
#include "kernel/platform/platform.h"
#include "kernel/sched/thread.h"

#define DISTURBANCE_NS 1000000000ull
#define REPEAT_NS 1000000ull
#define PRIORITY 0

static struct binding *bindings;
static struct {
    const struct domain *domain;
    uint64_t until_ns;
} lost; // whose interrupts get lost, and until when

static void signal(void *context) {
    const struct binding *binding = context;
    TRACE(INTERRUPT, 0, binding->vector, 0);
    if (binding->holder == lost.domain && clock_now_ns() < lost.until_ns)
        return;
    event_raise(&binding->event->event);
}

enum bh_error interrupt_bind(struct binding *binding, const struct domain *holder, struct cap *event) {
    struct event_object *object = event->object;
    if (!binding->event) {
        enum bh_error error = irq_allocate(signal, binding, &binding->vector);
        if (error)
            return error;
        binding->holder = holder;
        binding->next = bindings;
        bindings = binding;
    }
    event_object_hold(object);
    struct event_object *old = binding->event;
    binding->event = object;
    if (old)
        event_object_release(old);
    return BH_OK;
}

void interrupt_unbind(struct binding *binding) {
    if (!binding->event)
        return;
    irq_release(binding->vector);
    event_object_release(binding->event);
    binding->event = NULL;
    struct binding **place = &bindings;
    while (*place != binding)
        place = &(*place)->next;
    *place = binding->next;
}

static enum bh_error holder_check(const struct domain *domain) {
    for (const struct binding *binding = bindings; binding; binding = binding->next)
        if (binding->holder == domain)
            return BH_OK;
    return refuse(BH_ENOTSUP, "inject: %s has no interrupts", domain->name);
}

enum bh_error interrupts_lose(struct domain *domain) {
    enum bh_error error = holder_check(domain);
    if (error)
        return error;
    lost.domain = domain;
    lost.until_ns = clock_now_ns() + DISTURBANCE_NS;
    return BH_OK;
}

static void repeat(void *argument) {
    const struct domain *domain = argument;
    uint64_t until = clock_now_ns() + DISTURBANCE_NS;
    while (clock_now_ns() < until) {
        for (const struct binding *binding = bindings; binding; binding = binding->next)
            if (binding->holder == domain)
                event_raise(&binding->event->event);
        (void)thread_sleep(clock_now_ns() + REPEAT_NS);
    }
}

enum bh_error interrupts_repeat(struct domain *domain) {
    enum bh_error error = holder_check(domain);
    return error ? error : thread_create("inject", &kernel_domain, (uint64_t)repeat, (uint64_t)domain, PRIORITY, NULL);
}
