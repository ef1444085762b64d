// SPDX-License-Identifier: MIT
//
// The guest's network card, driven as a guest's driver does it, and as a hostile guest and a hostile Net domain do it.
#include "fixture.h"

#define QUEUE(n) (0x200000u + 0x10000u * (n)) // descriptors, available ring, used ring: a page each
#define BUFFERS 0x300000u
#define COMMON bar0
#define NOTIFY (bar0 + 0x3000)
#define CONFIG (bar0 + 0x2000)
#define SIZE 16u
#define NEXT 1
#define WRITE 2
#define ALL (BH_NET_OFFLOAD_TX_CHECKSUM | BH_NET_OFFLOAD_TX_TCP4 | BH_NET_OFFLOAD_TX_TCP6 | BH_NET_OFFLOAD_RX_CHECKSUM | BH_NET_OFFLOAD_RX_TCP4 | \
             BH_NET_OFFLOAD_RX_TCP6 | BH_NET_OFFLOAD_RX_MERGED)
#define EVERY_FEATURE (VIRTIO_F_VERSION_1 | VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_GUEST_TSO4 | \
                       VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_MAC)

static uint32_t bar0;

static void put8(gpa address, uint32_t value) {
    machine_mmio_write(machine, address, 1, value);
}

static void put16(gpa address, uint32_t value) {
    machine_mmio_write(machine, address, 2, value);
}

static void drive(uint64_t features) {
    put8(COMMON + 20, 0);
    put8(COMMON + 20, 3);
    for (uint32_t half = 0; half < 2; half++) {
        mmio_write(COMMON + 8, half);
        mmio_write(COMMON + 12, (uint32_t)(features >> half * 32));
    }
    put8(COMMON + 20, 11);
    for (uint32_t n = 0; n < 3; n++) {
        memset(memory_at(&machine->memory, QUEUE(n), 0x3000), 0, 0x3000);
        put16(COMMON + 22, n);
        put16(COMMON + 24, SIZE);
        machine_mmio_write(machine, COMMON + 32, 8, QUEUE(n));
        machine_mmio_write(machine, COMMON + 40, 8, QUEUE(n) + 0x1000);
        machine_mmio_write(machine, COMMON + 48, 8, QUEUE(n) + 0x2000);
        put16(COMMON + 28, 1);
    }
    put8(COMMON + 20, 15);
}

static void create_with(uint64_t features) {
    fixture_create();
    fixture_add_net(ALL);
    guest_out(0xcf8, 4, 0x80000810u);
    bar0 = guest_in(0xcfc, 4);
    guest_out(0xcf8, 4, 0x80000804u);
    guest_out(0xcfc, 2, 6);
    drive(features);
}

static void create(void) {
    create_with(EVERY_FEATURE);
}

static void create_plain(void) {
    create_with(VIRTIO_F_VERSION_1);
}

static void set(uint32_t queue, uint32_t index, uint64_t address, uint32_t size, uint16_t flags, uint16_t next) {
    guest_describe(QUEUE(queue), index, address, size, flags, next);
}

static void offer(uint32_t queue, uint16_t head) {
    guest_offer(QUEUE(queue) + 0x1000, SIZE, head);
}

static uint16_t used_index(uint32_t queue) {
    return ((uint16_t *)memory_at(&machine->memory, QUEUE(queue) + 0x2000, 4))[1];
}

static uint32_t used_size(uint32_t queue, uint32_t element) {
    return ((uint32_t *)memory_at(&machine->memory, QUEUE(queue) + 0x2000, 256))[1 + 2 * element + 1];
}

// A frame of `size` bytes behind `header`, in two descriptors.
static void send(const struct virtio_net_header *header, uint32_t size) {
    memory_write(&machine->memory, BUFFERS, header, sizeof(*header));
    uint8_t *bytes = memory_at(&machine->memory, BUFFERS + sizeof(*header), size ? size : 1);
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 7);
    uint32_t first = size / 3;
    set(1, 0, BUFFERS, (uint32_t)sizeof(*header) + first, NEXT, 1);
    set(1, 1, BUFFERS + sizeof(*header) + first, size - first, 0, 0);
    offer(1, 0);
    mmio_write(NOTIFY + 4, 1);
}

static const struct bh_net_transmit_request *sent(uint32_t number) {
    cr_assert(fake_transmit.submitted > number, "frame %u was not sent", number);
    return (const struct bh_net_transmit_request *)fake_transmit.requests[fake_transmit.order[number]];
}

