// SPDX-License-Identifier: MIT
//
// Capability tables against a model of who was derived from whom.
#include "world.h"

#include <stdlib.h>

#include "kernel/domain/invoke.h"
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
    cr_assert_eq(caps_derive(first, event, BH_RIGHT_WAIT, 0, &less), BH_OK);
    cr_assert_eq(look(first, less), BH_ERIGHTS);
    cr_assert_eq(caps_derive(first, less, BH_RIGHT_SIGNAL, 0, &less), BH_ERIGHTS);
}

Test(caps, the_quota_is_exact, .init = world) {
    bh_cap cap = new_event(first), more;
    for (int i = 1; i < 100; i++)
        cr_assert_eq(caps_derive(first, cap, 0, 0, &more), BH_OK);
    cr_assert_eq(caps_derive(first, cap, 0, 0, &more), BH_EQUOTA);
    cr_assert_eq(first->caps_used, 100);
    cr_assert_eq(caps_drop(first, 50), BH_OK);
    cr_assert_eq(caps_derive(first, cap, 0, 0, &more), BH_OK);
    cr_assert_eq(more, 50);
}

Test(caps, revoking_reaches_through_all_domains_and_leaves_the_rest, .init = world) {
    bh_cap root = new_event(first), other = new_event(first), mine;
    cr_assert_eq(caps_derive(first, root, BH_RIGHT_SIGNAL, 0, &mine), BH_OK);
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
    cr_assert_eq(caps_derive(first, root, BH_RIGHT_SIGNAL, 0, &middle), BH_OK);
    bh_cap leaf = pass(first, middle, second);
    cr_assert_eq(caps_drop(first, middle), BH_OK);
    cr_assert_eq(look(second, leaf), BH_OK);
    cr_assert_eq(caps_revoke(first, root), BH_OK);
    cr_assert_eq(look(second, leaf), BH_EREVOKED);
}

static uint32_t live_below(struct domain *domain) {
    uint32_t count = 0;
    for (uint32_t i = 1; i < domain->cap_count; i++)
        count += domain->caps[i].type != BH_CAP_EMPTY && domain->caps[i].state == BH_CAP_LIVE;
    return count;
}

// How many calls of caps_revoke it takes; each may end only so many entries.
static uint32_t revoke_in_steps(struct domain *domain, bh_cap cap, uint32_t most) {
    enum bh_error error;
    uint32_t calls = 0, before;
    do {
        before = live_below(first) + live_below(second) + live_below(third);
        error = caps_revoke(domain, cap);
        uint32_t ended = before - live_below(first) - live_below(second) - live_below(third);
        cr_assert_leq(ended, most);
        calls++;
    } while (error == BH_EAGAIN);
    cr_assert_eq(error, BH_OK);
    return calls;
}

Test(caps, a_chain_has_a_deepest_link, .init = world) {
    bh_cap root = new_event(third), at = root, more;
    for (int i = 1; i < BH_CAP_DEPTH; i++)
        cr_assert_eq(caps_derive(third, at, BH_RIGHT_SIGNAL, 0, &at), BH_OK);
    cr_assert_eq(caps_derive(third, at, BH_RIGHT_SIGNAL, 0, &more), BH_ERANGE);
    cr_assert_eq(third->caps_used, BH_CAP_DEPTH);
    revoke_in_steps(third, root, 64);
    cr_assert_eq(look(third, at), BH_EREVOKED);
    cr_assert_eq(look(third, root), BH_OK);
    cr_assert_eq(caps_derive(third, root, BH_RIGHT_SIGNAL, 0, &more), BH_OK);
}

// A tree with as many entries as the quota allows, each with a few children: each call ends a part of it, and all of it ends.
Test(caps, a_tree_is_revoked_in_bounded_steps, .init = world) {
    bh_cap nodes[3900] = {new_event(third)};
    for (int i = 1; i < 3900; i++)
        cr_assert_eq(caps_derive(third, nodes[(i - 1) / 3], BH_RIGHT_SIGNAL, 0, &nodes[i]), BH_OK);
    bh_cap theirs = pass(third, nodes[3899], second);
    uint32_t calls = revoke_in_steps(third, nodes[0], 64);
    cr_assert(calls >= 3900 / 64 && calls <= 2 * 3900 / 64 + 1, "%u calls", calls);
    cr_assert_eq(live_below(third), 1);
    cr_assert_eq(look(second, theirs), BH_EREVOKED);
    for (int i = 0; i < 3900; i++)
        cr_assert_eq(caps_drop(third, nodes[i]), BH_OK);
    cr_assert_eq(third->caps_used, 0);
}

