// SPDX-License-Identifier: MIT
//
// The vmm dies between any two instructions that answer an exit or deal with a completion; its successor takes over, and in the end the guest has seen
// what it would have seen without that. Built without sanitizers: each death is a process, and a signal for each instruction before it. So
// some points of each story are tried; with EVERY=1 in the environment, every instruction.
#include "guest_world.h"
#include "decode.h"
#include "rng_guest.h"

#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define TRAP_FLAG 0x100
#define POINTS 80 // of each story

struct story {
    const char *name;
    void (*prepare)(void);
    struct exit exit;    // reason 0: another thread does something instead:
    void (*aside)(void); // that
    bool driver_too;     // the disk's driver dies with the vmm
};

static uint32_t driven; // requests that the driver has dealt with, or lost

// What there is to see in the end.
struct observation {
    struct bh_vcpu_state page;
    uint32_t vectors[16], vector_count, requests;
    struct lapic lapic;
    struct ioapic ioapic;
    struct i8259 pic;
    struct i8254 pit;
    struct mc146818 rtc;
    struct ns16550 uart;
    struct msix_entry msix[2];
    uint8_t config[256];
    struct virtqueue queue;
    uint32_t in_flight, status;
    uint64_t pat;
    uint8_t used[256], bytes[2];
    struct virtqueue rng_queue;
    uint8_t rng_used[64], rng_bytes[256];
    bool stopped;
    char console[256];
};
static struct observation now;

static void take_answer(void) {
    if (state.inject_vector & 0x100 && now.vector_count < 16)
        now.vectors[now.vector_count++] = state.inject_vector;
    state.inject_vector = state.want_window = state.halt = state.inject_exception = state.set_special = 0;
}

static void collect(void) {
    undo_lock_aside(machine);
    (void)virtio_blk_complete(&machine->disk);
    undo_unlock_aside(machine);
}

static void kick(void) {
    hand = (struct exit){.reason = BH_EXIT_REASON_KICK, .rax = state.rax};
    hand_rip = state.rip;
    describe_exit();
    answer_exit();
    take_answer();
}

#define OBSERVE(field, first) memcpy(&now.field.first, &machine->field.first, sizeof(now.field) - offsetof(typeof(now.field), first))

// What is in the driver's hand is done. NULL, or what is wrong with it.
static const char *drive(uint32_t from) {
    for (uint32_t i = from; i < fake_request_count(); i++) {
        if (!machine->disk.requests[fake_slots[i]].sequence)
            return "a request of which the guest knows that it is done is done once more: that";
        fake_complete(fake_slots[i], BH_OK);
    }
    return NULL;
}

// Everything comes to its end, then look. Buffers count as far as they are filled.
static const char *finish_and_observe(const struct story *story) {
    const char *why = drive(driven);
    if (why)
        return why;
    now.requests = story->driver_too ? 0 : fake_request_count(); // a new driver is given some again
    collect();
    for (int i = 0; i < 3; i++) {
        kick();
        mmio_write(LAPIC_ADDRESS + 0xb0, 0);
    }
    kick();
    now.page = state;
    now.page.exit_rip = now.page.next_rip = 0;
    now.stopped = machine->stopped;
    now.pat = machine->pat;
    now.in_flight = machine->disk.in_flight;
    now.status = machine->disk.virtio.status;
    OBSERVE(lapic, base_msr);
    OBSERVE(ioapic, select);
    OBSERVE(pic, chips);
    OBSERVE(pit, channels);
    OBSERVE(rtc, index);
    OBSERVE(uart, ier);
    memset(now.uart.output + now.uart.output_count, 0, sizeof(now.uart.output) - now.uart.output_count);
    memset(now.uart.input, 0, sizeof(now.uart.input));
    now.uart.input_first = 0;
    memcpy(now.msix, machine->pci.functions[1].vectors, sizeof(now.msix));
    memcpy(now.config, machine->pci.functions[1].config, sizeof(now.config));
    now.queue = machine->disk.virtio.queues[0];
    now.queue.memory = NULL;
    memory_read(&machine->memory, USED, now.used, sizeof(now.used));
    memory_read(&machine->memory, STATUS_BYTE, now.bytes, sizeof(now.bytes));
    now.rng_queue = machine->rng.virtio.queues[0];
    now.rng_queue.memory = NULL;
    memory_read(&machine->memory, RNG_USED, now.rng_used, sizeof(now.rng_used));
    memory_read(&machine->memory, RNG_DATA, now.rng_bytes, sizeof(now.rng_bytes));
    snprintf(now.console, sizeof(now.console), "%s", fake_console);
    return NULL;
}

