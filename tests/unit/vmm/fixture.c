// SPDX-License-Identifier: MIT
//
// Fakes of the run-time library, of the generated clients' users (backend.h), and the machine under test.
#include "fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend.h"
#include "bulkhead/log.h"
#include "bulkhead/thread.h"
#include "cpuid.h"
#include "exits.h"
#include "runtime/calls.h"

struct machine *machine;
struct kept kept;
struct bh_vcpu_state state;
uint64_t fake_now_ns = 1000 * MS;
char fake_log[65536], fake_console[65536];
uint32_t fake_kicks, fake_disk_bells, fake_rng_bells;
struct bh_block_request fake_requests[64];
uint32_t fake_slots[64];
struct bh_ring fake_ring;

struct bh_net_client fake_net;
struct fake_ring_state fake_transmit, fake_receive;
uint8_t fake_pool[FAKE_POOL];
uint32_t fake_net_bells;

static struct bh_ring fake_server;
static uint32_t taken_count;
static struct bh_ring_header header = {.epoch = 1};
alignas(64) static uint8_t request_pages[BH_RING_ORDER + 64 + FAKE_RING_ENTRIES * 512], completion_pages[BH_RING_COMPLETIONS + FAKE_RING_ENTRIES * 64];
static bool attach_as_server;

uint64_t bh_time_ns(void) {
    return fake_now_ns;
}

void bh_yield(void) {
}

enum bh_error bh_event_create(bh_cap *event) {
    *event = 1;
    return BH_OK;
}

enum bh_error bh_event_wait(bh_cap event, uint64_t deadline_ns) {
    (void)event;
    (void)deadline_ns;
    cr_assert(false, "nobody may sleep in a test");
    return BH_OK;
}

enum bh_error bh_event_signal(bh_cap event) {
    (void)event;
    return BH_OK;
}

static void log_line(const char *format, va_list arguments) {
    size_t used = strlen(fake_log);
    vsnprintf(fake_log + used, sizeof(fake_log) - used, format, arguments);
}

#define LOGGER(name)                                                                               \
    void name(const char *format, ...) {                                                           \
        va_list arguments;                                                                         \
        va_start(arguments, format);                                                               \
        log_line(format, arguments);                                                               \
        va_end(arguments);                                                                         \
    }
LOGGER(bh_error_log)
LOGGER(bh_warn)
LOGGER(bh_info)
LOGGER(bh_debug)

// ---- the network's rings

// The linker leads the network client's calls here (--wrap); the disk's ring is a real one.
bool __wrap_bh_ring_arm_completion(struct bh_ring *ring);
enum bh_error __wrap_bh_ring_request(const struct bh_ring *ring, uint32_t slot, void *request);
void __wrap_bh_ring_submit_notify(struct bh_ring *ring);
enum bh_error __wrap_bh_ring_submit(struct bh_ring *ring, const void *request, uint32_t *slot);
enum bh_error __wrap_bh_ring_complete(struct bh_ring *ring, uint32_t *slot, enum bh_error *status, void *completion);

static struct fake_ring_state *state_of(const struct bh_ring *ring) {
    return ring == &fake_net.transmit ? &fake_transmit : ring == &fake_net.receive ? &fake_receive : NULL;
}

static enum bh_error submit_to(struct fake_ring_state *of, struct bh_ring *ring, const void *request, uint32_t *slot) {
    for (uint32_t i = 0; i < FAKE_NET_ENTRIES; i++)
        if (!of->busy[i]) {
            of->busy[i] = true;
            memcpy(of->requests[i], request, ring->info.request_size);
            of->order[of->submitted++ % 1024] = i;
            ring->in_flight++;
            *slot = i;
            return BH_OK;
        }
    return BH_EAGAIN;
}

static enum bh_error complete_of(struct fake_ring_state *of, struct bh_ring *ring, uint32_t *slot, enum bh_error *status, void *completion) {
    if (of->taken == of->completed)
        return BH_EAGAIN;
    const struct fake_completion *from = &of->completions[of->taken++ % 1024];
    of->busy[from->slot] = false;
    ring->in_flight--;
    *slot = from->slot;
    *status = from->status;
    if (completion)
        memcpy(completion, &from->payload, ring->info.completion_size);
    return BH_OK;
}

void fake_net_complete(struct fake_ring_state *of, uint32_t slot, enum bh_error status, const struct bh_net_receive_completion *payload) {
    struct fake_completion *to = &of->completions[of->completed++ % 1024];
    cr_assert(of->busy[slot]);
    *to = (struct fake_completion){.slot = slot, .status = status};
    if (payload)
        to->payload = *payload;
}

bool __wrap_bh_ring_arm_completion(struct bh_ring *ring) {
    const struct fake_ring_state *of = state_of(ring);
    return of->taken != of->completed;
}

enum bh_error __wrap_bh_ring_request(const struct bh_ring *ring, uint32_t slot, void *request) {
    const struct fake_ring_state *of = state_of(ring);
    if (!of->busy[slot])
        return BH_ENOENT;
    memcpy(request, of->requests[slot], ring->info.request_size);
    return BH_OK;
}

