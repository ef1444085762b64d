// SPDX-License-Identifier: MIT
//
// The watch over what runs in the slot. Single steps: after each instruction the instruction pointer must be where an instruction starts,
// the stack pointer inside its stack. A fault must happen at an instruction of the text, and at an address of the slot or of a guard. In the
// end nothing above the frame may have changed, nor the control block but for its first word, nor what a domain may not set: direction and
// alignment flags, control words of both floating-point units (their status bits it may), segment bases.
#include "tests/verifier/containment/sandbox.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <asm/prctl.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define GUARD_START (CONTROL + BH_CONTROL_BLOCK_SIZE)
#define TICK_NS 1500000
#define TRAP_FLAG 0x100
#define ODD_FLAGS 0x44400 // direction, nested task, alignment
#define HWCAP2_FSGSBASE 2
#define HOST_CODE 0x400000000000ull
#define HOST_CODE_SIZE 0x3fffffffffffull
#define VECTOR_CONTROL 0x1f80
#define X87_CONTROL 0x37f

static struct outcome outcome;
static const bool *starts;
static volatile bool inside;
static uint32_t text_start, text_size, steps_wanted, run_number, run_at_tick;
static bool protection_fault; // one without an address
static uint64_t gs_base = BASE;
static uint8_t above[ABOVE]; // what stands above the frame

__attribute__((target("fsgsbase"))) static uint64_t read_fs(void) {
    return __builtin_ia32_rdfsbase64();
}

__attribute__((target("fsgsbase"))) static void write_fs(uint64_t base) {
    __builtin_ia32_wrfsbase64(base);
}

__attribute__((target("fsgsbase"))) static uint64_t read_gs(void) {
    uint64_t base = 0;
    if (sandbox_switches)
        return __builtin_ia32_rdgsbase64();
    syscall(SYS_arch_prctl, ARCH_GET_GS, &base);
    return base;
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

static bool in_call(uint64_t rip) {
    return rip >= (uint64_t)sandbox_call && rip < (uint64_t)sandbox_call_end;
}

static bool at_instruction(uint64_t rip) {
    uint64_t at = rip - BASE - text_start;
    return at < text_size && (!starts || starts[at]);
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
    if (in_call(rip))
        return;
    if (!at_instruction(rip))
        return escaped(context, "execution at 0x%llx", (unsigned long long)rip);
    if (outcome.steps >= steps_wanted)
        r[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}

static void on_fault(ucontext_t *context, int number, const siginfo_t *info) {
    uint64_t address = (uint64_t)info->si_addr, rip = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
    outcome.steps++;
    if (!at_instruction(rip))
        return escaped(context, "signal %d at 0x%llx, which is no instruction of the text, for 0x%llx", number, (unsigned long long)rip,
                       (unsigned long long)address);
    if (number == SIGILL && memcmp((void *)rip, "\x0f\x0b", 2))
        return escaped(context, "an instruction that is not ud2 and that the processor refuses");
    if (number != SIGSEGV && number != SIGBUS) // a division, or ud2
        return leave(context, RESULT_FAULT);
    protection_fault = info->si_code == SI_KERNEL;
    if (protection_fault || address - BASE < BH_SLOT_SIZE + BH_SLOT_GUARD || address - GUARD_START < BH_CONTROL_GUARD_SIZE)
        return leave(context, RESULT_FAULT);
    escaped(context, "an access to 0x%llx", (unsigned long long)address);
}

static struct sigaction before[65]; // who was there before, and is told of signals that are not ours

static void on_signal_inside(int number, siginfo_t *info, ucontext_t *context) {
    uint64_t rip = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
    if (number == SIGVTALRM) {
        if (inside && run_number == run_at_tick && (rip - BASE < BH_SLOT_SIZE || in_call(rip)))
            leave(context, RESULT_LONG);
        run_at_tick = run_number;
    } else if (!inside) {
        sigaction(number, &before[number], NULL);
    } else if (number == SIGTRAP) {
        on_step(context);
    } else if (number == SIGSYS) {
        escaped(context, "a system call");
    } else {
        on_fault(context, number, info);
    }
}

// Comes with the domain's %fs, which is where C looks for a thread's variables.
static void on_signal(int number, siginfo_t *info, void *context) {
    uint64_t fs = sandbox_switches ? read_fs() : 0;
    if (sandbox_switches)
        write_fs(sandbox_host_fs);
    on_signal_inside(number, info, context);
    if (sandbox_switches)
        write_fs(fs);
}

static bool catch_signals(void) {
    static uint8_t stack[65536];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    static const int numbers[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGVTALRM};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGVTALRM};
    event._sigev_un._tid = gettid();
    struct itimerspec tick = {{0, TICK_NS}, {0, TICK_NS}};
    timer_t timer;
    if (sigaltstack(&alternative, NULL))
        return false;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        if (sigaction(numbers[i], &action, &before[numbers[i]]))
            return false;
    return timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &tick, NULL) == 0;
}

