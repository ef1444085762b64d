// SPDX-License-Identifier: MIT
//
// Capability tables: derive, pass, revoke. Invariants: an entry in use has a type; a revoked entry keeps its type but no rights,
// so that its holder is told BH_EREVOKED and not something else; entry 0 is never used. Derivation is a tree through all tables, at most
// BH_CAP_DEPTH high: each entry knows its parent, its first child and its neighbours among its parent's children. A lent buffer's entry is
// nobody's child: it ends with its call.
//
// Revoking what hangs on an entry takes bounded steps, as many at a time as one hold of the kernel's lock is worth; the domain that wants it
// comes back for the next (runtime/cap.c). There is no place to remember between two holds but the tree: a step ends the entry's first child, or
// hangs one of that child's children on the entry itself, or takes the childless child off. So parents end before their children, whatever is
// dropped, dies or is revoked meanwhile is just no longer there, and since nothing below an entry marked `revoking' can be used for anything
// that the kernel does, least of all derived from or passed on, what is left gets only less.
#include "kernel/domain/caps.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/base.h"
#include "kernel/debug/trace.h"
#include "kernel/exchange/buffers.h"
#include "kernel/exchange/rings.h"

#define STEPS 64 // of revoking or handing over, while one hold of the kernel's lock lasts

static uint32_t all_count;
static uint32_t revoking_count; // entries marked `revoking'

struct event_object *event_object_create(void) {
    struct event_object *object = calloc(1, sizeof(*object));
    if (object)
        object->references = 1;
    return object;
}

void event_object_hold(struct event_object *object) {
    object->references++;
}

void event_object_release(struct event_object *object) {
    if (--object->references)
        return;
    while (object->event.waiters)
        thread_wake(object->event.waiters, BH_EREVOKED);
    free(object);
}

enum bh_error caps_create_table(struct domain *domain, uint32_t count) {
    domain->caps = calloc(count, sizeof(struct cap));
    domain->cap_names = calloc(count, BH_CAP_NAME_SIZE);
    domain->callable = calloc(count, sizeof(*domain->callable));
    domain->badges = calloc(count, sizeof(*domain->badges));
    if (!domain->caps || !domain->cap_names || !domain->callable || !domain->badges)
        return refuse(BH_ENOMEM, "no memory for %u capabilities of %s", count, domain->name);
    for (uint32_t index = 0; index < count; index++)
        domain->callable[index] = &port_none;
    domain->cap_count = count;
    return BH_OK;
}

uint32_t caps_reference(const struct domain *domain, bh_cap index) {
    return domain->id << 20 | index;
}

static struct cap *entry_of(uint32_t reference) {
    return &domain_get(reference >> 20)->caps[reference & 0xfffff];
}

static bool is_live(const struct cap *cap) {
    return cap->type != BH_CAP_EMPTY && cap->state <= BH_CAP_LENT;
}

// For the domain: it may have given it up.
static bool exists(const struct domain *domain, bh_cap index) {
    return index && index < domain->cap_count && domain->caps[index].type != BH_CAP_EMPTY && domain->caps[index].state != BH_CAP_GIVEN_UP;
}

// What proxies see of an entry follows the entry. They read on other processors meanwhile: a call that looked before goes on.
static void show(struct domain *domain, struct cap *cap) {
    bool callable = is_live(cap) && cap->type >= BH_CAP_PORT && (cap->rights & BH_RIGHT_CALL);
    __atomic_store_n(&domain->callable[cap - domain->caps], callable ? port_effective(cap->object) : &port_none, __ATOMIC_RELEASE);
}

void caps_show_port(const struct port *port) {
    for (uint32_t id = 1; id < BH_SLOT_COUNT; id++)
        for (uint32_t index = 1; domain_get(id) && index < domain_get(id)->cap_count; index++)
            if (domain_get(id)->caps[index].object == port)
                show(domain_get(id), &domain_get(id)->caps[index]);
}

