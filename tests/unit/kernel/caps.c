// SPDX-License-Identifier: MIT
//
// Capability tables against a model of who was derived from whom.
#include "world.h"

#include <stdlib.h>

#include "kernel/exchange/buffers.h"

static bh_cap new_event(struct domain *domain) {
    struct event_object *object = event_object_create();
    bh_cap cap;
    cr_assert_eq(caps_insert(domain, BH_CAP_EVENT, BH_RIGHT_WAIT | BH_RIGHT_SIGNAL, object, NULL, 0, &cap), BH_OK);
    event_object_release(object);
    return cap;
}

static bh_cap pass(struct domain *from, bh_cap cap, struct domain *to) {
    bh_cap theirs;
    struct cap *entry;
    cr_assert_eq(caps_get(from, "test", cap, BH_CAP_EVENT, 0, &entry), BH_OK);
    cr_assert_eq(caps_insert(to, entry->type, entry->rights, entry->object, NULL, caps_reference(from, cap), &theirs), BH_OK);
    return theirs;
}

static enum bh_error look(struct domain *domain, bh_cap cap) {
    struct cap *entry;
    return caps_get(domain, "test", cap, BH_CAP_EVENT, BH_RIGHT_SIGNAL, &entry);
}

Test(caps, entry_zero_and_entries_past_the_end_do_not_exist, .init = world) {
    cr_assert_eq(look(first, 0), BH_ECAP);
    cr_assert_eq(look(first, 101), BH_ECAP);
    cr_assert_eq(look(first, 0xffffffff), BH_ECAP);
    cr_assert_eq(caps_drop(first, 0), BH_ECAP);
    cr_assert_eq(caps_drop(first, 0xffffffff), BH_ECAP);
    cr_assert_eq(caps_revoke(first, 5), BH_ECAP);
}

Test(caps, type_and_rights_are_checked, .init = world) {
    struct cap *entry;
    bh_cap event = new_event(first), less;
    cr_assert_eq(caps_get(first, "test", event, BH_CAP_BUFFER, 0, &entry), BH_ECAP);
    cr_assert_eq(caps_get(first, "test", event, BH_CAP_EVENT, BH_RIGHT_GRANT, &entry), BH_ERIGHTS);
    cr_assert_eq(caps_derive(first, event, BH_RIGHT_WAIT, &less), BH_OK);
    cr_assert_eq(look(first, less), BH_ERIGHTS);
    cr_assert_eq(caps_derive(first, less, BH_RIGHT_SIGNAL, &less), BH_ERIGHTS);
}

Test(caps, the_quota_is_exact, .init = world) {
    bh_cap cap = new_event(first), more;
    for (int i = 1; i < 100; i++)
        cr_assert_eq(caps_derive(first, cap, 0, &more), BH_OK);
    cr_assert_eq(caps_derive(first, cap, 0, &more), BH_EQUOTA);
    cr_assert_eq(first->caps_used, 100);
    cr_assert_eq(caps_drop(first, 50), BH_OK);
    cr_assert_eq(caps_derive(first, cap, 0, &more), BH_OK);
    cr_assert_eq(more, 50);
}

Test(caps, revoking_reaches_through_all_domains_and_leaves_the_rest, .init = world) {
    bh_cap root = new_event(first), other = new_event(first), mine;
    cr_assert_eq(caps_derive(first, root, BH_RIGHT_SIGNAL, &mine), BH_OK);
    bh_cap theirs = pass(first, mine, second), thirds = pass(second, theirs, third), back = pass(third, thirds, first);
    cr_assert_eq(caps_revoke(first, mine), BH_OK);
    cr_assert_eq(look(first, root), BH_OK);
    cr_assert_eq(look(first, mine), BH_OK);
    cr_assert_eq(look(first, other), BH_OK);
    cr_assert_eq(look(second, theirs), BH_EREVOKED);
    cr_assert_eq(look(third, thirds), BH_EREVOKED);
    cr_assert_eq(look(first, back), BH_EREVOKED);
    cr_assert_eq(caps_revoke(second, theirs), BH_EREVOKED);
}

