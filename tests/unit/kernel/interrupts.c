// SPDX-License-Identifier: MIT
//
// The rate at which a driver may be told of interrupts: edges of windows, each binding for itself, what is silenced and who dies, and that honest rates,
// bursts and clocks that wrap are no storms. kernel/domain/interrupts.c alone; the rest of the kernel is make-believe, and time is a number.
#include "kernel/domain/interrupts.h"

#include <criterion/criterion.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/abi/crash.h"
#include "kernel/base.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/crash.h"
#include "kernel/domain/domain.h"
#include "kernel/platform/device.h"
#include "kernel/sched/thread.h"

#define COST_NS 1000u
#define IN_WINDOW (uint32_t)(INTERRUPTS_WINDOW_NS / 2 / COST_NS) // interrupts that wake nobody
#define A_STORM (INTERRUPTS_WINDOWS * IN_WINDOW)
#define LINE 4

uint64_t irq_cost_ns = COST_NS;
uint32_t trace_classes;
static uint64_t now_ns;
static struct {
    irq_handler *handler;
    void *context;
} vectors[8];
static void (*watcher)(void *);
static uint32_t raised, silenced[2], masked, deaths;
static const struct domain *dead;
static char words[160];
static bool asleep; // the driver, whenever it is told
static struct domain first = {.name = "first"}, second = {.name = "second"};
static struct event_object event;
static struct cap cap = {.object = &event};

uint64_t clock_now_ns(void) {
    return now_ns;
}

enum bh_error irq_allocate(irq_handler *handler, void *context, uint32_t *vector) {
    uint32_t free = 0;
    while (vectors[free].handler)
        free++;
    vectors[free].handler = handler;
    vectors[free].context = context;
    *vector = free;
    return BH_OK;
}

void irq_release(uint32_t vector) {
    vectors[vector].handler = NULL;
}

void irq_raise(uint32_t vector) {
    (void)vector;
    raised++;
}

void irq_legacy_mask(uint32_t line) {
    masked += line == LINE;
}

void platform_pci_silence(uint32_t index) {
    silenced[index]++;
}

const struct platform_pci_info *platform_pci_info(uint32_t index) {
    static const struct platform_pci_info info[] = {{.address = 3 << 3}, {.address = 1 << 8 | 5 << 3 | 1}};
    return &info[index];
}

void cpus_stop(void) {
}

bool event_raise(struct event *one) {
    return one == &event.event && asleep;
}

// The kernel's thread waits: it has done what there was to do.
static jmp_buf done;
enum bh_error event_wait(struct event *one, uint64_t deadline_ns) {
    (void)one, (void)deadline_ns;
    longjmp(done, 1);
}

void event_object_hold(struct event_object *object) {
    object->references++;
}

void event_object_release(struct event_object *object) {
    object->references--;
}

enum bh_error thread_create_servant(const char *name, void (*entry)(void *), uint32_t priority) {
    (void)name, (void)priority;
    watcher = entry;
    return BH_OK;
}

enum bh_error thread_create(const char *name, struct domain *home, uint64_t entry, uint64_t argument, uint32_t priority, struct thread **out) {
    (void)name, (void)home, (void)entry, (void)argument, (void)priority, (void)out;
    return BH_OK;
}

enum bh_error thread_sleep(uint64_t until_ns) {
    now_ns = until_ns;
    return BH_OK;
}

struct domain kernel_domain;

void crash_domain(struct domain *domain, enum bh_crash_cause cause, struct trap_frame *frame, uint64_t address, const char *format, ...) {
    va_list arguments;
    (void)frame, (void)address;
    cr_assert_eq(cause, BH_CRASH_STORM);
    dead = domain;
    deaths++;
    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
}

enum bh_error refuse(enum bh_error error, const char *format, ...) {
    (void)format;
    return error;
}

void trace_record(enum bh_trace_event kind, uint32_t domain, uint32_t a, uint64_t b) {
    (void)kind, (void)domain, (void)a, (void)b;
}

static struct binding bind(struct domain *domain, uint32_t device, uint32_t entry) {
    return (struct binding){.holder = domain, .device = device, .entry = entry};
}

// `count` of them, one each `every_ns`.
static void come(const struct binding *binding, uint32_t count, uint64_t every_ns) {
    for (uint32_t i = 0; i < count; i++) {
        now_ns += every_ns;
        vectors[binding->vector].handler(vectors[binding->vector].context);
    }
}

static void let_watcher_run(void) {
    if (setjmp(done) == 0)
        watcher(NULL);
}

static struct binding one, other;

static void begin(void) {
    now_ns = 5;
    one = bind(&first, 0, 2);
    other = bind(&second, 1, 0);
    cr_assert_eq(interrupt_bind(&one, &first, &cap), BH_OK);
    cr_assert_eq(interrupt_bind(&other, &second, &cap), BH_OK);
}

Test(interrupts, one_more_than_the_windows_hold_is_a_storm, .init = begin) {
    come(&one, A_STORM - 1, COST_NS);
    cr_assert(!one.storms && !silenced[0]);
    come(&one, 1, COST_NS);
    cr_assert(one.storms && silenced[0] == 1);
    cr_assert_eq(interrupt_bind(&one, &first, &cap), BH_EDEAD); // not to be heard again before it is dead
    let_watcher_run();
    cr_assert(deaths == 1 && dead == &first);
    cr_assert_str_eq(words, "device 00:03.0, interrupt 2: 4000 times in 4000 us");
}