// ---- dying

static long steps_left, steps_done;
static sigjmp_buf grave;

static void on_step(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    steps_done++;
    if (--steps_left)
        return;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
    siglongjmp(grave, 1);
}

// Run `call` for `count` instructions. False: it came to its end before.
static bool dies_in(void (*call)(void), long count) {
    struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGTRAP, &action, NULL);
    steps_left = count;
    if (sigsetjmp(grave, 1))
        return true;
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; orq %0, (%%rsp); popfq; lea 128(%%rsp), %%rsp" : : "i"(TRAP_FLAG) : "memory", "cc");
    call();
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; andq %0, (%%rsp); popfq; lea 128(%%rsp), %%rsp" : : "i"(~TRAP_FLAG) : "memory", "cc");
    return false;
}

static const char *take_over(const struct story *story) {
    bool again;
    if (story->driver_too) {
        driven = fake_request_count();
        fake_driver_restarts();
    }
    const char *why = fixture_restart(&again);
    if (why)
        return why;
    if (again) {
        describe_exit();
        answer_exit();
    }
    take_answer();
    if (!story->exit.reason)
        story->aside();
    return NULL;
}

// The story with a death after `count` instructions, 0: none. What was seen goes to *out. NULL, or what went wrong.
static const char *tell(const struct story *story, long count, struct observation *out, bool *over) {
    const char *why = NULL;
    story->prepare();
    state.rcx = story->exit.rcx;
    hand = story->exit;
    hand_rip = state.rip;
    if (!hand.reason) // the vCPU stands still with some exit that was not begun
        hand.reason = BH_EXIT_REASON_KICK;
    describe_exit();
    void (*deed)(void) = story->exit.reason ? answer_exit : story->aside;
    if (!count) {
        deed();
        take_answer();
    } else if (dies_in(deed, count)) {
        why = take_over(story);
    } else {
        *over = true;
        take_answer();
    }
    if (!why)
        why = finish_and_observe(story);
    *out = now;
    return why;
}

// A guest that is told of one completion before the death and of one after has two interrupts for what else is one.
static const char *compare(const struct story *story, struct observation *is, const struct observation *should) {
    if (!story->exit.reason && is->vector_count > should->vector_count && is->vectors[1] == should->vectors[0]) {
        memcpy(is->vectors, should->vectors, sizeof(is->vectors));
        is->vector_count = should->vector_count;
    }
#define SAME(field) memcmp(&is->field, &should->field, sizeof(is->field)) ? #field :
    return SAME(requests) SAME(vectors) SAME(vector_count) SAME(page) SAME(lapic) SAME(ioapic) SAME(pic) SAME(pit) SAME(rtc) SAME(uart) SAME(msix) SAME(config)
        SAME(queue) SAME(in_flight) SAME(status) SAME(pat) SAME(used) SAME(bytes) SAME(rng_queue) SAME(rng_used) SAME(rng_bytes) SAME(stopped) strstr(is->console, should->console) ? NULL : "console";
}

struct result {
    struct observation seen;
    const char *why;
    char log[512];
    long steps;
    bool over;
};

// In a process of its own, since a death leaves this one's locks and memory as they are.
static bool run(const struct story *story, long count, struct result *result) {
    int status;
    pid_t child = fork();
    if (!child) {
        alarm(20);
        result->over = false;
        result->why = tell(story, count, &result->seen, &result->over);
        result->steps = steps_done;
        snprintf(result->log, sizeof(result->log), "%s", fake_log);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) && !WEXITSTATUS(status);
}

