// SPDX-License-Identifier: MIT
//
// Rings: create, attach, epochs. The request pages are the log of requests in flight: a crashing server cannot write them, and
// the kernel never touches them either. At the death of a server its completion pages are zeroed and the epoch goes up.
#include "kernel/exchange/rings.h"

#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "kernel/abi/slot.h"
#include "kernel/base.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/domain.h"
#include "kernel/exchange/buffers.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/space.h"

static struct ring *rings;

static enum bh_error shape_check(const char *name, const struct ring_shape *shape) {
    uint32_t entries = shape->entry_count;
    if (entries < 2 || entries > BH_RING_ENTRIES_MAX || (entries & (entries - 1)))
        return refuse(BH_EINVAL, "ring %s: %u entries: give a power of two up to %d", name, entries, BH_RING_ENTRIES_MAX);
    if (shape->request_size > BH_RING_ENTRY_SIZE_MAX || shape->completion_size > BH_RING_ENTRY_SIZE_MAX)
        return refuse(BH_ERANGE, "ring %s: entries of %u and %u bytes: the limit is %d", name, shape->request_size,
                      shape->completion_size, BH_RING_ENTRY_SIZE_MAX);
    return BH_OK;
}

static void lay_out(struct ring *ring, const struct ring_shape *shape) {
    uint64_t order_end = round_up(BH_RING_ORDER + 4ull * shape->entry_count, 64);
    uint64_t slot = round_up(sizeof(struct bh_ring_slot) + shape->request_size, 64);
    uint64_t entry = round_up(sizeof(struct bh_ring_completion) + shape->completion_size, 16);
    ring->request_pages_size = round_up(order_end + slot * shape->entry_count, BH_PAGE_SIZE);
    ring->completion_pages_size = round_up(BH_RING_COMPLETIONS + entry * shape->entry_count, BH_PAGE_SIZE);
}

static enum bh_error take_memory(struct ring *ring) {
    uint64_t size = BH_PAGE_SIZE + ring->request_pages_size + ring->completion_pages_size;
    enum bh_error error = buffers_reserve_window(size, &ring->offset);
    if (!error)
        error = frames_alloc(size / BH_PAGE_SIZE, 1, &ring->frames);
    ring->submit_event = event_object_create();
    ring->completion_event = event_object_create();
    if (error || !ring->submit_event || !ring->completion_event)
        return refuse(error ? error : BH_ENOMEM, "ring %s: no memory", ring->name);
    memset(platform_direct(ring->frames), 0, size);
    return BH_OK;
}

enum bh_error rings_create(const char *name, struct domain *client, struct domain *server,
                           const struct ring_shape *shape, struct buffer *buffer, struct ring **out) {
    enum bh_error error = shape_check(name, shape);
    if (error)
        return error;
    struct ring *ring = calloc(1, sizeof(*ring));
    if (!ring)
        return refuse(BH_ENOMEM, "ring %s: no memory", name);
    copy_name(ring->name, sizeof(ring->name), name);
    ring->client = client;
    ring->server = server;
    ring->buffer = buffer;
    ring->type = shape->type;
    ring->entry_count = shape->entry_count;
    ring->completion_size = shape->completion_size;
    lay_out(ring, shape);
    error = take_memory(ring);
    if (error) {
        free(ring);
        return error;
    }
    ring->header = platform_direct(ring->frames);
    ring->header->magic = BH_RING_MAGIC;
    ring->header->entry_count = shape->entry_count;
    ring->header->request_size = shape->request_size;
    ring->header->completion_size = shape->completion_size;
    ring->header->type = shape->type;
    ring->header->epoch = 1;
    ring->next = rings;
    rings = ring;
    *out = ring;
    return BH_OK;
}

