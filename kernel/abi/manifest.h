// SPDX-License-Identifier: MIT
//
// The boot archive: a system's manifest in binary form with its files, made by tools/mkimage from
// systems/*.toml. One module for the boot loader. Little endian; offsets from the start of the archive;
// all tables 16-byte aligned, file contents page aligned.
//
// Trust: the archive's tables are part of the trusted configuration, yet every offset, count and index is
// checked against the archive's size. The images inside are hostile.
#ifndef BH_ABI_MANIFEST_H
#define BH_ABI_MANIFEST_H

#include <stdint.h>
#include "cap.h"

#define BH_RINGS_MAX 64 // in one archive
#define BH_ARCHIVE_MAGIC 0x31304b4c55424842ull // "BHBULK01"

struct bh_archive_table {
    uint32_t offset;
    uint32_t count;
};

struct bh_archive {
    uint64_t magic;
    uint64_t size; // of the whole archive, bytes
    char system[32];
    struct bh_archive_table files, domains, ports, rings, buffers, grants, options;
};

// An image or any other blob (guest kernel, initramfs).
struct bh_archive_file {
    char name[48];
    uint64_t offset, size;
};

enum bh_restart_policy : uint32_t { BH_RESTART_NEVER, BH_RESTART_ON_CRASH };

// What becomes of requests on rings that a domain serves when it is given up: they wait for somebody to start it by hand, or end with BH_EDEAD.
enum bh_on_give_up : uint32_t { BH_GIVE_UP_HOLD, BH_GIVE_UP_FAIL };

// What keeps a domain in its slot (docs/mechanisms.md). All but SFI take images of the plain flavour, and SFI none of them.
enum bh_isolation : uint32_t { BH_ISOLATION_SFI, BH_ISOLATION_NONE, BH_ISOLATION_PKS, BH_ISOLATION_PAGING, BH_ISOLATION_PROCESS };

struct bh_archive_domain {
    char name[32];
    uint32_t image; // index into files
    uint32_t colour; // enum bh_colour
    uint64_t memory_quota; // bytes
    uint32_t cap_quota;
    uint32_t watchdog_ms; // 0: none
    uint32_t restart; // enum bh_restart_policy
    uint32_t restart_limit; // give up after that many within restart_window_ms
    uint32_t restart_window_ms;
    uint32_t backoff_ms; // first delay; doubles with each crash inside the window
    uint32_t priority; // of its first thread, 0 (highest) to 3
    uint32_t start_order; // lower first
    uint32_t hardened; // 1: its image must be (kernel/abi/image.h)
    uint32_t isolation; // enum bh_isolation
    uint32_t on_give_up; // enum bh_on_give_up
    uint32_t answer_ms; // its supervisor ends it when signals for it have stood unheard, or a call has waited in it, for that long; 0: never
};

// A port: interface offered by a domain, or by the kernel (server = BH_ARCHIVE_KERNEL).
#define BH_ARCHIVE_KERNEL 0xffffffffu
struct bh_archive_port {
    char name[32]; // "blk0.block"; the server gives it to bh_serve
    uint32_t server; // index into domains
    uint32_t interface; // identifier
    uint64_t fingerprint;
    uint64_t object; // kernel ports: which object; see kernel/domain/resources.c. 0 otherwise
    char argument[64]; // kernel ports: selector, e.g. "virtio-blk:0", "ports:0x2f8-0x2ff:4", "guest"
    uint32_t shadows; // index, plus one, of the port before which this one may be put, of another domain and the same interface; 0: none
    uint32_t pad;
};

struct bh_archive_ring {
    char name[32];
    uint32_t client, server; // indices into domains
    uint32_t entry_count;
    uint32_t request_size, completion_size;
    uint32_t buffer; // index into buffers of the data that it refers to, or BH_ARCHIVE_KERNEL for none
    uint64_t type;
};

// An exchange buffer made at boot.
struct bh_archive_buffer {
    char name[32];
    uint64_t size;
    uint32_t file; // index into files: the buffer is that file, read only; else BH_ARCHIVE_KERNEL
    uint32_t owner; // index into domains
};

enum bh_grant_kind : uint32_t { BH_GRANT_PORT, BH_GRANT_RING, BH_GRANT_BUFFER };

// Domain `domain` gets a capability with `rights` under `name`.
struct bh_archive_grant {
    char name[32]; // what bh_cap_find() looks for
    uint32_t domain;
    uint32_t kind;  // enum bh_grant_kind
    uint32_t index; // into the table of that kind
    uint32_t rights;
    uint32_t badge; // of a port's: what the server is told with each call; 0: none
};

// Free-form settings for a domain, read through the kernel interface Settings.
struct bh_archive_option {
    uint32_t domain;
    char key[28];
    char value[480];
};

#endif
