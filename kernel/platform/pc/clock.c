// SPDX-License-Identifier: MIT
//
// Time is the time stamp counter, scaled; the timer interrupt is each processor's local APIC's one-shot timer. Both are measured once at
// boot, on the first processor (they run alike on all), against the HPET, or ACPI's power management timer where there is no HPET.
#include "kernel/arch/x86_64/regs.h"
#include "kernel/debug/log.h"
#include "kernel/platform/pc/acpi.h"
#include "kernel/platform/pc/pc.h"
#include "kernel/platform/pc/ports.h"

#define SECOND_NS 1000000000ull
#define MEASURE_NS 5000000ull
#define SAMPLES 5
#define PM_TIMER_HZ 3579545ull
#define PM_TIMER_MASK 0xffffffu
#define SCALE_SHIFT 32

static uint64_t tsc_start;
static uint64_t ns_per_tick;    // shifted left by SCALE_SHIFT
static uint64_t timer_per_ns;   // ticks of the APIC timer, shifted alike
static uint64_t armed[CPU_COUNT_MAX]; // by processor, in ns; 0: not armed
static bool use_hpet;

static uint64_t reference_ns(void) {
    if (use_hpet)
        return hpet_now_ns();
    static uint32_t last;
    static uint64_t ticks;
    uint32_t now = in32(acpi_machine.pm_timer) & PM_TIMER_MASK;
    ticks += (now - last) & PM_TIMER_MASK;
    last = now;
    return ticks * SECOND_NS / PM_TIMER_HZ;
}

struct sample {
    uint64_t reference_ns, tsc;
    uint32_t timer;
};

// The three clocks at one instant: the try that took least time between two readings of the counter.
static struct sample sample_clocks(void) {
    struct sample best = {0};
    uint64_t shortest = UINT64_MAX;
    for (int i = 0; i < SAMPLES; i++) {
        uint64_t before = rdtsc();
        uint64_t reference = reference_ns();
        uint32_t timer = lapic_timer_count();
        uint64_t took = rdtsc() - before;
        if (took < shortest) {
            shortest = took;
            best = (struct sample){reference, before + took / 2, timer};
        }
    }
    return best;
}

// Numbers of a few milliseconds: no overflow.
static uint64_t scale(uint64_t numerator, uint64_t denominator) {
    return (numerator << SCALE_SHIFT) / denominator;
}

void clock_start(void) {
    use_hpet = hpet_start(acpi_machine.hpet);
    if (!use_hpet && !acpi_machine.pm_timer)
        boot_refuse("this machine has neither an HPET nor an ACPI power management timer to measure its clocks by");
    (void)reference_ns();
    lapic_timer_set(UINT32_MAX);
    struct sample first = sample_clocks();
    while (reference_ns() - first.reference_ns < MEASURE_NS) {
    }
    struct sample last = sample_clocks();
    lapic_timer_set(0);
    uint64_t ns = last.reference_ns - first.reference_ns, ticks = last.tsc - first.tsc;
    uint32_t timer_ticks = first.timer - last.timer;
    if (!ticks || !timer_ticks)
        boot_refuse("the time stamp counter or the local APIC's timer stands still");
    ns_per_tick = scale(ns, ticks);
    timer_per_ns = scale(timer_ticks, ns);
    tsc_start = rdtsc();
    log_write(BH_LOG_DEBUG, "kernel", "clock: time stamp counter %llu kHz, APIC timer %llu kHz, by the %s",
              (unsigned long long)(ticks * 1000000 / ns), (unsigned long long)(timer_ticks * 1000000ull / ns),
              use_hpet ? "HPET" : "ACPI timer");
}

uint64_t clock_ticks(void) {
    return rdtsc();
}

uint64_t clock_now_ns(void) {
    return (uint64_t)(((unsigned __int128)(rdtsc() - tsc_start) * ns_per_tick) >> SCALE_SHIFT);
}

static void program(uint64_t now, uint64_t deadline_ns) {
    uint64_t delay = deadline_ns > now ? deadline_ns - now : 0;
    uint64_t count = delay > SECOND_NS * 60 ? UINT32_MAX : (delay * timer_per_ns >> SCALE_SHIFT) + 1;
    lapic_timer_set(count > UINT32_MAX ? UINT32_MAX : (uint32_t)count);
}

void clock_arm(uint64_t deadline_ns) {
    uint64_t *armed_ns = &armed[trap_cpu_index()];
    if (!deadline_ns) {
        *armed_ns = 0;
        lapic_timer_set(0);
        return;
    }
    if (*armed_ns && *armed_ns <= deadline_ns)
        return;
    *armed_ns = deadline_ns;
    program(clock_now_ns(), deadline_ns);
}

bool clock_due(void) {
    uint64_t *armed_ns = &armed[trap_cpu_index()];
    if (!*armed_ns)
        return false;
    uint64_t now = clock_now_ns();
    if (now < *armed_ns) { // a long delay in stages
        program(now, *armed_ns);
        return false;
    }
    *armed_ns = 0;
    return true;
}