static void finish(uint32_t number) {
    fake_net_complete(&fake_transmit, fake_transmit.order[number], BH_OK, NULL);
}

Test(net, tells_its_address_mtu_and_link, .init = create) {
    cr_assert_eq(mmio_read(CONFIG), 0x00005452);
    cr_assert_eq(machine_mmio_read(machine, CONFIG + 6, 2), 1);
    cr_assert_eq(machine_mmio_read(machine, CONFIG + 10, 2), 1500);
    virtio_net_set_link(&machine->net, false);
    cr_assert_eq(machine_mmio_read(machine, CONFIG + 6, 2), 0);
    cr_assert_eq(machine_mmio_read(machine, COMMON + 21, 1), 1, "the generation of the configuration has changed");
}

Test(net, offers_what_its_server_can_do) {
    fixture_create();
    fixture_add_net(BH_NET_OFFLOAD_TX_CHECKSUM);
    uint64_t features = machine->net.virtio.model->features(&machine->net);
    cr_assert(features & VIRTIO_NET_F_CSUM);
    cr_assert(!(features & (VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_GUEST_TSO4)));
}

Test(net, asks_for_what_the_guest_accepted, .init = create) {
    uint32_t offloads = virtio_net_offloads(&machine->net);
    cr_assert(offloads & BH_NET_OFFLOAD_RX_CHECKSUM);
    cr_assert(offloads & BH_NET_OFFLOAD_RX_TCP4);
    cr_assert(!(offloads & BH_NET_OFFLOAD_RX_TCP6));
    drive(VIRTIO_F_VERSION_1);
    cr_assert(!(virtio_net_offloads(&machine->net) & (BH_NET_OFFLOAD_RX_CHECKSUM | BH_NET_OFFLOAD_RX_TCP4)));
}

Test(net, a_frame_is_copied_into_the_pool_and_the_guest_has_its_buffers_back, .init = create) {
    send(&(struct virtio_net_header){0}, 5000);
    const struct bh_net_transmit_request *request = sent(0);
    cr_assert_eq(request->segment_count, 2);
    cr_assert_eq(request->segments[0].size + request->segments[1].size, 5000);
    cr_assert_eq(fake_pool[request->segments[1].offset], (uint8_t)(4096 * 7));
    cr_assert_eq(used_index(1), 1);
    cr_assert(machine->net_ready);
}

Test(net, an_offload_is_passed_on, .init = create) {
    send(&(struct virtio_net_header){1, VIRTIO_NET_TCP4, 54, 1400, 34, 16, 0}, 20000);
    const struct bh_net_frame *frame = &sent(0)->frame;
    cr_assert_eq(frame->flags, BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM);
    cr_assert_eq(frame->segmentation, BH_NET_SEGMENTATION_TCP4);
    cr_assert_eq(frame->segment_size, 1400);
    cr_assert_eq(frame->checksum_start, 34);
    cr_assert_eq(frame->checksum_offset, 16);
}

static const struct {
    const char *what;
    struct virtio_net_header header;
    uint32_t size;
} nonsense[] = {
    {"checksum past the end", {1, 0, 0, 0, 90, 16, 0}, 100},
    {"checksum far past the end", {1, 0, 0, 0, 0xffff, 0xffff, 0}, 100},
    {"segments of no size", {1, VIRTIO_NET_TCP4, 54, 0, 34, 16, 0}, 3000},
    {"segments without a checksum", {0, VIRTIO_NET_TCP4, 54, 1400, 34, 16, 0}, 3000},
    {"segments that were not negotiated", {1, VIRTIO_NET_TCP6, 54, 1400, 34, 16, 0}, 3000},
    {"segments of an unknown kind", {1, 3, 54, 1400, 34, 16, 0}, 3000},
    {"ECN that was not negotiated", {1, VIRTIO_NET_TCP4 | VIRTIO_NET_ECN, 54, 1400, 34, 16, 0}, 3000},
    {"shorter than an Ethernet header", {0}, 13},
    {"longer than any frame", {0}, BH_NET_FRAME_MAX + 1},
};

Test(net, frames_that_make_no_sense_are_dropped, .init = create) {
    for (uint32_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
        send(&nonsense[i].header, nonsense[i].size);
        cr_assert_eq(fake_transmit.submitted, 0, "%s", nonsense[i].what);
        cr_assert_eq(used_index(1), i + 1, "%s", nonsense[i].what);
    }
    cr_assert_eq(machine->net.dropped, sizeof(nonsense) / sizeof(nonsense[0]));
    send(&(struct virtio_net_header){0}, 60);
    cr_assert_eq(fake_transmit.submitted, 1);
}

