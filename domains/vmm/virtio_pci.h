// SPDX-License-Identifier: MIT
//
// The modern PCI transport of a virtio device. Source: virtio 1.2, 4.1.
//
//   BAR 0   0x0000 common configuration   0x1000 ISR status
//           0x2000 device configuration   0x3000 notifications, 4 bytes a queue
//   BAR 1   MSI-X table
#ifndef VMM_VIRTIO_PCI_H
#define VMM_VIRTIO_PCI_H

#include "pci.h"
#include "virtqueue.h"

#define VIRTIO_QUEUES_MAX 3
#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_EVENT_IDX (1ull << 29)
#define VIRTIO_F_VERSION_1 (1ull << 32)

// What is special about one kind of device. `device` is its own struct.
struct virtio_model {
    const char *name;
    uint16_t type; // virtio device identifier
    uint32_t class_code;
    uint32_t queue_count;
    uint64_t (*features)(void *device);
    // Device configuration. NULL: it has none.
    uint32_t (*config_read)(void *device, uint32_t offset, uint32_t size);
    void (*notify)(void *device, uint32_t queue);
    // The driver is ready (DRIVER_OK). NULL: nothing to do.
    void (*start)(void *device);
    // The driver resets the device. False: requests are still under way; virtio_pci_reset_done() follows.
    bool (*reset)(void *device);
};

struct virtio_pci {
    const struct virtio_model *model;
    void *device;
    struct machine *machine;
    struct pci_function *function;
    uint64_t driver_features;
    uint32_t device_feature_select, driver_feature_select;
    uint16_t config_vector, queue_select;
    uint8_t status, isr, generation;
    bool resetting;
    struct virtqueue queues[VIRTIO_QUEUES_MAX];
};

// Add the device to the machine's PCI bus. False when the bus is full.
bool virtio_pci_create(struct virtio_pci *virtio, struct machine *machine, const struct virtio_model *model, void *device);
// Save queue `index` (undo.h), before anything is taken from it or returned.
void virtio_pci_save_queue(struct virtio_pci *virtio, uint32_t index);
// Commit what was returned to queue `index`, show it to the driver, and interrupt it if it wants that.
void virtio_pci_interrupt(struct virtio_pci *virtio, uint32_t index);
// The device configuration has changed: the driver reads it again.
void virtio_pci_config_changed(struct virtio_pci *virtio);
// Is there a driver that uses the device (DRIVER_OK)?
bool virtio_pci_ready(const struct virtio_pci *virtio);
// The driver broke the protocol: DEVICE_NEEDS_RESET, and a line in the log.
void virtio_pci_break(struct virtio_pci *virtio, const char *why);
void virtio_pci_reset_done(struct virtio_pci *virtio);
// Take over the state of an earlier instance (device.h, restore).
const char *virtio_pci_restore(struct virtio_pci *virtio, const struct virtio_pci *saved);

#endif
