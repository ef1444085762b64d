// SPDX-License-Identifier: MIT
//
// Ports: objects behind interfaces. They are made at boot from the manifest and stay; a serving instance only fills in the addresses
// of its methods, each of which must be the entry of a function that the verifier knows, with the type label of that method.
// A shadow's port stands for another one, of the same interface: capabilities lead to either, and past a dead shadow (docs/shadow-domains.md).
#include <stdlib.h>
#include <string.h>

#include "kernel/base.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/loader.h"
#include "kernel/domain/mechanism.h"
#include "kernel/platform/platform.h"

static struct port *ports;
struct port port_none;
void proxy_left_out(void); // arch/x86_64/proxy.S

enum bh_error port_create(const char *name, struct domain *server, uint32_t interface, uint64_t fingerprint,
                          uint64_t object, struct port **out) {
    if (!loader_interface_methods(interface))
        return refuse(BH_ENOENT, "port %s: this kernel does not know interface %u", name, interface);
    if (loader_interface_is_kernel(interface) != (server == &kernel_domain))
        return refuse(BH_EINVAL, "port %s: interface %u is not one that %s can serve", name, interface, server->name);
    struct port *port = calloc(1, sizeof(*port));
    if (!port)
        return refuse(BH_ENOMEM, "port %s: no memory", name);
    copy_name(port->name, sizeof(port->name), name);
    port->server = server;
    port->cap_type = BH_CAP_PORT + interface;
    port->interface = interface;
    port->fingerprint = fingerprint;
    port->object = object;
    port->serving = server == &kernel_domain;
    port->next = ports;
    ports = port;
    *out = port;
    return BH_OK;
}

struct port *port_find(const struct domain *server, const char *name) {
    for (struct port *port = ports; port; port = port->next)
        if (port->server == server && strcmp(port->name, name) == 0)
            return port;
    return NULL;
}

struct port *port_of(const struct domain *server, const struct port *behind) {
    struct port *port = behind ? behind->next : ports;
    while (port && port->server != server)
        port = port->next;
    return port;
}

void port_note_served(const struct domain *server) {
    for (struct port *port = port_of(server, NULL); port; port = port_of(server, port))
        port->was_served = port->serving;
}

uint32_t port_missing(const struct domain *server, const char **name) {
    uint32_t count = 0;
    for (struct port *port = port_of(server, NULL); port; port = port_of(server, port))
        if (port->was_served && !port->serving) {
            *name = port->name;
            count++;
        }
    return count;
}

void port_put_before(struct port *shadow, struct port *real) {
    shadow->behind = real;
    shadow->server->is_shadow = true;
}

struct port *port_shadow_of(const struct port *real) {
    for (struct port *port = ports; port; port = port->next)
        if (port->behind == real)
            return port;
    return NULL;
}

struct port *port_effective(struct port *port) {
    return port->bypassed ? port->behind : port;
}

static void bypass(struct port *shadow, bool on) {
    if (shadow->bypassed == on)
        return;
    shadow->bypassed = on;
    caps_show_port(shadow);
}

static enum bh_error serve_check(const struct domain *domain, const struct port *port, const struct bh_serve *serve,
                                 const uint64_t *methods) {
    if (port->interface != serve->interface)
        return refuse(BH_EINVAL, "port_serve: port %s has interface %u, not %u", port->name, port->interface,
                      serve->interface);
    uint32_t count = loader_interface_version(port->interface, serve->fingerprint); // of methods
    if (!count || !loader_interface_version(port->interface, port->fingerprint))
        return refuse(BH_EFINGERPRINT, "port_serve: port %s: fingerprint %016llx in the manifest, %016llx in %s", port->name,
                      (unsigned long long)port->fingerprint, (unsigned long long)serve->fingerprint, domain->name);
    if (serve->method_count != count)
        return refuse(BH_EINVAL, "port_serve: port %s: %u methods, its interface has %u", port->name, serve->method_count, count);
    for (uint32_t i = 0; i < serve->method_count; i++) {
        enum bh_error error = loader_method_check(domain, port->interface, i, methods[i] & BH_SLOT_MASK);
        if (error)
            return error;
    }
    return BH_OK;
}

enum bh_error port_serve(struct domain *domain, const struct bh_serve *serve, const uint64_t *methods) {
    struct port *port = port_find(domain, serve->name);
    if (!port)
        return refuse(BH_ENOENT, "port_serve: the manifest gives %s no port %s", domain->name, serve->name);
    enum bh_error error = serve_check(domain, port, serve, methods);
    if (error)
        return error;
    if (port->serving)
        cpus_stop(); // a call meets one offer whole
    port->object = serve->object;
    port->method_count = serve->method_count;
    for (uint32_t i = 0; i < serve->method_count; i++)
        port->entries[i] = domain->base + (methods[i] & BH_SLOT_MASK);
    for (uint32_t i = 0; i < serve->method_count; i++)
        port->methods[i] = domain->mechanism ? (uint64_t)(domain->mechanism->methods + METHOD_STUB_SIZE * i) : port->entries[i];
    for (uint32_t i = serve->method_count; i < BH_INTERFACE_METHODS; i++)
        port->methods[i] = (uint64_t)proxy_left_out; // a server of an older version
    port->instances++;
    port->serving = 1;
    bypass(port, false);
    return BH_OK;
}

void domain_stop_ports(struct domain *domain) {
    for (struct port *port = ports; port; port = port->next)
        if (port->server == domain) {
            bypass(port, port->behind != NULL); // first: whoever looks from now on goes past it
            port->serving = 0;
        }
}