// Between two calls nothing below can be used, though it is its turn only later; what hangs elsewhere is untouched.
Test(caps, what_is_half_revoked_is_of_no_use, .init = world) {
    bh_cap root = new_event(third), other = new_event(third), branch[200], leaf;
    struct cap *entry;
    for (int i = 0; i < 200; i++)
        cr_assert_eq(caps_derive(third, root, BH_RIGHT_SIGNAL | BH_RIGHT_WAIT, 0, &branch[i]), BH_OK);
    bh_cap theirs = pass(third, branch[0], second), elsewhere = pass(third, other, second);
    cr_assert_eq(caps_revoke(third, root), BH_EAGAIN);
    cr_assert_eq(third->caps[branch[0]].state, BH_CAP_LIVE); // the last one that there is
    cr_assert_eq(look(third, branch[0]), BH_EREVOKED);
    cr_assert_eq(look(second, theirs), BH_EREVOKED);
    cr_assert_eq(caps_derive(second, theirs, 0, 0, &leaf), BH_EREVOKED);
    cr_assert_eq(caps_pass(second, "test", theirs, BH_CAP_EVENT, first, &leaf), BH_EREVOKED);
    cr_assert_eq(caps_revoke(second, theirs), BH_EREVOKED);
    cr_assert_eq(look(third, root), BH_OK);
    cr_assert_eq(look(second, elsewhere), BH_OK);
    cr_assert_eq(caps_drop(second, theirs), BH_OK); // meanwhile
    cr_assert_eq(caps_drop(third, branch[100]), BH_OK);
    revoke_in_steps(third, root, 64);
    cr_assert_eq(caps_get(third, "test", root, BH_CAP_EVENT, 0, &entry), BH_OK);
    cr_assert_eq(entry->child, 0);
    cr_assert_eq(entry->revoking, false);
    cr_assert_eq(caps_derive(third, root, BH_RIGHT_SIGNAL, 0, &leaf), BH_OK);
    cr_assert_eq(look(third, leaf), BH_OK);
}

// Who began to revoke does not come back: what was begun is done at its end.
Test(caps, a_revocation_is_finished_when_its_domain_dies_or_drops_the_root, .init = world) {
    for (int dies = 0; dies < 2; dies++) {
        bh_cap root = new_event(third), leaf = 0;
        for (int i = 0; i < 300; i++)
            cr_assert_eq(caps_derive(third, root, BH_RIGHT_SIGNAL, 0, &leaf), BH_OK);
        bh_cap theirs = pass(third, leaf, second);
        bh_cap early = 0;
        while (third->caps[++early].parent != caps_reference(third, root)) // the first derived: the last in turn
            ;
        bh_cap last = pass(third, early, first);
        cr_assert_eq(caps_revoke(third, root), BH_EAGAIN);
        if (dies)
            caps_drop_unnamed(third);
        else
            while (caps_drop(third, root) == BH_EAGAIN)
                ;
        cr_assert_eq(look(second, theirs), BH_EREVOKED);
        cr_assert_eq(look(first, last), BH_EREVOKED);
        cr_assert_eq(first->caps[last].state, BH_CAP_REVOKED);
        caps_drop_unnamed(first);
        caps_drop_unnamed(second);
        caps_drop_unnamed(third);
        cr_assert_eq(caps_count_all(), 0);
    }
}

Test(caps, two_revocations_in_one_tree_do_not_disturb_each_other, .init = world) {
    bh_cap root = new_event(third), inner, leaf;
    cr_assert_eq(caps_derive(third, root, BH_RIGHT_SIGNAL | BH_RIGHT_WAIT, 0, &inner), BH_OK);
    bh_cap theirs = pass(third, inner, second);
    for (int i = 0; i < 90; i++)
        cr_assert_eq(caps_derive(second, theirs, BH_RIGHT_SIGNAL, 0, &leaf), BH_OK);
    cr_assert_eq(caps_revoke(second, theirs), BH_EAGAIN);
    cr_assert_eq(caps_revoke(third, root), BH_OK); // the rest of the 90, and two
    cr_assert_eq(caps_revoke(second, theirs), BH_EREVOKED);
    cr_assert_eq(live_below(second), 0);
    cr_assert_eq(live_below(third), 1);
}

Test(caps, many_children_are_handed_over_in_bounded_steps, .init = world) {
    bh_cap root = new_event(third), middle, leaf = 0;
    cr_assert_eq(caps_derive(third, root, BH_RIGHT_SIGNAL, 0, &middle), BH_OK);
    for (int i = 0; i < 150; i++)
        cr_assert_eq(caps_derive(third, middle, BH_RIGHT_SIGNAL, 0, &leaf), BH_OK);
    cr_assert_eq(caps_drop(third, middle), BH_EAGAIN);
    cr_assert_eq(look(third, middle), BH_OK);
    cr_assert_eq(caps_drop(third, middle), BH_EAGAIN);
    cr_assert_eq(caps_drop(third, middle), BH_OK);
    cr_assert_eq(look(third, leaf), BH_OK);
    revoke_in_steps(third, root, 64);
    cr_assert_eq(live_below(third), 1);
}

