// SPDX-License-Identifier: MIT
//
// From the boot archive to a running system. Everything is checked before anything is made: offsets and counts against the
// archive's size, indices against the tables, names for their terminating zero.
#include "kernel/domain/archive.h"

#include <string.h>

#include "kernel/abi/manifest.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/loader.h"
#include "kernel/domain/resources.h"
#include "kernel/exchange/buffers.h"
#include "kernel/exchange/rings.h"
#include "kernel/sched/thread.h"

enum { PORTS_MAX = 128, BUFFERS_MAX = 64, CAPS_MAX = 4096, START_ORDERS = 16 };

static struct {
    const uint8_t *bytes;
    const struct bh_archive *head;
    const struct bh_archive_file *files;
    const struct bh_archive_domain *domains;
    const struct bh_archive_port *ports;
    const struct bh_archive_ring *rings;
    const struct bh_archive_buffer *buffers;
    const struct bh_archive_grant *grants;
    const struct bh_archive_option *options;
} archive;

static struct domain *made_domains[BH_SLOT_COUNT];
static struct port *made_ports[PORTS_MAX];
static struct ring *made_rings[BH_RINGS_MAX];
static struct buffer *made_buffers[BUFFERS_MAX];

static const void *table(const struct bh_archive_table *where, size_t entry, uint32_t max, const char *what) {
    if (where->count > max || where->offset % 16 ||
        !range_inside(where->offset, (uint64_t)where->count * entry, archive.head->size)) {
        (void)refuse(BH_EIMAGE, "boot archive: the table of %s (%u at 0x%x) is out of bounds", what, where->count,
                     where->offset);
        return NULL;
    }
    return archive.bytes + where->offset;
}

static bool tables_check(void) {
    const struct bh_archive *head = archive.head;
    archive.files = table(&head->files, sizeof(*archive.files), 256, "files");
    archive.domains = table(&head->domains, sizeof(*archive.domains), BH_SLOT_COUNT - 1, "domains");
    archive.ports = table(&head->ports, sizeof(*archive.ports), PORTS_MAX, "ports");
    archive.rings = table(&head->rings, sizeof(*archive.rings), BH_RINGS_MAX, "rings");
    archive.buffers = table(&head->buffers, sizeof(*archive.buffers), BUFFERS_MAX, "buffers");
    archive.grants = table(&head->grants, sizeof(*archive.grants), 1024, "grants");
    archive.options = table(&head->options, sizeof(*archive.options), 256, "options");
    return archive.files && archive.domains && archive.ports && archive.rings && archive.buffers && archive.grants &&
           archive.options;
}

static enum bh_error bad(const char *what, uint32_t index) {
    return refuse(BH_EIMAGE, "boot archive: %s %u has a number that is out of bounds, names what is not there, or has no end", what, index);
}

static bool ended(const char *text, size_t size) {
    return memchr(text, 0, size) != NULL;
}

static bool file_is_sound(const struct bh_archive_file *file) {
    return range_inside(file->offset, file->size, archive.head->size) && file->offset % BH_PAGE_SIZE == 0 && ended(file->name, sizeof(file->name));
}

static bool domain_is_sound(const struct bh_archive_domain *domain) {
    return domain->image < archive.head->files.count && domain->colour <= BH_COLOUR_FS && domain->cap_quota <= CAPS_MAX &&
           domain->priority < THREAD_PRIORITIES && domain->start_order < START_ORDERS && domain->hardened <= 1 && domain->isolation <= BH_ISOLATION_PROCESS &&
           domain->on_give_up <= BH_GIVE_UP_FAIL && domain->name[0] && ended(domain->name, sizeof(domain->name));
}

// A shadow's port and the one behind it.
static bool shadows_is_sound(const struct bh_archive_port *port) {
    if (!port->shadows)
        return true;
    if (port->shadows > archive.head->ports.count)
        return false;
    const struct bh_archive_port *real = &archive.ports[port->shadows - 1];
    return port->server != BH_ARCHIVE_KERNEL && real->server != BH_ARCHIVE_KERNEL && port->server != real->server &&
           !real->shadows && port->interface == real->interface && port->fingerprint == real->fingerprint;
}

