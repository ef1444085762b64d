// SPDX-License-Identifier: MIT
//
// The PCI bus and the virtio disk, driven as a guest's driver does it, and as a hostile one does it.
#include "fixture.h"

#define TABLE 0x200000u
#define AVAILABLE 0x201000u
#define USED 0x202000u
#define HEADER 0x203000u
#define STATUS_BYTE 0x203100u
#define DATA 0x300000u
#define COMMON bar0
#define NOTIFY (bar0 + 0x3000)
#define CONFIG (bar0 + 0x2000)
#define NEXT 1
#define WRITE 2
#define VECTOR 0x61

static uint32_t bar0, bar1;

static uint32_t config_read(uint32_t device, uint32_t offset, uint32_t size) {
    guest_out(0xcf8, 4, 0x80000000u | device << 11 | (offset & 0xfc));
    return guest_in(0xcfc + (offset & 3), size);
}

static void config_write(uint32_t device, uint32_t offset, uint32_t size, uint32_t value) {
    guest_out(0xcf8, 4, 0x80000000u | device << 11 | (offset & 0xfc));
    guest_out(0xcfc + (offset & 3), size, value);
}

static void put8(gpa address, uint32_t value) {
    machine_mmio_write(machine, address, 1, value);
}

static void put16(gpa address, uint32_t value) {
    machine_mmio_write(machine, address, 2, value);
}

static uint32_t get8(gpa address) {
    return (uint32_t)machine_mmio_read(machine, address, 1);
}

// What a driver does from reset to DRIVER_OK.
static void drive(uint64_t features) {
    put8(COMMON + 20, 0);
    put8(COMMON + 20, 3);
    for (uint32_t half = 0; half < 2; half++) {
        mmio_write(COMMON + 8, half);
        mmio_write(COMMON + 12, (uint32_t)(features >> half * 32));
    }
    put8(COMMON + 20, 11);
    put16(COMMON + 16, 0);
    put16(COMMON + 22, 0);
    put16(COMMON + 24, 16);
    put16(COMMON + 26, 1);
    machine_mmio_write(machine, COMMON + 32, 8, TABLE);
    machine_mmio_write(machine, COMMON + 40, 8, AVAILABLE);
    machine_mmio_write(machine, COMMON + 48, 8, USED);
    put16(COMMON + 28, 1);
    put8(COMMON + 20, 15);
}

static void create(void) {
    fixture_create();
    fixture_add_disk(0);
    bar0 = config_read(1, 0x10, 4);
    bar1 = config_read(1, 0x14, 4);
    config_write(1, 4, 2, 6);
    for (uint32_t at = config_read(1, 0x34, 1); at; at = config_read(1, at + 1, 1))
        if (config_read(1, at, 1) == 0x11)
            config_write(1, at + 2, 2, 0x8000);
    for (uint32_t i = 0; i < 2; i++) {
        mmio_write(bar1 + 16 * i, LAPIC_ADDRESS);
        mmio_write(bar1 + 16 * i + 8, VECTOR - 1 + i);
        mmio_write(bar1 + 16 * i + 12, 0);
    }
    drive(VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC);
}

static void set(uint32_t index, uint64_t address, uint32_t size, uint16_t flags, uint16_t next) {
    guest_describe(TABLE, index, address, size, flags, next);
}

static void offer(uint16_t head) {
    guest_offer(AVAILABLE, 16, head);
}

static void request(uint32_t type, uint64_t sector, uint32_t size) {
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } header = {type, 0, sector};
    bool in = type != 1;
    memory_write(&machine->memory, HEADER, &header, sizeof(header));
    *(uint8_t *)memory_at(&machine->memory, STATUS_BYTE, 1) = 0xaa;
    set(0, HEADER, 16, NEXT, size ? 1 : 2);
    if (size)
        set(1, DATA, size, NEXT | (in ? WRITE : 0), 2);
    set(2, STATUS_BYTE, 1, WRITE, 0);
    offer(0);
    mmio_write(NOTIFY, 0);
}

static uint32_t status(void) {
    return *(uint8_t *)memory_at(&machine->memory, STATUS_BYTE, 1);
}

static uint16_t used_index(void) {
    return ((uint16_t *)memory_at(&machine->memory, USED, 4))[1];
}

Test(pci, the_bus_shows_a_host_bridge_and_the_disk, .init = create) {
    cr_assert_eq(config_read(0, 10, 2), 0x0600);
    cr_assert_eq(config_read(1, 0, 4), 0x10421af4);
    cr_assert_eq(config_read(2, 0, 4), 0xffffffff);
    guest_out(0xcf8, 4, 0x80010800); // bus 1
    cr_assert_eq(guest_in(0xcfc, 4), 0xffffffff);
}

