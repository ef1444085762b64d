// SPDX-License-Identifier: MIT
//
// MSRs of the guest. EFER is the one with an effect: it goes to the processor through the shared page. PAT is remembered
// only; memory types do not matter where no device memory is real. Unknown ones are #GP, named once in the log.
#include "msr.h"

#include "bulkhead/log.h"
#include "cpuid.h"
#include "guest.h"
#include "machine.h"

#define MSR_TSC 0x10
#define MSR_APIC_BASE 0x1b
#define MSR_PATCH_LEVEL 0x8b
#define MSR_PAT 0x277
#define MSR_EFER 0xc0000080u
#define MSR_SYSCFG 0xc0010010u
#define MSR_HWCR 0xc0010015u
#define MSR_INT_PENDING 0xc0010055u
#define MSR_DE_CFG 0xc0011029u

#define EFER_SCE 1ull
#define EFER_LME 0x100ull
#define EFER_LMA 0x400ull
#define EFER_NXE 0x800ull
#define EFER_FFXSR 0x4000ull
#define CR0_PG 0x80000000ull
#define SPECIAL_CONTROL 2 // set_special: control registers and EFER only
#define REPORTS_MAX 32

static void report(const char *verb, uint32_t msr) {
    static uint32_t reported[REPORTS_MAX], count;
    for (uint32_t i = 0; i < count; i++)
        if (reported[i] == msr)
            return;
    if (count == REPORTS_MAX)
        return;
    reported[count++] = msr;
    bh_debug("the guest %s MSR 0x%x, which does not exist here: #GP", verb, msr);
}

bool msr_pat_valid(uint64_t value) {
    for (uint32_t i = 0; i < 8; i++) {
        uint8_t type = (uint8_t)(value >> i * 8);
        if (type > 7 || type == 2 || type == 3)
            return false;
    }
    return true;
}

bool msr_read(struct machine *machine, uint32_t msr, uint64_t *value) {
    switch (msr) {
    case MSR_TSC:
        *value = host_tsc();
        return true;
    case MSR_APIC_BASE:
        *value = machine->lapic.base_msr;
        return true;
    case MSR_PAT:
        *value = machine->pat;
        return true;
    case MSR_EFER:
        *value = machine->state->efer;
        return true;
    case MSR_DE_CFG:
        *value = 2; // LFENCE is serializing
        return true;
    case MSR_PATCH_LEVEL:
    case MSR_SYSCFG:
    case MSR_HWCR:
    case MSR_INT_PENDING:
        *value = 0;
        return true;
    default:
        report("read", msr);
        return false;
    }
}

static bool write_efer(struct machine *machine, uint64_t value) {
    struct bh_vcpu_state *state = machine->state;
    uint32_t features = cpuid_get(0x80000001u, 0).edx;
    uint64_t allowed = EFER_SCE | EFER_LME | EFER_LMA | (features >> 20 & 1 ? EFER_NXE : 0) | (features >> 25 & 1 ? EFER_FFXSR : 0);
    if (value & ~allowed)
        return false;
    if ((state->cr0 & CR0_PG) && ((value ^ state->efer) & EFER_LME))
        return false;
    state->efer = (value & ~EFER_LMA) | (state->efer & EFER_LMA);
    state->set_special = SPECIAL_CONTROL;
    return true;
}

bool msr_write(struct machine *machine, uint32_t msr, uint64_t value) {
    switch (msr) {
    case MSR_EFER:
        return write_efer(machine, value);
    case MSR_APIC_BASE:
        // It stays at its usual address; only switching it off and on is followed.
        UNDO_SAVE(machine, &machine->lapic);
        machine->lapic.base_msr = (machine->lapic.base_msr & ~0x800ull) | (value & 0x800);
        machine->attention = true;
        return !(value & 0x400) && (value & ~0xfffull) == LAPIC_ADDRESS;
    case MSR_PAT:
        if (!msr_pat_valid(value))
            return false;
        UNDO_SAVE(machine, &machine->pat);
        machine->pat = value;
        return true;
    case MSR_TSC:
    case MSR_PATCH_LEVEL:
    case MSR_SYSCFG:
    case MSR_HWCR:
    case MSR_INT_PENDING:
    case MSR_DE_CFG:
        return true;
    default:
        report("wrote", msr);
        return false;
    }
}