Test(caps, children_of_a_dropped_capability_hang_on_its_parent, .init = world) {
    bh_cap root = new_event(first), middle;
    cr_assert_eq(caps_derive(first, root, BH_RIGHT_SIGNAL, &middle), BH_OK);
    bh_cap leaf = pass(first, middle, second);
    cr_assert_eq(caps_drop(first, middle), BH_OK);
    cr_assert_eq(look(second, leaf), BH_OK);
    cr_assert_eq(caps_revoke(first, root), BH_OK);
    cr_assert_eq(look(second, leaf), BH_EREVOKED);
}

Test(caps, a_chain_as_deep_as_the_quota_is_revoked_without_recursion, .init = world) {
    bh_cap root = new_event(third), at = root;
    for (int i = 0; i < 3990; i++)
        cr_assert_eq(caps_derive(third, at, BH_RIGHT_SIGNAL, &at), BH_OK);
    char before;
    (void)before;
    cr_assert_eq(caps_revoke(third, root), BH_OK);
    cr_assert_eq(look(third, at), BH_EREVOKED);
    cr_assert_eq(look(third, root), BH_OK);
}

Test(caps, a_dead_instance_loses_what_has_no_name, .init = world) {
    struct event_object *object = event_object_create();
    bh_cap named, found;
    cr_assert_eq(caps_insert(first, BH_CAP_EVENT, BH_RIGHT_SIGNAL, object, "door", 0, &named), BH_OK);
    bh_cap own = new_event(first), theirs = pass(first, own, second), kept = pass(first, named, second);
    caps_drop_unnamed(first);
    cr_assert_eq(first->caps_used, 1);
    cr_assert_eq(caps_find(first, "door", &found), BH_OK);
    cr_assert_eq(found, named);
    cr_assert_eq(caps_find(first, "", &found), BH_ENOENT);
    cr_assert_eq(look(second, theirs), BH_OK); // given for good
    cr_assert_eq(look(second, kept), BH_OK);
}

Test(caps, a_lent_one_cannot_be_given_up_and_survives_revocation, .init = world) {
    struct buffer *buffer;
    struct cap *entry;
    bh_cap own, lent, derived;
    cr_assert_eq(buffers_create(first, 8192, "", &buffer), BH_OK);
    cr_assert_eq(caps_insert(first, BH_CAP_BUFFER, BH_RIGHT_READ | BH_RIGHT_WRITE, buffer, NULL, 0, &own), BH_OK);
    cr_assert_eq(buffers_lend(first, second, own, &lent), BH_OK);
    cr_assert_eq(caps_drop(second, lent), BH_EBUSY);
    cr_assert_eq(caps_revoke(first, own), BH_OK);
    cr_assert_eq(caps_get(second, "test", lent, BH_CAP_BUFFER, BH_RIGHT_WRITE, &entry), BH_OK);
    cr_assert_eq(caps_derive(second, lent, BH_RIGHT_READ, &derived), BH_OK);
    buffers_unlend(second, lent);
    cr_assert_eq(caps_get(second, "test", lent, BH_CAP_BUFFER, 0, &entry), BH_ECAP);
    cr_assert_eq(caps_get(second, "test", derived, BH_CAP_BUFFER, 0, &entry), BH_EREVOKED);
    cr_assert_eq(buffer->mapped[second->id], 0);
    buffers_unlend(second, derived); // not a lent one: nothing happens
    buffers_unlend(second, 0);
    buffers_unlend(second, 4000000000u);
}

// ---- the model: node i is an entry; parents by number
enum { NODES = 250 };
struct node {
    struct domain *domain;
    bh_cap cap;
    int parent; // -1: none
    bool used, revoked;
};
static struct node nodes[NODES];