Test(net, a_frame_without_a_header_stops_the_device, .init = create) {
    set(1, 0, BUFFERS, 11, 0, 0);
    offer(1, 0);
    mmio_write(NOTIFY + 4, 1);
    cr_assert(machine_mmio_read(machine, COMMON + 20, 1) & 0x40);
    send(&(struct virtio_net_header){0}, 60);
    cr_assert_eq(fake_transmit.submitted, 0);
    drive(EVERY_FEATURE);
    send(&(struct virtio_net_header){0}, 60);
    cr_assert_eq(fake_transmit.submitted, 1);
}

Test(net, with_a_full_pool_frames_wait_and_go_on, .init = create) {
    uint32_t count = 0, before;
    do {
        before = fake_transmit.submitted;
        send(&(struct virtio_net_header){0}, 16000);
        count++;
    } while (fake_transmit.submitted != before && count < 30);
    cr_assert(count > 5 && count < 30);
    cr_assert(machine->net.stalled);
    cr_assert_eq(used_index(1), count - 1, "the guest's buffers are its own until there is room");
    finish(0);
    virtio_net_transmitted(&machine->net);
    cr_assert(!machine->net.stalled);
    cr_assert_eq(used_index(1), count);
    for (uint32_t i = 1; i < count; i++)
        finish(i);
    bh_net_collect(&fake_net);
    cr_assert_eq(fake_net.free_count, fake_net.cell_count - fake_net.receive_cells);
}

// ---- reception

static uint32_t posted = 0;

// The next posted cell comes back with `size` bytes of `fill`.
static void arrive(uint32_t size, uint32_t buffers, uint8_t fill, const struct bh_net_frame *frame) {
    uint32_t slot = fake_receive.order[posted++];
    const struct bh_net_receive_request *request = (const struct bh_net_receive_request *)fake_receive.requests[slot];
    struct bh_net_receive_completion completion = {.size = size, .buffers = buffers};
    if (frame)
        completion.frame = *frame;
    memset(fake_pool + request->offset, fill, request->size);
    fake_net_complete(&fake_receive, slot, BH_OK, &completion);
}

static void offer_buffers(uint32_t count, uint32_t size) {
    for (uint32_t i = 0; i < count; i++) {
        set(0, i, BUFFERS + 0x4000 * i, size, WRITE, 0);
        offer(0, (uint16_t)i);
    }
}

static const uint8_t *guest_bytes(uint32_t buffer, uint32_t at) {
    return memory_at(&machine->memory, BUFFERS + 0x4000 * buffer + at, 1);
}

Test(net, a_frame_lands_in_the_guests_buffer, .init = create) {
    offer_buffers(2, 1600);
    arrive(100, 1, 0xab, NULL);
    cr_assert(!virtio_net_receive(&machine->net));
    cr_assert_eq(used_index(0), 1);
    cr_assert_eq(used_size(0, 0), 112);
    cr_assert_eq(*guest_bytes(0, 12), 0xab);
    cr_assert_eq(*guest_bytes(0, 10), 1, "it takes one buffer");
    cr_assert_eq(fake_receive.submitted, FAKE_NET_ENTRIES + 1, "the cell is posted again");
}

Test(net, a_frame_in_pieces_is_joined_and_takes_several_buffers, .init = create) {
    offer_buffers(4, 2000);
    arrive(4096, 2, 1, NULL);
    cr_assert(!virtio_net_receive(&machine->net));
    cr_assert_eq(used_index(0), 0, "not before it is whole");
    arrive(904, 0, 2, NULL);
    (void)virtio_net_receive(&machine->net);
    cr_assert_eq(used_index(0), 3);
    cr_assert_eq(*guest_bytes(0, 10), 3);
    cr_assert_eq(used_size(0, 0) + used_size(0, 1) + used_size(0, 2), 5012);
    cr_assert_eq(*guest_bytes(2, 107), 1);
    cr_assert_eq(*guest_bytes(2, 108), 2);
}

Test(net, a_frame_waits_for_buffers_and_its_own_stay_the_guests, .init = create) {
    offer_buffers(1, 2000);
    arrive(3000, 1, 5, NULL);
    arrive(60, 1, 6, NULL);
    cr_assert(!virtio_net_receive(&machine->net));
    cr_assert(machine->net.blocked);
    cr_assert_eq(used_index(0), 0);
    set(0, 1, BUFFERS + 0x4000, 2000, WRITE, 0);
    offer(0, 1);
    set(0, 2, BUFFERS + 0x8000, 2000, WRITE, 0);
    offer(0, 2);
    mmio_write(NOTIFY, 0);
    cr_assert(!machine->net.blocked);
    cr_assert_eq(used_index(0), 3, "both frames, in order");
    cr_assert_eq(*guest_bytes(1, 100), 5);
    cr_assert_eq(*guest_bytes(2, 12), 6);
}