static enum bh_error map_side(struct ring *ring, struct domain *domain, bool server) {
    uint64_t va = domain->base + ring->offset;
    enum map_flags own = MAP_READ | MAP_WRITE;
    enum bh_error error = space_map(va, ring->frames, BH_PAGE_SIZE, MAP_READ);
    if (!error)
        error = space_map(va + BH_PAGE_SIZE, ring->frames + BH_PAGE_SIZE, ring->request_pages_size,
                          server ? MAP_READ : own);
    if (!error)
        error = space_map(va + BH_PAGE_SIZE + ring->request_pages_size,
                          ring->frames + BH_PAGE_SIZE + ring->request_pages_size, ring->completion_pages_size,
                          server ? own : MAP_READ);
    return error;
}

static void unmap_side(struct ring *ring, struct domain *domain) {
    space_unmap(domain->base + ring->offset, BH_PAGE_SIZE + ring->request_pages_size + ring->completion_pages_size);
}

static enum bh_error give_caps(struct ring *ring, struct domain *domain, bool server, struct bh_ring_info *info) {
    bh_cap submit = BH_CAP_NONE, completion = BH_CAP_NONE, data = BH_CAP_NONE;
    enum bh_error error = caps_insert(domain, BH_CAP_EVENT, server ? BH_RIGHT_WAIT | BH_RIGHT_SIGNAL : BH_RIGHT_SIGNAL,
                                      ring->submit_event, NULL, 0, &submit);
    if (!error)
        error = caps_insert(domain, BH_CAP_EVENT, server ? BH_RIGHT_SIGNAL : BH_RIGHT_WAIT | BH_RIGHT_SIGNAL,
                            ring->completion_event, NULL, 0, &completion);
    if (!error && ring->buffer) {
        // A server only lets its device at the data; one that is to see them has the buffer granted by name too.
        uint32_t rights = server ? BH_RIGHT_DMA | BH_RIGHT_WRITE : BH_RIGHT_READ | BH_RIGHT_WRITE;
        error = caps_insert(domain, BH_CAP_BUFFER, rights, ring->buffer, NULL, 0, &data);
    }
    if (error) {
        if (submit)
            caps_take_back(domain, submit);
        if (completion)
            caps_take_back(domain, completion);
        return error;
    }
    info->submit_event = submit;
    info->completion_event = completion;
    info->buffer = data;
    return BH_OK;
}

enum bh_error rings_attach(struct ring *ring, struct domain *domain, struct bh_ring_info *info) {
    bool server = domain == ring->server;
    bool *attached = server ? &ring->server_attached : &ring->client_attached;
    if (!server && domain != ring->client)
        return refuse(BH_ERIGHTS, "ring_attach: ring %s joins %s and %s, not %s", ring->name, ring->client->name,
                      ring->server->name, domain->name);
    if (*attached)
        return refuse(BH_EBUSY, "ring_attach: %s has attached to ring %s already", domain->name, ring->name);
    enum bh_error error = map_side(ring, domain, server);
    if (!error)
        error = give_caps(ring, domain, server, info);
    if (error) {
        unmap_side(ring, domain);
        return refuse(error, "ring_attach: cannot map ring %s in %s", ring->name, domain->name);
    }
    *attached = true;
    if (server) {
        ring->header->trial = domain->previous != NULL;
        ring->header->server_up = 1;
        event_raise(&ring->completion_event->event);
    }
    info->header = domain->base + ring->offset;
    info->requests = info->header + BH_PAGE_SIZE;
    info->completions = info->requests + ring->request_pages_size;
    info->type = ring->type;
    info->entry_count = ring->header->entry_count;
    info->request_size = ring->header->request_size;
    info->completion_size = ring->header->completion_size;
    info->epoch = ring->header->epoch;
    info->is_server = server;
    return BH_OK;
}

static void stop_forwarding(struct ring *ring) {
    if (!ring->forward)
        return;
    ring->submit_event->event.awaited |= ring->forward->event.awaited;
    ring->submit_event->event.forward = NULL;
    event_object_release(ring->forward);
    ring->forward = NULL;
}

