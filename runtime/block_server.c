// SPDX-License-Identifier: MIT
//
// Requests for a disk from the ring, and their ends back. Invariant: the driver sees a request only after all that the client says in it has been compared with
// what the disk and the ring's buffer have. When this domain dies, requests in flight stay in the ring's log, and the next instance takes them from there.
#include "bulkhead/block_server.h"

#include <string.h>

#include "bulkhead/device.h"
#include "bulkhead/domain.h"
#include "bulkhead/settings.h"
#include "runtime/block_sides.h"

// ---- beginning

enum bh_error bh_block_attach(struct bh_block_server *server) {
    enum bh_error error = bh_ring_attach("disk", &server->ring);
    if (!error)
        error = bh_device_data(&server->ring, "disk", &server->data_address, &server->data_size);
    if (!error)
        block_patience_open(server);
    return error;
}

static enum bh_error get_info(void *object, struct bh_block_info *info) {
    const struct bh_block_server *server = object;
    *info = server->info;
    return BH_OK;
}

enum bh_error bh_block_serve(struct bh_block_server *server) {
    static const struct block_methods methods = {.info = get_info};
    char port[BH_SETTING_SIZE] = "disk-info"; // the setting is for a system with several disks
    (void)bh_setting("port", port, sizeof(port));
    enum bh_error error = block_serve(port, &methods, server);
    if (error)
        bh_error_log("port %s cannot be served: %s", port, bh_strerror(error));
    return error;
}

int bh_block_failed(bh_cap cap, enum bh_error error) {
    if (bh_device_taken_away(cap))
        bh_panic("the device was taken away while it was opened: %s", bh_strerror(error));
    return bh_not_started("the disk cannot be served", error);
}

// ---- requests

static enum bh_error check_segment(const struct bh_block_server *server, const struct bh_block_segment *segment) {
    if (segment->size % BH_BLOCK_SECTOR || !segment->size || segment->size > server->segment_size_max || segment->offset % server->alignment)
        return BH_EINVAL;
    if (segment->offset > server->data_size || segment->size > server->data_size - segment->offset)
        return BH_ERANGE;
    return BH_OK;
}

static enum bh_error check_place(const struct bh_block_server *server, const struct bh_block_request *request, uint64_t size) {
    uint64_t sectors = size / BH_BLOCK_SECTOR, unit = server->unit / BH_BLOCK_SECTOR;
    if (request->lba % unit || sectors % unit)
        return BH_EINVAL;
    if (request->operation == BH_BLOCK_OPERATION_WRITE && server->info.read_only)
        return BH_EREADONLY;
    return request->lba > server->info.sector_count || sectors > server->info.sector_count - request->lba ? BH_ERANGE : BH_OK;
}

// All that the client says about its request, before anything is built from it.
static enum bh_error check(const struct bh_block_server *server, const struct bh_block_request *request, uint32_t *size) {
    uint64_t total = 0;
    if (request->operation > (server->identifies ? BH_BLOCK_OPERATION_IDENTIFY : BH_BLOCK_OPERATION_FLUSH))
        return BH_ENOTSUP;
    if (request->segment_count > server->info.segment_max)
        return BH_ERANGE;
    if (request->operation == BH_BLOCK_OPERATION_FLUSH)
        return request->segment_count ? BH_EINVAL : BH_OK;
    for (uint32_t i = 0; i < request->segment_count; i++) {
        enum bh_error error = check_segment(server, &request->segments[i]);
        if (error)
            return error;
        total += request->segments[i].size;
    }
    if (!total || total > UINT32_MAX || (request->operation == BH_BLOCK_OPERATION_IDENTIFY && request->segment_count != 1))
        return BH_EINVAL;
    *size = (uint32_t)total;
    return request->operation == BH_BLOCK_OPERATION_IDENTIFY ? BH_OK : check_place(server, request, total);
}

static void end(struct bh_block_server *server, uint32_t slot, enum bh_error status) {
    block_patience_end(server, slot);
    struct bh_block_completion completion = {.transferred = status ? 0 : server->sizes[slot]};
    bh_ring_end(&server->ring, slot, status, &completion);
    server->ended = true;
}

const volatile struct bh_block_request *bh_block_entry(const struct bh_block_server *server, uint32_t slot) {
    const volatile struct bh_block_request *entry = bh_ring_entry(&server->ring, slot);
    if (!entry)
        bh_block_differs(server, slot, &(struct bh_block_difference){"the number of the request", 0, server->ring.sequences[slot]});
    return entry;
}

void bh_block_differs(const struct bh_block_server *server, uint32_t slot, const struct bh_block_difference *difference) {
    bh_panic("request %llu in slot %u: %s is 0x%llx for the device, and 0x%llx in the ring", (unsigned long long)server->ring.sequences[slot], slot,
             difference->what, (unsigned long long)difference->made, (unsigned long long)difference->asked);
}

// A request that is to be refused is looked at once more, where the client has it: a bit that flipped here is not the client's doing.
static void check_again(const struct bh_block_server *server, uint32_t slot, enum bh_error error) {
    const volatile struct bh_block_request *entry = bh_block_entry(server, slot);
    struct bh_block_request request = *entry;
    uint32_t size;
    enum bh_error again = check(server, &request, &size);
    struct bh_block_difference difference;
    if (!bh_block_same("the error with which it is refused", (uint64_t)-error, (uint64_t)-again, &difference))
        bh_block_differs(server, slot, &difference);
}

bool bh_block_take(struct bh_block_server *server, uint32_t *slot, struct bh_block_request *request) {
    while (bh_ring_take(&server->ring, slot, request) == BH_OK) {
        server->sizes[*slot] = 0;
        bool allowed = block_patience_allows(server, *slot);
        enum bh_error error = allowed ? check(server, request, &server->sizes[*slot]) : BH_EIO;
        if (!error)
            return true;
        if (allowed)
            check_again(server, *slot, error);
        end(server, *slot, error);
    }
    return false;
}

void bh_block_end(struct bh_block_server *server, uint32_t slot, enum bh_error status) {
    if (server->waited_in_vain && !server->told_lost) {
        bh_warn("the device ended a request, and its interrupt did not come; looked for ten times a second");
        server->told_lost = true;
    }
    end(server, slot, status);
}

void bh_block_tell(struct bh_block_server *server) {
    server->waited_in_vain = false;
    if (!server->ended)
        return;
    bh_ring_finish_notify(&server->ring);
    if (server->ring.epoch > 1 && !server->told_restart) // the first instance of all has epoch 1
        bh_info("restarted: %u requests replayed, first request completed at tick %llu", server->ring.replayed,
                (unsigned long long)__builtin_ia32_rdtsc());
    server->told_restart = true;
    server->ended = false;
}
