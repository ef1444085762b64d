// SPDX-License-Identifier: MIT
//
// A controller, a ring and a kernel as far as the driver sees them. The controller works whenever the driver sleeps. Addresses are the
// host's own, and lie below 4 GiB, since the program is linked that way.
#include "fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulkhead/device.h"
#include "bulkhead/dma.h"
#include "bulkhead/domain.h"

#define BAR_SIZE 0x4000u
#define POOL_SIZE (2u << 20)
#define STEP_NS 1000u

enum { CAP = 0, CC = 0x14, CSTS = 0x1c, ASQ = 0x28, ACQ = 0x30, DOORBELLS = 0x1000 };

volatile uint64_t bh_dma_astray;
struct fixture fixture = {.cap = 1ull << 37 | 2ull << 24 | 1023, .block_shift = 9, .namespaces = {1}, .serial = "unit"};
alignas(4096) uint8_t fixture_disk[DISK_SIZE], fixture_window[WINDOW_SIZE];
alignas(4096) static uint8_t bar[BAR_SIZE], pool[POOL_SIZE];
static uint32_t pool_used;
static struct { uint64_t submissions, completions; uint16_t size, head, tail; bool phase; } queues[NVME_QUEUES_MAX + 1];
static char said[1 << 16];
char fixture_ending[512];
jmp_buf fixture_out;

int nvme_main(void);

// ---- the controller

static uint32_t *reg(uint32_t offset) {
    return (uint32_t *)(bar + offset);
}

static uint64_t reg64(uint32_t offset) {
    return *reg(offset) | (uint64_t)*reg(offset + 4) << 32;
}

static void post(uint16_t queue, uint16_t id, uint16_t status, uint32_t result) {
    struct nvme_completion one = {.result = result, .head = queues[queue].head, .queue = queue, .id = id,
                                  .status = (uint16_t)(status << 1 | queues[queue].phase)};
    if (queue == 1 && fixture.tamper)
        fixture.tamper(&one, queue);
    ((struct nvme_completion *)queues[queue].completions)[queues[queue].tail] = one;
    if (++queues[queue].tail == queues[queue].size) {
        queues[queue].tail = 0;
        queues[queue].phase = !queues[queue].phase;
    }
}

static void identify(const struct nvme_command *command) {
    uint8_t *page = (uint8_t *)command->data[0];
    memset(page, 0, NVME_PAGE);
    if (command->words[0] == 1) {
        memset(page + 4, ' ', 20);
        memcpy(page + 4, fixture.serial, strlen(fixture.serial));
        page[77] = fixture.transfer_shift;
        page[258] = 3;
        page[525] = 1;
    } else if (command->words[0] == 2) {
        memcpy(page, fixture.namespaces, sizeof(fixture.namespaces));
    } else {
        uint64_t blocks = fixture.blocks || fixture.block_shift > 31 ? fixture.blocks : DISK_SIZE >> fixture.block_shift;
        memcpy(page, &blocks, 8);
        page[128] = fixture.metadata;
        page[130] = fixture.block_shift;
    }
}

static void make_queue(const struct nvme_command *command) {
    uint16_t id = (uint16_t)command->words[0];
    queues[id].size = (uint16_t)((command->words[0] >> 16) + 1);
    if (command->opcode == 5)
        queues[id].completions = command->data[0], queues[id].phase = true;
    else
        queues[id].submissions = command->data[0];
}

static void do_admin(const struct nvme_command *command) {
    uint32_t result = 0;
    if (command->opcode == 6)
        identify(command);
    else if (command->opcode == 1 || command->opcode == 5)
        make_queue(command);
    else if (command->opcode == 9)
        result = fixture.queues_granted ? fixture.queues_granted : command->words[1];
    else if (command->opcode == 8) {
        fixture.aborts++;
        if (fixture.no_aborts)
            return;
        result = !fixture.abort_works;
        if (fixture.abort_works)
            post((uint16_t)command->words[0], (uint16_t)(command->words[0] >> 16), NVME_ABORT_REQUESTED, 0);
    }
    post(0, command->id, 0, result);
}