// A proxy reads the port first and the badge then, and nobody is between the two while the processors are stopped: it never takes the one from
// one capability and the other from the next that had the same index.
void caps_set_badge(struct domain *domain, bh_cap index, uint32_t badge) {
    if (domain->badges[index] == badge)
        return;
    cpus_stop();
    domain->badges[index] = badge;
}

static void link_to_parent(struct cap *cap, uint32_t self, uint32_t parent) {
    cap->parent = parent;
    cap->next = cap->previous = 0;
    if (!parent)
        return;
    cap->next = entry_of(parent)->child;
    if (cap->next)
        entry_of(cap->next)->previous = self;
    entry_of(parent)->child = self;
}

static void unlink_from_parent(struct cap *cap) {
    if (!cap->parent)
        return;
    if (cap->previous)
        entry_of(cap->previous)->next = cap->next;
    else
        entry_of(cap->parent)->child = cap->next;
    if (cap->next)
        entry_of(cap->next)->previous = cap->previous;
    cap->parent = cap->next = cap->previous = 0;
}

// One of its children hangs on `parent` from now on.
static void hand_child_over(struct cap *cap, uint32_t parent) {
    uint32_t reference = cap->child;
    unlink_from_parent(entry_of(reference));
    link_to_parent(entry_of(reference), reference, parent);
}

static void mark_revoking(struct cap *cap, bool revoking) {
    revoking_count += (uint32_t)revoking - (uint32_t)cap->revoking;
    cap->revoking = revoking;
}

// Is what it comes from being revoked, so that it has to go, too, though its turn has not come?
static bool is_doomed(const struct cap *cap) {
    while (revoking_count && cap->parent) {
        cap = entry_of(cap->parent);
        if (cap->revoking)
            return true;
    }
    return false;
}

static uint32_t depth_of(const struct cap *cap) {
    uint32_t depth = 1;
    for (; cap->parent; cap = entry_of(cap->parent))
        depth++;
    return depth;
}

// The entry stops standing for its object.
static void let_go(struct domain *domain, struct cap *cap) {
    void *object = cap->object;
    cap->object = NULL;
    cap->rights = 0;
    cap->state = BH_CAP_REVOKED;
    mark_revoking(cap, false);
    show(domain, cap);
    if (cap->type == BH_CAP_EVENT)
        event_object_release(object);
    else if (cap->type == BH_CAP_BUFFER)
        buffers_cap_removed(object, domain);
}

// One step of revoking what hangs on `top`, which has children.
static void revoke_step(uint32_t top) {
    uint32_t reference = entry_of(top)->child;
    struct cap *cap = entry_of(reference);
    if (is_live(cap))
        let_go(domain_get(reference >> 20), cap);
    if (cap->child)
        hand_child_over(cap, top);
    else
        unlink_from_parent(cap);
}

static void revoke_descendants(uint32_t top) {
    while (entry_of(top)->child)
        revoke_step(top);
}

static void clear_entry(struct domain *domain, uint32_t index) {
    struct cap *cap = &domain->caps[index];
    if (cap->revoking)
        revoke_descendants(caps_reference(domain, index));
    while (cap->child)
        hand_child_over(cap, cap->parent);
    unlink_from_parent(cap);
    if (is_live(cap))
        let_go(domain, cap);
    caps_set_badge(domain, index, 0);
    *cap = (struct cap){0};
    domain->cap_names[index][0] = 0;
    domain->caps_used--;
    all_count--;
}

enum bh_error caps_insert(struct domain *domain, enum bh_cap_type type, uint32_t rights, void *object,
                          const char *name, uint32_t parent, bh_cap *out) {
    uint32_t index = 1;
    while (index < domain->cap_count && domain->caps[index].type != BH_CAP_EMPTY)
        index++;
    if (index >= domain->cap_count)
        return refuse(BH_EQUOTA, "%s holds %u capabilities, its quota; raise `caps` in the manifest", domain->name,
                      domain->caps_used);
    if (parent && depth_of(entry_of(parent)) >= BH_CAP_DEPTH)
        return refuse(BH_ERANGE, "a capability for %s would be derived %d times in a row, the limit", domain->name, BH_CAP_DEPTH);
    domain->caps[index] = (struct cap){.type = type, .rights = (uint16_t)rights, .object = object};
    if (parent)
        caps_set_badge(domain, index, domain_get(parent >> 20)->badges[parent & 0xfffff]);
    show(domain, &domain->caps[index]);
    link_to_parent(&domain->caps[index], caps_reference(domain, index), parent);
    copy_name(domain->cap_names[index], BH_CAP_NAME_SIZE, name ? name : "");
    domain->caps_used++;
    all_count++;
    if (type == BH_CAP_EVENT)
        event_object_hold(object);
    else if (type == BH_CAP_BUFFER)
        buffers_cap_added(object);
    *out = index;
    return BH_OK;
}

