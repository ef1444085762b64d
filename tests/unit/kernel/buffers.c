// SPDX-License-Identifier: MIT
//
// Exchange buffers and rings as kernel objects: places, quotas, owners, mappings.
#include "kernel/exchange/buffers.h"

#include <stdlib.h>

#include "kernel.h"
#include "kernel/exchange/rings.h"
#include "kernel/sched/thread.h"
#include "world.h"

static bh_cap own(struct domain *domain, uint64_t size, struct buffer **buffer) {
    bh_cap cap;
    cr_assert_eq(buffers_create(domain, size, "", buffer), BH_OK);
    cr_assert_eq(caps_insert(domain, BH_CAP_BUFFER, BH_RIGHT_READ | BH_RIGHT_WRITE | BH_RIGHT_GRANT, *buffer, NULL, 0, &cap), BH_OK);
    return cap;
}

static bool is_mapped(const struct domain *domain, const struct buffer *buffer) {
    hpa frame;
    bool here = platform_lookup(domain->base + buffer->offset, &frame) == BH_OK;
    cr_assert_eq(here, buffer->mapped[domain->id] != 0);
    cr_assert(!here || frame == buffer->frames);
    return here;
}

Test(buffers, sizes_are_whole_pages_within_the_quota, .init = world) {
    struct buffer *buffer;
    size_t before = frames_free_count();
    cr_assert_eq(buffers_create(first, 0, "", &buffer), BH_ERANGE);
    cr_assert_eq(buffers_create(first, UINT64_MAX, "", &buffer), BH_ERANGE);
    cr_assert_eq(buffers_create(first, BH_SLOT_EXCHANGE_END - BH_SLOT_EXCHANGE, "", &buffer), BH_EQUOTA);
    cr_assert_eq(buffers_create(first, QUOTA + 1, "", &buffer), BH_EQUOTA);
    cr_assert_eq(buffers_create(&kernel_domain, 1u << 30, "", &buffer), BH_ENOMEM);
    cr_assert_eq(frames_free_count(), before);
    bh_cap cap = own(first, 1, &buffer);
    cr_assert_eq(buffer->size, 4096);
    cr_assert_eq(first->memory_used, 4096);
    cr_assert_eq(frames_free_count(), before - 1);
    cr_assert_eq(caps_drop(first, cap), BH_OK);
    cr_assert_eq(first->memory_used, 0);
    cr_assert_eq(frames_free_count(), before);
    first->memory_used = QUOTA + 4096; // more than the quota: nothing is left, not nearly everything
    cr_assert_eq(buffers_create(first, 4096, "", &buffer), BH_EQUOTA);
}

Test(buffers, no_two_overlap_and_each_has_a_guard_behind_it, .init = world) {
    struct buffer *held[40] = {0};
    bh_cap caps[40];
    srandom(9);
    for (int step = 0; step < 3000; step++) {
        int i = (int)(random() % 40);
        if (held[i]) {
            cr_assert_eq(caps_drop(third, caps[i]), BH_OK);
            held[i] = NULL;
        } else {
            caps[i] = own(third, 1 + (uint64_t)random() % 20000, &held[i]);
        }
        for (int j = 0; held[i] && j < 40; j++)
            if (held[j] && j != i)
                cr_assert(held[i]->offset + held[i]->size + 4096 <= held[j]->offset || held[j]->offset + held[j]->size + 4096 <= held[i]->offset);
    }
    for (int i = 0; i < 40; i++)
        if (held[i])
            cr_assert_eq(caps_drop(third, caps[i]), BH_OK);
    cr_assert_eq(buffers_count(), 0);
    cr_assert_eq(third->memory_used, 0);
}

