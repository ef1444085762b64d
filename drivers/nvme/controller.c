// SPDX-License-Identifier: MIT
//
// The controller: its registers, from reset to ready, and the admin queue, by which the other queues are made. Source: NVMe 3.1
// (registers), 7.6.1 (initialization), 5 (admin commands).
//
// Every wait is bounded: by CAP.TO for the controller as a whole, by `timeout_ns` for a command. The kernel resets the function when this
// domain dies, so a controller that hangs or lies is left to a successor, that begins here.
#include "nvme.h"

#include <string.h>

#include "bulkhead/device.h"
#include "bulkhead/domain.h"

enum { REGISTER_CAP = 0x00, REGISTER_CC = 0x14, REGISTER_CSTS = 0x1c, REGISTER_AQA = 0x24, REGISTER_ASQ = 0x28, REGISTER_ACQ = 0x30,
       DOORBELLS = 0x1000 };
enum : uint32_t { CC_ENABLE = 1, CC_ENTRY_SIZES = 6u << 16 | 4u << 20, CSTS_READY = 1, CSTS_FATAL = 2 };
enum : uint64_t { CAP_COMMANDS_NVM = 1ull << 37 };
enum { ADMIN_CREATE_SUBMISSIONS = 0x01, ADMIN_CREATE_COMPLETIONS = 0x05, ADMIN_ABORT = 0x08, ADMIN_SET_FEATURES = 0x09 };
enum { FEATURE_QUEUES = 0x07, QUEUE_CONTIGUOUS = 1, QUEUE_INTERRUPTS = 2 };
enum { ADMIN_ENTRIES = 16, CLASS_NVM = 0x0108 };
#define TAG_WAITED 0u
#define TAG_ABORT 1u
#define READY_UNIT_NS 500000000ull
#define POLL_NS 1000000ull
#define PCI_CLASS 0x0a

static uint32_t get32(const struct nvme_controller *controller, uint32_t offset) {
    return *(volatile uint32_t *)(controller->registers + offset);
}

static void set32(const struct nvme_controller *controller, uint32_t offset, uint32_t value) {
    *(volatile uint32_t *)(controller->registers + offset) = value;
}

static void set64(const struct nvme_controller *controller, uint32_t offset, uint64_t value) {
    set32(controller, offset, (uint32_t)value);
    set32(controller, offset + 4, (uint32_t)(value >> 32));
}

bool nvme_broken(const struct nvme_controller *controller) {
    uint32_t status = get32(controller, REGISTER_CSTS);
    return status == UINT32_MAX || (status & CSTS_FATAL);
}

// Wait until the controller is ready, or has stopped.
static enum bh_error wait_ready(const struct nvme_controller *controller, bool ready) {
    uint64_t until = bh_time_ns() + controller->ready_ns;
    for (;;) {
        uint32_t status = get32(controller, REGISTER_CSTS);
        if (status == UINT32_MAX || (ready && status & CSTS_FATAL)) {
            bh_error_log("the controller has failed (status 0x%x)", status);
            return BH_EIO;
        }
        if ((status & CSTS_READY) == (ready ? CSTS_READY : 0))
            return BH_OK;
        if (bh_time_ns() > until) {
            bh_error_log("the controller does not become %s within the %llu ms that it asks for", ready ? "ready" : "idle",
                         (unsigned long long)(controller->ready_ns / 1000000));
            return BH_ETIMEDOUT;
        }
        bh_sleep_for(POLL_NS);
    }
}

static enum bh_error doorbell(const struct nvme_controller *controller, uint32_t number, volatile uint32_t **out) {
    uint64_t offset = DOORBELLS + (uint64_t)number * controller->stride;
    if (offset + 4 > controller->registers_size) {
        bh_error_log("doorbell %u would be at 0x%llx, outside the controller's window of 0x%llx bytes", number, (unsigned long long)offset,
                     (unsigned long long)controller->registers_size);
        return BH_ENOTSUP;
    }
    *out = (volatile uint32_t *)(controller->registers + offset);
    return BH_OK;
}

static enum bh_error make_queue(struct nvme_controller *controller, struct nvme_queue *queue, uint16_t id, uint16_t size,
                                uint64_t *dma_address) {
    volatile uint32_t *tail, *head;
    uint64_t address;
    enum bh_error error = doorbell(controller, 2u * id, &tail);
    if (!error)
        error = doorbell(controller, 2u * id + 1, &head);
    if (error)
        return error;
    error = device_dma_alloc(controller->cap, 2ull * NVME_PAGE, &address, dma_address);
    if (error) {
        bh_error_log("no DMA memory for queue %u: %s", id, bh_strerror(error));
        return error;
    }
    nvme_queue_create(queue, id, size, (void *)address, tail, head);
    return BH_OK;
}

