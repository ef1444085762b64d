// SPDX-License-Identifier: MIT
//
// Reading a chain back before the device sees it, for drivers that compare what they wrote with what they were asked: as the device will read it, from the place
// where it will begin, and by nothing that the writing side computed but that place. Source: virtio 1.2, 2.7.5 to 2.7.7, 2.8.6 to 2.8.8.
#include "virtqueue.h"

#include "bulkhead/dma.h"

// The chain is the one whose end will come back as `tag`.
static bool is_booked(const struct virtqueue *queue, uint32_t id, uint32_t tag) {
    return id < queue->size && queue->length[id] && queue->tag[id] == tag;
}

static bool enter_table(struct virtqueue_chain *chain, uint64_t address, uint64_t table_address, uint32_t size) {
    chain->place = 0;
    chain->left = size / (uint32_t)sizeof(*chain->table);
    return address == bh_dma_address(table_address) && size % sizeof(*chain->table) == 0;
}

// ---- split

static bool begin_split(struct virtqueue_chain *chain, uint64_t table_address, uint32_t tag) {
    const struct virtqueue *queue = chain->queue;
    uint16_t id = queue->available[2 + (queue->next_available & (queue->size - 1))];
    if (!is_booked(queue, id, tag))
        return false;
    const volatile struct virtq_descriptor *first = &queue->descriptors[id];
    chain->place = id;
    chain->left = queue->size;
    return !chain->table || (first->flags == DESCRIPTOR_INDIRECT && enter_table(chain, first->address, table_address, first->size));
}

static bool next_split(struct virtqueue_chain *chain, struct virtio_segment *segment) {
    const volatile struct virtq_descriptor *one = &(chain->table ? chain->table : chain->queue->descriptors)[chain->place];
    uint16_t flags = one->flags;
    *segment = (struct virtio_segment){one->address, one->size, flags & DESCRIPTOR_WRITE};
    chain->more = flags & DESCRIPTOR_NEXT;
    chain->left--;
    if (!chain->more)
        return !(flags & ~DESCRIPTOR_WRITE) && (!chain->table || !chain->left); // a table is as long as the chain in it
    uint32_t next = one->next;
    // In a table they stand in order; what the queue has is in the driver's own list.
    bool fine = chain->table ? next == chain->place + 1 && chain->left : next < chain->queue->size && next == chain->queue->chain[chain->place];
    chain->place = next;
    return fine && !(flags & ~(DESCRIPTOR_WRITE | DESCRIPTOR_NEXT));
}

// ---- packed

// What a descriptor at `place` has in its flags for being offered: the wrap counter turned over where places go back to 0.
static uint16_t offered(const struct virtqueue *queue, uint32_t place) {
    bool turned = queue->next_available <= queue->written_at && place >= queue->written_at; // the counter turned behind it
    return queue->available_wrap != turned ? PACKED_AVAILABLE : PACKED_USED;
}

static bool begin_packed(struct virtqueue_chain *chain, uint64_t table_address, uint32_t tag) {
    const struct virtqueue *queue = chain->queue;
    const volatile struct virtq_packed_descriptor *first = &queue->packed[queue->written_at];
    uint32_t places = (uint32_t)(queue->next_available + queue->size - queue->written_at - 1) % queue->size + 1, id = first->id;
    if (!is_booked(queue, id, tag) || queue->length[id] != places)
        return false;
    chain->place = queue->written_at;
    chain->left = places;
    return !chain->table || (queue->written_flags == (DESCRIPTOR_INDIRECT | offered(queue, chain->place)) && places == 1 &&
                             enter_table(chain, first->address, table_address, first->size));
}

static bool next_packed(struct virtqueue_chain *chain, struct virtio_segment *segment) {
    const struct virtqueue *queue = chain->queue;
    const volatile struct virtq_packed_descriptor *table = (const volatile struct virtq_packed_descriptor *)chain->table;
    const volatile struct virtq_packed_descriptor *one = &(table ? table : queue->packed)[chain->place];
    uint16_t flags = !table && chain->place == queue->written_at ? queue->written_flags : one->flags;
    *segment = (struct virtio_segment){one->address, one->size, flags & DESCRIPTOR_WRITE};
    chain->left--;
    chain->more = chain->left;
    uint16_t wanted = table ? 0 : (uint16_t)(offered(queue, chain->place) | (chain->more ? DESCRIPTOR_NEXT : 0));
    bool fine = (flags & ~DESCRIPTOR_WRITE) == wanted && (table || one->id == queue->packed[queue->written_at].id);
    if (++chain->place == queue->size && !table)
        chain->place = 0;
    return fine;
}

// ---- either

bool virtqueue_chain_begin(struct virtqueue_chain *chain, const struct virtqueue *queue, const volatile struct virtq_descriptor *table,
                           uint64_t table_address, uint32_t tag) {
    *chain = (struct virtqueue_chain){.queue = queue, .table = table};
    chain->more = queue->is_packed ? begin_packed(chain, table_address, tag) : begin_split(chain, table_address, tag);
    return chain->more;
}

bool virtqueue_chain_next(struct virtqueue_chain *chain, struct virtio_segment *segment) {
    if (!chain->more || !chain->left)
        return false;
    return chain->queue->is_packed ? next_packed(chain, segment) : next_split(chain, segment);
}

bool virtqueue_has_table(const struct virtqueue *queue, uint64_t table_address, uint32_t count, uint32_t tag) {
    uint32_t size = count * (uint32_t)sizeof(struct virtq_descriptor);
    uint64_t wanted = size, different;
    uint16_t id;
    if (queue->is_packed) {
        const volatile struct virtq_packed_descriptor *first = &queue->packed[queue->written_at];
        id = first->id;
        different = (first->address ^ bh_dma_address(table_address)) | (first->size ^ wanted) |
                    (queue->written_flags ^ (DESCRIPTOR_INDIRECT | offered(queue, queue->written_at)));
    } else {
        id = queue->available[2 + (queue->next_available & (queue->size - 1))];
        if (id >= queue->size)
            return false;
        const volatile uint64_t *words = (const volatile uint64_t *)&queue->descriptors[id];
        different = (words[0] ^ bh_dma_address(table_address)) | (words[1] ^ (wanted | (uint64_t)DESCRIPTOR_INDIRECT << 32));
    }
    return !different && id < queue->size && queue->length[id] == 1 && queue->tag[id] == tag;
}
