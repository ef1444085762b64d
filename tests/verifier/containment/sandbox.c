// SPDX-License-Identifier: MIT
//
// A slot and a control stack in this process, and the watch over what runs there. Single steps: after each instruction the instruction
// pointer must be where the verifier thinks an instruction starts, the stack pointer inside its stack. In the end nothing above the
// frame may have changed, nor the control block but for its first word, nor what a domain may not set: direction flag, control words,
// segment bases.
#include "tests/verifier/containment/containment.h"

#include <asm/prctl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define BASE BH_SLOT_AREA
#define CONTROL 0x200000000000ull // the control stack's block
#define STACK_TOP (CONTROL + BH_CONTROL_STACK_SIZE - 0x2000)
#define GUARD_END (CONTROL + BH_CONTROL_BLOCK_SIZE + BH_CONTROL_GUARD_SIZE)
#define DATA_POINTER (BASE + BH_SLOT_STACKS + 0x8000)
#define WINDOW_SIZE 0x10000u
#define TICK_US 5000
#define TRAP_FLAG 0x100
#define ODD_FLAGS 0x44400 // direction, nested task, alignment

static struct outcome outcome;
static const bool *starts;
static volatile bool inside;
static uint32_t steps_wanted, run_number, run_at_tick;
static uint8_t *text_alias;
static uint8_t above[0x2000]; // what stands above the frame

static bool map_at(uint64_t address, size_t size, int protection) {
    return mmap((void *)address, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) ==
           (void *)address;
}

static void set_gs(uint64_t base) {
    syscall(SYS_arch_prctl, ARCH_SET_GS, base);
}

static void leave(ucontext_t *context, enum result result) {
    greg_t *r = context->uc_mcontext.gregs;
    if (outcome.result != RESULT_ESCAPED)
        outcome.result = result;
    outcome.rip = (uint64_t)r[REG_RIP];
    r[REG_EFL] &= ~(greg_t)(TRAP_FLAG | ODD_FLAGS);
    r[REG_RIP] = (greg_t)sandbox_exit;
    inside = false;
}

__attribute__((format(printf, 2, 3))) static void escaped(ucontext_t *context, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(outcome.why, sizeof(outcome.why), format, arguments);
    va_end(arguments);
    leave(context, RESULT_ESCAPED);
    outcome.result = RESULT_ESCAPED;
}