Test(buffers, mappings_follow_capabilities, .init = world) {
    struct buffer *buffer;
    bh_cap cap = own(first, 8192, &buffer), reader, writer;
    cr_assert_eq(buffers_map(buffer, first, BH_RIGHT_READ | BH_RIGHT_WRITE), BH_OK);
    uint32_t parent = caps_reference(first, cap);
    cr_assert_eq(caps_insert(second, BH_CAP_BUFFER, BH_RIGHT_READ, buffer, NULL, parent, &reader), BH_OK);
    cr_assert_eq(caps_insert(second, BH_CAP_BUFFER, BH_RIGHT_READ | BH_RIGHT_WRITE, buffer, NULL, parent, &writer), BH_OK);
    cr_assert_eq(buffers_map(buffer, second, BH_RIGHT_READ | BH_RIGHT_WRITE), BH_OK);
    cr_assert_eq(caps_drop(second, writer), BH_OK);
    cr_assert_eq(buffer->mapped[second->id], MAP_READ); // no right to write is left
    cr_assert(is_mapped(second, buffer));
    cr_assert_eq(caps_revoke(first, cap), BH_OK);
    cr_assert_not(is_mapped(second, buffer));
    cr_assert(is_mapped(first, buffer));
    cr_assert_eq(caps_drop(first, cap), BH_OK);
    cr_assert_eq(buffers_count(), 0);
    cr_assert_eq(caps_drop(second, reader), BH_OK);
}

Test(buffers, a_moved_one_is_the_receivers_alone, .init = world) {
    struct buffer *buffer;
    bh_cap cap = own(first, 8192, &buffer), shared, theirs, back;
    cr_assert_eq(buffers_map(buffer, first, BH_RIGHT_READ | BH_RIGHT_WRITE), BH_OK);
    cr_assert_eq(caps_insert(third, BH_CAP_BUFFER, BH_RIGHT_READ, buffer, NULL, caps_reference(first, cap), &shared), BH_OK);
    cr_assert_eq(buffers_map(buffer, third, BH_RIGHT_READ), BH_OK);
    cr_assert_eq(buffers_move(third, second, shared, &theirs), BH_ERIGHTS); // not its owner
    cr_assert_eq(buffers_move(first, second, cap, &theirs), BH_OK);
    cr_assert_not(is_mapped(first, buffer));
    cr_assert_not(is_mapped(third, buffer));
    cr_assert(is_mapped(second, buffer));
    cr_assert_eq(first->memory_used, 0);
    cr_assert_eq(second->memory_used, 8192);
    cr_assert_eq(buffers_move(first, second, cap, &back), BH_ECAP);
    cr_assert_eq(buffers_move(second, first, theirs, &back), BH_OK);
    cr_assert_eq(buffers_count(), 1);
    second->memory_used = QUOTA;
    cr_assert_eq(buffers_move(first, second, back, &theirs), BH_EQUOTA);
    cr_assert(is_mapped(first, buffer));
}

Test(buffers, a_moved_one_is_lost_to_whom_it_was_shared_by_any_way, .init = world) {
    struct buffer *buffer;
    bh_cap cap = own(first, 8192, &buffer), second_of_first, accomplices, theirs;
    cr_assert_eq(caps_derive(first, cap, BH_RIGHT_READ | BH_RIGHT_WRITE, 0, &second_of_first), BH_OK);
    cr_assert_eq(caps_insert(third, BH_CAP_BUFFER, BH_RIGHT_READ | BH_RIGHT_WRITE, buffer, NULL, caps_reference(first, cap), &accomplices), BH_OK);
    cr_assert_eq(buffers_map(buffer, third, BH_RIGHT_READ | BH_RIGHT_WRITE), BH_OK);
    cr_assert_eq(caps_drop(first, cap), BH_OK); // now nothing joins the accomplice's capability to the one that is moved
    cr_assert_eq(buffers_move(first, second, second_of_first, &theirs), BH_OK);
    cr_assert_not(is_mapped(third, buffer));
    cr_assert(is_mapped(second, buffer));
    cr_assert_eq(buffer->references, 1);
}

Test(buffers, a_lent_one_is_not_moved, .init = world) {
    struct buffer *buffer;
    bh_cap cap = own(first, 8192, &buffer), lent, theirs;
    cr_assert_eq(buffers_lend(first, second, cap, 0, &lent), BH_OK);
    cr_assert_eq(buffers_move(first, third, cap, &theirs), BH_EBUSY);
    buffers_unlend(second, lent);
    cr_assert_eq(buffers_move(first, third, cap, &theirs), BH_OK);
}