enum bh_error rings_forward(struct ring *ring, struct domain *domain, struct event_object *event) {
    if (domain != ring->server || !ring->server_attached)
        return refuse(BH_ERIGHTS, "ring_forward: %s has not attached to ring %s as its server", domain->name, ring->name);
    if (event == ring->submit_event || event->event.forward)
        return refuse(BH_EINVAL, "ring_forward: ring %s: that event goes elsewhere itself", ring->name);
    event_object_hold(event);
    stop_forwarding(ring);
    ring->forward = event;
    ring->submit_event->event.forward = &event->event;
    return BH_OK;
}

// A completion of a slot that does not exist, or with a status that is none: nothing that a client writes makes an honest server write that.
static bool proved(const struct ring *ring) {
    const uint8_t *completions = (const uint8_t *)ring->header + BH_PAGE_SIZE + ring->request_pages_size;
    uint64_t size = round_up(sizeof(struct bh_ring_completion) + ring->completion_size, 16);
    for (uint32_t i = 0; i < ring->entry_count; i++) {
        const struct bh_ring_completion *entry = (const struct bh_ring_completion *)(completions + BH_RING_COMPLETIONS + size * i);
        if (entry->slot >= ring->entry_count || !bh_ring_status_is_one(entry->status))
            return true;
    }
    return false;
}

// Is there another client to the server of `ring`; and one that accuses it too?
static void ask_others(const struct ring *ring, bool *others, bool *second) {
    *others = *second = false;
    for (const struct ring *other = rings; other; other = other->next) {
        if (other->server != ring->server || other->client == ring->client || !other->client_attached)
            continue;
        *others = true;
        *second |= other->accused_epoch == other->header->epoch;
    }
}

struct domain *rings_accuse(struct ring *ring, struct domain *accuser, uint32_t epoch, const char *what, uint64_t value) {
    struct domain *accused = accuser == ring->client ? ring->server : ring->client;
    bool others, second;
    if (accused == ring->server && epoch != ring->header->epoch)
        return NULL; // it has died already: its successor is not to blame
    accused->breaches++;
    if (accused == ring->client) {
        (void)refuse(BH_EPROTO, "%s broke the protocol of ring %s: %s (%llu)", accused->name, ring->name, what, (unsigned long long)value);
        return NULL;
    }
    ring->accused_epoch = epoch;
    ask_others(ring, &others, &second);
    if (!others || second || proved(ring))
        return accused;
    (void)refuse(BH_EPROTO, "%s broke the protocol of ring %s: %s (%llu), says %s alone: it has other clients, and lives on", accused->name,
                 ring->name, what, (unsigned long long)value, accuser->name);
    return NULL;
}

static void server_died(struct ring *ring) {
    stop_forwarding(ring);
    uint8_t *completions = (uint8_t *)ring->header + BH_PAGE_SIZE + ring->request_pages_size;
    memset(completions, 0, ring->completion_pages_size);
    ring->header->server_up = 0;
    ring->header->trial = 0;
    ring->header->epoch++;
    ring->server_attached = false;
    event_raise(&ring->completion_event->event);
}

void rings_domain_died(struct domain *domain) {
    for (struct ring *ring = rings; ring; ring = ring->next) {
        if (ring->server == domain && ring->server_attached) {
            unmap_side(ring, domain);
            server_died(ring);
        } else if (ring->client == domain && ring->client_attached) {
            unmap_side(ring, domain);
            ring->client_attached = false;
        }
    }
}

void rings_give_up(const struct domain *server) {
    for (struct ring *ring = rings; ring; ring = ring->next) {
        if (ring->server != server)
            continue;
        ring->header->given_up = 1;
        event_raise(&ring->completion_event->event);
    }
}

// In the epoch before this one clients end requests without asking anybody, so the new server must not read the log before they have seen that it is over.
void rings_take_up(const struct domain *server) {
    for (struct ring *ring = rings; ring; ring = ring->next) {
        if (ring->server != server || !ring->header->given_up)
            continue;
        ring->header->epoch++;
        ring->header->given_up = 0;
        event_raise(&ring->completion_event->event);
    }
}

