// SPDX-License-Identifier: MIT
//
// The driver's side of virtqueues, in both layouts: with an honest device, then with each way to lie. Memory ends where the layout does, as the sanitizer sees.
#include "virtqueue.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulkhead/dma.h"
#include "kernel.h"

#define SIZE 8u
#define COMMON_WORDS 64
#define VECTOR 3
#define DOORBELL_AT 4

enum { AVAILABLE = 1 << 7, USED = 1 << 15 };

static uint8_t common[COMMON_WORDS], notify[16];
static struct virtio_device device;
static struct virtqueue queue;
static uint8_t *memory;
static uint32_t allocations;
static char said[200];
// The device's own place in the ring.
static uint16_t seen, used_at;
static bool seen_wrap, used_wrap;

// ---- what the queue calls

volatile uint64_t bh_dma_astray;

enum bh_error device_dma_alloc(bh_cap cap, uint64_t size, uint64_t *address, uint64_t *dma_address) {
    (void)cap;
    memory = calloc(1, size);
    *address = *dma_address = (uint64_t)memory;
    allocations++;
    return BH_OK;
}

enum bh_error device_bind_vector(bh_cap cap, uint32_t vector, bh_cap event) {
    (void)cap, (void)event;
    return vector == VECTOR ? BH_OK : BH_ERANGE;
}

const char *bh_strerror(enum bh_error error) {
    (void)error;
    return "";
}

void bh_error_log(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(said, sizeof(said), format, arguments);
    va_end(arguments);
}

// ---- the device

// One chain as the device finds it: ids and segments.
struct found {
    uint32_t id, count, places;
    struct virtio_segment segments[16];
};

static void set_up_of(uint64_t features, uint16_t size) {
    free(memory);
    memory = NULL;
    memset(&device, 0, sizeof(device));
    memset(&queue, 0, sizeof(queue));
    memset(common, 0, sizeof(common));
    memset(notify, 0, sizeof(notify));
    device.common = common;
    device.notify = notify;
    device.notify_size = sizeof(notify);
    device.notify_multiplier = DOORBELL_AT;
    device.features = features;
    memcpy(common + 24, &size, sizeof(size)); // queue_size
    common[30] = 1;                           // queue_notify_off
    said[0] = 0;
    seen = used_at = 0;
    seen_wrap = used_wrap = true;
    cr_assert_eq(virtqueue_create(&queue, &device, 0, SIZE, VECTOR, 1), BH_OK, "%s", said);
}

static void set_up(uint64_t features) {
    set_up_of(features, SIZE);
}

static struct virtq_packed_descriptor *packed_at(uint32_t index) {
    return (struct virtq_packed_descriptor *)memory + index;
}

static void add_segment(struct found *found, uint64_t address, uint32_t size, uint16_t flags) {
    cr_assert_lt(found->count, 16);
    found->segments[found->count++] = (struct virtio_segment){address, size, flags & DESCRIPTOR_WRITE};
}

static void find_split(struct found *found) {
    const struct virtq_descriptor *table = (const struct virtq_descriptor *)memory;
    const uint16_t *available = (const uint16_t *)(memory + 16u * SIZE);
    uint16_t at = available[2 + seen++ % SIZE];
    found->id = at;
    if (table[at].flags & DESCRIPTOR_INDIRECT) {
        table = (const struct virtq_descriptor *)table[at].address;
        at = 0;
    }
    for (;; at = table[at].next) {
        add_segment(found, table[at].address, table[at].size, table[at].flags);
        found->places++;
        if (!(table[at].flags & DESCRIPTOR_NEXT))
            break;
    }
}

static void find_packed(struct found *found) {
    uint16_t flags;
    do {
        struct virtq_packed_descriptor *one = packed_at(seen);
        flags = one->flags;
        cr_assert_eq(!!(flags & AVAILABLE), seen_wrap, "descriptor %u is not offered", seen);
        cr_assert_neq(!!(flags & USED), seen_wrap);
        found->id = one->id;
        const struct virtq_packed_descriptor *table = (const struct virtq_packed_descriptor *)one->address;
        for (uint32_t i = 0; (flags & DESCRIPTOR_INDIRECT) && i < one->size / 16; i++)
            add_segment(found, table[i].address, table[i].size, table[i].flags);
        if (!(flags & DESCRIPTOR_INDIRECT))
            add_segment(found, one->address, one->size, flags);
        found->places++;
        if (++seen == queue.size) {
            seen = 0;
            seen_wrap = !seen_wrap;
        }
    } while (flags & DESCRIPTOR_NEXT);
}