Test(interrupts, a_window_that_is_as_long_as_it_should_be_ends_the_count, .init = begin) {
    for (uint32_t round = 0; round < 100; round++) {
        come(&one, (INTERRUPTS_WINDOWS - 1) * IN_WINDOW, COST_NS);
        come(&one, IN_WINDOW - 1, 2 * COST_NS);
        come(&one, 1, 2 * COST_NS);
    }
    cr_assert(!one.storms);
    come(&one, INTERRUPTS_WINDOWS * IN_WINDOW, COST_NS);
    cr_assert(one.storms);
}

Test(interrupts, just_below_and_just_above_the_rate, .init = begin) {
    come(&one, 100 * A_STORM, 2 * COST_NS);
    cr_assert(!one.storms);
    come(&one, A_STORM, 2 * COST_NS - 1);
    cr_assert(one.storms);
}

Test(interrupts, one_that_wakes_its_driver_costs_more, .init = begin) {
    asleep = true;
    come(&one, 10 * A_STORM, 2 * COST_NS * INTERRUPTS_WAKE);
    cr_assert(!one.storms);
    come(&one, A_STORM / INTERRUPTS_WAKE, 2 * COST_NS * INTERRUPTS_WAKE - INTERRUPTS_WAKE);
    cr_assert(one.storms);
}

Test(interrupts, a_burst_after_a_long_silence_is_none, .init = begin) {
    for (uint32_t round = 0; round < 50; round++) {
        come(&one, A_STORM - IN_WINDOW, 1);
        now_ns += INTERRUPTS_WINDOWS * INTERRUPTS_WINDOW_NS;
    }
    cr_assert(!one.storms);
}

Test(interrupts, each_binding_counts_for_itself, .init = begin) {
    for (uint32_t i = 0; i < A_STORM; i++) {
        come(&one, 1, COST_NS);
        come(&other, 1, COST_NS);
    }
    cr_assert(!one.storms && !other.storms);
    for (uint32_t i = 0; i < A_STORM; i++) {
        come(&one, 1, COST_NS / 2);
        come(&other, i % 4 == 0, COST_NS / 2);
    }
    cr_assert(one.storms && !other.storms && !silenced[1]);
    let_watcher_run();
    cr_assert(deaths == 1 && dead == &first);
}

Test(interrupts, the_clock_may_wrap) {
    now_ns = UINT64_MAX - A_STORM / 2 * COST_NS;
    one = bind(&first, 0, 0);
    cr_assert_eq(interrupt_bind(&one, &first, &cap), BH_OK);
    come(&one, A_STORM - 1, COST_NS);
    cr_assert(!one.storms && now_ns < A_STORM * COST_NS);
    come(&one, 1, COST_NS);
    cr_assert(one.storms);
    interrupt_unbind(&one);
    now_ns = UINT64_MAX - A_STORM / 2 * COST_NS;
    cr_assert_eq(interrupt_bind(&one, &first, &cap), BH_OK);
    come(&one, 2 * A_STORM, 2 * COST_NS);
    cr_assert(!one.storms);
}

Test(interrupts, a_line_is_masked_where_it_enters_the_machine) {
    one = bind(&first, INTERRUPT_LINE, LINE);
    cr_assert_eq(interrupt_bind(&one, &first, &cap), BH_OK);
    come(&one, A_STORM, COST_NS);
    cr_assert(one.storms && masked == 1);
    let_watcher_run();
    cr_assert(strstr(words, "interrupt line 4: "));
    interrupt_unbind(&one);
    cr_assert_eq(masked, 2); // also without a storm: its vector may be another's next
}

Test(interrupts, whoever_died_of_something_else_meanwhile_is_left_alone, .init = begin) {
    come(&one, A_STORM, COST_NS);
    interrupt_unbind(&one);
    let_watcher_run();
    cr_assert_eq(deaths, 0);
    cr_assert_eq(interrupt_bind(&one, &first, &cap), BH_OK);
    let_watcher_run();
    cr_assert(!deaths && !one.storms);
    come(&one, A_STORM - 1, COST_NS); // counted from its beginning
    cr_assert(!one.storms);
}

Test(interrupts, a_storm_on_purpose_ends_with_the_limit, .init = begin) {
    cr_assert_eq(interrupts_storm(&first), BH_OK);
    cr_assert_eq(raised, 1);
    for (uint32_t told = 0; told < raised && told < 2 * A_STORM; told++)
        come(&one, 1, COST_NS);
    cr_assert(one.storms && raised == A_STORM);
    let_watcher_run();
    first.generation++;
    come(&one, 1, COST_NS);
    cr_assert_eq(raised, A_STORM); // the next instance has its peace
}

Test(interrupts, one_that_has_no_interrupts_cannot_have_a_storm, .init = begin) {
    struct domain third = {.name = "third"};
    cr_assert_eq(interrupts_storm(&third), BH_ENOTSUP);
}
