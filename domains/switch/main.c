// SPDX-License-Identifier: MIT
//
// The Ethernet switch: guests and other clients on one side, drivers of network cards on the other. It learns addresses, copies each frame once,
// and gives each client a network card of its own: checksums and segmentation are done for whoever needs it.
//
// Serves: for each client NAME of the setting `ports`, port NAME (Net), with the rings NAME.tx0 and NAME.rx0 and their buffer NAME.pool.
// Needs:  for each NAME of the setting `uplinks`, port NAME (Net), with the same rings, whose client it is; Settings.
// Settings: ports, uplinks: names, with spaces between. mac-NAME: a client's address (02:62:68:00:00:01 and so on). trunk: names of clients that
//         may send with any source address. mtu: 1500. flood-limit: frames a second to more than one port, from each port: 2000.
// When it dies: transmissions that were not completed, and empty buffers, are in the clients' rings, and its successor goes on with them; a frame
// may be lost or doubled, as on a wire. What it learned is learned anew; what clients accept and filter they say again.
//
// One thread does the work; methods are called on the clients' threads, and share a lock with it.
#include "switch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulkhead/domain.h"
#include "bulkhead/settings.h"

#define MTU_LEAST 576
#define MTU_MOST 9000
#define FLOOD_USUAL 2000
#define ASK_AGAIN_NS 20000000u
#define ROUND 64 // frames of clients between two looks at the uplinks

struct network network;

static const char *setting(const char *key, char value[BH_SETTING_SIZE]) {
    if (!bh_setting(key, value, BH_SETTING_SIZE))
        value[0] = 0;
    return value;
}

static uint32_t number(const char *key, uint32_t usual, uint32_t least, uint32_t most) {
    char value[BH_SETTING_SIZE];
    if (!*setting(key, value))
        return usual;
    unsigned long wanted = strtoul(value, NULL, 10);
    if (wanted >= least && wanted <= most)
        return (uint32_t)wanted;
    bh_warn("setting %s is \"%s\"; it must be a number from %u to %u; %u is used", key, value, least, most, usual);
    return usual;
}

// ---- the work

static void take_frames(bool *more) {
    struct bh_net_transmit_request request;
    struct bh_ring *ring;
    uint32_t slot;
    *more = true;
    for (uint32_t count = 0; count < ROUND; count++) {
        enum bh_error error = bh_ring_set_take(&network.set, &ring, &slot, &request);
        if (error == BH_EAGAIN) {
            *more = false;
            return;
        }
        if (!error)
            client_handle((struct port *)((char *)ring - offsetof(struct port, transmit)), slot, &request);
    }
}

// Tell everybody what is new, with one event at most for each ring.
static void notify(void) {
    for (uint32_t i = 0; i < network.port_count; i++) {
        struct port *port = &network.ports[i];
        if (port->uplink) {
            bh_ring_submit_notify(&port->client.transmit);
            bh_ring_submit_notify(&port->client.receive);
        } else {
            bh_ring_finish_notify(&port->transmit);
            bh_ring_finish_notify(&port->receive);
        }
    }
}

// Drivers that have to be asked something. True when one did not answer.
static bool ask(void) {
    bool again = false;
    for (uint32_t i = 0; i < network.port_count; i++) {
        struct port *port = &network.ports[i];
        if (port->uplink && port->ask)
            uplink_ask(port);
        again |= port->uplink && port->ask;
    }
    if (network.link_changed)
        net_signal_link_changed();
    network.link_changed = false;
    return again;
}

[[noreturn]] static void serve(void) {
    for (;;) {
        bool more;
        bh_mutex_lock(&network.lock);
        network.now_ns = bh_time_ns();
        probe();
        take_frames(&more);
        for (uint32_t i = 0; i < network.port_count; i++)
            if (network.ports[i].uplink)
                more |= uplink_handle(&network.ports[i]);
        bh_mutex_unlock(&network.lock);
        notify();
        bool again = ask();
        if (!more)
            (void)bh_ring_set_wait(&network.set, again ? bh_time_ns() + ASK_AGAIN_NS : 0);
    }
}

