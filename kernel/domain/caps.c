// SPDX-License-Identifier: MIT
//
// Capability tables: derive, pass, revoke. Invariants: an entry in use has a type; a revoked entry keeps its type but no rights,
// so that its holder is told BH_EREVOKED and not something else; entry 0 is never used; a revoked entry has neither parent nor children.
// Derivation is a tree through all tables: each entry knows its parent, its first child and its next sibling, so that revoking is a walk
// without recursion (a domain may derive as deep as its quota goes). A lent buffer's entry is nobody's child: it ends with its call.
#include "kernel/domain/caps.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/base.h"
#include "kernel/exchange/buffers.h"

static uint32_t all_count;

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
    if (!domain->caps || !domain->cap_names || !domain->callable)
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
    return cap->type != BH_CAP_EMPTY && cap->generation != CAPS_REVOKED && cap->generation != CAPS_GIVEN_UP;
}

// For the domain: it may have given it up.
static bool exists(const struct domain *domain, bh_cap index) {
    return index && index < domain->cap_count && domain->caps[index].type != BH_CAP_EMPTY && domain->caps[index].generation != CAPS_GIVEN_UP;
}

// What proxies see of an entry follows the entry. They read on other processors meanwhile: a call that looked before goes on.
static void show(struct domain *domain, struct cap *cap) {
    bool callable = is_live(cap) && cap->type >= BH_CAP_PORT && (cap->rights & BH_RIGHT_CALL);
    __atomic_store_n(&domain->callable[cap - domain->caps], callable ? cap->object : &port_none, __ATOMIC_RELEASE);
}

static void link_to_parent(struct cap *cap, uint32_t self, uint32_t parent) {
    cap->parent = parent;
    cap->sibling = 0;
    if (!parent)
        return;
    cap->sibling = entry_of(parent)->child;
    entry_of(parent)->child = self;
}

static void unlink_from_parent(struct cap *cap, uint32_t self) {
    if (!cap->parent)
        return;
    uint32_t *place = &entry_of(cap->parent)->child;
    while (*place != self)
        place = &entry_of(*place)->sibling;
    *place = cap->sibling;
    cap->parent = cap->sibling = 0;
}

// Children outlive it: they hang on its own parent from now on.
static void hand_children_over(struct cap *cap) {
    while (cap->child) {
        uint32_t reference = cap->child;
        struct cap *child = entry_of(reference);
        cap->child = child->sibling;
        link_to_parent(child, reference, cap->parent);
    }
}

// The entry stops standing for its object.
static void let_go(struct domain *domain, struct cap *cap) {
    void *object = cap->object;
    cap->object = NULL;
    cap->rights = 0;
    cap->generation = CAPS_REVOKED;
    show(domain, cap);
    if (cap->type == BH_CAP_EVENT)
        event_object_release(object);
    else if (cap->type == BH_CAP_BUFFER)
        buffers_cap_removed(object, domain);
}

static void clear_entry(struct domain *domain, uint32_t index) {
    struct cap *cap = &domain->caps[index];
    hand_children_over(cap);
    unlink_from_parent(cap, caps_reference(domain, index));
    if (is_live(cap))
        let_go(domain, cap);
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
    domain->caps[index] = (struct cap){.type = type, .rights = rights, .object = object};
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
    if (cap->generation == CAPS_REVOKED)
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
    cap->generation = CAPS_GIVEN_UP;
    show(domain, cap);
    if (cap->type == BH_CAP_BUFFER)
        buffers_cap_removed(cap->object, domain);
}

static void restore(struct domain *domain, struct cap *cap) {
    cap->generation = 0;
    show(domain, cap);
    if (cap->type == BH_CAP_BUFFER)
        buffers_cap_added(cap->object);
}