// One page-shaped piece after the other, as the command's PRPs say (NVMe 4.3).
static bool move(const struct nvme_command *command) {
    uint64_t left = (uint64_t)(command->words[2] + 1) << fixture.block_shift, at = command->data[0];
    uint64_t place = (command->words[0] | (uint64_t)command->words[1] << 32) << fixture.block_shift;
    const uint64_t *list = (const uint64_t *)command->data[1];
    bool listed = left > 2 * NVME_PAGE - at % NVME_PAGE;
    if (place + left > DISK_SIZE || at % 4 || (fixture.transfer_shift && left > NVME_PAGE << fixture.transfer_shift))
        return false;
    if (listed && (uint64_t)list % NVME_PAGE + (left - (NVME_PAGE - at % NVME_PAGE) + NVME_PAGE - 1) / NVME_PAGE * 8 > NVME_PAGE)
        return false; // this controller follows no chains
    for (bool first = true; left; first = false) {
        uint64_t room = NVME_PAGE - at % NVME_PAGE, step = left < room ? left : room;
        if (!first && at % NVME_PAGE)
            return false;
        void *data = (void *)at, *disk = fixture_disk + place;
        if (command->opcode == 1)
            memcpy(disk, data, step);
        else
            memcpy(data, disk, step);
        left -= step;
        place += step;
        at = listed && left ? *list++ : command->data[1];
    }
    return true;
}

static void do_io(uint16_t queue, const struct nvme_command *command) {
    uint16_t status = fixture.status;
    fixture.cut++;
    if (fixture.silent || fixture.silent_count || (fixture.answers_every && fixture.cut % fixture.answers_every)) {
        fixture.silent_count -= fixture.silent_count != 0;
        return;
    }
    fixture.status = 0;
    if (command->opcode == 0)
        fixture.flushes++;
    else if (!status && !move(command))
        status = NVME_INVALID_FIELD;
    post(queue, command->id, status, 0);
}

// Do what there is to do. False: nothing.
static bool work(void) {
    bool any = false;
    if (fixture.gone)
        memset(bar, 0xff, 64);
    else if (!(*reg(CC) & 1))
        *reg(CSTS) = 0;
    else if (fixture.fails_at_start || (fixture.fails_later && fixture.taken))
        *reg(CSTS) = 3;
    else if (!fixture.never_ready && !(*reg(CSTS) & 1)) {
        *reg(CSTS) = 1;
        queues[0].submissions = reg64(ASQ), queues[0].completions = reg64(ACQ);
        queues[0].size = (uint16_t)((*reg(0x24) & 0xfff) + 1);
        queues[0].phase = true;
    }
    for (uint16_t i = 0; *reg(CSTS) == 1 && i <= NVME_QUEUES_MAX; i++)
        while (queues[i].submissions && queues[i].head != (uint16_t)*reg(DOORBELLS + 8 * i)) {
            struct nvme_command command = ((struct nvme_command *)queues[i].submissions)[queues[i].head];
            queues[i].head = (uint16_t)((queues[i].head + 1) % queues[i].size);
            fixture.commands[i]++;
            any = true;
            if (i)
                do_io(i, &command);
            else
                do_admin(&command);
        }
    return any;
}

// ---- the kernel and the runtime, as far as the driver uses them

enum bh_error bh_cap_find(const char *name, bh_cap *cap) {
    *cap = (bh_cap)(uint8_t)name[0];
    return BH_OK;
}

enum bh_error settings_get(bh_cap cap, const char *key, char *value) {
    (void)cap;
    for (int i = 0; i < 8 && fixture.settings[i]; i += 2)
        if (strcmp(fixture.settings[i], key) == 0) {
            strcpy(value, fixture.settings[i + 1]);
            return BH_OK;
        }
    return BH_ENOENT;
}

enum bh_error pci_claim(bh_cap cap, const char *selector, bh_cap *out) {
    (void)cap, (void)selector, (void)out;
    return BH_ENOENT;
}

enum bh_error bh_buffer_find(const char *name, uint32_t rights, void **address, uint64_t *size) {
    (void)rights;
    if (strcmp(name, "notes") || !fixture.notes)
        return BH_ENOENT;
    *address = fixture.notes;
    *size = NOTES_SIZE;
    return BH_OK;
}

enum bh_error device_open(bh_cap cap, struct bh_device_info *info) {
    (void)cap;
    memcpy(bar, &fixture.cap, 8);
    *info = (struct bh_device_info){.vendor = 0x1b36, .device = 0x10, .vectors = 4};
    info->bar_offset[0] = (uint64_t)bar;
    info->bar_size[0] = BAR_SIZE;
    return BH_OK;
}

enum bh_error device_config_read(bh_cap cap, uint32_t offset, uint32_t size, uint32_t *value) {
    (void)cap, (void)size;
    *value = offset == 0x0a ? 0x0108 : 0;
    return BH_OK;
}

enum bh_error device_bind_vector(bh_cap cap, uint32_t vector, bh_cap event) {
    (void)cap, (void)event;
    return vector < 4 ? BH_OK : BH_ERANGE;
}

enum bh_error device_dma_alloc(bh_cap cap, uint64_t size, uint64_t *address, uint64_t *dma_address) {
    (void)cap;
    if (size > POOL_SIZE - pool_used)
        return BH_ENOMEM;
    *address = *dma_address = (uint64_t)pool + pool_used;
    pool_used += (uint32_t)(size + NVME_PAGE - 1) / NVME_PAGE * NVME_PAGE;
    return BH_OK;
}