void rings_note_attached(const struct domain *domain) {
    for (struct ring *ring = rings; ring; ring = ring->next) {
        if (ring->server == domain)
            ring->server_was = ring->server_attached;
        if (ring->client == domain)
            ring->client_was = ring->client_attached;
    }
}

uint32_t rings_missing(const struct domain *domain, const char **name) {
    uint32_t count = 0;
    for (const struct ring *ring = rings; ring; ring = ring->next)
        if ((ring->server == domain && ring->server_was && !ring->server_attached) ||
            (ring->client == domain && ring->client_was && !ring->client_attached)) {
            *name = ring->name;
            count++;
        }
    return count;
}

static struct bh_ring_completions *completions_of(const struct ring *ring) {
    return (struct bh_ring_completions *)((uint8_t *)ring->header + BH_PAGE_SIZE + ring->request_pages_size);
}

static uint32_t requests_under_way(const struct ring *ring) {
    const uint8_t *requests = (const uint8_t *)ring->header + BH_PAGE_SIZE;
    uint64_t first = round_up(BH_RING_ORDER + 4ull * ring->entry_count, 64), size = round_up(sizeof(struct bh_ring_slot) + ring->header->request_size, 64);
    uint32_t busy = 0;
    for (uint32_t i = 0; i < ring->entry_count; i++)
        busy += ((const struct bh_ring_slot *)(requests + first + i * size))->state != BH_SLOT_FREE;
    return busy;
}

uint32_t rings_stuck(const struct domain *domain, const char **name) {
    uint32_t count = 0;
    for (const struct ring *ring = rings; ring; ring = ring->next) {
        if (ring->server != domain || !ring->server_attached || completions_of(ring)->completion_tail || !requests_under_way(ring))
            continue;
        if (name)
            *name = ring->name;
        count++;
    }
    return count;
}

// A signal stands that nobody has waited for since, although this side does wait for such: those that never did leave them standing on purpose.
static bool stands_unheard(const struct event *event) {
    const struct event *raised = event->forward ? event->forward : event;
    return raised->signalled && (event->awaited || raised->awaited);
}

void rings_describe(const struct ring *ring, struct bh_ring_state *state) {
    const struct bh_ring_requests *requests = (const struct bh_ring_requests *)((const uint8_t *)ring->header + BH_PAGE_SIZE);
    *state = (struct bh_ring_state){.entries = ring->entry_count, .busy = requests_under_way(ring), .client = ring->client->id, .server = ring->server->id,
                                    .epoch = ring->header->epoch, .submitted = requests->submit_tail, .completed = completions_of(ring)->completion_tail,
                                    .client_unheard = ring->client_attached && stands_unheard(&ring->completion_event->event),
                                    .server_unheard = ring->server_attached && stands_unheard(&ring->submit_event->event)};
    copy_name(state->name, sizeof(state->name), ring->name);
}

void rings_end_trial(const struct domain *domain) {
    for (struct ring *ring = rings; ring; ring = ring->next)
        if (ring->server == domain)
            ring->header->trial = 0;
}

enum bh_error rings_corrupt(struct domain *domain) {
    enum bh_error result = BH_ENOENT;
    for (struct ring *ring = rings; ring; ring = ring->next) {
        if (ring->server != domain || !ring->server_attached)
            continue;
        struct bh_ring_completions *completions = completions_of(ring);
        memset((uint8_t *)completions + BH_RING_COMPLETIONS, 0xa5, ring->completion_pages_size - BH_RING_COMPLETIONS);
        completions->completion_tail += 3 * ring->header->entry_count;
        event_raise(&ring->completion_event->event);
        result = BH_OK;
    }
    return result;
}

const struct ring *rings_get(uint32_t number) {
    const struct ring *ring = rings;
    while (ring && number--)
        ring = ring->next;
    return ring;
}