static void check_story(const struct story *story) {
    struct result *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert(run(story, 0, result) && !result->why, "%s: undisturbed: %s", story->name, result->why ? result->why : "a crash");
    struct observation should = result->seen;
    cr_assert(run(story, LONG_MAX, result) && result->over);
    long length = result->steps, stride = getenv("EVERY") ? atol(getenv("EVERY")) : length / POINTS + 1;
    cr_assert_gt(length, 50);
    for (long count = 1 + length % stride / 2; count < length; count += stride) {
        cr_assert(run(story, count, result), "%s: a crash after %ld instructions", story->name, count);
        const char *why = result->why ? result->why : compare(story, &result->seen, &should);
        cr_assert(!why, "%s: after %ld of %ld instructions: %s is not as it should be; %s", story->name, count, length, why, result->log);
    }
}

// ---- the stories

static void nothing(void) {
}

// Decoded once before the story: a death in the decoder's malloc() would leave its lock taken, which is the host's affair.
static void put_code(const void *code, size_t size) {
    memory_write(&machine->memory, state.rip, code, size);
    (void)decode_current(machine);
}

static void with_a_driver_that_is_done(void) {
    offer_two();
    mmio_write(bar0 + 0x3000, 0);
    undo_commit(machine);
    machine->notes = 0;
    (void)drive(0);
    driven = fake_request_count();
}

static void with_a_timer(void) {
    mmio_write(LAPIC_ADDRESS + 0x320, 0x20071);
    mmio_write(LAPIC_ADDRESS + 0x3e0, 0xb);
    mmio_write(LAPIC_ADDRESS + 0x380, 5 * MS);
    undo_commit(machine);
    machine_tick(machine);
    machine->notes = 0;
    fake_now_ns += 7 * MS;
}

static void with_an_interrupt_in_service(void) {
    machine_message(machine, LAPIC_ADDRESS, 0x51);
    kick();
    machine_message(machine, LAPIC_ADDRESS, 0x41);
    undo_commit(machine);
    // movl $0, 0xfee000b0(absolute), at rip
    static const uint8_t code[] = {0xc7, 0x04, 0x25, 0xb0, 0x00, 0xe0, 0xfe, 0, 0, 0, 0};
    put_code(code, sizeof(code));
    memset(now.vectors, 0, sizeof(now.vectors));
    now.vector_count = 0;
}

static void with_a_line_begun(void) {
    guest_out(0x3f8, 1, 'a');
    guest_out(0x3f8, 1, 'b');
}

static void with_typed_text(void) {
    undo_lock_aside(machine);
    cr_assert_eq(ns16550_receive(&machine->uart, "xy", 2), 2);
    undo_unlock_aside(machine);
}

static void with_an_alarm(void) {
    guest_out(0x70, 1, 11);
    guest_out(0x71, 1, 0x12);
    fake_now_ns += 1000 * MS;
    guest_kicked();
    guest_out(0x70, 1, 12);
}

// The guest wants random bytes, in three buffers.
static void with_bytes_wanted(void) {
    rng_create();
    for (uint16_t i = 0; i < 3; i++) {
        rng_set(i, RNG_DATA + 64 * i, 16 + i, RNG_WRITE, 0);
        rng_offer(i);
    }
    undo_commit(machine);
    machine->notes = 0;
}

static void bring_bytes(void) {
    for (uint32_t size = 1; size;) {
        undo_lock_aside(machine);
        size = virtio_rng_wanted(&machine->rng, 512);
        undo_unlock_aside(machine);
        undo_lock_aside(machine);
        virtio_rng_fill(&machine->rng, "as random as any", 16);
        undo_unlock_aside(machine);
    }
}

// movl %eax, (absolute notify register)
static void with_a_bell_to_ring(void) {
    uint8_t code[] = {0x89, 0x04, 0x25, 0, 0, 0, 0};
    uint32_t address = bar0 + 0x3000;
    offer_two();
    memcpy(code + 3, &address, 4);
    put_code(code, sizeof(code));
}