static struct found find(void) {
    struct found found = {0};
    if (queue.is_packed)
        find_packed(&found);
    else
        find_split(&found);
    return found;
}

static void use(uint32_t id, uint32_t written, uint32_t places) {
    if (!queue.is_packed) {
        uint16_t *ring = (uint16_t *)(memory + virtqueue_split_areas(SIZE).device);
        uint32_t *entry = (uint32_t *)(ring + 2 + 4 * (ring[1] % SIZE));
        entry[0] = id;
        entry[1] = written;
        ring[1]++;
        return;
    }
    *packed_at(used_at) = (struct virtq_packed_descriptor){.size = written, .id = (uint16_t)id, .flags = used_wrap ? AVAILABLE | USED : 0};
    used_at = (uint16_t)(used_at + places);
    if (used_at >= queue.size) {
        used_at = (uint16_t)(used_at - queue.size);
        used_wrap = !used_wrap;
    }
}

static uint16_t doorbells(void) { // rung since the last question: the queue's index is 0, so look for it
    uint16_t value;
    memcpy(&value, notify + DOORBELL_AT, sizeof(value));
    notify[DOORBELL_AT] = notify[DOORBELL_AT + 1] = 0xff;
    return value == 0;
}

static uint64_t segment_address(uint32_t tag, uint32_t i) {
    return 0x10000ull * (tag + 1) + 0x100 * i;
}

// `count` segments of 100 + i bytes, the last `writable` for the device to write.
static enum bh_error offer(uint32_t tag, uint32_t count, uint32_t writable, struct virtq_descriptor *table) {
    struct virtio_segment segments[16];
    for (uint32_t i = 0; i < count && i < 16; i++)
        segments[i] = (struct virtio_segment){segment_address(tag, i), 100 + i, i >= count - writable};
    return virtqueue_add(&queue, segments, count, table, (uint64_t)table, tag);
}

static void check_found(const struct found *found, uint32_t tag, uint32_t count, uint32_t writable) {
    cr_assert_eq(found->count, count);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(found->segments[i].address, segment_address(tag, i));
        cr_assert_eq(found->segments[i].size, 100 + i);
        cr_assert_eq(found->segments[i].device_writes, i >= count - writable);
    }
}

// ---- both layouts: with and without indexes that suppress events

static const uint64_t all_features[] = {0, VIRTIO_F_EVENT_IDX, VIRTIO_F_RING_PACKED, VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX};

static struct criterion_test_params layouts(void) {
    return cr_make_param_array(uint64_t, (void *)all_features, sizeof(all_features) / sizeof(all_features[0]), NULL);
}

#define BOTH(name)                                                                                                                                 \
    ParameterizedTestParameters(virtqueue, name) {                                                                                                 \
        return layouts();                                                                                                                          \
    }                                                                                                                                              \
    ParameterizedTest(uint64_t *features, virtqueue, name)

BOTH(chains_of_all_lengths_go_there_and_come_back_many_times_around) {
    set_up(*features);
    for (uint32_t round = 0; round < 500; round++) {
        uint32_t tag, written, count = 1 + round % SIZE, writable = round % (count + 1);
        cr_assert_eq(offer(round, count, writable, NULL), BH_OK);
        struct found found = find();
        check_found(&found, round, count, writable);
        cr_assert_eq(virtqueue_take(&queue, &tag, &written), BH_EAGAIN);
        use(found.id, writable ? 100 : 0, found.places);
        cr_assert_eq(virtqueue_take(&queue, &tag, &written), BH_OK, "%s", said);
        cr_assert_eq(tag, round);
        cr_assert_eq(written, writable ? 100 : 0);
        cr_assert_eq(queue.free_count, SIZE);
    }
}