// ---- admin commands

// Wait for the end of the one that was just sent. Ends of abortions may come between.
static enum bh_error wait_end(struct nvme_controller *controller, struct nvme_end *end) {
    uint64_t until = bh_time_ns() + controller->timeout_ns;
    for (;;) {
        enum bh_error error = nvme_queue_take(&controller->admin, end);
        if (error == BH_EPROTO)
            return error;
        if (!error) {
            nvme_queue_release(&controller->admin, end->id);
            nvme_queue_tell_taken(&controller->admin);
            return BH_OK;
        }
        if (nvme_broken(controller))
            return BH_EIO;
        uint64_t now = bh_time_ns();
        if (now > until)
            return BH_ETIMEDOUT;
        (void)bh_event_await(controller->event, now + 50 * POLL_NS); // looks again in any case: an interrupt can be lost
    }
}

enum bh_error nvme_admin(struct nvme_controller *controller, const struct nvme_command *command, const char *what, uint32_t *result) {
    struct nvme_end end;
    uint16_t id;
    if (!nvme_queue_next(&controller->admin, &id))
        return BH_EAGAIN;
    nvme_queue_add(&controller->admin, command, TAG_WAITED, 0);
    nvme_queue_tell(&controller->admin);
    enum bh_error error = wait_end(controller, &end);
    if (error) {
        bh_error_log("%s: the controller does not answer: %s", what, bh_strerror(error));
        return error;
    }
    if (end.status & NVME_STATUS_CODE) {
        bh_error_log("%s: the controller refuses, status 0x%x", what, end.status & NVME_STATUS_CODE);
        return BH_EIO;
    }
    *result = end.result;
    return BH_OK;
}

bool nvme_abort(struct nvme_controller *controller, const struct nvme_queue *queue, uint16_t id) {
    const struct nvme_command command = {.opcode = ADMIN_ABORT, .words = {queue->id | (uint32_t)id << 16}};
    uint32_t in_flight = controller->admin.size - 1u - controller->admin.free_count;
    uint16_t next;
    if (in_flight >= controller->abort_max || !nvme_queue_next(&controller->admin, &next))
        return false;
    nvme_queue_add(&controller->admin, &command, TAG_ABORT, bh_time_ns() + controller->timeout_ns);
    nvme_queue_tell(&controller->admin);
    return true;
}

enum bh_error nvme_admin_ends(struct nvme_controller *controller) {
    struct nvme_end end;
    enum bh_error error;
    bool any = false;
    while ((error = nvme_queue_take(&controller->admin, &end)) == BH_OK) {
        nvme_queue_release(&controller->admin, end.id);
        any = true;
    }
    if (any)
        nvme_queue_tell_taken(&controller->admin);
    if (error == BH_EPROTO)
        return error;
    for (uint16_t id = 0; id < controller->admin.size; id++)
        if (controller->admin.flights[id].busy && bh_time_ns() > controller->admin.flights[id].deadline_ns)
            return BH_ETIMEDOUT;
    return BH_OK;
}

// ---- queues for requests

enum bh_error nvme_agree_queues(struct nvme_controller *controller, uint32_t wanted, uint32_t *count) {
    uint32_t granted, number = wanted - 1; // counted from 0, both halves
    const struct nvme_command command = {.opcode = ADMIN_SET_FEATURES, .words = {FEATURE_QUEUES, number | number << 16}};
    enum bh_error error = nvme_admin(controller, &command, "number of queues", &granted);
    if (error)
        return error;
    uint32_t submissions = (granted & 0xffff) + 1, completions = (granted >> 16) + 1;
    uint32_t most = submissions < completions ? submissions : completions;
    *count = most < wanted ? most : wanted;
    return BH_OK;
}