Test(pci, a_bar_tells_its_size_and_moves, .init = create) {
    config_write(1, 0x10, 4, 0xffffffff);
    cr_assert_eq(config_read(1, 0x10, 4), 0xffffc000);
    config_write(1, 0x10, 4, 0xc8000000);
    cr_assert_eq(machine_mmio_read(machine, 0xc8000000 + 20, 1), 15);
    cr_assert_eq(get8(bar0 + 20) & 0xff, 0xff);
}

Test(pci, identity_and_capabilities_cannot_be_written, .init = create) {
    for (uint32_t offset = 0; offset < 256; offset += 4)
        if (offset != 4 && offset != 0x10 && offset != 0x14)
            config_write(1, offset, 4, 0);
    cr_assert_eq(config_read(1, 0, 4), 0x10421af4);
    cr_assert_neq(config_read(1, 0x34, 1), 0);
}

Test(pci, with_memory_decoding_off_no_bar_answers, .init = create) {
    config_write(1, 4, 2, 0);
    cr_assert_eq(mmio_read(bar0), 0xffffffff);
}

Test(disk, tells_capacity_and_limits, .init = create) {
    cr_assert_eq(machine_mmio_read(machine, CONFIG, 8), 1000);
    cr_assert_eq(mmio_read(CONFIG + 12), 28);
    cr_assert_eq(mmio_read(CONFIG + 20), 512);
}

Test(disk, a_read_becomes_one_ring_request_on_guest_memory, .init = create) {
    request(0, 8, 4096);
    cr_assert_eq(fake_request_count(), 1);
    cr_assert_eq(fake_requests[0].operation, BH_BLOCK_OPERATION_READ);
    cr_assert_eq(fake_requests[0].lba, 8);
    cr_assert_eq(fake_requests[0].segment_count, 1);
    cr_assert_eq(fake_requests[0].segments[0].offset, DATA);
    cr_assert_eq(fake_requests[0].segments[0].size, 4096);
    cr_assert_eq(status(), 0xaa);
    fake_complete(0, BH_OK);
    cr_assert_eq(virtio_blk_complete(&machine->disk), BH_EAGAIN);
    cr_assert_eq(status(), 0);
    cr_assert_eq(used_index(), 1);
    guest_kicked();
    cr_assert_eq(taken_vector(), VECTOR);
}

Test(disk, the_server_is_told_outside_the_lock, .init = create) {
    request(1, 0, 512);
    cr_assert(machine->disk_ready);
    guest_kicked();
    cr_assert_eq(fake_disk_bells, 1);
    cr_assert(!machine->disk_ready);
}

Test(disk, neighbouring_segments_are_joined, .init = create) {
    uint64_t header[2] = {0, 0};
    memory_write(&machine->memory, HEADER, header, sizeof(header));
    set(0, HEADER, 16, NEXT, 1);
    set(1, DATA, 4096, NEXT | WRITE, 2);
    set(2, DATA + 4096, 4096, NEXT | WRITE, 3);
    set(3, DATA + 16384, 512, NEXT | WRITE, 4);
    set(4, STATUS_BYTE, 1, WRITE, 0);
    offer(0);
    mmio_write(NOTIFY, 0);
    cr_assert_eq(fake_request_count(), 1);
    cr_assert_eq(fake_requests[0].segment_count, 2);
    cr_assert_eq(fake_requests[0].segments[0].size, 8192);
}

Test(disk, errors_of_the_driver_reach_the_guest_as_ioerr, .init = create) {
    request(0, 0, 512);
    fake_complete(0, BH_EIO);
    cr_assert_eq(virtio_blk_complete(&machine->disk), BH_EAGAIN);
    cr_assert_eq(status(), 1);
}

Test(disk, requests_past_the_end_are_answered_ioerr_here, .init = create) {
    request(0, 999, 1024);
    cr_assert_eq(status(), 1);
    request(0, 0xffffffffffffffffull, 512);
    cr_assert_eq(status(), 1);
    cr_assert_eq(fake_request_count(), 0);
}

Test(disk, lengths_that_are_not_sectors_are_answered_ioerr, .init = create) {
    request(0, 0, 100);
    cr_assert_eq(status(), 1);
    request(0, 0, 0);
    cr_assert_eq(status(), 1);
    cr_assert_eq(fake_request_count(), 0);
}

Test(disk, unknown_requests_are_unsupported, .init = create) {
    request(77, 0, 512);
    cr_assert_eq(status(), 2);
}

Test(disk, flush_goes_to_the_driver, .init = create) {
    request(4, 0, 0);
    cr_assert_eq(fake_request_count(), 1);
    cr_assert_eq(fake_requests[0].operation, BH_BLOCK_OPERATION_FLUSH);
    cr_assert_eq(fake_requests[0].segment_count, 0);
}

Test(disk, get_id_returns_the_serial_number, .init = create) {
    request(8, 0, 20);
    cr_assert_eq(status(), 0);
    cr_assert_str_eq((char *)memory_at(&machine->memory, DATA, 20), "unit-disk");
}