// xchg %rcx, (absolute LAPIC TPR)
static void with_an_exchange(void) {
    static const uint8_t code[] = {0x87, 0x0c, 0x25, 0x80, 0x00, 0xe0, 0xfe};
    mmio_write(LAPIC_ADDRESS + 0x80, 0x70);
    undo_commit(machine);
    machine->notes = 0;
    put_code(code, sizeof(code));
}

#define NOTIFY_ADDRESS 0xc0003000u

static void check(const struct story *story) {
    check_story(story);
}

Test(deaths, dying_while_a_character_is_printed, .init = create) {
    check(&(struct story){"out", with_a_line_begun, {BH_EXIT_REASON_IO, OUT(0x3f8, 1), 0x200002, '\n', 0}, NULL, false});
}

Test(deaths, dying_while_a_character_is_read, .init = create) {
    check(&(struct story){"in", with_typed_text, {BH_EXIT_REASON_IO, IN(0x3f8, 1), 0x200002, 0, 0}, NULL, false});
}

Test(deaths, dying_while_the_clocks_flags_are_read, .init = create) {
    check(&(struct story){"rtc", with_an_alarm, {BH_EXIT_REASON_IO, IN(0x71, 1), 0x200002, 0, 0}, NULL, false});
}

Test(deaths, dying_in_cpuid, .init = create) {
    check(&(struct story){"cpuid", nothing, {BH_EXIT_REASON_CPUID, 0, 0, 0x1, 0}, NULL, false});
    check(&(struct story){"cpuid", nothing, {BH_EXIT_REASON_CPUID, 0, 0, 0xd, 1}, NULL, false});
}

Test(deaths, dying_while_an_msr_is_written, .init = create) {
    check(&(struct story){"wrmsr", nothing, {BH_EXIT_REASON_MSR, 1, 0, 0x06060606, 0x277}, NULL, false});
}

Test(deaths, dying_while_a_timer_fires, .init = create) {
    check(&(struct story){"timer", with_a_timer, {BH_EXIT_REASON_KICK, 0, 0, 0, 0}, NULL, false});
}

Test(deaths, dying_at_the_end_of_an_interrupt, .init = create) {
    check(&(struct story){"eoi", with_an_interrupt_in_service, {BH_EXIT_REASON_MMIO, 2, LAPIC_ADDRESS + 0xb0, 0, 0}, NULL, false});
}

Test(deaths, dying_in_an_exchange_with_a_device, .init = create) {
    check(&(struct story){"xchg", with_an_exchange, {BH_EXIT_REASON_MMIO, 2, LAPIC_ADDRESS + 0x80, 0, 0x20}, NULL, false});
}

Test(deaths, dying_while_requests_go_to_the_disk, .init = create, .timeout = 120) {
    cr_assert_eq(bar0, NOTIFY_ADDRESS & ~0x3fffu);
    check(&(struct story){"notify", with_a_bell_to_ring, {BH_EXIT_REASON_MMIO, 2, NOTIFY_ADDRESS, 0, 0}, NULL, false});
}

Test(deaths, dying_with_the_driver_while_requests_go_to_the_disk, .init = create, .timeout = 120) {
    check(&(struct story){"notify, both", with_a_bell_to_ring, {BH_EXIT_REASON_MMIO, 2, NOTIFY_ADDRESS, 0, 0}, NULL, true});
}

Test(deaths, dying_while_completions_come_from_the_disk, .init = create, .timeout = 120) {
    check(&(struct story){"complete", with_a_driver_that_is_done, {0}, collect, false});
}

Test(deaths, dying_with_the_driver_while_completions_come_from_the_disk, .init = create, .timeout = 120) {
    check(&(struct story){"complete, both", with_a_driver_that_is_done, {0}, collect, true});
}

Test(deaths, dying_while_random_bytes_come, .init = create, .timeout = 120) {
    check(&(struct story){"random bytes", with_bytes_wanted, {0}, bring_bytes, false});
}