void __wrap_bh_ring_submit_notify(struct bh_ring *ring) {
    (void)ring;
}

enum bh_error __wrap_bh_ring_submit(struct bh_ring *ring, const void *request, uint32_t *slot) {
    return submit_to(state_of(ring), ring, request, slot);
}

enum bh_error __wrap_bh_ring_complete(struct bh_ring *ring, uint32_t *slot, enum bh_error *status, void *completion) {
    return complete_of(state_of(ring), ring, slot, status, completion);
}

void bh_panic(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_line(format, arguments);
    va_end(arguments);
    cr_assert(false, "the vmm ends itself: %s", fake_log);
    abort();
}

enum bh_error bh_cap_find(const char *name, bh_cap *cap) {
    (void)name;
    *cap = 1;
    return BH_OK;
}

enum bh_error bh_call_ring_attach(bh_cap ring, struct bh_ring_info *info) {
    (void)ring;
    *info = (struct bh_ring_info){.header = (uint64_t)&header, .requests = (uint64_t)request_pages, .completions = (uint64_t)completion_pages,
                                  .entry_count = FAKE_RING_ENTRIES, .request_size = sizeof(struct bh_block_request),
                                  .completion_size = sizeof(struct bh_block_completion), .epoch = header.epoch, .is_server = attach_as_server};
    return BH_OK;
}

enum bh_error bh_call_ring_accuse(bh_cap ring, uint64_t value, const char *what, size_t size, uint32_t epoch) {
    (void)ring, (void)value, (void)epoch;
    cr_assert(false, "the ring's peer is accused: %.*s", (int)size, what);
    return BH_OK;
}

enum bh_error bh_call_event_signal(bh_cap event) {
    (void)event;
    return BH_OK;
}

static void attach(struct bh_ring *ring, bool as_server) {
    attach_as_server = as_server;
    cr_assert_eq(bh_ring_attach("disk", ring), BH_OK);
    attach_as_server = false;
}

uint32_t fake_request_count(void) {
    uint32_t slot;
    while (bh_ring_take(&fake_server, &slot, &fake_requests[taken_count % 64]) == BH_OK)
        fake_slots[taken_count++ % 64] = slot;
    return taken_count;
}

void fake_complete(uint32_t slot, enum bh_error status) {
    (void)fake_request_count();
    cr_assert_eq(bh_ring_finish(&fake_server, slot, status, &(struct bh_block_completion){0}), BH_OK, "slot %u is not in the driver's hand", slot);
}

void fake_driver_restarts(void) {
    memset(completion_pages, 0, sizeof(completion_pages)); // as the kernel does
    header.epoch++;
    attach(&fake_server, true);
}

const char *fixture_restart(bool *again) {
    const char *why;
    struct kept_finding finding;
    const struct kept_doors doors = {.disk = machine->has_disk ? &fake_ring : NULL, .net = machine->has_net ? &fake_net : NULL,
                                      .entropy = machine->has_rng};
    struct kept_area *old = kept_find(&kept, &why), *area;
    if (!old)
        return why ? why : "there is nothing";
    area = kept_prepare(&kept);
    area->machine.memory = machine->memory;
    area->machine.state = &state;
    why = kept_rebuild(&area->machine, old, &doors, &finding);
    if (why)
        return why;
    kept_switch(&kept, area);
    machine = &area->machine;
    if (!finding.again)
        exits_answered(machine);
    undo_lock_aside(machine);
    if (machine->has_disk)
        virtio_blk_resume(&machine->disk);
    if (machine->has_net)
        virtio_net_resume(&machine->net);
    if (machine->has_rng)
        virtio_rng_resume(&machine->rng);
    undo_unlock_aside(machine);
    *again = finding.again;
    return NULL;
}

void backend_console_write(const void *data, uint32_t size) {
    cr_assert_eq(machine->lock.state, 0, "the console is called without the lock");
    memcpy(fake_console + strlen(fake_console), data, size);
}

void backend_disk_notify(void) {
    cr_assert_eq(machine->lock.state, 0, "the disk is called without the lock");
    fake_disk_bells++;
}

void backend_net_notify(void) {
    cr_assert_eq(machine->lock.state, 0, "the network is called without the lock");
    fake_net_bells++;
}

void backend_rng_notify(void) {
    cr_assert_eq(machine->lock.state, 0, "the source of entropy is told without the lock");
    fake_rng_bells++;
}

void backend_kick(void) {
    fake_kicks++;
}

// Page tables for the first GiB at 1 MiB, in 2 MiB pages.
static void identity_map(void) {
    uint64_t *tables = memory_at(&machine->memory, 0x100000, 3 * 4096);
    tables[0] = 0x101003;
    tables[512] = 0x102003;
    for (uint64_t i = 0; i < 512; i++)
        tables[1024 + i] = i << 21 | 0x83;
    state.cr0 = 0x80000001;
    state.cr3 = 0x100000;
    state.cr4 = 0x20;
    state.efer = 0x500;
    state.mode_bits = 64;
}