Test(disk, a_full_ring_holds_requests_back_until_one_completes, .init = create) {
    for (int i = 0; i < FAKE_RING_ENTRIES + 2; i++)
        request(0, 0, 512);
    cr_assert_eq(fake_request_count(), FAKE_RING_ENTRIES);
    for (uint32_t i = 0; i < FAKE_RING_ENTRIES; i++)
        fake_complete(i, BH_OK);
    cr_assert_eq(virtio_blk_complete(&machine->disk), BH_EAGAIN);
    cr_assert_eq(fake_request_count(), FAKE_RING_ENTRIES + 2);
    cr_assert_eq(used_index(), FAKE_RING_ENTRIES);
}

Test(disk, a_read_only_disk_refuses_writes) {
    create();
    machine->disk.info.read_only = 1;
    request(1, 0, 512);
    cr_assert_eq(status(), 1);
    cr_assert_eq(fake_request_count(), 0);
}

Test(disk, a_broken_chain_makes_the_device_need_a_reset, .init = create) {
    set(0, HEADER, 16, NEXT, 0);
    offer(0);
    mmio_write(NOTIFY, 0);
    cr_assert_eq(get8(COMMON + 20) & 0x40, 0x40);
    cr_assert(strstr(fake_log, "loop"));
    guest_kicked();
    cr_assert_eq(taken_vector(), VECTOR - 1, "the configuration interrupt tells the driver");
    drive(VIRTIO_F_VERSION_1);
    memset(memory_at(&machine->memory, AVAILABLE, 64), 0, 64);
    request(0, 0, 512);
    cr_assert_eq(fake_request_count(), 1, "after the reset it works again");
}

Test(disk, a_request_without_room_for_its_status_breaks_the_device, .init = create) {
    set(0, HEADER, 16, 0, 0);
    offer(0);
    mmio_write(NOTIFY, 0);
    cr_assert_eq(get8(COMMON + 20) & 0x40, 0x40);
}

Test(disk, a_reset_waits_for_requests_under_way, .init = create) {
    request(0, 0, 512);
    put8(COMMON + 20, 0);
    cr_assert_neq(get8(COMMON + 20), 0);
    put8(COMMON + 20, 1);
    fake_complete(0, BH_OK);
    cr_assert_eq(virtio_blk_complete(&machine->disk), BH_EAGAIN);
    cr_assert_eq(get8(COMMON + 20), 0);
    cr_assert_eq(status(), 0xaa, "nobody waits for that request any more");
}

Test(disk, features_that_were_not_offered_are_not_accepted, .init = create) {
    drive(VIRTIO_F_VERSION_1 | 1ull << 40);
    cr_assert_eq(get8(COMMON + 20) & 8, 0);
}

Test(disk, a_queue_outside_memory_makes_the_device_need_a_reset, .init = create) {
    put8(COMMON + 20, 0);
    put8(COMMON + 20, 3);
    machine_mmio_write(machine, COMMON + 32, 8, 0xfffffffffffff000ull);
    put16(COMMON + 28, 1);
    cr_assert_eq(get8(COMMON + 20) & 0x40, 0x40);
}

Test(disk, masked_vectors_become_pending_and_are_sent_when_unmasked, .init = create) {
    mmio_write(bar1 + 16 + 12, 1);
    request(8, 0, 20);
    guest_kicked();
    cr_assert_eq(taken_vector(), -1);
    cr_assert_eq(mmio_read(bar1 + 0x800), 2);
    mmio_write(bar1 + 16 + 12, 0);
    guest_kicked();
    cr_assert_eq(taken_vector(), VECTOR);
}

Test(disk, without_msix_the_interrupt_line_is_used, .init = create) {
    for (uint32_t at = config_read(1, 0x34, 1); at; at = config_read(1, at + 1, 1))
        if (config_read(1, at, 1) == 0x11)
            config_write(1, at + 2, 2, 0);
    request(8, 0, 20);
    cr_assert(machine->ioapic.asserted & 1 << PCI_IRQ);
    cr_assert_eq(mmio_read(bar0 + 0x1000) & 1, 1);
    cr_assert(!(machine->ioapic.asserted & 1 << PCI_IRQ), "reading the ISR lowers the line");
}

Test(disk, every_register_can_be_touched_with_every_size, .init = create) {
    for (uint32_t offset = 0; offset < 0x4000; offset++)
        for (uint32_t size = 1; size <= 8; size *= 2) {
            if (offset == 20)
                continue;
            machine_mmio_read(machine, bar0 + offset, size);
            machine_mmio_write(machine, bar0 + offset, size, ~0ull);
        }
    for (uint32_t offset = 0; offset < 0x1000; offset++) {
        machine_mmio_read(machine, bar1 + offset, 4);
        machine_mmio_write(machine, bar1 + offset, 4, ~0ull);
    }
}