// System calls come from the host's code only, which lies above all that the sandbox maps: others are a signal. (Linux 5.11; without it
// they would be system calls.)
static void refuse_system_calls(void) {
    prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, HOST_CODE, HOST_CODE_SIZE, 0);
}

bool sandbox_open(void) {
    sandbox_switches = (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE) != 0;
    if (sandbox_switches)
        sandbox_host_fs = read_fs();
    for (size_t i = 0; i < sizeof(above); i++)
        above[i] = (uint8_t)(i * 37 + 11);
    if (!place_open() || !catch_signals())
        return false;
    refuse_system_calls();
    return true;
}

bool sandbox_load(const struct verified_image *image, enum bh_colour colour) {
    if (colour == BH_COLOUR_FS && !sandbox_switches)
        return false;
    gs_base = colour == BH_COLOUR_GS ? BASE : NOWHERE;
    sandbox_fs = colour == BH_COLOUR_FS ? BASE : NOWHERE;
    text_start = image->text_start;
    text_size = image->text_end - image->text_start;
    random_targets(image);
    place_load(image);
    return true;
}

// Of the allowed instructions only vector ones with unaligned operands, and cmpxchg16b, fault without an address.
static bool may_be_misaligned(const uint8_t *code) {
    while (*code == 0x66 || *code == 0x67 || *code == 0xf0 || (*code & 0xfe) == 0xf2 || (*code & 0xfe) == 0x64 || (*code & 0xf0) == 0x40)
        code++;
    if (code[0] != 0x0f)
        return false;
    uint8_t row = code[1] >> 4;
    return row == 0x1 || (code[1] >= 0x28 && code[1] <= 0x2f) || (row >= 0x5 && row <= 0x7) || (code[1] >= 0xc2 && code[1] <= 0xc7) || row >= 0xd;
}

static const char *wrong_in_memory(void) {
    if (memcmp((void *)STACK_TOP, above, sizeof(above)))
        return "memory above the frame changed";
    for (uint64_t at = CONTROL + 8; at < CONTROL + BH_CONTROL_BLOCK_SIZE; at += 8)
        if (*(uint64_t *)at != at)
            return "the control block changed";
    return NULL;
}

// What the domain left in the processor.
static const char *wrong_in_processor(void) {
    uint32_t vector_control;
    uint16_t x87_control;
    __asm__ volatile("stmxcsr %0" : "=m"(vector_control));
    __asm__ volatile("fnstcw %0" : "=m"(x87_control));
    __asm__ volatile("fninit");
    if (outcome.result == RESULT_RETURNED && sandbox_left_stack != STACK_TOP)
        return "returned with the stack elsewhere";
    if (outcome.result == RESULT_RETURNED && (sandbox_left_flags & (ODD_FLAGS | TRAP_FLAG)))
        return "returned with odd flags";
    if (read_gs() != gs_base)
        return "the base of %gs changed";
    if (sandbox_switches && sandbox_left_fs != sandbox_fs)
        return "the base of %fs changed";
    if ((vector_control & ~0x3fu) != VECTOR_CONTROL)
        return "the vector control word changed";
    if (x87_control != X87_CONTROL)
        return "the x87 control word changed";
    if (outcome.result == RESULT_FAULT && protection_fault && !may_be_misaligned((const uint8_t *)outcome.rip))
        return "a general protection fault";
    return NULL;
}

struct outcome sandbox_run(uint32_t entry, const struct registers *in, const bool *boundaries, uint32_t steps) {
    outcome = (struct outcome){0};
    starts = boundaries;
    protection_fault = false;
    memcpy((void *)STACK_TOP, above, sizeof(above));
    for (uint64_t at = CONTROL; at < CONTROL + BH_CONTROL_BLOCK_SIZE; at += 8)
        *(uint64_t *)at = at;
    *(uint64_t *)CONTROL = DATA_POINTER;
    sandbox_clobber = random_registers();
    if (read_gs() != gs_base)
        syscall(SYS_arch_prctl, ARCH_SET_GS, gs_base);
    uint32_t vector_control = VECTOR_CONTROL;
    __asm__ volatile("ldmxcsr %0" : : "m"(vector_control));
    __asm__ volatile("fninit");
    steps_wanted = steps;
    run_number++;
    inside = true;
    sandbox_enter(in, BASE + entry, STACK_TOP, 0x202 | (steps ? TRAP_FLAG : 0));
    inside = false;
    const char *wrong = wrong_in_processor();
    if (!wrong)
        wrong = wrong_in_memory();
    if (wrong && outcome.result != RESULT_ESCAPED)
        snprintf(outcome.why, sizeof(outcome.why), "%s", wrong);
    if (wrong)
        outcome.result = RESULT_ESCAPED;
    return outcome;
}
