// SPDX-License-Identifier: MIT
//
// A network card's client finds what the manifest grants it, and says what it wants. What is done with frames is in net_client.c.
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
    client->name = name;
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

// The events that a server signals die with it; it has room for few, so each instance is told once.
static enum bh_error watch_link(struct bh_net_client *client, uint32_t epoch, bh_cap link_event) {
    enum bh_error error = BH_OK;
    if (client->told_epoch != epoch)
        error = net_watch_link_changed(client->net, link_event);
    if (error == BH_ENOSPC) { // others watch: without events the link is as it was at the last question
        bh_warn("network %s tells of no changes of its link: too many others watch it", client->name);
        error = BH_OK;
    }
    if (!error)
        client->told_epoch = epoch;
    return error;
}

enum bh_error bh_net_introduce(struct bh_net_client *client, uint32_t epoch, bh_cap link_event, uint32_t offloads, const struct bh_net_filter *filter,
                               struct bh_net_info *info) {
    uint32_t accepted;
    enum bh_error error = watch_link(client, epoch, link_event);
    if (!error)
        error = net_info(client->net, info);
    if (!error)
        error = net_accept(client->net, offloads & info->offloads, &accepted);
    return error ? error : net_filter(client->net, filter);
}