Test(buffers, a_lent_one_is_lent_on_in_the_same_call_only, .init = world) {
    struct buffer *buffer;
    bh_cap cap = own(first, 8192, &buffer), lent, derived, on;
    cr_assert_eq(buffers_lend(first, second, cap, 0, &lent), BH_OK);
    cr_assert_eq(caps_derive(second, lent, BH_RIGHT_READ, 0, &derived), BH_OK);
    cr_assert_eq(buffers_lend(second, third, derived, 0, &on), BH_OK);
    buffers_unlend(third, on);
    second->caps[lent].lent_to++; // as if another thread had it
    cr_assert_eq(buffers_lend(second, third, lent, 0, &on), BH_EBUSY);
    cr_assert_eq(buffers_lend(second, third, derived, 0, &on), BH_EBUSY);
    buffers_unlend(second, lent);
    cr_assert_eq(buffer->references, 1);
}

Test(buffers, a_lent_one_outlives_its_lender_until_the_call_returns, .init = world) {
    struct buffer *buffer;
    size_t before = frames_free_count();
    bh_cap cap = own(first, 8192, &buffer), lent, again;
    cr_assert_eq(buffers_lend(first, second, cap, 0, &lent), BH_OK);
    cr_assert_eq(buffers_lend(first, second, cap, 0, &again), BH_OK); // another call at the same time
    buffers_domain_died(first);
    caps_drop_unnamed(first);
    cr_assert_eq(first->memory_used, 0);
    cr_assert(is_mapped(second, buffer));
    cr_assert_eq(buffers_move(second, third, lent, &cap), BH_ERIGHTS);
    buffers_unlend(second, lent);
    cr_assert(is_mapped(second, buffer));
    buffers_unlend(second, again);
    cr_assert_eq(buffers_count(), 0);
    cr_assert_eq(frames_free_count(), before);
}

Test(buffers, the_borrowers_death_gives_it_back, .init = world) {
    struct buffer *buffer;
    bh_cap cap = own(first, 8192, &buffer), lent;
    cr_assert_eq(buffers_map(buffer, first, BH_RIGHT_READ), BH_OK);
    cr_assert_eq(buffers_lend(first, second, cap, 0, &lent), BH_OK);
    buffers_domain_died(second);
    caps_drop_unnamed(second);
    cr_assert_not(is_mapped(second, buffer));
    cr_assert(is_mapped(first, buffer));
    cr_assert_eq(buffer->references, 1);
    buffers_unlend(second, lent); // too late: nothing happens
    cr_assert_eq(buffers_count(), 1);
}

Test(buffers, the_manifests_buffers_never_go, .init = world) {
    struct buffer *buffer;
    bh_cap cap;
    cr_assert_eq(buffers_create(&kernel_domain, 4096, "memory", &buffer), BH_OK);
    cr_assert_eq(caps_insert(first, BH_CAP_BUFFER, BH_RIGHT_READ, buffer, "memory", 0, &cap), BH_OK);
    buffers_domain_died(first);
    caps_drop_unnamed(first);
    cr_assert_eq(caps_drop(first, cap), BH_OK);
    cr_assert_eq(buffers_count(), 1);
}

// What devices may reach: as far as capabilities with the right DMA say, once their holder has asked where it is.
Test(buffers, grants_to_devices_follow_capabilities, .init = world) {
    struct buffer *buffer;
    bh_cap plain = own(first, 4096, &buffer), read, write;
    cr_assert_eq(caps_insert(first, BH_CAP_BUFFER, BH_RIGHT_READ | BH_RIGHT_DMA, buffer, NULL, 0, &read), BH_OK);
    cr_assert_eq(buffer->dma[first->id], 0);
    cr_assert_eq(buffers_dma_map(buffer, first), BH_OK);
    cr_assert_eq(buffer->dma[first->id], MAP_READ, "the right to write of another capability is not for devices");
    cr_assert_eq(caps_insert(first, BH_CAP_BUFFER, BH_RIGHT_WRITE | BH_RIGHT_DMA, buffer, NULL, 0, &write), BH_OK);
    cr_assert_eq(buffers_dma_map(buffer, first), BH_OK);
    cr_assert_eq(buffer->dma[first->id], MAP_READ | MAP_WRITE);
    cr_assert_eq(caps_drop(first, write), BH_OK);
    cr_assert_eq(buffer->dma[first->id], MAP_READ);
    cr_assert_eq(caps_drop(first, plain), BH_OK);
    cr_assert_eq(buffer->dma[first->id], MAP_READ);
    cr_assert_eq(caps_drop(first, read), BH_OK);
    cr_assert_eq(buffers_count(), 0);
}