Test(net, without_merged_buffers_a_frame_takes_one_or_is_dropped, .init = create_plain) {
    offer_buffers(2, 2000);
    arrive(3000, 1, 5, NULL);
    arrive(60, 1, 6, NULL);
    (void)virtio_net_receive(&machine->net);
    cr_assert_eq(used_index(0), 1);
    cr_assert_eq(used_size(0, 0), 72);
    cr_assert_eq(*guest_bytes(0, 12), 6);
    cr_assert_eq(machine->net.dropped, 1);
}

Test(net, what_the_guest_did_not_accept_is_not_delivered, .init = create_plain) {
    const struct bh_net_frame unfinished = {.flags = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM, .checksum_start = 34, .checksum_offset = 16};
    offer_buffers(4, 2000);
    arrive(100, 1, 1, &unfinished);
    (void)virtio_net_receive(&machine->net);
    cr_assert_eq(used_index(0), 0);
    const struct bh_net_frame good = {.flags = BH_NET_FRAME_FLAGS_CHECKSUM_GOOD};
    arrive(100, 1, 1, &good);
    (void)virtio_net_receive(&machine->net);
    cr_assert_eq(used_index(0), 1);
    cr_assert_eq(*guest_bytes(0, 0), 0);
}

Test(net, a_server_that_lies_about_frames_costs_the_frames_only, .init = create) {
    const struct bh_net_frame past = {.flags = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM, .checksum_start = 0xfff0, .checksum_offset = 0xffff};
    const struct bh_net_frame sizeless = {.segmentation = BH_NET_SEGMENTATION_TCP4};
    offer_buffers(8, 2000);
    arrive(5000, 1, 1, NULL);       // more than a cell
    arrive(0, 1, 1, NULL);          // nothing
    arrive(100, 21, 1, NULL);       // more pieces than there may be
    arrive(100, 0, 1, NULL);        // a piece of no frame
    arrive(100, 3, 1, NULL);        // a frame whose pieces do not come,
    arrive(100, 1, 9, NULL);        // since another begins
    arrive(100, 1, 1, &past);
    arrive(100, 1, 1, &sizeless);
    arrive(10, 1, 1, NULL);         // no Ethernet header
    (void)virtio_net_receive(&machine->net);
    cr_assert_eq(used_index(0), 1);
    cr_assert_eq(*guest_bytes(0, 12), 9);
    uint32_t busy = 0;
    for (uint32_t i = 0; i < FAKE_NET_ENTRIES; i++)
        busy += fake_receive.busy[i];
    cr_assert_eq(busy, FAKE_NET_ENTRIES, "all cells are posted again");
}

Test(net, buffers_that_break_the_rules_stop_the_device, .init = create) {
    set(0, 0, BUFFERS, 2000, 0, 0); // readable
    offer(0, 0);
    arrive(100, 1, 1, NULL);
    (void)virtio_net_receive(&machine->net);
    cr_assert(machine_mmio_read(machine, COMMON + 20, 1) & 0x40);
    cr_assert_eq(used_index(0), 0);
}

Test(net, a_reset_forgets_what_waited, .init = create) {
    offer_buffers(1, 100);
    arrive(3000, 1, 5, NULL);
    (void)virtio_net_receive(&machine->net);
    cr_assert(machine->net.blocked);
    drive(EVERY_FEATURE);
    offer_buffers(1, 2000);
    arrive(60, 1, 7, NULL);
    while (virtio_net_receive(&machine->net))
        ;
    cr_assert(!machine->net.blocked || used_index(0) <= 1);
}

// ---- the control queue

static uint8_t command(uint8_t class, uint8_t number, const void *data, uint32_t size) {
    const uint8_t head[2] = {class, number};
    memory_write(&machine->memory, BUFFERS, head, 2);
    memory_write(&machine->memory, BUFFERS + 2, data, size);
    *(uint8_t *)memory_at(&machine->memory, BUFFERS + 0x8000, 1) = 0xaa;
    set(2, 0, BUFFERS, 2 + size, NEXT, 1);
    set(2, 1, BUFFERS + 0x8000, 1, WRITE, 0);
    offer(2, 0);
    mmio_write(NOTIFY + 8, 2);
    return *(uint8_t *)memory_at(&machine->memory, BUFFERS + 0x8000, 1);
}