static void on_step(ucontext_t *context) {
    greg_t *r = context->uc_mcontext.gregs;
    uint64_t rip = (uint64_t)r[REG_RIP], rsp = (uint64_t)r[REG_RSP];
    outcome.steps++;
    if (r[REG_EFL] & ODD_FLAGS)
        return escaped(context, "flags are 0x%llx", (unsigned long long)r[REG_EFL]);
    if (rip == (uint64_t)sandbox_exit) {
        r[REG_EFL] &= ~(greg_t)TRAP_FLAG;
        return;
    }
    if (rsp > STACK_TOP - 8 || rsp < CONTROL + BH_CONTROL_BLOCK_SIZE)
        return escaped(context, "the stack pointer is 0x%llx", (unsigned long long)rsp);
    if (rip == (uint64_t)sandbox_call)
        return;
    if (rip < BASE + TEXT_START || rip >= BASE + TEXT_START + TEXT_MAX || !starts[rip - BASE - TEXT_START])
        return escaped(context, "execution at 0x%llx", (unsigned long long)rip);
    if (outcome.steps >= steps_wanted)
        r[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}

static void on_fault(ucontext_t *context, const siginfo_t *info) {
    uint64_t address = (uint64_t)info->si_addr;
    outcome.steps++;
    if (info->si_code == SI_KERNEL) // an unaligned vector: no address is known
        return leave(context, RESULT_FAULT);
    if (address - BASE < BH_SLOT_SIZE + BH_SLOT_GUARD || (address >= GUARD_END - BH_CONTROL_GUARD_SIZE && address < GUARD_END))
        return leave(context, RESULT_FAULT);
    escaped(context, "an access to 0x%llx", (unsigned long long)address);
}

static void on_signal(int number, siginfo_t *info, void *argument) {
    ucontext_t *context = argument;
    if (number == SIGALRM) {
        if (inside && run_number == run_at_tick && (uint64_t)context->uc_mcontext.gregs[REG_RIP] - BASE < BH_SLOT_SIZE)
            leave(context, RESULT_LONG);
        run_at_tick = run_number;
        return;
    }
    if (!inside) {
        signal(number, SIG_DFL);
        return;
    }
    if (number == SIGTRAP)
        on_step(context);
    else if (number == SIGSEGV || number == SIGBUS)
        on_fault(context, info);
    else // a division, ud2, or an instruction that this processor lacks
        leave(context, RESULT_FAULT);
}

static bool catch_signals(void) {
    static uint8_t stack[65536];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    struct itimerval tick = {{0, TICK_US}, {0, TICK_US}};
    static const int numbers[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGALRM};
    if (sigaltstack(&alternative, NULL))
        return false;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        if (sigaction(numbers[i], &action, NULL))
            return false;
    return setitimer(ITIMER_REAL, &tick, NULL) == 0;
}

static void fill_table(void) {
    *(uint64_t *)(BASE + BH_TABLE_BASE) = BASE;
    for (uint64_t at = BH_TABLE_CALLS; at < BH_TABLE_END; at += 8)
        *(uint64_t *)(BASE + at) = (uint64_t)sandbox_call;
    mprotect((void *)(BASE + BH_SLOT_TABLE), BH_SLOT_TABLE_SIZE, PROT_READ);
}

// The text is mapped twice: to be run, and to be written by the loader below.
static bool map_image(void) {
    int file = memfd_create("text", 0);
    if (file < 0 || ftruncate(file, TEXT_MAX))
        return false;
    text_alias = mmap(NULL, TEXT_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    void *text = mmap((void *)(BASE + TEXT_START), TEXT_MAX, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, file, 0);
    close(file);
    mprotect((void *)(BASE + BH_SLOT_IMAGE), BH_PAGE_SIZE, PROT_READ);
    mprotect((void *)(BASE + DATA_START), DATA_SIZE, PROT_READ | PROT_WRITE);
    return text_alias != MAP_FAILED && text == (void *)(BASE + TEXT_START);
}

bool sandbox_open(void) {
    static const uint64_t windows[] = {BH_SLOT_HEAP, BH_SLOT_STACKS, BH_SLOT_EXCHANGE, BH_SLOT_EXCHANGE_END - WINDOW_SIZE};
    // Neighbours, and addresses whose lower halves are mapped in the slot: never to be touched.
    static const uint64_t around[] = {BASE - 0x100000000, BASE + BH_SLOT_SIZE, 0x300000000000};
    bool good = map_at(BASE, BH_SLOT_SIZE, PROT_NONE) && map_at(CONTROL, BH_CONTROL_STACK_SIZE, PROT_READ | PROT_WRITE);
    for (size_t i = 0; i < 3; i++)
        good &= map_at(around[i], BH_SLOT_SIZE, PROT_NONE);
    if (!good)
        return false;
    mprotect((void *)(CONTROL + BH_CONTROL_BLOCK_SIZE), BH_CONTROL_GUARD_SIZE, PROT_NONE);
    for (size_t i = 0; i < 4; i++)
        mprotect((void *)(BASE + windows[i]), WINDOW_SIZE, PROT_READ | PROT_WRITE);
    mprotect((void *)(BASE + BH_SLOT_TABLE), BH_SLOT_TABLE_SIZE, PROT_READ | PROT_WRITE);
    fill_table();
    for (size_t i = 0; i < sizeof(above); i++)
        above[i] = (uint8_t)(i * 37 + 11);
    set_gs(BASE);
    return map_image() && catch_signals();
}

void sandbox_load(const struct verified_image *image) {
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct verified_segment *s = &image->segments[i];
        if (s->protection & VERIFY_EXECUTE) { // zeros up to the end of the page, as the loader leaves them
            memcpy(text_alias, image->bytes + s->file_offset, s->file_size);
            memset(text_alias + s->file_size, 0, TEXT_MAX - s->file_size);
        }
    }
}

// What the domain left in the processor and around its frame.
static void check_left(void) {
    uint32_t vector_control;
    uint16_t x87_control;
    uint64_t gs = 0;
    __asm__ volatile("stmxcsr %0" : "=m"(vector_control));
    __asm__ volatile("fnstcw %0" : "=m"(x87_control));
    __asm__ volatile("fninit");
    syscall(SYS_arch_prctl, ARCH_GET_GS, &gs);
    const char *what = NULL;
    if (outcome.result == RESULT_RETURNED && sandbox_left_stack != STACK_TOP)
        what = "returned with the stack elsewhere";
    else if (outcome.result == RESULT_RETURNED && (sandbox_left_flags & ODD_FLAGS))
        what = "returned with odd flags";
    else if (gs != BASE)
        what = "the base of %gs changed";
    else if ((vector_control & ~0x3fu) != 0x1f80)
        what = "the vector control word changed";
    else if (x87_control != 0x37f)
        what = "the x87 control word changed";
    else if (memcmp((void *)STACK_TOP, above, sizeof(above)))
        what = "memory above the frame changed";
    for (uint64_t at = CONTROL + 8; !what && at < CONTROL + BH_CONTROL_BLOCK_SIZE; at += 8)
        if (*(uint64_t *)at != at)
            what = "the control block changed";
    if (!what)
        return;
    outcome.result = RESULT_ESCAPED;
    snprintf(outcome.why, sizeof(outcome.why), "%s", what);
    set_gs(BASE);
}

struct outcome sandbox_run(uint32_t entry, const struct registers *in, const bool *boundaries, uint32_t steps) {
    outcome = (struct outcome){0};
    starts = boundaries;
    memcpy((void *)STACK_TOP, above, sizeof(above));
    for (uint64_t at = CONTROL; at < CONTROL + BH_CONTROL_BLOCK_SIZE; at += 8)
        *(uint64_t *)at = at;
    *(uint64_t *)CONTROL = DATA_POINTER;
    uint32_t vector_control = 0x1f80;
    __asm__ volatile("ldmxcsr %0" : : "m"(vector_control));
    __asm__ volatile("fninit");
    steps_wanted = steps;
    run_number++;
    inside = true;
    sandbox_enter(in, BASE + entry, STACK_TOP, 0x202 | (steps ? TRAP_FLAG : 0));
    inside = false;
    check_left();
    return outcome;
}