BOTH(a_table_takes_one_place) {
    struct virtq_descriptor tables[SIZE][5];
    set_up(*features);
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < SIZE; i++)
            cr_assert_eq(offer(i, 5, 2, tables[i]), BH_OK);
        cr_assert_eq(offer(99, 5, 2, tables[0]), BH_EAGAIN);
        for (uint32_t i = 0; i < SIZE; i++) {
            uint32_t tag, written;
            struct found found = find();
            check_found(&found, i, 5, 2);
            use(found.id, 207, 1);
            cr_assert_eq(virtqueue_take(&queue, &tag, &written), BH_OK, "%s", said);
            cr_assert_eq(tag, i);
        }
    }
}

// Chains of random lengths, ended in random order, and each comes back once.
BOTH(ends_come_in_any_order) {
    struct found waiting[SIZE];
    uint32_t tags[SIZE], count = 0, next = 0, back = 0;
    set_up(*features);
    srand(1);
    for (int step = 0; step < 20000; step++) {
        uint32_t length = 1 + (uint32_t)rand() % 3;
        if (rand() % 2 && offer(next, length, 1, NULL) == BH_OK) {
            tags[count] = next;
            waiting[count] = find();
            check_found(&waiting[count++], next++, length, 1);
        } else if (count) {
            uint32_t which = (uint32_t)rand() % count, tag, written;
            use(waiting[which].id, 7, waiting[which].places);
            cr_assert_eq(virtqueue_take(&queue, &tag, &written), BH_OK, "%s", said);
            cr_assert_eq(tag, tags[which]);
            cr_assert_eq(written, 7);
            back++;
            waiting[which] = waiting[--count];
            tags[which] = tags[count];
        }
    }
    cr_assert_eq(back + count, next);
    cr_assert_gt(back, 5000);
}

BOTH(a_full_queue_says_so_and_an_impossible_chain_is_refused) {
    set_up(*features);
    cr_assert_eq(offer(1, SIZE - 1, 0, NULL), BH_OK);
    cr_assert_eq(offer(2, 2, 0, NULL), BH_EAGAIN);
    cr_assert_eq(offer(2, 1, 0, NULL), BH_OK);
    cr_assert_eq(offer(3, 1, 0, NULL), BH_EAGAIN);
    cr_assert_eq(offer(3, 0, 0, NULL), BH_ERANGE);
    cr_assert_eq(offer(3, SIZE + 1, 0, NULL), BH_ERANGE);
}

BOTH(a_queue_made_again_has_its_memory_and_nothing_in_flight) {
    uint32_t tag, written, before;
    set_up(*features);
    before = allocations;
    cr_assert_eq(offer(1, 3, 1, NULL), BH_OK);
    struct found found = find();
    use(found.id, 1, found.places);
    cr_assert_eq(virtqueue_create(&queue, &device, 0, SIZE, VECTOR, 1), BH_OK);
    cr_assert_eq(allocations, before);
    cr_assert_eq(queue.free_count, SIZE);
    cr_assert_eq(virtqueue_take(&queue, &tag, &written), BH_EAGAIN);
}

// ---- lies

static void refused(const char *part) {
    uint32_t tag, written;
    cr_assert_eq(virtqueue_take(&queue, &tag, &written), BH_EPROTO);
    cr_assert(strstr(said, part), "refused because: %s", said);
}

BOTH(an_id_that_there_is_not_is_refused) {
    set_up(*features);
    (void)offer(1, 2, 1, NULL);
    use(SIZE, 0, 1);
    refused("not in flight");
}

BOTH(an_enormous_id_is_refused) {
    set_up(*features);
    (void)offer(1, 2, 1, NULL);
    use(0xffff, 0, 1);
    refused("not in flight");
}

BOTH(a_chain_that_is_not_in_flight_does_not_end) {
    set_up(*features);
    (void)offer(1, 1, 1, NULL);
    use(find().id + 1, 0, 1);
    refused("not in flight");
}

