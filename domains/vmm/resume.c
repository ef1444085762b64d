// SPDX-License-Identifier: MIT
//
// Going on with the guest of an instance that died, in the order in which nothing is lost: the vCPU stands still; the machine is rebuilt (rebuild.c), which
// attaches the disk's ring with what is still in flight; the switch to the new machine; the guest is shown what was done for it; and the exit
// in hand is asked anew or was answered. A death at any point of this starts it again from the same state. docs/guest-recovery.md has each effect
// and the order of its stores.
//
// A state that makes no sense, or is of another version, is not used: the guest boots anew. An exit that kills one instance after the other ends it.
#include <stdio.h>

#include "vmm.h"

#include "bulkhead/domain.h"
#include "exits.h"

static const char *name_of(uint32_t reason) {
    static const char *const names[] = {[BH_EXIT_REASON_IO] = "a port access",          [BH_EXIT_REASON_MMIO] = "an access to device memory",
                                        [BH_EXIT_REASON_CPUID] = "CPUID",                [BH_EXIT_REASON_MSR] = "an MSR access",
                                        [BH_EXIT_REASON_HLT] = "HLT",                    [BH_EXIT_REASON_HYPERCALL] = "a hypercall",
                                        [BH_EXIT_REASON_SHUTDOWN] = "a triple fault",    [BH_EXIT_REASON_KICK] = "a kick",
                                        [BH_EXIT_REASON_WINDOW] = "an interrupt window", [BH_EXIT_REASON_INVALID] = "an exit that is nobody's"};
    return reason < sizeof(names) / sizeof(*names) && names[reason] ? names[reason] : "an unknown exit";
}

static void end_guest(struct machine *machine) {
    const struct bh_vcpu_state *state = machine->state;
    bh_error_log("%s at rip 0x%llx (information 0x%llx 0x%llx) has killed %u instances of the vmm in a row", name_of(state->reason),
                 (unsigned long long)state->exit_rip, (unsigned long long)state->info1, (unsigned long long)state->info2, machine->tries);
    undo_lock_aside(machine);
    machine_stop(machine, STATUS_BROKEN, "is ended for an exit that cannot be answered");
    undo_unlock_aside(machine);
}

// What the old instance had done and not told the guest.
static void catch_up(struct machine *machine) {
    undo_lock_aside(machine);
    if (machine->has_disk)
        virtio_blk_resume(&machine->disk);
    if (machine->has_net)
        virtio_net_resume(&machine->net);
    if (machine->has_rng)
        virtio_rng_resume(&machine->rng);
    undo_unlock_aside(machine);
    if (machine->stopped)
        exits_write_output(machine);
}

static bool set_going(const struct kept_finding *finding) {
    struct machine *machine = vmm.machine;
    enum bh_error error = BH_OK;
    if (!finding->again)
        exits_answered(machine);
    if (machine->tries >= KEPT_TRIES_MAX)
        end_guest(machine);
    catch_up(machine);
    if (machine->stopped)
        return true;
    error = vcpu_serve("vcpu", &vmm_methods, &vmm);
    if (!error)
        error = vmm_start_threads();
    if (!error)
        error = guest_vcpu_resume(vmm.guest, 0, finding->again);
    if (error)
        bh_panic("the guest cannot go on: %s", bh_strerror(error));
    return true;
}

// A guest is not booted anew because this instance is short of something: the next one may not be.
static bool have(enum bh_error error, const char *what) {
    if (bh_is_want(error))
        bh_panic("%s cannot be had: %s", what, bh_strerror(error));
    return !error;
}

bool resume_guest(void) {
    const char *why;
    struct kept_finding finding = {0};
    struct bh_vcpu_state *page = NULL;
    struct kept_area *old = kept_find(vmm.kept, &why), *area = NULL;
    struct kept_doors doors = {.disk = bh_cap_find("disk-info", &vmm.disk_info) ? NULL : &vmm.ring};
    if (old && !have(vmm_open_vcpu(&page), "the guest's virtual CPU"))
        why = "its virtual CPU is gone";
    if (old && !why && have(net_attach(), "the guest's network"))
        doors.net = &vmm.net;
    doors.entropy = old && !why && have(entropy_find(), "the source of random bytes");
    if (old && !why) {
        area = kept_prepare(vmm.kept);
        area->machine.memory = vmm.memory;
        area->machine.state = page;
        why = kept_rebuild(&area->machine, old, &doors, &finding);
        vmm.ring_attached = finding.ring_attached;
    }
    if (why)
        bh_error_log("the state that the last vmm left is of no use: %s; the guest boots anew", why);
    if (!old || why)
        return false;
    vmm.machine = &area->machine;
    vmm.kept->restores++;
    kept_switch(vmm.kept, area);
    bh_info("the guest goes on, for the %u. time: %s was put back, its exit %s, %u disk requests are under way", vmm.kept->restores,
            finding.put_back ? "a step" : "nothing", finding.again ? "is asked again" : "was answered", vmm.ring.in_flight);
    return set_going(&finding);
}
