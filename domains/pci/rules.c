// SPDX-License-Identifier: MIT
//
// Kinds of functions, and the rules of the manifest: "DOMAIN SELECTOR SELECTOR ...", where a selector is KIND:N or pci:VENDOR:DEVICE:N, the N-th such function
// of the machine in the order of addresses.
#include "functions.h"

#include <stdio.h>
#include <string.h>

#include "kernel/abi/pci.h"

const char *kind_of(const struct bh_pci_function *function) {
    for (const struct bh_pci_kind *kind = bh_pci_kinds; kind < bh_pci_kinds + BH_PCI_KINDS; kind++) {
        bool virtio = function->vendor == BH_PCI_VIRTIO && (function->device == kind->device || function->device == kind->old_device);
        if (kind->class_code ? function->class_code == kind->class_code : virtio)
            return kind->name;
    }
    return "";
}

static bool fits(const char *selector, size_t size, const struct bh_pci_function *function) {
    unsigned vendor, device;
    if (sscanf(selector, "pci:%4x:%4x", &vendor, &device) == 2)
        return function->vendor == vendor && function->device == device;
    return function->kind[0] && strlen(function->kind) == size && strncmp(selector, function->kind, size) == 0;
}

// "KIND:N", `size` bytes before the last colon.
static bool selects(const char *selector, uint32_t number) {
    size_t size = strcspn(selector, " "), name = size;
    unsigned wanted;
    while (name && selector[name - 1] != ':')
        name--;
    if (name < 2 || sscanf(selector + name, "%3u", &wanted) != 1)
        return false;
    for (uint32_t i = 0; i < number; i++)
        if (fits(selector, name - 1, &functions[i]) && wanted-- == 0)
            return false; // an earlier one
    return fits(selector, name - 1, &functions[number]) && wanted == 0;
}

bool rule_domain(const char *rule, char name[32]) {
    size_t size = strcspn(rule, " ");
    if (!size || size > 31)
        return false;
    memset(name, 0, 32);
    memcpy(name, rule, size);
    return true;
}

bool rule_allows(const char *rule, uint32_t number) {
    for (const char *at = strchr(rule, ' '); at; at = strchr(at, ' ')) {
        at += strspn(at, " ");
        if (*at && selects(at, number))
            return true;
    }
    return false;
}
