// SPDX-License-Identifier: MIT
//
// What the machine asks of other domains and of the kernel, behind plain functions. Never called under the machine's lock.
#ifndef VMM_BACKEND_H
#define VMM_BACKEND_H

#include <stdint.h>

// Write all bytes to the console; waits for a console that is being restarted.
void backend_console_write(const void *data, uint32_t size);
// Tell the disk's server about submissions.
void backend_disk_notify(void);
// Tell the network's server about submissions, and have it asked what the guest wishes.
void backend_net_notify(void);
// Have the guest's next buffer for random bytes looked at.
void backend_rng_notify(void);
// Ask the kernel for a KICK exit of the vCPU.
void backend_kick(void);

#endif
