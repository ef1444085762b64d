// SPDX-License-Identifier: MIT
//
// What the controller tells of itself and of its namespaces. Each page is copied out of the memory that the device can write before
// anything of it is looked at. Source: NVMe 5.15 (Identify).
#include "nvme.h"

#include <stddef.h>
#include <string.h>

#include "bulkhead/domain.h"

enum { ADMIN_IDENTIFY = 0x06 };
enum identify : uint32_t { IDENTIFY_NAMESPACE = 0, IDENTIFY_CONTROLLER = 1, IDENTIFY_LIST = 2 };
enum { LIST_MAX = 1024, FORMATS_MAX = 16, SERIAL_SIZE = 20, BLOCK_SHIFT_MIN = 9, BLOCK_SHIFT_MAX = 12, TRANSFER_SHIFT_MAX = 20 };
enum { PROTECTION = 7, WRITE_PROTECTED = 1, CACHE_PRESENT = 1 };

// NVMe 5.15.2.2, as far as it is used.
struct controller_page {
    uint8_t vendor[4];
    char serial[SERIAL_SIZE];       // at 4
    uint8_t model[53];
    uint8_t transfer_shift;         // at 77: the longest transfer, as a power of two of pages, 0: no limit
    uint8_t pad[180];
    uint8_t abort_limit;            // at 258, one less
    uint8_t pad2[257];
    uint32_t namespace_count;       // at 516
    uint8_t pad3[5];
    uint8_t cache;                  // at 525
};
static_assert(offsetof(struct controller_page, transfer_shift) == 77);
static_assert(offsetof(struct controller_page, abort_limit) == 258);
static_assert(offsetof(struct controller_page, namespace_count) == 516);
static_assert(offsetof(struct controller_page, cache) == 525);
static_assert(sizeof(struct controller_page) <= NVME_PAGE);

// NVMe 5.15.2.1.
struct namespace_page {
    uint64_t blocks;
    uint8_t pad[18];
    uint8_t format;                 // at 26: the number of the one in use
    uint8_t pad2[2];
    uint8_t protection;             // at 29
    uint8_t pad3[69];
    uint8_t attributes;             // at 99
    uint8_t pad4[28];
    struct {
        uint16_t metadata_size;
        uint8_t block_shift, speed;
    } formats[FORMATS_MAX];         // at 128
};
static_assert(offsetof(struct namespace_page, format) == 26);
static_assert(offsetof(struct namespace_page, protection) == 29);
static_assert(offsetof(struct namespace_page, attributes) == 99);
static_assert(offsetof(struct namespace_page, formats) == 128);

// One page of facts, its first `size` bytes copied out.
static enum bh_error identify(struct nvme_controller *controller, enum identify what, uint32_t id, void *to, uint32_t size) {
    static const char *const names[] = {"namespace", "controller", "list of namespaces"};
    const struct nvme_command command = {
        .opcode = ADMIN_IDENTIFY, .namespace_id = id, .data = {controller->page_address}, .words = {what}};
    uint32_t none;
    enum bh_error error = nvme_admin(controller, &command, names[what], &none);
    if (!error)
        memcpy(to, controller->page, size);
    return error;
}

enum bh_error nvme_identify(struct nvme_controller *controller) {
    struct controller_page page;
    enum bh_error error = identify(controller, IDENTIFY_CONTROLLER, 0, &page, sizeof(page));
    if (error)
        return error;
    uint32_t shift = page.transfer_shift && page.transfer_shift < TRANSFER_SHIFT_MAX ? page.transfer_shift : TRANSFER_SHIFT_MAX;
    uint64_t most = (uint64_t)NVME_LIST_MAX * NVME_PAGE, limit = (uint64_t)NVME_PAGE << shift;
    controller->transfer_max = limit < most ? limit : most;
    controller->namespace_count = page.namespace_count;
    controller->abort_max = page.abort_limit + 1u;
    controller->cache = page.cache & CACHE_PRESENT;
    memcpy(controller->serial, page.serial, SERIAL_SIZE);
    controller->serial[SERIAL_SIZE] = 0;
    for (int i = SERIAL_SIZE - 1; i >= 0 && (controller->serial[i] == ' ' || !controller->serial[i]); i--)
        controller->serial[i] = 0;
    for (int i = 0; controller->serial[i]; i++)
        if (controller->serial[i] < ' ' || controller->serial[i] > '~')
            controller->serial[i] = '?'; // it goes to a log and to clients
    return BH_OK;
}

static enum bh_error choose(struct nvme_controller *controller, uint32_t wanted, uint32_t *id) {
    static uint32_t list[LIST_MAX];
    enum bh_error error = identify(controller, IDENTIFY_LIST, 0, list, sizeof(list));
    if (error)
        return error;
    if (!wanted && list[0] && !list[1]) {
        *id = list[0];
        return BH_OK;
    }
    for (uint32_t i = 0; wanted && i < LIST_MAX && list[i]; i++)
        if (list[i] == wanted) {
            *id = wanted;
            return BH_OK;
        }
    if (wanted)
        bh_error_log("the controller has no namespace %u (setting namespace); its first is %u", wanted, list[0]);
    else if (list[0])
        bh_error_log("the controller has several namespaces, %u, %u%s: say which by the setting namespace", list[0], list[1],
                     list[2] ? " ..." : "");
    else
        bh_error_log("the controller has no namespace");
    return wanted || !list[0] ? BH_ENOENT : BH_EINVAL;
}

enum bh_error nvme_find_namespace(struct nvme_controller *controller, uint32_t wanted, struct nvme_namespace *space) {
    struct namespace_page page;
    uint32_t id;
    enum bh_error error = choose(controller, wanted, &id);
    if (!error)
        error = identify(controller, IDENTIFY_NAMESPACE, id, &page, sizeof(page));
    if (error)
        return error;
    uint32_t format = page.format & (FORMATS_MAX - 1), shift = page.formats[format].block_shift;
    if (shift < BLOCK_SHIFT_MIN || shift > BLOCK_SHIFT_MAX || page.formats[format].metadata_size || page.protection & PROTECTION) {
        bh_error_log("namespace %u has blocks of 2^%u bytes with %u bytes of metadata, protection %u: not used (2^%u to 2^%u, without)", id,
                     shift, page.formats[format].metadata_size, page.protection & PROTECTION, BLOCK_SHIFT_MIN, BLOCK_SHIFT_MAX);
        return BH_ENOTSUP;
    }
    if (page.blocks > UINT64_MAX >> BLOCK_SHIFT_MAX) {
        bh_error_log("namespace %u has %llu blocks, more than can be", id, (unsigned long long)page.blocks);
        return BH_EPROTO;
    }
    *space = (struct nvme_namespace){.id = id, .block_size = 1u << shift, .sectors = page.blocks << (shift - BLOCK_SHIFT_MIN),
                                     .read_only = page.attributes & WRITE_PROTECTED};
    return BH_OK;
}
