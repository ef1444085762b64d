// SPDX-License-Identifier: MIT
//
// Domains: what the kernel knows of each. One per slot; a restart keeps the struct, the slot, the ports,
// the capability table and the name, and increments `generation`.
#ifndef BH_DOMAIN_H
#define BH_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/call.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/crash.h"
#include "kernel/abi/error.h"
#include "kernel/abi/image.h"
#include "kernel/abi/manifest.h"
#include "kernel/abi/slot.h"

struct bh_archive_domain;
struct cap;
struct loaded_image;
struct mechanism;

enum domain_state : uint32_t {
    DOMAIN_UNUSED,
    DOMAIN_LOADED,
    DOMAIN_RUNNING, // calls are let in
    DOMAIN_DEAD,    // crashed or killed; waits for its supervisor
    DOMAIN_ENDED,   // ended in good order or given up
};

#define BH_DOMAIN_NAME_SIZE 32

struct domain {
    // The fast path's words; offsets known to arch/x86_64.
    uint64_t base;        // slot base; 0 for the kernel's own domain
    struct port **callable; // by capability: the port that it lets its holder call, &port_none if none. One aligned store changes an entry
    uint32_t *badges;     // by capability; an entry changes only while nobody is between the door of a proxy and its look at `callable`
    struct cap *caps;     // table of cap_count entries
    uint32_t cap_count;
    enum domain_state state;
    uint32_t colour_offset; // offset in struct thread of the cached base that this domain uses
    uint32_t id;            // index of its slot
    uint32_t generation;

    uint64_t space;       // isolation `paging': its page table; `process': its mailboxes
    uint64_t key_rights;  // isolation `pks': what PKRS is while it runs

    uint64_t base_writes; // how often a proxy or gate had to write its base; several processors at once may count as one

    char name[BH_DOMAIN_NAME_SIZE];
    struct loaded_image *image;
    struct loaded_image *previous; // images.c: it is on trial with `image', and this one is put back if it fails; NULL: it is not
    uint64_t trial_ends_ns;        // 0: it has not started since
    uint64_t refused_build;        // of the last image that was put back, 0: none was
    uint32_t upgrades, rollbacks;
    char (*cap_names)[BH_CAP_NAME_SIZE]; // by index, "" for what the running instance made itself
    uint64_t heap_end;    // slot offset
    uint64_t memory_used; // bytes, against memory_quota
    uint64_t memory_quota;
    uint32_t caps_used;
    uint32_t threads_used;
    uint32_t watchdog_ms; // 0: none
    uint32_t restarts;
    uint32_t breaches;    // of ring protocols, which its peers reported
    uint64_t call_count;  // calls into it by threads that have ended; the proxies count in struct thread
    enum bh_colour colour;
    enum bh_isolation isolation;
    const struct mechanism *mechanism; // NULL: sfi
    const struct bh_archive_domain *manifest; // NULL for the kernel's own
    struct bh_crash_record crash; // of the last death
    bool is_shadow; // stands between clients and a server: serves a port that may be put before another one
};

extern struct domain kernel_domain; // id 0, never dies; slot 0 is not handed out
struct domain *domain_get(uint32_t id);              // NULL when there is none
struct domain *domain_find(const char *name);
// The domain that a caller of `method` means; the kernel, in slot 0, is none. BH_ENOENT.
enum bh_error domain_wanted(const char *method, uint32_t id, struct domain **out);
// Bytes of its memory quota that are left.
static inline uint64_t domain_room(const struct domain *domain) {
    return domain->memory_used < domain->memory_quota ? domain->memory_quota - domain->memory_used : 0;
}

// Make a domain from the manifest: slot, quotas, capability table; nothing is loaded. The record is borrowed for ever.
enum bh_error domain_create(const struct bh_archive_domain *manifest, struct loaded_image *image, struct domain **out);
// Load its image and start its first thread. The domain must be new, dead or ended.
enum bh_error domain_start(struct domain *domain);
// Calls through its ports fail from now on.
void domain_stop_ports(struct domain *domain);
// Mark a dead domain as given up.
enum bh_error domain_abandon(struct domain *domain);
// It is dead, and nobody is to start it again but an operator: what becomes of its clients' requests.
void domain_leave_clients(struct domain *domain);

// The capability table's entry. Proxies look at struct domain's `callable` alone, and here only to say why not.
struct cap {
    uint32_t type; // enum bh_cap_type
    uint16_t rights;
    enum bh_cap_state state;
    bool revoking;   // what was derived from it is being revoked, which takes several calls
    void *object;    // struct port, event, buffer, ring
    uint32_t parent; // caps_reference() of what it was derived from, 0: nothing
    uint32_t child;  // caps.c: the tree of derivations, its first child,
    uint32_t next;   // its parent's next child
    union {
        uint32_t previous; // and the one before
        uint32_t lent_to;  // of a lent buffer, which has no parent: the thread in whose call
    };
};
static_assert(sizeof(struct cap) == 32);

// A port: an object of a domain behind an interface. Owned by the kernel, named in the manifest, outlives
// its server; never freed, since proxies on other processors may look at it at any time. Offsets known to arch/x86_64.
struct port {
    struct domain *server;  // &kernel_domain for kernel interfaces
    uint32_t cap_type;      // of capabilities to it; 0 in port_none
    uint32_t interface;
    uint64_t object;        // first argument of each method
    uint64_t serving;       // 1 once served by the live instance; 0: callers get BH_EDEAD
    uint64_t methods[BH_INTERFACE_METHODS]; // what proxies call: functions of the server, checked entries; or its mechanism's adapters
    uint64_t entries[BH_INTERFACE_METHODS]; // a plain server's functions, for those
    char name[BH_CAP_NAME_SIZE];
    uint64_t fingerprint;
    uint32_t method_count;
    uint32_t instances;     // how often it was served
    struct port *behind;    // of a shadow's port: the server's own, before which it may be put
    bool was_served;        // by the instance before the one on trial
    bool bypassed;          // the shadow died: calls go to the one behind until it serves again
    struct port *next;
};
extern struct port port_none; // nothing that anybody may call

enum bh_error port_create(const char *name, struct domain *server, uint32_t interface, uint64_t fingerprint,
                          uint64_t object, struct port **out);
// `shadow` may be put before `real`: its server is a shadow from now on.
void port_put_before(struct port *shadow, struct port *real);
struct port *port_shadow_of(const struct port *real); // NULL: none
// Where calls through a capability to `port` go: to it, or past a dead shadow.
struct port *port_effective(struct port *port);
struct port *port_of(const struct domain *server, const struct port *behind); // the first one, or the next behind that; NULL: no more
// Remember which ports the instance serves; later: how many of those are not served, and the name of one.
void port_note_served(const struct domain *server);
uint32_t port_missing(const struct domain *server, const char **name);
struct port *port_find(const struct domain *server, const char *name); // NULL: none
// Let the running instance of `domain` serve the port that it names; everything in *serve is hostile.
enum bh_error port_serve(struct domain *domain, const struct bh_serve *serve, const uint64_t *methods);

#endif