static bool port_is_sound(const struct bh_archive_port *port) {
    return (port->server == BH_ARCHIVE_KERNEL || port->server < archive.head->domains.count) && port->interface < BH_INTERFACE_COUNT &&
           ended(port->name, sizeof(port->name)) && ended(port->argument, sizeof(port->argument)) && shadows_is_sound(port);
}

static bool ring_is_sound(const struct bh_archive_ring *ring) {
    return ring->client < archive.head->domains.count && ring->server < archive.head->domains.count && ring->client != ring->server &&
           (ring->buffer == BH_ARCHIVE_KERNEL || ring->buffer < archive.head->buffers.count) && ended(ring->name, sizeof(ring->name));
}

static bool buffer_is_sound(const struct bh_archive_buffer *buffer) {
    return (buffer->file == BH_ARCHIVE_KERNEL || buffer->file < archive.head->files.count) && ended(buffer->name, sizeof(buffer->name));
}

static bool grant_is_sound(const struct bh_archive_grant *grant) {
    const struct bh_archive *head = archive.head;
    const uint32_t limits[] = {head->ports.count, head->rings.count, head->buffers.count};
    return grant->domain < head->domains.count && grant->kind <= BH_GRANT_BUFFER && grant->index < limits[grant->kind] &&
           (!grant->badge || grant->kind == BH_GRANT_PORT) &&
           ended(grant->name, sizeof(grant->name));
}

static bool option_is_sound(const struct bh_archive_option *option) {
    return option->domain < archive.head->domains.count && ended(option->key, sizeof(option->key)) && ended(option->value, sizeof(option->value));
}