Test(buffers, a_moved_buffer_and_one_of_the_dead_are_out_of_reach_of_devices, .init = world) {
    struct buffer *moved, *left;
    bh_cap mine, shared, theirs;
    cr_assert_eq(buffers_create(first, 4096, "", &moved), BH_OK);
    cr_assert_eq(caps_insert(first, BH_CAP_BUFFER, BH_RIGHT_READ | BH_RIGHT_WRITE | BH_RIGHT_DMA | BH_RIGHT_GRANT, moved, NULL, 0, &mine), BH_OK);
    cr_assert_eq(caps_pass(first, "pass", mine, BH_CAP_BUFFER, third, &shared), BH_OK);
    cr_assert(buffers_dma_map(moved, first) == BH_OK && buffers_dma_map(moved, third) == BH_OK && moved->dma[third->id] == (MAP_READ | MAP_WRITE));
    cr_assert_eq(buffers_move(first, second, mine, &theirs), BH_OK);
    cr_assert(!moved->dma[first->id] && !moved->dma[third->id] && !moved->dma[second->id], "nobody's devices but the new owner's, who has not asked yet");
    cr_assert_eq(buffers_dma_map(moved, second), BH_OK);
    cr_assert_eq(moved->dma[second->id], MAP_READ | MAP_WRITE);
    cr_assert_eq(buffers_create(&kernel_domain, 4096, "", &left), BH_OK);
    cr_assert_eq(caps_insert(second, BH_CAP_BUFFER, BH_RIGHT_DMA | BH_RIGHT_WRITE, left, "left", 0, &mine), BH_OK);
    cr_assert_eq(buffers_dma_map(left, second), BH_OK);
    buffers_domain_died(second);
    cr_assert_eq(left->dma[second->id], 0);
    cr_assert_eq(buffers_count(), 1);
}

Test(rings, shapes_out_of_bounds_are_refused, .init = world) {
    static const struct ring_shape bad[] = {{0, 8, 8, 1}, {1, 8, 8, 1}, {3, 8, 8, 1}, {2048, 8, 8, 1}, {0x80000000, 8, 8, 1},
                                            {16, 513, 8, 1}, {16, 8, 513, 1}, {16, UINT32_MAX, 8, 1}, {16, 8, UINT32_MAX, 1}};
    struct ring *ring;
    size_t before = frames_free_count();
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        cr_assert_neq(rings_create("bad", first, second, &bad[i], NULL, &ring), BH_OK, "shape %zu", i);
    cr_assert_eq(frames_free_count(), before);
    cr_assert_eq(rings_create("big", first, second, &(struct ring_shape){1024, 512, 512, 1}, NULL, &ring), BH_OK);
    cr_assert_eq(rings_create("small", first, second, &(struct ring_shape){2, 0, 0, 1}, NULL, &ring), BH_OK);
}

Test(rings, each_side_is_attached_once_and_only_by_the_right_domain, .init = world_with_traps) {
    struct ring *ring;
    struct bh_ring_info client, server;
    cr_assert_eq(rings_create("work", first, second, &(struct ring_shape){16, 40, 8, 77}, NULL, &ring), BH_OK);
    cr_assert_eq(rings_attach(ring, third, &client), BH_ERIGHTS);
    cr_assert_eq(rings_attach(ring, first, &client), BH_OK);
    cr_assert_eq(rings_attach(ring, first, &client), BH_EBUSY);
    cr_assert_eq(ring->header->server_up, 0);
    cr_assert_eq(rings_attach(ring, second, &server), BH_OK);
    cr_assert_eq(ring->header->server_up, 1);
    cr_assert_eq(client.header - first->base, server.header - second->base);
    cr_assert(!client.is_server && server.is_server && client.entry_count == 16 && client.type == 77);
    // Each side may write its own pages only: the mapping says so.
    cr_assert_neq(platform_copy_guarded((void *)client.header, &server, 4), BH_OK);
    cr_assert_eq(platform_copy_guarded((void *)client.requests, &server, 4), BH_OK);
    cr_assert_neq(platform_copy_guarded((void *)client.completions, &server, 4), BH_OK);
    cr_assert_neq(platform_copy_guarded((void *)server.header, &server, 4), BH_OK);
    cr_assert_neq(platform_copy_guarded((void *)server.requests, &server, 4), BH_OK);
    cr_assert_eq(platform_copy_guarded((void *)server.completions, &server, 4), BH_OK);
    uint32_t epoch = ring->header->epoch;
    rings_domain_died(second);
    cr_assert_eq(ring->header->epoch, epoch + 1);
    cr_assert_eq(ring->header->server_up, 0);
    cr_assert_eq(*(volatile uint32_t *)client.completions, 0); // wiped
    rings_domain_died(second);
    cr_assert_eq(ring->header->epoch, epoch + 1);
    caps_drop_unnamed(second);
    cr_assert_eq(rings_attach(ring, second, &server), BH_OK);
    cr_assert_eq(rings_corrupt(first), BH_ENOENT);
    cr_assert_eq(rings_corrupt(second), BH_OK);
}