enum bh_error nvme_add_queue(struct nvme_controller *controller, struct nvme_queue *queue, uint16_t id, uint16_t entries) {
    uint16_t size = entries < controller->entries_max ? entries : controller->entries_max;
    uint32_t vector = id % controller->vectors, sizes = id | (size - 1u) << 16, none;
    uint64_t address;
    enum bh_error error = make_queue(controller, queue, id, size, &address);
    if (!error && vector)
        error = device_bind_vector(controller->cap, vector, controller->event);
    if (error)
        return error;
    const struct nvme_command completions = {.opcode = ADMIN_CREATE_COMPLETIONS, .data = {address + NVME_PAGE},
                                             .words = {sizes, vector << 16 | QUEUE_INTERRUPTS | QUEUE_CONTIGUOUS}};
    const struct nvme_command submissions = {.opcode = ADMIN_CREATE_SUBMISSIONS, .data = {address},
                                             .words = {sizes, (uint32_t)id << 16 | QUEUE_CONTIGUOUS}};
    error = nvme_admin(controller, &completions, "completion queue", &none);
    return error ? error : nvme_admin(controller, &submissions, "submission queue", &none);
}

// ---- start

static enum bh_error open_function(struct nvme_controller *controller, const char *name) {
    struct bh_device_info info;
    uint32_t class_code = 0;
    enum bh_error error = bh_device_find(name, "nvme", &controller->cap);
    if (error)
        return error;
    error = device_open(controller->cap, &info);
    if (!error)
        error = device_config_read(controller->cap, PCI_CLASS, BH_ACCESS_SIZE_WORD, &class_code);
    if (error)
        return error;
    if (class_code != CLASS_NVM || !info.bar_offset[0] || info.bar_size[0] <= DOORBELLS || !info.vectors) {
        bh_error_log("device %04x:%04x of class %04x is no NVMe controller with registers and MSI-X", info.vendor, info.device, class_code);
        return BH_ENOTSUP;
    }
    controller->registers = bh_device_memory(info.bar_offset[0]);
    controller->registers_size = info.bar_size[0];
    controller->vectors = info.vectors < NVME_QUEUES_MAX + 1 ? info.vectors : NVME_QUEUES_MAX + 1;
    return BH_OK;
}

static enum bh_error read_limits(struct nvme_controller *controller) {
    uint64_t cap = get32(controller, REGISTER_CAP) | (uint64_t)get32(controller, REGISTER_CAP + 4) << 32;
    uint32_t entries = (uint32_t)(cap & 0xffff) + 1, page_shift_min = 12 + (cap >> 48 & 15);
    if (!(cap & CAP_COMMANDS_NVM) || NVME_PAGE >> page_shift_min == 0 || entries < 2) {
        bh_error_log("the controller has no NVM commands, or none for pages of %u bytes (capabilities 0x%llx)", NVME_PAGE,
                     (unsigned long long)cap);
        return BH_ENOTSUP;
    }
    controller->entries_max = entries < NVME_ENTRIES_MAX ? (uint16_t)entries : NVME_ENTRIES_MAX;
    controller->ready_ns = ((cap >> 24 & 0xff) + 1) * READY_UNIT_NS;
    controller->stride = 4u << (cap >> 32 & 15);
    return BH_OK;
}

// Admin queue in place, then on.
static enum bh_error enable(struct nvme_controller *controller) {
    uint64_t address, page;
    uint16_t size = controller->entries_max < ADMIN_ENTRIES ? controller->entries_max : ADMIN_ENTRIES;
    set32(controller, REGISTER_CC, 0);
    enum bh_error error = wait_ready(controller, false);
    if (!error)
        error = make_queue(controller, &controller->admin, 0, size, &address);
    if (!error)
        error = device_dma_alloc(controller->cap, NVME_PAGE, &page, &controller->page_address);
    if (!error)
        error = device_bind_vector(controller->cap, 0, controller->event);
    if (error)
        return error;
    controller->page = (void *)page;
    set32(controller, REGISTER_AQA, (size - 1u) | (size - 1u) << 16);
    set64(controller, REGISTER_ASQ, address);
    set64(controller, REGISTER_ACQ, address + NVME_PAGE);
    set32(controller, REGISTER_CC, CC_ENABLE | CC_ENTRY_SIZES);
    return wait_ready(controller, true);
}

enum bh_error nvme_open(struct nvme_controller *controller, const char *name, bh_cap event, uint64_t timeout_ns) {
    memset(controller, 0, sizeof(*controller));
    controller->event = event;
    controller->timeout_ns = timeout_ns;
    enum bh_error error = open_function(controller, name);
    if (!error)
        error = read_limits(controller);
    if (!error)
        error = enable(controller);
    return error ? error : nvme_identify(controller);
}