// ---- beginning

static bool parse_mac(const char *text, uint8_t mac[6]) {
    unsigned byte[6];
    char end;
    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &byte[0], &byte[1], &byte[2], &byte[3], &byte[4], &byte[5], &end) != 6 || (byte[0] & 1))
        return false;
    for (int i = 0; i < 6; i++)
        mac[i] = (uint8_t)byte[i];
    return true;
}

static enum bh_error set_mac(struct port *port) {
    char key[BH_CAP_NAME_SIZE + 4], value[BH_SETTING_SIZE];
    const uint8_t usual[6] = {0x02, 0x62, 0x68, 0, 0, (uint8_t)(port->index + 1)};
    memcpy(port->mac, usual, sizeof(usual));
    snprintf(key, sizeof(key), "mac-%s", port->name);
    if (*setting(key, value) && !parse_mac(value, port->mac)) {
        bh_error_log("setting %s is \"%s\", which is no address of a single station (like 52:54:00:12:34:56)", key, value);
        return BH_EINVAL;
    }
    if (!addresses_fix(&network.addresses, port->mac, port->index)) {
        bh_error_log("port %s: another port has its address (setting %s)", port->name, key);
        return BH_EINVAL;
    }
    return BH_OK;
}

static bool named_in(const char *list, const char *name) {
    size_t size = strlen(name);
    for (const char *at = list; (at = strstr(at, name)); at += size)
        if ((at == list || at[-1] == ' ') && (at[size] == ' ' || !at[size]))
            return true;
    return false;
}

static enum bh_error open_port(const char *name, bool uplink, const char *trunks) {
    if (network.port_count == PORTS_MAX) {
        bh_error_log("more than %u ports: %s and those behind it have no place", PORTS_MAX, name);
        return BH_ENOSPC;
    }
    struct port *port = &network.ports[network.port_count];
    *port = (struct port){.name = name, .index = network.port_count, .uplink = uplink, .trunk = named_in(trunks, name),
                          .flood_tokens = network.flood_limit / 8 + 1, .flood_ns = bh_time_ns()};
    enum bh_error error = uplink ? uplink_open(port) : set_mac(port);
    if (!error && !uplink)
        error = client_open(port);
    if (error) {
        bh_error_log("%s %s: %s", uplink ? "uplink" : "port", name, bh_strerror(error));
        return error;
    }
    network.port_count++;
    network.uplink_count += uplink;
    return BH_OK;
}

// The names are kept: ports point to them.
static enum bh_error open_ports(char *list, bool uplink, const char *trunks) {
    enum bh_error error = BH_OK;
    for (char *rest = list, *name; !error && (name = strsep(&rest, " "));)
        if (*name)
            error = open_port(name, uplink, trunks);
    return error;
}

static enum bh_error start(void) {
    static char ports[BH_SETTING_SIZE], uplinks[BH_SETTING_SIZE];
    char trunks[BH_SETTING_SIZE];
    network.mtu = number("mtu", 1500, MTU_LEAST, MTU_MOST);
    network.flood_limit = number("flood-limit", FLOOD_USUAL, 1, 1000000);
    setting("trunk", trunks);
    enum bh_error error = bh_mutex_create(&network.lock);
    if (!error)
        error = bh_ring_set_create(&network.set);
    if (!error)
        error = open_ports((char *)setting("ports", ports), false, trunks);
    if (!error)
        error = open_ports((char *)setting("uplinks", uplinks), true, "");
    (void)ask();
    for (uint32_t i = 0; i < network.port_count && !error; i++)
        if (!network.ports[i].uplink)
            error = net_serve(network.ports[i].name, &client_methods, &network.ports[i]);
    return error;
}

int main(void) {
    enum bh_error error = start();
    if (error)
        return bh_not_started("the switch does not start", error);
    probe_begin();
    bh_info("%u ports, %u of them uplinks, MTU %u", network.port_count, network.uplink_count, network.mtu);
    serve();
}