enum bh_error caps_get(struct domain *domain, const char *what, bh_cap index, enum bh_cap_type type,
                       uint32_t rights, struct cap **out) {
    if (!exists(domain, index))
        return refuse(BH_ECAP, "%s: there is no capability %u", what, index);
    struct cap *cap = &domain->caps[index];
    if (cap->state == BH_CAP_REVOKED || is_doomed(cap))
        return refuse(BH_EREVOKED, "%s: capability %u (%s) was revoked", what, index, domain->cap_names[index]);
    if (type != BH_CAP_EMPTY && cap->type != type)
        return refuse(BH_ECAP, "%s: capability %u (%s) is of type %u, not %u", what, index, domain->cap_names[index],
                      cap->type, type);
    if ((cap->rights & rights) != rights)
        return refuse(BH_ERIGHTS, "%s: capability %u (%s) has rights 0x%x, 0x%x are needed", what, index,
                      domain->cap_names[index], cap->rights, rights);
    *out = cap;
    return BH_OK;
}

enum bh_error caps_find(struct domain *domain, const char *name, bh_cap *out) {
    for (uint32_t index = 1; index < domain->cap_count; index++)
        if (exists(domain, index) && domain->cap_names[index][0] &&
            strcmp(domain->cap_names[index], name) == 0) {
            *out = index;
            return BH_OK;
        }
    return BH_ENOENT;
}

// What the manifest granted belongs to the domain, not to the instance that gives it up: the next one finds it again.
static void give_up(struct domain *domain, struct cap *cap) {
    cap->state = BH_CAP_GIVEN_UP;
    show(domain, cap);
    if (cap->type == BH_CAP_BUFFER)
        buffers_cap_removed(cap->object, domain);
}

static void restore(struct domain *domain, struct cap *cap) {
    cap->state = BH_CAP_LIVE;
    show(domain, cap);
    if (cap->type == BH_CAP_BUFFER)
        buffers_cap_added(cap->object);
}

enum bh_error caps_drop(struct domain *domain, bh_cap index) {
    if (!exists(domain, index))
        return refuse(BH_ECAP, "cap_drop: there is no capability %u", index);
    struct cap *cap = &domain->caps[index];
    if (cap->state == BH_CAP_LENT)
        return refuse(BH_EBUSY, "cap_drop: capability %u is a buffer lent for a call; it goes when the call returns", index);
    if (domain->cap_names[index][0]) {
        give_up(domain, cap);
        return BH_OK;
    }
    for (uint32_t step = 0; step < STEPS && cap->child; step++)
        if (cap->revoking)
            revoke_step(caps_reference(domain, index));
        else
            hand_child_over(cap, cap->parent);
    if (cap->child)
        return BH_EAGAIN;
    clear_entry(domain, index);
    return BH_OK;
}

static enum bh_error badge_check(const struct domain *domain, bh_cap index, const struct cap *cap, uint32_t badge) {
    if (badge == BH_BADGE_OF_CALLER)
        return refuse(BH_EINVAL, "cap_derive: badge %u is not for domains to give", badge);
    if (cap->type < BH_CAP_PORT)
        return refuse(BH_EINVAL, "cap_derive: capability %u is no port's: nobody would see the badge", index);
    if (domain->badges[index])
        return refuse(BH_ERIGHTS, "cap_derive: capability %u has the badge %u, for good", index, domain->badges[index]);
    return BH_OK;
}

