// SPDX-License-Identifier: MIT
//
// The vmm's doors to the console, the disk's ring and the kernel. A console that died is waited for: its supervisor
// restarts it, and a repeated piece of output is better than a lost one.
#include "backend.h"

#include "vmm.h"

#include "bulkhead/domain.h"
#include "console.h"
#include "guest.h"

#define PIECE 512u
#define RETRIES 500
#define RETRY_NS 10000000u

void backend_console_write(const void *data, uint32_t size) {
    const uint8_t *bytes = data;
    for (uint32_t done = 0; done < size && vmm.console; done += PIECE) {
        uint32_t piece = size - done < PIECE ? size - done : PIECE;
        for (int i = 0; i < RETRIES && bh_may_pass(console_write(vmm.console, bytes + done, piece)); i++)
            bh_sleep_for(RETRY_NS);
    }
}

void backend_disk_notify(void) {
    bh_ring_submit_notify(&vmm.ring);
}

void backend_net_notify(void) {
    net_tell();
}

void backend_rng_notify(void) {
    entropy_tell();
}

void backend_kick(void) {
    enum bh_error error = guest_kick(vmm.guest, 0);
    if (error)
        bh_warn("the vCPU cannot be kicked: %s", bh_strerror(error));
}