Test(rings, attaching_without_room_for_capabilities_leaves_nothing, .init = world) {
    struct ring *ring;
    struct bh_ring_info info;
    struct domain *poor = make_domain("poor", 1);
    cr_assert_eq(rings_create("work", poor, second, &(struct ring_shape){16, 40, 8, 77}, NULL, &ring), BH_OK);
    cr_assert_eq(rings_attach(ring, poor, &info), BH_EQUOTA);
    cr_assert_eq(poor->caps_used, 0);
    hpa frame;
    cr_assert_neq(platform_lookup(poor->base + ring->offset, &frame), BH_OK);
}

static struct bh_ring_state state_of(const struct ring *ring) {
    struct bh_ring_state state;
    rings_describe(ring, &state);
    return state;
}

Test(rings, a_signal_is_unheard_when_it_stands_for_whoever_used_to_wait_for_such, .init = world) {
    struct ring *ring;
    struct bh_ring_info info;
    cr_assert_eq(rings_create("work", first, second, &(struct ring_shape){16, 40, 8, 77}, NULL, &ring), BH_OK);
    struct event *submit = &ring->submit_event->event, *completion = &ring->completion_event->event;
    event_raise(completion);
    completion->awaited = true;
    cr_assert_eq(state_of(ring).client_unheard, 0, "nobody is there");
    cr_assert_eq(rings_attach(ring, first, &info), BH_OK);
    cr_assert_eq(rings_attach(ring, second, &info), BH_OK);
    cr_assert_eq(state_of(ring).client_unheard, 1);
    cr_assert_eq(event_wait(completion, 0), BH_OK);
    cr_assert_eq(state_of(ring).client_unheard, 0);
    event_raise(submit);
    cr_assert_eq(state_of(ring).server_unheard, 0, "it never waited");
    cr_assert_eq(event_wait(submit, 0), BH_OK);
    event_raise(submit);
    cr_assert_eq(state_of(ring).server_unheard, 1);
    cr_assert_str_eq(state_of(ring).name, "work");
}

Test(rings, a_signal_that_went_elsewhere_is_unheard_there_and_the_successor_is_held_to_what_its_predecessor_waited_for, .init = world) {
    struct ring *ring;
    struct bh_ring_info info;
    struct event_object *set = event_object_create();
    cr_assert_eq(rings_create("work", first, second, &(struct ring_shape){16, 40, 8, 77}, NULL, &ring), BH_OK);
    cr_assert_eq(rings_attach(ring, second, &info), BH_OK);
    cr_assert_eq(rings_forward(ring, second, set), BH_OK);
    event_raise(&ring->submit_event->event);
    cr_assert_eq(state_of(ring).server_unheard, 0, "nobody waited there yet");
    cr_assert_eq(event_wait(&set->event, 0), BH_OK);
    event_raise(&ring->submit_event->event);
    cr_assert_eq(state_of(ring).server_unheard, 1);
    rings_domain_died(second);
    cr_assert_eq(state_of(ring).server_unheard, 0, "it is dead");
    caps_drop_unnamed(second);
    cr_assert_eq(rings_attach(ring, second, &info), BH_OK);
    event_raise(&ring->submit_event->event);
    cr_assert_eq(state_of(ring).server_unheard, 1);
}
