// SPDX-License-Identifier: MIT
//
// Capability tables: one for each domain, written by the kernel alone. An entry names an object, rights and the entry from
// which it was derived.
#ifndef BH_CAPS_H
#define BH_CAPS_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/call.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"
#include "kernel/domain/domain.h"
#include "kernel/sched/thread.h"

// An event that capabilities (and the kernel) refer to; freed with the last reference.
struct event_object {
    struct event event; // first, so that a capability's object is a struct event
    uint32_t references;
};
struct event_object *event_object_create(void); // one reference; NULL: no memory
void event_object_hold(struct event_object *object);
void event_object_release(struct event_object *object);

enum bh_error caps_create_table(struct domain *domain, uint32_t count);

// Put a capability into a table. `name` NULL or "" marks what the running instance made itself: it goes with the instance.
// `parent` is caps_reference() of the entry it derives from, 0 for none. BH_EQUOTA (logged).
enum bh_error caps_insert(struct domain *domain, enum bh_cap_type type, uint32_t rights, void *object,
                          const char *name, uint32_t parent, bh_cap *out);
uint32_t caps_reference(const struct domain *domain, bh_cap index);

// Find an entry, check type and rights (0: any). BH_ECAP, BH_ERIGHTS, BH_EREVOKED, each logged with `what`.
enum bh_error caps_get(struct domain *domain, const char *what, bh_cap index, enum bh_cap_type type,
                       uint32_t rights, struct cap **out);
enum bh_error caps_find(struct domain *domain, const char *name, bh_cap *out); // BH_ENOENT, not logged
// BH_EAGAIN: it takes more steps than one hold of the kernel's lock is worth. The caller comes again; what others do meanwhile does no harm.
enum bh_error caps_drop(struct domain *domain, bh_cap index);
enum bh_error caps_revoke(struct domain *domain, bh_cap index);
// A child with those rights of the holder's. `badge` 0: the parent's; else the child's own, of a port whose parent has none.
enum bh_error caps_derive(struct domain *domain, bh_cap index, uint32_t rights, uint32_t badge, bh_cap *out);
// Of a capability that nobody has called through or derived from yet.
void caps_set_badge(struct domain *domain, bh_cap index, uint32_t badge);
// The same for another domain, with all rights: `what` is being passed on. BH_ERIGHTS without the right GRANT.
enum bh_error caps_pass(struct domain *from, const char *what, bh_cap index, enum bh_cap_type type, struct domain *to, bh_cap *out);
// The first entry from `index` on. BH_ENOENT behind the last one, not logged.
enum bh_error caps_describe(const struct domain *domain, uint32_t index, struct bh_cap_info *info);

// Lead a port's capability, and all that was derived from it, through the shadow of that port, or past it again. BH_ENOENT: it has none, BH_EAGAIN: it
// does not serve yet. Calls under way go on as they began.
enum bh_error caps_interpose(struct domain *domain, bh_cap index, bool on);
// Where calls to `port` go has changed.
void caps_show_port(const struct port *port);

// An instance has died: drop what it made itself.
void caps_drop_unnamed(struct domain *domain);
// Remove an entry and all that was derived from it.
void caps_take_back(struct domain *domain, bh_cap index);
// Revoke every capability of `domain` to an object but lent ones, and what was derived from them.
void caps_forget_object(struct domain *domain, const void *object);
// The rights that all its capabilities to an object come to that have the rights `with`; 0: none.
uint32_t caps_rights_to(const struct domain *domain, const void *object, uint32_t with);
// Is it lent to the domain for a call?
bool caps_lent(const struct domain *domain, const void *object);
// Of the signals of other domains that stand for an event which the domain made itself, and has waited for before, the oldest by its number; 0: none stands.
uint64_t caps_oldest_signal(const struct domain *domain);
// Was it not passed to the domain by another one?
bool caps_is_own(const struct domain *domain, const struct cap *cap);
// From what it was derived in the first place, perhaps itself.
const struct cap *caps_root(const struct cap *cap);
uint32_t caps_count_all(void);

#endif