Test(caps, a_badge_is_given_once_and_stays, .init = world) {
    static struct port port = {.server = &kernel_domain, .cap_type = BH_CAP_PORT + 38, .name = "door"};
    uint32_t type = BH_CAP_PORT + 38;
    bh_cap door, seven, child, theirs, none;
    struct bh_cap_info info;
    cr_assert_eq(caps_insert(first, type, BH_RIGHT_CALL | BH_RIGHT_GRANT, &port, "door", 0, &door), BH_OK);
    cr_assert_eq(caps_derive(first, door, BH_RIGHT_CALL | BH_RIGHT_GRANT, 7, &seven), BH_OK);
    cr_assert_eq(first->badges[door], 0);
    cr_assert_eq(first->badges[seven], 7);
    cr_assert_eq(caps_derive(first, seven, BH_RIGHT_CALL, 8, &none), BH_ERIGHTS);
    cr_assert_eq(caps_derive(first, seven, BH_RIGHT_CALL, 7, &none), BH_ERIGHTS);
    cr_assert_eq(caps_derive(first, new_event(first), BH_RIGHT_SIGNAL, 7, &none), BH_EINVAL);
    cr_assert_eq(caps_derive(first, seven, BH_RIGHT_CALL | BH_RIGHT_GRANT, 0, &child), BH_OK);
    cr_assert_eq(caps_pass(first, "test", child, type, second, &theirs), BH_OK);
    cr_assert_eq(second->badges[theirs], 7);
    cr_assert_eq(caps_describe(second, theirs, &info), BH_OK);
    cr_assert(info.badge == 7 && info.parent_domain == first->id && info.parent == child && info.type == type);
    cr_assert_str_eq(info.object_name, "door");
    cr_assert_eq(caps_drop(first, child), BH_OK);
    cr_assert_eq(first->badges[child], 0); // whoever gets this index next has none
    cr_assert_eq(caps_revoke(first, door), BH_OK);
    cr_assert_eq(second->callable[theirs], &port_none);
    cr_assert_eq(caps_describe(second, theirs, &info), BH_OK);
    cr_assert(info.state == BH_CAP_REVOKED && !info.rights && !info.parent);
    cr_assert_eq(caps_describe(second, theirs + 1, &info), BH_ENOENT);
    cr_assert_eq(caps_pass(first, "test", door, BH_CAP_EVENT, second, &none), BH_ECAP);
    cr_assert_eq(caps_derive(first, door, BH_RIGHT_CALL, 0, &child), BH_OK);
    cr_assert_eq(caps_pass(first, "test", child, type, second, &none), BH_ERIGHTS); // no GRANT
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
    cr_assert_eq(buffers_lend(first, second, own, 0, &lent), BH_OK);
    cr_assert_eq(caps_drop(second, lent), BH_EBUSY);
    cr_assert_eq(caps_revoke(first, own), BH_OK);
    cr_assert_eq(caps_get(second, "test", lent, BH_CAP_BUFFER, BH_RIGHT_WRITE, &entry), BH_OK);
    cr_assert_eq(caps_derive(second, lent, BH_RIGHT_READ, 0, &derived), BH_OK);
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
    revoke_in_steps(nodes[i].domain, nodes[i].cap, 64);
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
    static struct invocation record;
    static struct thread thread = {.top = &record};
    bh_cap root, derived, other;
    thread.domain = first;
    cr_assert_eq(caps_insert(second, BH_CAP_PORT + 1, BH_RIGHT_CALL, &port, NULL, 0, &root), BH_OK);
    cr_assert_eq(caps_insert(first, BH_CAP_PORT + 1, BH_RIGHT_CALL, &port, NULL, caps_reference(second, root), &derived), BH_OK);
    cr_assert_gt((int64_t)invoke_lease(&thread, third, &port), 0);
    record.badge = 5; // of another one, which the proxy has found, and which is gone
    cr_assert_eq((int64_t)invoke_lease(&thread, third, &port), BH_EREVOKED);
    cr_assert_eq(caps_derive(first, derived, BH_RIGHT_CALL, 5, &other), BH_OK);
    cr_assert_gt((int64_t)invoke_lease(&thread, third, &port), 0);
    cr_assert_eq(caps_drop(first, other), BH_OK);
    record.badge = 0;
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