BOTH(a_chain_does_not_end_twice) {
    uint32_t tag, written;
    set_up(*features);
    (void)offer(1, 1, 1, NULL);
    struct found found = find();
    (void)offer(2, 1, 1, NULL);
    use(found.id, 0, 1);
    cr_assert_eq(virtqueue_take(&queue, &tag, &written), BH_OK);
    use(found.id, 0, 1);
    refused("not in flight");
}

BOTH(more_bytes_than_the_device_may_write_are_refused) {
    set_up(*features);
    (void)offer(1, 3, 2, NULL); // 100 to read, 101 + 102 to write
    struct found found = find();
    use(found.id, 204, found.places);
    refused("204 bytes into a chain of queue 0 that has 203");
}

BOTH(bytes_written_to_what_is_only_to_be_read_are_refused) {
    set_up(*features);
    (void)offer(1, 3, 0, NULL);
    struct found found = find();
    use(found.id, 1, found.places);
    refused("that has 0");
}

Test(virtqueue, an_index_that_jumps_ahead_is_refused) {
    set_up(0);
    (void)offer(1, 1, 1, NULL);
    ((uint16_t *)(memory + virtqueue_split_areas(SIZE).device))[1] = SIZE + 1;
    refused("has ended 9 chains of queue 0, and 1 are in flight");
    set_up(0);
    (void)offer(1, 1, 1, NULL);
    use(0, 0, 1);
    use(0, 0, 1); // it has done an old one once more
    refused("has ended 2 chains of queue 0, and 1 are in flight");
}

Test(virtqueue, an_index_that_goes_back_is_refused) {
    uint32_t tag, written;
    set_up(0);
    (void)offer(1, 1, 1, NULL);
    use(find().id, 0, 1);
    cr_assert_eq(virtqueue_take(&queue, &tag, &written), BH_OK);
    ((uint16_t *)(memory + virtqueue_split_areas(SIZE).device))[1] = 0;
    refused("has ended 65535 chains of queue 0, and 0 are in flight");
}

// A device that overwrites the whole ring, descriptors in flight included, ends what is in flight at most once each, and never more.
BOTH(scribbling_over_all_shared_memory_ends_nothing_twice) {
    srand(7);
    for (int round = 0; round < 3000; round++) {
        bool in_flight[SIZE] = {0};
        set_up(*features);
        for (uint32_t i = 0; i < SIZE / 2; i++)
            in_flight[i] = offer(i, 1 + (uint32_t)rand() % 2, 1, NULL) == BH_OK;
        for (int take = 0; take < 12; take++) {
            uint32_t tag, written, bytes = queue.is_packed ? virtqueue_packed_areas(SIZE).size : virtqueue_split_areas(SIZE).size;
            for (uint32_t i = 0; i < bytes; i++)
                if (rand() % 3 == 0)
                    memory[i] = rand() % 4 ? (uint8_t)(rand() % 8) : (uint8_t)rand();
            enum bh_error error = virtqueue_take(&queue, &tag, &written);
            if (error == BH_EPROTO)
                break;
            virtqueue_kick(&queue);
            (void)virtqueue_arm(&queue);
            if (error)
                continue;
            cr_assert(tag < SIZE && in_flight[tag], "tag %u comes back and is not in flight", tag);
            cr_assert_leq(written, 101);
            in_flight[tag] = false;
        }
    }
}

// ---- the packed layout's own

Test(virtqueue, a_packed_queue_need_not_be_a_power_of_two) {
    uint32_t tag, written;
    set_up_of(VIRTIO_F_RING_PACKED, 5);
    for (uint32_t round = 0; round < 100; round++) {
        cr_assert_eq(offer(round, 1 + round % 3, 1, NULL), BH_OK);
        struct found found = find();
        use(found.id, 3, found.places);
        cr_assert_eq(virtqueue_take(&queue, &tag, &written), BH_OK);
        cr_assert_eq(tag, round);
    }
    device.features = 0;
    cr_assert_eq(virtqueue_create(&queue, &device, 0, SIZE, VECTOR, 1), BH_ENOTSUP, "a split one has to be");
}