Test(net, the_filter_is_what_the_guest_says, .init = create) {
    const uint8_t on = 1;
    cr_assert_eq(command(0, 0, &on, 1), 0);
    cr_assert_eq(virtio_net_filter(&machine->net).promiscuous, 1);
    cr_assert_eq(command(0, 1, &on, 1), 0);
    cr_assert_eq(virtio_net_filter(&machine->net).all_multicast, 1);
    const uint8_t tables[] = {1, 0, 0, 0, 2, 4, 6, 8, 10, 12, 1, 0, 0, 0, 1, 0, 0x5e, 0, 0, 1};
    cr_assert_eq(command(1, 0, tables, sizeof(tables)), 0);
    cr_assert_eq(virtio_net_filter(&machine->net).count, 2);
    cr_assert_eq(virtio_net_filter(&machine->net).addresses[6], 1);
    cr_assert(machine->net.wishes);
}

Test(net, more_addresses_than_there_is_room_for_open_the_filter, .init = create) {
    static uint8_t tables[8 + 40 * 6] = {0, 0, 0, 0, 40};
    cr_assert_eq(command(1, 0, tables, sizeof(tables)), 0);
    cr_assert_eq(virtio_net_filter(&machine->net).all_multicast, 1);
    cr_assert_eq(virtio_net_filter(&machine->net).promiscuous, 0);
    cr_assert_eq(command(1, 0, (const uint8_t[8]){0}, 8), 0);
    cr_assert_eq(virtio_net_filter(&machine->net).all_multicast, 0, "and it closes again");
}

Test(net, commands_that_are_wrong_are_refused, .init = create) {
    const uint8_t many[8] = {0xff, 0xff, 0xff, 0xff};
    cr_assert_eq(command(1, 0, many, sizeof(many)), 1);
    cr_assert_eq(command(1, 0, many, 3), 1);
    cr_assert_eq(command(0, 7, many, 1), 1);
    cr_assert_eq(command(9, 0, many, 1), 1);
    cr_assert_eq(command(0, 0, many, 0), 1);
    cr_assert_eq(virtio_net_filter(&machine->net).count, 0);
    set(2, 0, BUFFERS, 4, 0, 0); // no room for an answer
    offer(2, 0);
    mmio_write(NOTIFY + 8, 2);
    cr_assert(machine_mmio_read(machine, COMMON + 20, 1) & 0x40);
}

// ---- a vmm that comes back

Test(client, finds_its_cells_in_the_rings_again) {
    fixture_create();
    fixture_net_rings();
    const struct bh_net_transmit_request way = {.segment_count = 2, .segments = {{.offset = 40 * 4096, .size = 9}, {.offset = 41 * 4096, .size = 9}}};
    const struct bh_net_transmit_request garbage = {.segment_count = 99, .segments = {{.offset = 3}, {.offset = UINT64_MAX}, {.offset = 40 * 4096}}};
    const struct bh_net_receive_request empty = {.offset = 7 * 4096, .size = 4096}, wrong = {.offset = 60 * 4096, .size = 4096};
    uint32_t slot, wrong_slot, garbage_slot;
    cr_assert_eq(bh_ring_submit(&fake_net.transmit, &way, &slot), BH_OK);
    cr_assert_eq(bh_ring_submit(&fake_net.transmit, &garbage, &garbage_slot), BH_OK);
    cr_assert_eq(bh_ring_submit(&fake_net.receive, &empty, &wrong_slot), BH_OK);
    cr_assert_eq(bh_ring_submit(&fake_net.receive, &wrong, &wrong_slot), BH_OK);
    cr_assert_eq(bh_net_adopt(&fake_net, fake_pool, sizeof(fake_pool)), BH_OK);
    cr_assert_eq(fake_net.free_count, 72 - 32 - 2);
    cr_assert_eq(fake_net.receive.in_flight, 32, "one of its cells has no entry as long as the wrong one is there");
    fake_net_complete(&fake_transmit, slot, BH_OK, NULL);
    fake_net_complete(&fake_transmit, garbage_slot, BH_OK, NULL);
    bh_net_collect(&fake_net);
    cr_assert_eq(fake_net.free_count, 72 - 32);
    fake_net_complete(&fake_receive, wrong_slot, BH_OK, &(struct bh_net_receive_completion){.size = 60, .buffers = 1});
    cr_assert(!bh_net_receive(&fake_net), "what names no cell brings no frame");
}