enum bh_error caps_derive(struct domain *domain, bh_cap index, uint32_t rights, uint32_t badge, bh_cap *out) {
    struct cap *cap;
    enum bh_error error = caps_get(domain, "cap_derive", index, BH_CAP_EMPTY, rights, &cap);
    if (!error && badge)
        error = badge_check(domain, index, cap, badge);
    if (!error) // without rights, so that nobody calls through it before it has its badge
        error = caps_insert(domain, cap->type, badge ? 0 : rights, cap->object, NULL, caps_reference(domain, index), out);
    if (!error && badge) {
        caps_set_badge(domain, *out, badge);
        domain->caps[*out].rights = (uint16_t)rights;
        show(domain, &domain->caps[*out]);
    }
    return error;
}

enum bh_error caps_pass(struct domain *from, const char *what, bh_cap index, enum bh_cap_type type, struct domain *to, bh_cap *out) {
    struct cap *cap;
    enum bh_error error = caps_get(from, what, index, type, BH_RIGHT_GRANT, &cap);
    return error ? error : caps_insert(to, cap->type, cap->rights, cap->object, NULL, caps_reference(from, index), out);
}

enum bh_error caps_revoke(struct domain *domain, bh_cap index) {
    struct cap *cap;
    enum bh_error error = caps_get(domain, "cap_revoke", index, BH_CAP_EMPTY, 0, &cap);
    if (error)
        return error;
    TRACE(REVOKE, domain->id, index, 0);
    for (uint32_t step = 0; step < STEPS && cap->child; step++)
        revoke_step(caps_reference(domain, index));
    mark_revoking(cap, cap->child);
    if (cap->child)
        return BH_EAGAIN;
    cpus_stop(); // calls that had just found a capability are inside by now, or wait at a door of their proxy, where they look again (invoke.c)
    return BH_OK;
}

static void describe_object(const struct cap *cap, struct bh_cap_info *info) {
    const char *name = "";
    if (!cap->object || cap->type == BH_CAP_EVENT)
        return;
    if (cap->type == BH_CAP_BUFFER) {
        const struct buffer *buffer = cap->object;
        info->object = buffer->offset;
        info->object_domain = buffer->owner->id;
        name = buffer->name;
    } else if (cap->type == BH_CAP_RING) {
        const struct ring *ring = cap->object;
        info->object_domain = ring->server->id;
        name = ring->name;
    } else {
        const struct port *port = cap->object;
        info->object_domain = port->server->id;
        info->instance = port->serving ? port->instances : 0;
        name = port->name;
    }
    copy_name(info->object_name, sizeof(info->object_name), name);
}

enum bh_error caps_describe(const struct domain *domain, uint32_t index, struct bh_cap_info *info) {
    while (index < domain->cap_count && !exists(domain, index))
        index++;
    if (index >= domain->cap_count)
        return BH_ENOENT;
    const struct cap *cap = &domain->caps[index];
    *info = (struct bh_cap_info){.index = index, .type = cap->type, .rights = cap->rights, .state = cap->state,
                                 .badge = domain->badges[index], .parent_domain = cap->parent >> 20, .parent = cap->parent & 0xfffff};
    copy_name(info->name, sizeof(info->name), domain->cap_names[index]);
    describe_object(cap, info);
    return BH_OK;
}

void caps_drop_unnamed(struct domain *domain) {
    for (uint32_t index = 1; index < domain->cap_count; index++) {
        struct cap *cap = &domain->caps[index];
        if (cap->revoking) { // it would have come back for the rest
            revoke_descendants(caps_reference(domain, index));
            mark_revoking(cap, false);
        }
        if (cap->state == BH_CAP_GIVEN_UP)
            restore(domain, cap);
        else if (cap->type != BH_CAP_EMPTY && !domain->cap_names[index][0])
            clear_entry(domain, index);
    }
}

void caps_take_back(struct domain *domain, bh_cap index) {
    revoke_descendants(caps_reference(domain, index));
    clear_entry(domain, index);
}

