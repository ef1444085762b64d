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
    struct bh_net_client net;
    bh_cap guest, console, system, disk_info, entropy;
    bh_cap ended;     // event: the guest has ended
    bh_cap net_event; // event: the Net domain is to be asked something
    bh_cap rng_event; // event: the guest may want random bytes
    bool ring_attached;
};

extern struct vmm vmm;

// main.c
extern const struct vcpu_methods vmm_methods;
enum bh_error vmm_start_threads(void);
// End a step outside an exit: tell the other domains what is new, kick the vCPU when an interrupt came of it.
void vmm_unlock_and_kick(void);
// The page of the vCPU, which is made on first use. Waits for one that has not noticed yet that the last instance died.
enum bh_error vmm_open_vcpu(struct bh_vcpu_state **page);

// net.c
enum bh_error net_start(struct machine *machine); // find the network that the manifest grants, and add the card; BH_OK without one
enum bh_error net_attach(void);  // to its rings and pool. BH_ENOENT: the manifest grants none
enum bh_error net_threads(void); // the threads that serve it
void net_tell(void);             // about submissions and wishes

// entropy.c
enum bh_error entropy_start(struct machine *machine); // add the guest's source of entropy, if the manifest grants one
enum bh_error entropy_find(void);                     // BH_ENOENT: it grants none
enum bh_error entropy_thread_start(void);
void entropy_tell(void); // the guest may want random bytes

// resume.c: go on with the guest of an instance that died. False: there is none; boot one.
bool resume_guest(void);

#endif