static bool descends(int node, int from) {
    for (int at = nodes[node].parent; at >= 0; at = nodes[at].parent)
        if (at == from)
            return true;
    return false;
}

static int find_node(bool used) {
    for (int tries = 0; tries < 100; tries++) {
        int i = (int)(random() % NODES);
        if (nodes[i].used == used && !(used && nodes[i].revoked && random() % 4))
            return i;
    }
    return -1;
}

static void model_add(struct domain *domains[3]) {
    int i = find_node(false), from = random() % 4 ? find_node(true) : -1;
    if (i < 0)
        return;
    struct domain *to = domains[random() % 3];
    if (to->caps_used >= to->cap_count - 1)
        return;
    nodes[i] = (struct node){.domain = to, .parent = -1, .used = true};
    if (from >= 0 && !nodes[from].revoked) {
        nodes[i].cap = pass(nodes[from].domain, nodes[from].cap, to);
        nodes[i].parent = from;
    } else {
        nodes[i].cap = new_event(to);
    }
}

static void model_drop(void) {
    int i = find_node(true);
    if (i < 0)
        return;
    cr_assert_eq(caps_drop(nodes[i].domain, nodes[i].cap), BH_OK);
    for (int j = 0; j < NODES; j++)
        if (nodes[j].used && nodes[j].parent == i)
            nodes[j].parent = nodes[i].parent;
    nodes[i].used = false;
}

static void model_revoke(void) {
    int i = find_node(true);
    if (i < 0 || nodes[i].revoked)
        return;
    bool below[NODES] = {false};
    for (int j = 0; j < NODES; j++)
        below[j] = nodes[j].used && descends(j, i);
    cr_assert_eq(caps_revoke(nodes[i].domain, nodes[i].cap), BH_OK);
    for (int j = 0; j < NODES; j++)
        if (below[j]) {
            nodes[j].revoked = true;
            nodes[j].parent = -1;
        }
}

// What a proxy does when it has got the kernel's lock (kernel/arch/x86_64/proxy.S).
uint64_t invoke_lease(struct thread *thread, struct domain *to, const struct port *port);

Test(caps, a_call_that_waits_while_its_capability_is_revoked_does_not_begin, .init = world) {
    static struct port port = {.name = "port", .cap_type = BH_CAP_PORT + 1};
    static struct thread thread;
    bh_cap root, derived;
    thread.domain = first;
    cr_assert_eq(caps_insert(second, BH_CAP_PORT + 1, BH_RIGHT_CALL, &port, NULL, 0, &root), BH_OK);
    cr_assert_eq(caps_insert(first, BH_CAP_PORT + 1, BH_RIGHT_CALL, &port, NULL, caps_reference(second, root), &derived), BH_OK);
    cr_assert_gt((int64_t)invoke_lease(&thread, third, &port), 0);
    cr_assert_eq(caps_revoke(second, root), BH_OK);
    cr_assert_eq((int64_t)invoke_lease(&thread, third, &port), BH_EREVOKED);
}

Test(caps, random_use_agrees_with_the_model, .init = world) {
    struct domain *domains[] = {first, second, third};
    srandom(42);
    for (int step = 0; step < 30000; step++) {
        long what = random() % 10;
        if (what < 6)
            model_add(domains);
        else if (what < 9)
            model_drop();
        else
            model_revoke();
        int i = (int)(random() % NODES);
        if (nodes[i].used)
            cr_assert_eq(look(nodes[i].domain, nodes[i].cap), nodes[i].revoked ? BH_EREVOKED : BH_OK, "step %d", step);
    }
    uint32_t used = 0;
    for (int i = 0; i < NODES; i++)
        used += nodes[i].used;
    cr_assert_eq(caps_count_all(), used);
    cr_assert_eq(first->caps_used + second->caps_used + third->caps_used, used);
    for (int i = 0; i < 3; i++)
        caps_drop_unnamed(domains[i]);
    cr_assert_eq(caps_count_all(), 0);
}
