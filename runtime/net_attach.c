// SPDX-License-Identifier: MIT
//
// A network card's client finds what the manifest grants it. What is done with that is in net_client.c.
#include <stdio.h>

#include "bulkhead/domain.h"
#include "bulkhead/net_client.h"

enum bh_error bh_net_attach(struct bh_net_client *client, const char *name) {
    char part[BH_CAP_NAME_SIZE];
    void *pool;
    uint64_t size;
    enum bh_error error = bh_cap_find(name, &client->net);
    if (error)
        return error;
    snprintf(part, sizeof(part), "%s.tx0", name);
    error = bh_ring_attach(part, &client->transmit);
    if (!error)
        snprintf(part, sizeof(part), "%s.rx0", name);
    if (!error)
        error = bh_ring_attach(part, &client->receive);
    if (!error)
        snprintf(part, sizeof(part), "%s.pool", name);
    if (!error)
        error = bh_buffer_find(part, BH_RIGHT_READ | BH_RIGHT_WRITE, &pool, &size);
    if (!error)
        error = bh_net_adopt(client, pool, size);
    if (error)
        bh_error_log("network %s: %s cannot be used: %s", name, part, bh_strerror(error));
    return error == BH_ENOENT ? BH_EINVAL : error;
}
