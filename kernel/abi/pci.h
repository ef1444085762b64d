// SPDX-License-Identifier: MIT
//
// What kernel and domains both say of PCI functions: addresses in print, and kinds by name.
#ifndef BH_ABI_PCI_H
#define BH_ABI_PCI_H

#include <stdint.h>

// An address (bus << 8 | device << 3 | function), for printf: "00:1f.2".
#define BH_PCI_ADDRESS "%02x:%02x.%x"
#define BH_PCI_ADDRESS_WORDS(address) (address) >> 8 & 0xff, (address) >> 3 & 31, (address) & 7

#define BH_PCI_VIRTIO 0x1af4u // the vendor (virtio 1.2, 4.1.2)

struct bh_pci_kind {
    const char *name;
    uint16_t device, old_device; // of virtio: today's identity, and that of devices which drivers from before 1.0 know
    uint32_t class_code;         // not 0: it is this class, of whatever vendor
};

static const struct bh_pci_kind bh_pci_kinds[] = {
#define KIND(name, device, old_device, class_code) {name, device, old_device, class_code},
#include "pci.def"
#undef KIND
};
enum { BH_PCI_KINDS = sizeof(bh_pci_kinds) / sizeof(bh_pci_kinds[0]) };

#endif