Test(virtqueue, flags_of_the_wrong_lap_are_no_end) {
    static const uint16_t wrong[] = {0, AVAILABLE, USED, AVAILABLE | DESCRIPTOR_WRITE, USED | DESCRIPTOR_NEXT};
    uint32_t tag, written;
    set_up(VIRTIO_F_RING_PACKED);
    (void)offer(1, 1, 1, NULL);
    for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        packed_at(0)->flags = wrong[i];
        cr_assert_eq(virtqueue_take(&queue, &tag, &written), BH_EAGAIN, "flags 0x%x", wrong[i]);
    }
    packed_at(0)->flags = AVAILABLE | USED;
    cr_assert_eq(virtqueue_take(&queue, &tag, &written), BH_OK);
    for (uint32_t i = 1; i < SIZE; i++) { // around, and then the first lap's flags mean nothing
        (void)offer(1, 1, 1, NULL);
        packed_at(i)->flags |= AVAILABLE | USED;
        cr_assert_eq(virtqueue_take(&queue, &tag, &written), BH_OK);
    }
    (void)offer(1, 1, 1, NULL);
    packed_at(0)->flags = AVAILABLE | USED;
    cr_assert_eq(virtqueue_take(&queue, &tag, &written), BH_EAGAIN);
    packed_at(0)->flags = 0;
    cr_assert_eq(virtqueue_take(&queue, &tag, &written), BH_OK);
}

// ---- events

Test(virtqueue, the_doorbell_is_rung_as_the_device_wishes_by_flag) {
    for (int packed = 0; packed < 2; packed++) {
        set_up(packed ? VIRTIO_F_RING_PACKED : 0);
        uint16_t *flags = (uint16_t *)(memory + (packed ? virtqueue_packed_areas(SIZE).device + 2 : virtqueue_split_areas(SIZE).device));
        (void)doorbells();
        virtqueue_kick(&queue);
        cr_assert(!doorbells(), "there is nothing new");
        (void)offer(1, 1, 0, NULL);
        virtqueue_kick(&queue);
        cr_assert(doorbells());
        *flags = 1;
        (void)offer(2, 1, 0, NULL);
        virtqueue_kick(&queue);
        cr_assert(!doorbells());
        queue.doorbell += 2;
        virtqueue_remind(&queue);
        cr_assert(doorbells(), "who has waited long does not ask, but for the place");
    }
}

// The device wants to hear of entry 2 (of the first lap), in either layout.
Test(virtqueue, with_event_index_the_doorbell_is_rung_at_the_entry_asked_for) {
    for (int packed = 0; packed < 2; packed++) {
        set_up(VIRTIO_F_EVENT_IDX | (packed ? VIRTIO_F_RING_PACKED : 0));
        uint16_t *wish = (uint16_t *)(memory + (packed ? virtqueue_packed_areas(SIZE).device : virtqueue_split_areas(SIZE).device + 4 + 8 * SIZE));
        wish[0] = packed ? 2 | 1 << 15 : 2;
        if (packed)
            wish[1] = 2;
        (void)doorbells();
        for (uint32_t i = 0; i < 4; i++) {
            (void)offer(i, 1, 0, NULL);
            virtqueue_kick(&queue);
            cr_assert_eq(doorbells(), i == 2, "entry %u, packed %d", i, packed);
        }
    }
}

Test(virtqueue, a_wish_for_the_next_lap_is_kept_until_then) {
    uint32_t tag, written;
    set_up(VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED);
    uint16_t *wish = (uint16_t *)(memory + virtqueue_packed_areas(SIZE).device);
    wish[0] = 1; // entry 1, of the second lap
    wish[1] = 2;
    (void)doorbells();
    for (uint32_t i = 0; i < SIZE + 2; i++) {
        (void)offer(i, 1, 0, NULL);
        virtqueue_kick(&queue);
        cr_assert_eq(doorbells(), i == SIZE + 1, "entry %u", i);
        struct found found = find();
        use(found.id, 0, 1);
        cr_assert_eq(virtqueue_take(&queue, &tag, &written), BH_OK);
    }
}

BOTH(arming_finds_what_came_meanwhile) {
    set_up(*features);
    (void)offer(1, 1, 1, NULL);
    cr_assert(!virtqueue_arm(&queue));
    use(find().id, 0, 1);
    cr_assert(virtqueue_arm(&queue));
}
