// SPDX-License-Identifier: MIT
//
// Capability tables: derive, pass, revoke. Invariants: an entry in use has a type; a revoked entry keeps its type but no rights,
// so that its holder is told BH_EREVOKED and not something else; entry 0 is never used. Derivation is recorded as a
// reference (domain, index) to the parent; revocation walks all tables until it finds no more descendants.
#include "kernel/domain/caps.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/base.h"

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
    if (!domain->caps || !domain->cap_names)
        return refuse(BH_ENOMEM, "no memory for %u capabilities of %s", count, domain->name);
    domain->cap_count = count;
    return BH_OK;
}

uint32_t caps_reference(const struct domain *domain, bh_cap index) {
    return domain->id << 20 | index;
}

static void clear_entry(struct domain *domain, uint32_t index) {
    struct cap *cap = &domain->caps[index];
    if (cap->type == BH_CAP_EVENT && cap->generation != CAPS_REVOKED)
        event_object_release(cap->object);
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
    uint32_t generation = type >= BH_CAP_PORT ? ((struct port *)object)->generation : 0;
    domain->caps[index] = (struct cap){type, rights, generation, parent, object, 0};
    copy_name(domain->cap_names[index], BH_CAP_NAME_SIZE, name ? name : "");
    domain->caps_used++;
    all_count++;
    if (type == BH_CAP_EVENT)
        event_object_hold(object);
    *out = index;
    return BH_OK;
}

enum bh_error caps_get(struct domain *domain, const char *what, bh_cap index, enum bh_cap_type type,
                       uint32_t rights, struct cap **out) {
    if (index == 0 || index >= domain->cap_count || domain->caps[index].type == BH_CAP_EMPTY)
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
        if (domain->caps[index].type != BH_CAP_EMPTY && domain->cap_names[index][0] &&
            strcmp(domain->cap_names[index], name) == 0) {
            *out = index;
            return BH_OK;
        }
    return BH_ENOENT;
}

enum bh_error caps_drop(struct domain *domain, bh_cap index) {
    if (index == 0 || index >= domain->cap_count || domain->caps[index].type == BH_CAP_EMPTY)
        return refuse(BH_ECAP, "cap_drop: there is no capability %u", index);
    // Children outlive it: they hang on its own parent from now on.
    uint32_t self = caps_reference(domain, index);
    for (uint32_t id = 1; id < BH_SLOT_COUNT; id++) {
        struct domain *other = domain_get(id);
        for (uint32_t i = 1; other && i < other->cap_count; i++)
            if (other->caps[i].type != BH_CAP_EMPTY && other->caps[i].parent == self)
                other->caps[i].parent = domain->caps[index].parent;
    }
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

static void revoke_entry(struct cap *cap) {
    if (cap->type == BH_CAP_EVENT && cap->generation != CAPS_REVOKED)
        event_object_release(cap->object);
    cap->generation = CAPS_REVOKED;
    cap->rights = 0;
    cap->object = NULL;
}

enum bh_error caps_revoke(struct domain *domain, bh_cap index) {
    struct cap *cap;
    enum bh_error error = caps_get(domain, "cap_revoke", index, BH_CAP_EMPTY, 0, &cap);
    if (error)
        return error;
    uint32_t self = caps_reference(domain, index);
    for (uint32_t id = 1; id < BH_SLOT_COUNT; id++) {
        struct domain *other = domain_get(id);
        for (uint32_t i = 1; other && i < other->cap_count; i++) {
            struct cap *child = &other->caps[i];
            if (child->type == BH_CAP_EMPTY || child->parent != self || child->generation == CAPS_REVOKED)
                continue;
            // Depth is bounded by the tables' size: a child always has a live parent, and cycles cannot form.
            (void)caps_revoke(other, i);
            revoke_entry(child);
        }
    }
    return BH_OK;
}

enum bh_error caps_describe(struct domain *domain, uint32_t index, struct bh_cap_info *info) {
    while (index < domain->cap_count && domain->caps[index].type == BH_CAP_EMPTY)
        index++;
    if (index >= domain->cap_count)
        return BH_ENOENT;
    const struct cap *cap = &domain->caps[index];
    *info = (struct bh_cap_info){index, cap->type, cap->rights, cap->generation, {0}};
    copy_name(info->name, sizeof(info->name), domain->cap_names[index]);
    return BH_OK;
}

const char *caps_name(const struct domain *domain, bh_cap index) {
    return index < domain->cap_count ? domain->cap_names[index] : "";
}

void caps_drop_unnamed(struct domain *domain) {
    for (uint32_t index = 1; index < domain->cap_count; index++)
        if (domain->caps[index].type != BH_CAP_EMPTY && !domain->cap_names[index][0])
            (void)caps_drop(domain, index);
}

void caps_forget_object(const void *object) {
    for (uint32_t id = 1; id < BH_SLOT_COUNT; id++) {
        struct domain *domain = domain_get(id);
        for (uint32_t i = 1; domain && i < domain->cap_count; i++)
            if (domain->caps[i].type != BH_CAP_EMPTY && domain->caps[i].object == object)
                revoke_entry(&domain->caps[i]);
    }
}

uint32_t caps_count_all(void) {
    return all_count;
}
