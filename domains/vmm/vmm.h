// SPDX-License-Identifier: MIT
//
// The program as a whole: the machine and the capabilities that the manifest granted.
#ifndef VMM_VMM_H
#define VMM_VMM_H

#include "bulkhead/cap.h"
#include "bulkhead/ring.h"
#include "machine.h"

struct vmm {
    struct machine machine;
    struct bh_ring ring;
    bh_cap guest, console, settings, system, disk_info;
    bh_cap ended;     // event: the guest has ended
    bool has_disk;
};

extern struct vmm vmm;

#endif