// The entry behind `reference` in the tree below `top`, parents first; 0 behind the last.
static uint32_t next_below(uint32_t top, uint32_t reference) {
    if (entry_of(reference)->child)
        return entry_of(reference)->child;
    while (reference != top && !entry_of(reference)->next)
        reference = entry_of(reference)->parent;
    return reference == top ? 0 : entry_of(reference)->next;
}

enum bh_error caps_interpose(struct domain *domain, bh_cap index, bool on) {
    struct cap *cap;
    enum bh_error error = caps_get(domain, "interpose", index, BH_CAP_EMPTY, 0, &cap);
    if (error)
        return error;
    struct port *now = cap->object, *real = cap->type >= BH_CAP_PORT && now->behind ? now->behind : now;
    struct port *shadow = cap->type >= BH_CAP_PORT ? port_shadow_of(real) : NULL;
    if (!shadow)
        return refuse(BH_ENOENT, "interpose: no shadow stands by for what capability %u (%s) of %s leads to; the manifest has none", index,
                      domain->cap_names[index], domain->name);
    if (domain == shadow->server)
        return refuse(BH_EINVAL, "interpose: capability %u of %s is the shadow's own way to its server", index, domain->name);
    if (on && !shadow->serving && !shadow->bypassed)
        return refuse(BH_EAGAIN, "interpose: %s does not serve yet", shadow->server->name);
    cpus_stop();
    uint32_t top = caps_reference(domain, index);
    for (uint32_t reference = top; reference; reference = next_below(top, reference)) {
        struct domain *holder = domain_get(reference >> 20);
        cap = entry_of(reference);
        if (holder == shadow->server || !is_live(cap))
            continue;
        cap->object = on ? shadow : real;
        show(holder, cap);
    }
    return BH_OK;
}

void caps_forget_object(struct domain *domain, const void *object) {
    for (uint32_t i = 1; i < domain->cap_count; i++) {
        struct cap *cap = &domain->caps[i];
        if (!is_live(cap) || cap->object != object || cap->state == BH_CAP_LENT)
            continue;
        revoke_descendants(caps_reference(domain, i));
        unlink_from_parent(cap);
        let_go(domain, cap);
    }
}

uint32_t caps_rights_to(const struct domain *domain, const void *object, uint32_t with) {
    uint32_t rights = 0;
    for (uint32_t i = 1; i < domain->cap_count; i++)
        if (is_live(&domain->caps[i]) && domain->caps[i].object == object && (domain->caps[i].rights & with) == with)
            rights |= domain->caps[i].rights;
    return rights;
}

bool caps_lent(const struct domain *domain, const void *object) {
    for (uint32_t i = 1; i < domain->cap_count; i++)
        if (domain->caps[i].state == BH_CAP_LENT && domain->caps[i].object == object)
            return true;
    return false;
}

const struct cap *caps_root(const struct cap *cap) {
    while (cap->parent)
        cap = entry_of(cap->parent);
    return cap;
}

bool caps_is_own(const struct domain *domain, const struct cap *cap) {
    const struct cap *root = caps_root(cap);
    return root >= domain->caps && root < domain->caps + domain->cap_count;
}

// Made by event_create: the ends of rings, whose signals the rings tell of, cannot be passed on, and the kernel's are named.
static bool is_made_event(const struct domain *domain, uint32_t index) {
    const struct cap *cap = &domain->caps[index];
    return is_live(cap) && cap->type == BH_CAP_EVENT && !cap->parent && (cap->rights & BH_RIGHT_GRANT) && !domain->cap_names[index][0];
}

uint64_t caps_oldest_signal(const struct domain *domain) {
    uint64_t oldest = 0;
    for (uint32_t index = 1; index < domain->cap_count; index++) {
        if (!is_made_event(domain, index))
            continue;
        const struct event *event = domain->caps[index].object;
        if (event->awaited && event->outside && (!oldest || event->outside < oldest))
            oldest = event->outside;
    }
    return oldest;
}

uint32_t caps_count_all(void) {
    return all_count;
}
