// SPDX-License-Identifier: MIT
//
// Who is told of which interrupt, how often that may be, and interrupts that go wrong on purpose. Invariant: a binding that storms has a holder that runs,
// and a source that is silent until the holder's next instance binds it again.
#include "kernel/domain/interrupts.h"

#include <stdio.h>

#include "kernel/abi/pci.h"
#include "kernel/base.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/crash.h"
#include "kernel/domain/domain.h"
#include "kernel/platform/device.h"
#include "kernel/sched/thread.h"

#define DISTURBANCE_NS 1000000000ull
#define REPEAT_NS 1000000ull
#define PRIORITY 0

static struct binding *bindings;
static struct event stormed; // some of them do, and `watch' is to see to it
static bool watched;
static struct disturbance {
    const struct domain *domain;
    uint32_t generation; // of the instance: the next one has its peace
    uint64_t until_ns;
} lost, noisy; // whose interrupts get lost, or come without end

static bool is_disturbed(const struct disturbance *disturbance, const struct binding *binding) {
    return binding->holder == disturbance->domain && binding->holder->generation == disturbance->generation && clock_now_ns() < disturbance->until_ns;
}

// ---- storms

static void silence(const struct binding *binding) {
    if (binding->device == INTERRUPT_LINE) {
        irq_legacy_mask(binding->entry);
        return;
    }
    cpus_stop(); // for the same reason as in resources.c
    platform_pci_silence(binding->device);
}

static void begin_anew(struct binding *binding, uint64_t now) {
    binding->first_ns = now;
    binding->count = binding->windows = 0;
}

// As many came as may within a window: in what time? A window begins where the one before ends.
static void look(struct binding *binding) {
    uint64_t now = clock_now_ns();
    bool too_many = now - binding->since_ns < INTERRUPTS_WINDOW_NS;
    binding->since_ns = now;
    binding->cost = 0;
    if (!too_many) {
        begin_anew(binding, now);
    } else if (++binding->windows == INTERRUPTS_WINDOWS) {
        silence(binding);
        binding->storms = true;
        event_raise(&stormed);
    }
}

static void kill_holder(struct binding *binding) {
    char source[40];
    binding->storms = false;
    if (binding->device == INTERRUPT_LINE) {
        snprintf(source, sizeof(source), "interrupt line %u", binding->entry);
    } else {
        uint32_t address = platform_pci_info(binding->device)->address;
        snprintf(source, sizeof(source), "device " BH_PCI_ADDRESS ", interrupt %u", BH_PCI_ADDRESS_WORDS(address), binding->entry);
    }
    crash_domain(binding->holder, BH_CRASH_STORM, NULL, 0, "%s: %u times in %llu us", source, binding->count,
                 (unsigned long long)(binding->since_ns - binding->first_ns) / 1000);
}

// Killing takes a thread of its own: the interrupt may have come at any place.
static void watch(void *unused) {
    (void)unused;
    for (;;) {
        struct binding *binding = bindings;
        while (binding && !binding->storms)
            binding = binding->next;
        if (binding)
            kill_holder(binding);
        else
            (void)event_wait(&stormed, 0);
    }
}

static enum bh_error start_watch(void) {
    enum bh_error error = watched ? BH_OK : thread_create_servant("storms", watch, PRIORITY);
    watched = error == BH_OK;
    return error;
}

static void signal(void *context) {
    struct binding *binding = context;
    TRACE(INTERRUPT, 0, binding->vector, 0);
    bool is_lost = lost.domain && is_disturbed(&lost, binding);
    bool woke = !is_lost && event_raise(&binding->event->event);
    binding->count++;
    binding->cost += woke ? INTERRUPTS_WAKE : 1;
    if (binding->cost * irq_cost_ns >= INTERRUPTS_WINDOW_NS / 2 && !binding->storms)
        look(binding);
    if (noisy.domain && !binding->storms && is_disturbed(&noisy, binding))
        irq_raise(binding->vector);
}

// ---- whom to tell

enum bh_error interrupt_bind(struct binding *binding, struct domain *holder, struct cap *event) {
    struct event_object *object = event->object;
    if (binding->storms)
        return refuse(BH_EDEAD, "interrupt storm of %s: its interrupt stays silent, it is about to die", holder->name);
    if (!binding->event) {
        enum bh_error error = start_watch();
        if (!error)
            error = irq_allocate(signal, binding, &binding->vector);
        if (error)
            return error;
        binding->holder = holder;
        binding->since_ns = clock_now_ns();
        binding->cost = 0;
        begin_anew(binding, binding->since_ns);
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
    if (binding->device == INTERRUPT_LINE)
        irq_legacy_mask(binding->entry); // nobody resets what is behind it, and the vector may be another's next
    irq_release(binding->vector);
    event_object_release(binding->event);
    binding->event = NULL;
    binding->storms = false;
    struct binding **place = &bindings;
    while (*place != binding)
        place = &(*place)->next;
    *place = binding->next;
}

// ---- disturbances

static enum bh_error holder_check(const struct domain *domain) {
    for (const struct binding *binding = bindings; binding; binding = binding->next)
        if (binding->holder == domain)
            return BH_OK;
    return refuse(BH_ENOTSUP, "inject: %s has no interrupts", domain->name);
}

static struct disturbance disturb(const struct domain *domain) {
    return (struct disturbance){.domain = domain, .generation = domain->generation, .until_ns = clock_now_ns() + DISTURBANCE_NS};
}

enum bh_error interrupts_lose(struct domain *domain) {
    enum bh_error error = holder_check(domain);
    if (error)
        return error;
    lost = disturb(domain);
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

enum bh_error interrupts_storm(struct domain *domain) {
    enum bh_error error = holder_check(domain);
    if (error)
        return error;
    noisy = disturb(domain);
    for (const struct binding *binding = bindings; binding; binding = binding->next)
        if (binding->holder == domain)
            irq_raise(binding->vector);
    return BH_OK;
}