enum bh_error bh_buffer_info(bh_cap buffer, struct bh_buffer_info *info) {
    (void)buffer;
    *info = (struct bh_buffer_info){.dma_address = (uint64_t)fixture_window, .size = WINDOW_SIZE};
    return BH_OK;
}

enum bh_error bh_serve(const char *name, uint32_t interface, uint64_t fingerprint, const uint64_t *methods, uint32_t method_count, void *object) {
    (void)name, (void)interface, (void)fingerprint, (void)methods, (void)method_count, (void)object;
    return BH_OK;
}

enum bh_error block_serve(const char *name, const struct block_methods *methods, void *object) {
    (void)name, (void)methods, (void)object;
    return BH_OK;
}

uint64_t bh_time_ns(void) {
    return fixture.now += STEP_NS;
}

void bh_sleep_for(uint64_t duration_ns) {
    fixture.now += duration_ns;
    (void)work();
}

enum bh_error bh_event_wait(bh_cap event, uint64_t deadline_ns) {
    (void)event;
    if (work() && !fixture.no_interrupts)
        return BH_OK;
    if (!deadline_ns) {
        strcpy(fixture_ending, "idle");
        longjmp(fixture_out, 1);
    }
    if (fixture.now < deadline_ns)
        fixture.now = deadline_ns;
    return BH_ETIMEDOUT;
}

static void say(const char *format, va_list arguments) {
    size_t used = strlen(said);
    vsnprintf(said + used, sizeof(said) - used, format, arguments);
}

#define LOGGER(name)                                                                                                                         \
    void name(const char *format, ...) {                                                                                                     \
        va_list arguments;                                                                                                                   \
        va_start(arguments, format);                                                                                                         \
        say(format, arguments);                                                                                                              \
        va_end(arguments);                                                                                                                   \
    }
LOGGER(bh_error_log)
LOGGER(bh_warn)
LOGGER(bh_info)

const char *bh_strerror(enum bh_error error) {
    return error == BH_ETIMEDOUT ? "time ran out" : "an error";
}

void bh_panic(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int used = snprintf(fixture_ending, sizeof(fixture_ending), "panic: ");
    vsnprintf(fixture_ending + used, sizeof(fixture_ending) - (size_t)used, format, arguments);
    va_end(arguments);
    longjmp(fixture_out, 1);
}

// ---- the ring: slot i is request i

enum bh_error bh_ring_attach(const char *name, struct bh_ring *ring) {
    (void)name;
    *ring = (struct bh_ring){.epoch = 1};
    ring->info.entry_count = REQUESTS_MAX;
    ring->info.buffer = 1;
    return BH_OK;
}

enum bh_error bh_ring_take(struct bh_ring *ring, uint32_t *slot, void *request) {
    if (fixture.taken == fixture.request_count)
        return BH_EAGAIN;
    memcpy(request, &fixture.requests[fixture.taken], sizeof(fixture.requests[0]));
    ring->sequences[fixture.taken] = fixture.taken + 1;
    *slot = fixture.taken++;
    return BH_OK;
}

const volatile void *bh_ring_entry(const struct bh_ring *ring, uint32_t slot) {
    (void)ring;
    if (fixture.spoil)
        fixture.spoil((struct nvme_command *)queues[1].submissions);
    return slot < fixture.taken && !fixture.ended[slot] ? &fixture.requests[slot] : NULL;
}

void bh_ring_end(struct bh_ring *ring, uint32_t slot, enum bh_error status, const void *completion) {
    (void)ring, (void)completion;
    if (slot >= fixture.taken || fixture.ended[slot])
        bh_panic("slot %u is not in hand", slot);
    fixture.ended[slot] = true;
    fixture.status_of[slot] = status;
    fixture.finished++;
}

void bh_ring_finish_notify(struct bh_ring *ring) {
    (void)ring;
}

bool bh_ring_arm_submit(struct bh_ring *ring) {
    (void)ring;
    return fixture.taken < fixture.request_count;
}

// ---- for tests

const char *fixture_run(void) {
    if (!setjmp(fixture_out))
        snprintf(fixture_ending, sizeof(fixture_ending), "returned %d", nvme_main());
    return fixture_ending;
}

bool fixture_said(const char *words) {
    return strstr(said, words);
}

struct bh_block_request *fixture_request(enum bh_block_operation operation, uint64_t lba, uint64_t offset, uint32_t size) {
    struct bh_block_request *request = &fixture.requests[fixture.request_count++];
    *request = (struct bh_block_request){.operation = operation, .segment_count = size != 0, .lba = lba, .segments = {{offset, size, 0}}};
    return request;
}
