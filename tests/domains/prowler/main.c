// SPDX-License-Identifier: MIT
//
// A driver that sends its device wherever it is told: QEMU's edu, which copies between memory and 4 KiB of its own. It serves Prowler to the warden.
// When the device goes astray this domain dies; it is the warden that starts it again. Source: QEMU, docs/specs/edu.txt.
#include <string.h>

#include <bulkhead/domain.h>
#include <bulkhead/settings.h>

#include "kernel.h"
#include "prowler.h"

#define PAGE 4096u
#define EDU_SOURCE 0x80
#define EDU_TARGET 0x88
#define EDU_COUNT 0x90
#define EDU_COMMAND 0x98
#define EDU_MEMORY 0x40000 // for these registers alone
#define SIZE_MAX_OF_ONE 2048u // 4096 is one byte too many for some versions of QEMU, which end then
#define COMMAND_RUN 1u
#define COMMAND_TO_MEMORY 2u
#define POLL_NS 1000000
#define KEPT_MAX 4

static volatile uint8_t *registers;
static bh_cap device;
static uint64_t memory_at; // for the device
static volatile uint64_t *memory;
static bh_cap kept[KEPT_MAX];
static uint32_t kept_count;

static volatile uint64_t *at(uint32_t offset) {
    return (volatile uint64_t *)(registers + offset);
}

static void wait_for_device(void) {
    while (*at(EDU_COMMAND) & COMMAND_RUN)
        bh_sleep_for(POLL_NS);
}

static enum bh_error transfer(uint64_t from, uint64_t to, uint32_t size, uint32_t how) {
    if (!size || size > SIZE_MAX_OF_ONE)
        return BH_ERANGE;
    wait_for_device();
    *at(EDU_SOURCE) = from;
    *at(EDU_TARGET) = to;
    *at(EDU_COUNT) = size;
    *at(EDU_COMMAND) = COMMAND_RUN | how;
    wait_for_device();
    return BH_OK;
}

static enum bh_error fetch(void *object, uint64_t address, uint32_t size) {
    (void)object;
    return transfer(address, EDU_MEMORY, size, 0);
}

static enum bh_error store(void *object, uint64_t address, uint32_t size) {
    (void)object;
    return transfer(EDU_MEMORY, address, size, COMMAND_TO_MEMORY);
}

static enum bh_error where(void *object, uint64_t *address) {
    (void)object;
    *address = memory_at;
    return BH_OK;
}

static enum bh_error more_memory(void *object, uint64_t *address) {
    uint64_t here;
    (void)object;
    return device_dma_alloc(device, PAGE, &here, address);
}

static enum bh_error fill(void *object, uint8_t value) {
    (void)object;
    memset((void *)memory, value, PAGE);
    return BH_OK;
}

static enum bh_error look(void *object, uint64_t *word) {
    (void)object;
    *word = *memory;
    return BH_OK;
}

static enum bh_error keep(void *object, bh_cap data, uint64_t *address) {
    struct bh_buffer_info info;
    (void)object;
    enum bh_error error = kept_count < KEPT_MAX ? bh_buffer_info(data, &info) : BH_ENOSPC;
    if (error)
        return error;
    kept[kept_count++] = data;
    *address = info.dma_address;
    return BH_OK;
}

static enum bh_error forget(void *object) {
    (void)object;
    return kept_count ? bh_cap_drop(kept[--kept_count]) : BH_ENOENT;
}

int main(void) {
    static const struct prowler_methods methods = {.memory = where, .more_memory = more_memory, .fill = fill, .look = look, .fetch = fetch, .store = store,
                                                   .keep = keep, .forget = forget};
    struct bh_device_info info;
    char port[BH_SETTING_SIZE];
    uint64_t address;
    enum bh_error error = bh_cap_find("device", &device);
    if (!error)
        error = device_open(device, &info);
    if (!error)
        error = device_dma_alloc(device, PAGE, &address, &memory_at);
    if (error || !info.bar_offset[0])
        bh_panic("no device: %s", bh_strerror(error));
    memory = (volatile uint64_t *)address;
    registers = (volatile uint8_t *)info.bar_offset[0];
    if (!bh_setting("port", port, sizeof(port)))
        bh_panic("needs a setting `port'");
    error = prowler_serve(port, &methods, NULL);
    if (error)
        bh_panic("it cannot be served: %s", bh_strerror(error));
    for (;;)
        bh_sleep_for(1000000000);
}
