// SPDX-License-Identifier: MIT
//
// What one side of a ring does between any two instructions of the other: the processor steps through them.
#include "ring_world.h"

#include <signal.h>
#include <ucontext.h>

#define TRAP_FLAG 0x100
static long steps_left; // until `interruption`
static void (*interruption)(void);

static void on_step(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    if (--steps_left > 0)
        return;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
    interruption();
}

// Run `call`; after `count` instructions of it, `between`. False: it was over before.
static bool step_through(void (*call)(void), long count, void (*between)(void)) {
    struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, NULL);
    steps_left = count;
    interruption = between;
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; orq %0, (%%rsp); popfq; lea 128(%%rsp), %%rsp" : : "i"(TRAP_FLAG) : "memory", "cc");
    call();
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; andq %0, (%%rsp); popfq; lea 128(%%rsp), %%rsp" : : "i"(~TRAP_FLAG) : "memory", "cc");
    return steps_left <= 0;
}

static uint32_t answers[2 * ENTRIES]; // by value
static void collect(void) {
    struct completion completion;
    enum bh_error status;
    uint32_t slot;
    if (bh_ring_complete(&client, &slot, &status, &completion) == BH_OK)
        answers[completion.value - 1]++;
}

static void serve(void) {
    (void)serve_one();
}

// Everything is served and collected in the end, once.
static void expect_one_answer_each(uint64_t count, long step) {
    for (int i = 0; i < 4 * ENTRIES; i++) {
        collect();
        serve();
    }
    cr_assert_eq(accusations, 0, "step %ld: %s", step, accused_of);
    for (uint64_t value = 0; value < count; value++)
        cr_assert_eq(answers[value], 1, "step %ld: %u answers to %llu", step, answers[value], (unsigned long long)value);
    memset(answers, 0, sizeof(answers));
}

static void death_and_replay(void) {
    server_dies_and_returns();
    while (serve_one())
        ;
}

Test(ring_steps, the_server_may_die_between_any_two_instructions_of_a_client_that_collects, .init = set_up) {
    uint32_t slot;
    bool interrupted = true;
    for (long step = 1; interrupted; step += 5) { // each step is a signal; the checks of the sanitizer make enough of them
        for (uint64_t i = 0; i < 3; i++)
            cr_assert_eq(submit(i, &slot), BH_OK);
        for (long i = step % 3; i >= 0; i--)
            cr_assert(serve_one());
        interrupted = step_through(collect, step / 3 + 1, step % 2 ? death_and_replay : server_dies_and_returns);
        expect_one_answer_each(3, step);
    }
}

static void submit_again(void) {
    uint32_t slot;
    cr_assert_eq(submit(ENTRIES, &slot), BH_OK);
}

Test(ring_steps, a_slot_may_be_used_anew_between_any_two_instructions_of_a_server_that_reads_the_log, .init = set_up) {
    uint32_t slot;
    bool interrupted = true;
    for (long step = 1; interrupted; step += 3) {
        for (uint64_t i = 0; i < ENTRIES; i++)
            cr_assert_eq(submit(i, &slot), BH_OK);
        serve();
        collect(); // one slot is free, and has the number of what was in it
        server_dies_and_returns();
        client_looks();
        interrupted = step_through(serve, step, submit_again);
        if (!interrupted)
            submit_again();
        expect_one_answer_each(ENTRIES + 1, step);
    }
}
