// SPDX-License-Identifier: MIT
//
// Images into slots. An image of the archive is verified once for each colour and kept, one that came later belongs to the domain that it was sent
// for (images.c); a restart copies it afresh.
#ifndef BH_LOADER_H
#define BH_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/abi/image.h"
#include "kernel/verifier/verify.h"

struct bh_archive_domain;
struct domain;

struct loaded_image {
    char name[48];
    enum bh_colour colour;
    struct verified_image verified;
    uint64_t build;  // tells what is loaded from what else might be: build_of() in loader.c
    uint8_t *owned;  // its bytes, if they are the loader's: recoloured, or sent. NULL: the archive's
    uint32_t users;  // domains that were made with it
    struct loaded_image *next;
};

// Verify an image of the archive, or find it verified; one of the plain flavour is only read. `bytes` must stay. BH_EVERIFY and others, logged with
// the report.
enum bh_error loader_verify(const char *name, const void *bytes, size_t size, enum bh_colour colour, bool plain, struct loaded_image **out);
// Verify an image that was sent, for one domain. `bytes` are the loader's from now on, unless it fails.
enum bh_error loader_verify_sent(const char *name, uint8_t *bytes, size_t size, const struct domain *domain, struct loaded_image **out);
// Is it hardened, where the manifest wants that? BH_EVERIFY.
enum bh_error loader_hardened_check(const struct bh_archive_domain *manifest, const struct loaded_image *image);
// Could the domain run it: its entry, the interfaces that it uses, its quota? Refuses with what is wrong.
enum bh_error loader_fits(const struct domain *domain, const struct loaded_image *image);
// A domain uses it; it does no more, and the last one frees it.
void loader_hold(struct loaded_image *image);
void loader_release(struct loaded_image *image);
// Map table and image of domain->image into domain's slot, relocated and protected. BH_ENOMEM, BH_EQUOTA.
enum bh_error loader_map(struct domain *domain);
// Unmap them, and the heap.
void loader_unmap(struct domain *domain);
// How many methods an interface has, 0 for one that this kernel does not know; whether the kernel serves it.
uint32_t loader_interface_methods(uint32_t interface);
bool loader_interface_is_kernel(uint32_t interface);
// How many methods the version with this fingerprint has, 0 when there is no such version.
uint32_t loader_interface_version(uint32_t interface, uint64_t fingerprint);
// May the kernel enter the domain at a slot offset: is it a function with this type label? BH_EINVAL with a message that names `what`.
enum bh_error loader_entry_check(const struct domain *domain, const char *what, uint64_t offset, uint32_t label);
// The same for method `index` of an interface that domains serve; the generated function for methods left out is good for each.
enum bh_error loader_method_check(const struct domain *domain, uint32_t interface, uint32_t index, uint64_t offset);
// From now on the calls of all domains to one another, and those into the kernel, go through traced entries or not. Calls under way end as they began.
void loader_trace(bool calls, bool gates);
struct port;
// Has the image a server for the port's interface, of the port's fingerprint? BH_EFINGERPRINT and BH_ENOENT with a message.
enum bh_error loader_serves(const struct domain *domain, const struct loaded_image *image, const struct port *port);
enum bh_error loader_grow_heap(struct domain *domain, uint64_t size, uint64_t *address);

#endif