#define CHECK_ALL(table, kind)                                                                                                      \
    for (uint32_t i = 0; i < archive.head->table.count; i++)                                                                        \
        if (!kind##_is_sound(&archive.table[i]))                                                                                    \
    return bad(#kind, i)

static enum bh_error entries_check(void) {
    CHECK_ALL(files, file);
    CHECK_ALL(domains, domain);
    CHECK_ALL(ports, port);
    CHECK_ALL(rings, ring);
    CHECK_ALL(buffers, buffer);
    CHECK_ALL(grants, grant);
    CHECK_ALL(options, option);
    return BH_OK;
}

static enum bh_error archive_check(const void *bytes, size_t size) {
    archive.bytes = bytes;
    archive.head = bytes;
    if (size < sizeof(*archive.head) || archive.head->magic != BH_ARCHIVE_MAGIC)
        return refuse(BH_EIMAGE, "boot archive: it has no Bulkhead header; make one with tools/mkimage");
    if (archive.head->size < sizeof(*archive.head) || archive.head->size > size)
        return refuse(BH_EIMAGE, "boot archive: it says %llu bytes and has %zu; it was cut short",
                      (unsigned long long)archive.head->size, size);
    return tables_check() ? entries_check() : BH_EIMAGE;
}

static enum bh_error make_domains(void) {
    for (uint32_t i = 0; i < archive.head->domains.count; i++) {
        const struct bh_archive_domain *entry = &archive.domains[i];
        const struct bh_archive_file *file = &archive.files[entry->image];
        struct loaded_image *image;
        enum bh_error error = loader_verify(file->name, archive.bytes + file->offset, file->size, entry->colour, entry->isolation != BH_ISOLATION_SFI, &image);
        if (!error)
            error = domain_create(entry, image, &made_domains[i]);
        if (error)
            return error;
    }
    return BH_OK;
}

static enum bh_error make_ports(void) {
    for (uint32_t i = 0; i < archive.head->ports.count; i++) {
        const struct bh_archive_port *entry = &archive.ports[i];
        struct domain *server = entry->server == BH_ARCHIVE_KERNEL ? &kernel_domain : made_domains[entry->server];
        enum bh_error error =
            port_create(entry->name, server, entry->interface, entry->fingerprint, entry->object, &made_ports[i]);
        if (error)
            return error;
    }
    for (uint32_t i = 0; i < archive.head->ports.count; i++)
        if (archive.ports[i].shadows)
            port_put_before(made_ports[i], made_ports[archive.ports[i].shadows - 1]);
    return BH_OK;
}

// A read-only buffer with the contents of a file. The archive may stand at addresses that no device or frame number names, so
// it is copied once.
static enum bh_error file_buffer(const uint8_t *bytes, uint64_t size, const char *name, struct buffer **out) {
    enum bh_error error = buffers_create(&kernel_domain, size ? size : 1, name, out);
    if (!error)
        memcpy(platform_direct((*out)->frames), bytes, size);
    return error;
}

static enum bh_error make_buffers(void) {
    for (uint32_t i = 0; i < archive.head->buffers.count; i++) {
        const struct bh_archive_buffer *entry = &archive.buffers[i];
        enum bh_error error;
        if (entry->file == BH_ARCHIVE_KERNEL) {
            error = buffers_create(&kernel_domain, entry->size, entry->name, &made_buffers[i]);
        } else {
            const struct bh_archive_file *file = &archive.files[entry->file];
            error = file_buffer(archive.bytes + file->offset, file->size, entry->name, &made_buffers[i]);
        }
        if (error)
            return error;
    }
    return BH_OK;
}

static enum bh_error make_rings(void) {
    for (uint32_t i = 0; i < archive.head->rings.count; i++) {
        const struct bh_archive_ring *entry = &archive.rings[i];
        struct ring_shape shape = {entry->entry_count, entry->request_size, entry->completion_size, entry->type};
        struct buffer *data = entry->buffer == BH_ARCHIVE_KERNEL ? NULL : made_buffers[entry->buffer];
        enum bh_error error = rings_create(entry->name, made_domains[entry->client], made_domains[entry->server], &shape,
                                           data, &made_rings[i]);
        if (error)
            return error;
    }
    return BH_OK;
}

// A kernel port that stands for a device is bound to the machine when it is granted, since then its holder is known.
static enum bh_error bind_kernel_port(const struct bh_archive_grant *grant, struct domain *holder) {
    const struct bh_archive_port *entry = &archive.ports[grant->index];
    if (entry->server != BH_ARCHIVE_KERNEL || !entry->argument[0])
        return BH_OK;
    return resources_object(entry->argument, holder, &made_ports[grant->index]->object);
}

static enum bh_error make_grants(void) {
    for (uint32_t i = 0; i < archive.head->grants.count; i++) {
        const struct bh_archive_grant *grant = &archive.grants[i];
        struct domain *domain = made_domains[grant->domain];
        enum bh_cap_type type = BH_CAP_BUFFER;
        void *object = grant->kind == BH_GRANT_BUFFER ? made_buffers[grant->index] : NULL;
        bh_cap cap;
        if (grant->kind == BH_GRANT_PORT) {
            enum bh_error error = bind_kernel_port(grant, domain);
            if (error)
                return error;
            type = (enum bh_cap_type)(BH_CAP_PORT + archive.ports[grant->index].interface);
            object = made_ports[grant->index];
        } else if (grant->kind == BH_GRANT_RING) {
            type = BH_CAP_RING;
            object = made_rings[grant->index];
        }
        enum bh_error error = caps_insert(domain, type, grant->rights, object, grant->name, 0, &cap);
        if (error)
            return error;
        caps_set_badge(domain, cap, grant->badge);
    }
    return BH_OK;
}

static enum bh_error start_all(void) {
    for (uint32_t order = 0; order < START_ORDERS; order++)
        for (uint32_t i = 0; i < archive.head->domains.count; i++) {
            if (archive.domains[i].start_order != order)
                continue;
            enum bh_error error = domain_start(made_domains[i]);
            if (error)
                return error;
        }
    return BH_OK;
}

enum bh_error archive_start_system(const void *bytes, size_t size) {
    enum bh_error error = archive_check(bytes, size);
    if (!error)
        error = make_domains();
    if (!error)
        error = make_buffers();
    if (!error)
        error = make_rings();
    if (!error)
        error = make_ports();
    if (!error)
        error = make_grants();
    if (!error)
        error = start_all();
    return error;
}

const char *archive_option(const struct domain *domain, const char *key) {
    for (uint32_t i = 0; archive.head && i < archive.head->options.count; i++)
        if (made_domains[archive.options[i].domain] == domain && strcmp(archive.options[i].key, key) == 0)
            return archive.options[i].value;
    return NULL;
}