enum bh_error caps_drop(struct domain *domain, bh_cap index) {
    if (!exists(domain, index))
        return refuse(BH_ECAP, "cap_drop: there is no capability %u", index);
    if (domain->caps[index].generation == CAPS_LENT)
        return refuse(BH_EBUSY, "cap_drop: capability %u is a buffer lent for a call; it goes when the call returns", index);
    if (domain->cap_names[index][0])
        give_up(domain, &domain->caps[index]);
    else
        clear_entry(domain, index);
    return BH_OK;
}

enum bh_error caps_derive(struct domain *domain, bh_cap index, uint32_t rights, bh_cap *out) {
    struct cap *cap;
    enum bh_error error = caps_get(domain, "cap_derive", index, BH_CAP_EMPTY, rights, &cap);
    if (error)
        return error;
    return caps_insert(domain, cap->type, rights, cap->object, NULL, caps_reference(domain, index), out);
}

// From leaf to leaf: each entry is visited on the way down and taken off on the way up.
static void revoke_descendants(uint32_t top) {
    uint32_t at = top;
    for (;;) {
        struct cap *cap = entry_of(at);
        if (cap->child) {
            at = cap->child;
            continue;
        }
        if (at == top)
            return;
        uint32_t parent = cap->parent;
        unlink_from_parent(cap, at);
        let_go(domain_get(at >> 20), cap);
        at = parent;
    }
}

enum bh_error caps_revoke(struct domain *domain, bh_cap index) {
    struct cap *cap;
    enum bh_error error = caps_get(domain, "cap_revoke", index, BH_CAP_EMPTY, 0, &cap);
    if (error)
        return error;
    revoke_descendants(caps_reference(domain, index));
    cpus_stop(); // calls that had just found a capability are inside by now, or wait at a door of their proxy, where they look again (invoke.c)
    return BH_OK;
}

enum bh_error caps_describe(struct domain *domain, uint32_t index, struct bh_cap_info *info) {
    while (index < domain->cap_count && !exists(domain, index))
        index++;
    if (index >= domain->cap_count)
        return BH_ENOENT;
    const struct cap *cap = &domain->caps[index];
    *info = (struct bh_cap_info){index, cap->type, cap->rights, cap->generation, {0}};
    copy_name(info->name, sizeof(info->name), domain->cap_names[index]);
    return BH_OK;
}

void caps_drop_unnamed(struct domain *domain) {
    for (uint32_t index = 1; index < domain->cap_count; index++)
        if (domain->caps[index].generation == CAPS_GIVEN_UP)
            restore(domain, &domain->caps[index]);
        else if (domain->caps[index].type != BH_CAP_EMPTY && !domain->cap_names[index][0])
            clear_entry(domain, index);
}

void caps_take_back(struct domain *domain, bh_cap index) {
    revoke_descendants(caps_reference(domain, index));
    clear_entry(domain, index);
}

void caps_forget_object(struct domain *domain, const void *object) {
    for (uint32_t i = 1; i < domain->cap_count; i++) {
        struct cap *cap = &domain->caps[i];
        if (!is_live(cap) || cap->object != object || cap->generation == CAPS_LENT)
            continue;
        uint32_t self = caps_reference(domain, i);
        revoke_descendants(self);
        unlink_from_parent(cap, self);
        let_go(domain, cap);
    }
}

uint32_t caps_rights_to(const struct domain *domain, const void *object) {
    uint32_t rights = 0;
    for (uint32_t i = 1; i < domain->cap_count; i++)
        if (is_live(&domain->caps[i]) && domain->caps[i].object == object)
            rights |= domain->caps[i].rights;
    return rights;
}

bool caps_lent(const struct domain *domain, const void *object) {
    for (uint32_t i = 1; i < domain->cap_count; i++)
        if (domain->caps[i].generation == CAPS_LENT && domain->caps[i].object == object)
            return true;
    return false;
}

const struct cap *caps_root(const struct cap *cap) {
    while (cap->parent)
        cap = entry_of(cap->parent);
    return cap;
}

uint32_t caps_count_all(void) {
    return all_count;
}
