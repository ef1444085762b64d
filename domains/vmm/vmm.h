// SPDX-License-Identifier: MIT
//
// The program as a whole: the machine and the capabilities that the manifest granted.
#ifndef VMM_VMM_H
#define VMM_VMM_H

#include "bulkhead/cap.h"
#include "bulkhead/ring.h"
#include "guest.h"
#include "kept.h"
#include "machine.h"

struct vmm {
    struct machine *machine; // in `kept`
    struct kept *kept;       // memory that outlasts this domain, if the manifest grants some
    struct guest_memory memory;
    struct bh_ring ring;
    bh_cap guest, console, settings, system, disk_info;
    bh_cap ended;     // event: the guest has ended
    bool ring_attached;
};

extern struct vmm vmm;

// main.c
extern const struct vcpu_methods vmm_methods;
enum bh_error vmm_start_threads(void);
// The page of the vCPU, which is made on first use. Waits for one that has not noticed yet that the last instance died.
enum bh_error vmm_open_vcpu(struct bh_vcpu_state **page);

// resume.c: go on with the guest of an instance that died. False: there is none; boot one.
bool resume_guest(void);

#endif