void fixture_create(void) {
    struct kept_area *area = kept_prepare(&kept);
    machine = &area->machine;
    machine->memory = (struct guest_memory){calloc(1, FIXTURE_MEMORY), FIXTURE_MEMORY};
    machine->state = &state;
    machine->tsc_khz = 2000000;
    state.rflags = 0x202;
    state.rip = 0x200000;
    cr_assert_eq(bh_mutex_create(&machine->lock), BH_OK);
    cpuid_create(machine->tsc_khz);
    machine_create(machine);
    kept_switch(&kept, area);
    identity_map();
}

void fixture_add_disk(uint32_t read_only) {
    const struct bh_block_info info = {
        .sector_count = 1000, .block_size = 512, .segment_max = 28, .read_only = read_only, .flush = 1, .serial = "unit-disk"};
    attach(&fake_ring, false);
    attach(&fake_server, true);
    machine->has_disk = virtio_blk_create(&machine->disk, machine, &fake_ring, &info);
    cr_assert(machine->has_disk);
    undo_commit(machine);
}

void fixture_add_net(uint32_t offloads) {
    const struct bh_net_info info = {.mac = {0x52, 0x54, 0, 0, 0, 0x10}, .mtu = 1500, .queue_pairs = 1, .offloads = offloads, .link = 1};
    fixture_net_rings();
    cr_assert_eq(bh_net_adopt(&fake_net, fake_pool, sizeof(fake_pool)), BH_OK);
    machine->has_net = true;
    cr_assert(virtio_net_create(&machine->net, machine, &fake_net, &info));
}

void fixture_add_rng(void) {
    machine->has_rng = virtio_rng_create(&machine->rng, machine);
    cr_assert(machine->has_rng);
    undo_commit(machine);
}

void fixture_net_rings(void) {
    fake_net.transmit.info = (struct bh_ring_info){.entry_count = FAKE_NET_ENTRIES, .request_size = sizeof(struct bh_net_transmit_request),
                                                   .completion_size = sizeof(struct bh_net_transmit_completion)};
    fake_net.receive.info = (struct bh_ring_info){.entry_count = FAKE_NET_ENTRIES, .request_size = sizeof(struct bh_net_receive_request),
                                                  .completion_size = sizeof(struct bh_net_receive_completion)};
}

void run_exit(uint32_t reason, uint64_t info1, uint64_t info2) {
    state.reason = reason;
    state.info1 = info1;
    state.info2 = info2;
    state.interruptible = (state.rflags & 0x200) != 0;
    state.inject_exception = state.inject_vector = state.want_window = state.halt = 0;
    exits_handle(machine);
}

uint32_t guest_in(uint32_t port, uint32_t size) {
    state.rax = 0;
    run_exit(BH_EXIT_REASON_IO, port << 16 | size << 4 | 1, state.rip + 2);
    return (uint32_t)state.rax;
}

void guest_out(uint32_t port, uint32_t size, uint32_t value) {
    state.rax = value;
    run_exit(BH_EXIT_REASON_IO, port << 16 | size << 4, state.rip + 2);
}

void pic_start(void) {
    guest_out(0x20, 1, 0x11);
    guest_out(0x21, 1, 0x20);
    guest_out(0x21, 1, 4);
    guest_out(0x21, 1, 1);
    guest_out(0xa0, 1, 0x11);
    guest_out(0xa1, 1, 0x28);
    guest_out(0xa1, 1, 2);
    guest_out(0xa1, 1, 1);
}

bool guest_rdmsr(uint32_t msr, uint64_t *value) {
    state.rcx = msr;
    run_exit(BH_EXIT_REASON_MSR, 0, 0);
    *value = (uint32_t)state.rax | state.rdx << 32;
    return !state.inject_exception;
}

bool guest_wrmsr(uint32_t msr, uint64_t value) {
    state.rcx = msr;
    state.rax = (uint32_t)value;
    state.rdx = value >> 32;
    run_exit(BH_EXIT_REASON_MSR, 1, 0);
    return !state.inject_exception;
}

void guest_kicked(void) {
    run_exit(BH_EXIT_REASON_KICK, 0, 0);
}

void guest_describe(gpa table, uint32_t index, uint64_t address, uint32_t size, uint16_t flags, uint16_t next) {
    struct {
        uint64_t address;
        uint32_t size;
        uint16_t flags, next;
    } descriptor = {address, size, flags, next};
    memory_write(&machine->memory, table + 16 * index, &descriptor, sizeof(descriptor));
}

void guest_offer(gpa available, uint32_t size, uint16_t head) {
    uint16_t *ring = memory_at(&machine->memory, available, 4 + 2 * size);
    ring[2 + ring[1] % size] = head;
    ring[1]++;
}

uint32_t mmio_read(gpa address) {
    return (uint32_t)machine_mmio_read(machine, address, 4);
}

void mmio_write(gpa address, uint32_t value) {
    machine_mmio_write(machine, address, 4, value);
}

void advance(uint64_t ns) {
    fake_now_ns += ns;
    guest_kicked();
}

int taken_vector(void) {
    int vector = state.inject_vector & 0x100 ? (int)(state.inject_vector & 0xff) : -1;
    state.inject_vector = 0;
    return vector;
}
