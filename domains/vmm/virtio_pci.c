// SPDX-License-Identifier: MIT
//
// Modern virtio over PCI: capabilities, common configuration, ISR, notifications. A device that the driver resets while
// requests are under way shows a status other than 0 until the last of them is done: their data may still move.
#include "virtio_pci.h"

#include "bulkhead/log.h"
#include "machine.h"

#define VENDOR_VIRTIO 0x1af4
#define DEVICE_MODERN 0x1040
#define CAPABILITY_VENDOR 9
#define BAR_SIZE 0x4000u
#define AREA_COMMON 0
#define AREA_ISR 1
#define AREA_CONFIG 2
#define AREA_NOTIFY 3
#define NOTIFY_MULTIPLIER 4

#define STATUS_FEATURES_OK 8
#define STATUS_DRIVER_OK 4
#define STATUS_NEEDS_RESET 0x40
#define ISR_QUEUE 1
#define ISR_CONFIG 2
#define NO_VECTOR 0xffff

enum common {
    DEVICE_FEATURE_SELECT = 0,
    DEVICE_FEATURE = 4,
    DRIVER_FEATURE_SELECT = 8,
    DRIVER_FEATURE = 12,
    CONFIG_VECTOR = 16,
    QUEUE_COUNT = 18,
    STATUS = 20,
    GENERATION = 21,
    QUEUE_SELECT = 22,
    QUEUE_SIZE = 24,
    QUEUE_VECTOR = 26,
    QUEUE_ENABLE = 28,
    QUEUE_NOTIFY = 30,
    QUEUE_DESCRIPTORS = 32,
    QUEUE_DRIVER = 40,
    QUEUE_DEVICE = 48,
    COMMON_SIZE = 56
};

// struct virtio_pci_cap, 4.1.4
struct capability {
    uint8_t id, next, size, type, bar, identifier, padding[2];
    uint32_t offset, length;
    uint32_t extra; // notification multiplier; data of the configuration access capability
};

static uint64_t offered(struct virtio_pci *virtio) {
    return virtio->model->features(virtio->device) | VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;
}

static void raise(struct virtio_pci *virtio, uint16_t vector, uint8_t reason) {
    if (pci_msix_enabled(virtio->function)) {
        if (vector != NO_VECTOR)
            pci_send_msix(virtio->function, vector);
        return;
    }
    UNDO_SAVE(virtio->machine, &virtio->isr);
    virtio->isr |= reason;
    pci_set_intx(virtio->function, true);
}

void virtio_pci_save_queue(struct virtio_pci *virtio, uint32_t index) {
    UNDO_SAVE(virtio->machine, &virtio->queues[index]);
}

void virtio_pci_interrupt(struct virtio_pci *virtio, uint32_t index) {
    struct virtqueue *queue = &virtio->queues[index];
    undo_commit(virtio->machine);
    virtqueue_show(queue);
    virtio_pci_save_queue(virtio, index);
    if (virtqueue_wants_interrupt(queue))
        raise(virtio, queue->vector, ISR_QUEUE);
}

void virtio_pci_config_changed(struct virtio_pci *virtio) {
    UNDO_SAVE(virtio->machine, &virtio->generation);
    virtio->generation++;
    if (virtio_pci_ready(virtio))
        raise(virtio, virtio->config_vector, ISR_CONFIG);
}

bool virtio_pci_ready(const struct virtio_pci *virtio) {
    return virtio->status & STATUS_DRIVER_OK;
}

void virtio_pci_break(struct virtio_pci *virtio, const char *why) {
    bh_warn("%s: the guest's driver broke the protocol: %s; the device needs a reset", virtio->model->name, why);
    UNDO_SAVE(virtio->machine, &virtio->status);
    virtio->status |= STATUS_NEEDS_RESET;
    if (virtio->status & STATUS_DRIVER_OK)
        raise(virtio, virtio->config_vector, ISR_CONFIG);
}

static void clear(struct virtio_pci *virtio) {
    virtio->driver_features = 0;
    virtio->device_feature_select = virtio->driver_feature_select = 0;
    virtio->queue_select = 0;
    virtio->config_vector = NO_VECTOR;
    virtio->isr = 0;
    pci_set_intx(virtio->function, false);
    for (uint32_t i = 0; i < virtio->model->queue_count; i++)
        virtqueue_reset(&virtio->queues[i], &virtio->machine->memory);
}

void virtio_pci_reset_done(struct virtio_pci *virtio) {
    if (!virtio->resetting)
        return;
    UNDO_SAVE(virtio->machine, virtio);
    virtio->resetting = false;
    virtio->status = 0;
}

static void write_status(struct virtio_pci *virtio, uint8_t value) {
    if (!value) {
        clear(virtio);
        virtio->resetting = !virtio->model->reset(virtio->device);
        if (!virtio->resetting)
            virtio->status = 0;
        return;
    }
    if (virtio->resetting)
        return;
    if ((value & STATUS_FEATURES_OK) && !(virtio->status & STATUS_FEATURES_OK)) {
        bool fine = (virtio->driver_features & VIRTIO_F_VERSION_1) && !(virtio->driver_features & ~offered(virtio));
        if (!fine)
            value &= (uint8_t)~STATUS_FEATURES_OK;
    }
    bool starts = (value & STATUS_DRIVER_OK) && !virtio_pci_ready(virtio);
    virtio->status = value | (virtio->status & STATUS_NEEDS_RESET);
    if (starts && virtio->model->start)
        virtio->model->start(virtio->device);
}

static struct virtqueue *selected(struct virtio_pci *virtio) {
    return virtio->queue_select < virtio->model->queue_count ? &virtio->queues[virtio->queue_select] : NULL;
}

static void enable_queue(struct virtio_pci *virtio, struct virtqueue *queue) {
    queue->event_index = virtio->driver_features & VIRTIO_F_EVENT_IDX;
    queue->indirect = virtio->driver_features & VIRTIO_F_INDIRECT_DESC;
    if (!virtqueue_enable(queue))
        virtio_pci_break(virtio, "a queue's areas are misaligned, outside the guest's memory, or of a wrong size");
}

static uint16_t checked_vector(const struct virtio_pci *virtio, uint32_t value) {
    return value < virtio->function->vector_count ? (uint16_t)value : NO_VECTOR;
}

static uint32_t read_queue(const struct virtqueue *queue, uint32_t index, uint32_t offset) {
    switch (offset) {
    case QUEUE_SIZE:
        return queue->size;
    case QUEUE_VECTOR:
        return queue->vector;
    case QUEUE_ENABLE:
        return queue->enabled;
    case QUEUE_NOTIFY:
        return index;
    case QUEUE_DESCRIPTORS:
        return (uint32_t)queue->descriptors;
    case QUEUE_DESCRIPTORS + 4:
        return (uint32_t)(queue->descriptors >> 32);
    case QUEUE_DRIVER:
        return (uint32_t)queue->driver;
    case QUEUE_DRIVER + 4:
        return (uint32_t)(queue->driver >> 32);
    case QUEUE_DEVICE:
        return (uint32_t)queue->device;
    case QUEUE_DEVICE + 4:
        return (uint32_t)(queue->device >> 32);
    default:
        return 0;
    }
}

static uint32_t read_common(struct virtio_pci *virtio, uint32_t offset) {
    const struct virtqueue *queue = selected(virtio);
    switch (offset) {
    case DEVICE_FEATURE_SELECT:
        return virtio->device_feature_select;
    case DEVICE_FEATURE:
        return virtio->device_feature_select < 2 ? (uint32_t)(offered(virtio) >> virtio->device_feature_select * 32) : 0;
    case DRIVER_FEATURE_SELECT:
        return virtio->driver_feature_select;
    case DRIVER_FEATURE:
        return virtio->driver_feature_select < 2 ? (uint32_t)(virtio->driver_features >> virtio->driver_feature_select * 32) : 0;
    case CONFIG_VECTOR:
        return virtio->config_vector;
    case QUEUE_COUNT:
        return virtio->model->queue_count;
    case STATUS:
        return virtio->status;
    case GENERATION:
        return virtio->generation;
    case QUEUE_SELECT:
        return virtio->queue_select;
    default:
        return queue ? read_queue(queue, virtio->queue_select, offset) : 0;
    }
}

static void set_half(uint64_t *field, bool high, uint32_t value) {
    *field = high ? (uint32_t)*field | (uint64_t)value << 32 : (*field & ~0xffffffffull) | value;
}

static void write_queue(struct virtio_pci *virtio, struct virtqueue *queue, uint32_t offset, uint32_t value) {
    if (offset == QUEUE_VECTOR) {
        queue->vector = checked_vector(virtio, value);
        return;
    }
    if (queue->enabled || virtio->resetting)
        return; // the areas of a live queue stay where they were checked
    switch (offset) {
    case QUEUE_SIZE:
        queue->size = value;
        break;
    case QUEUE_ENABLE:
        if (value == 1)
            enable_queue(virtio, queue);
        break;
    case QUEUE_DESCRIPTORS:
    case QUEUE_DESCRIPTORS + 4:
        set_half(&queue->descriptors, offset & 4, value);
        break;
    case QUEUE_DRIVER:
    case QUEUE_DRIVER + 4:
        set_half(&queue->driver, offset & 4, value);
        break;
    case QUEUE_DEVICE:
    case QUEUE_DEVICE + 4:
        set_half(&queue->device, offset & 4, value);
        break;
    default:
        break;
    }
}

static void write_common(struct virtio_pci *virtio, uint32_t offset, uint32_t value) {
    struct virtqueue *queue = selected(virtio);
    UNDO_SAVE(virtio->machine, virtio);
    switch (offset) {
    case DEVICE_FEATURE_SELECT:
        virtio->device_feature_select = value;
        break;
    case DRIVER_FEATURE_SELECT:
        virtio->driver_feature_select = value;
        break;
    case DRIVER_FEATURE:
        if (virtio->driver_feature_select < 2 && !(virtio->status & STATUS_FEATURES_OK))
            set_half(&virtio->driver_features, virtio->driver_feature_select, value);
        break;
    case CONFIG_VECTOR:
        virtio->config_vector = checked_vector(virtio, value);
        break;
    case STATUS:
        write_status(virtio, (uint8_t)value);
        break;
    case QUEUE_SELECT:
        virtio->queue_select = (uint16_t)value;
        break;
    default:
        if (queue)
            write_queue(virtio, queue, offset, value);
        break;
    }
}

static uint32_t bar_read(void *device, uint32_t offset, uint32_t size) {
    struct virtio_pci *virtio = device;
    uint32_t value;
    switch (offset >> 12) {
    case AREA_COMMON:
        return read_common(virtio, offset);
    case AREA_ISR:
        value = offset & 0xfff ? 0 : virtio->isr;
        UNDO_SAVE(virtio->machine, &virtio->isr);
        virtio->isr = 0;
        pci_set_intx(virtio->function, false);
        return value;
    case AREA_CONFIG:
        return virtio->model->config_read ? virtio->model->config_read(virtio->device, offset & 0xfff, size) : 0;
    default:
        return 0;
    }
}

static void bar_write(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    struct virtio_pci *virtio = device;
    uint32_t queue = (offset & 0xfff) / NOTIFY_MULTIPLIER;
    (void)size;
    if (offset >> 12 == AREA_COMMON)
        write_common(virtio, offset, value);
    else if (offset >> 12 == AREA_NOTIFY && queue < virtio->model->queue_count && (virtio->status & STATUS_DRIVER_OK))
        virtio->model->notify(virtio->device, queue);
}

static const struct pci_model bar_model = {.name = "virtio", .bar_read = bar_read, .bar_write = bar_write};

bool virtio_pci_create(struct virtio_pci *virtio, struct machine *machine, const struct virtio_model *model, void *device) {
    const struct pci_identity identity = {.vendor = VENDOR_VIRTIO,
                                          .device = DEVICE_MODERN + model->type,
                                          .subsystem = DEVICE_MODERN + model->type,
                                          .revision = 1,
                                          .class_code = model->class_code};
    static const struct {
        uint8_t type, size;
        uint32_t area, length;
    } areas[] = {{1, 16, AREA_COMMON, COMMON_SIZE}, {2, 20, AREA_NOTIFY, 0x1000}, {3, 16, AREA_ISR, 4}, {4, 16, AREA_CONFIG, 0x1000}};
    *virtio = (struct virtio_pci){.model = model, .device = device, .machine = machine};
    virtio->function = pci_add(&machine->pci, &identity, &bar_model, virtio);
    if (!virtio->function)
        return false;
    virtio->function->config[0x3d] = 1; // INTA
    virtio->function->config[0x3c] = PCI_IRQ;
    pci_add_bar(&machine->pci, virtio->function, 0, BAR_SIZE);
    pci_add_msix(&machine->pci, virtio->function, 1 + model->queue_count);
    for (uint32_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
        struct capability body = {.size = areas[i].size,
                                  .type = areas[i].type,
                                  .offset = areas[i].area << 12,
                                  .length = areas[i].length,
                                  .extra = NOTIFY_MULTIPLIER};
        pci_add_capability(virtio->function, CAPABILITY_VENDOR, &body, areas[i].size);
    }
    clear(virtio);
    return true;
}

static bool is_vector(const struct virtio_pci *virtio, uint16_t vector) {
    return vector == NO_VECTOR || vector < virtio->function->vector_count;
}

static const char *restore_queue(struct virtio_pci *virtio, struct virtqueue *queue, const struct virtqueue *saved) {
    const struct guest_memory *memory = queue->memory;
    if (!device_flag(&saved->enabled) || !device_flag(&saved->broken) || !device_flag(&saved->event_index) || !device_flag(&saved->indirect))
        return "a flag of a virtqueue";
    if (!is_vector(virtio, saved->vector))
        return "a virtqueue's vector";
    *queue = *saved;
    queue->memory = memory;
    return queue->enabled && !virtqueue_is_sound(queue) ? "a virtqueue's areas" : NULL;
}

const char *virtio_pci_restore(struct virtio_pci *virtio, const struct virtio_pci *saved) {
    if (!device_flag(&saved->resetting) || !is_vector(virtio, saved->config_vector))
        return "a virtio device's registers";
    if ((saved->status & STATUS_FEATURES_OK) && (saved->driver_features & ~offered(virtio)))
        return "a virtio device's features";
    for (uint32_t i = 0; i < virtio->model->queue_count; i++) {
        const char *why = restore_queue(virtio, &virtio->queues[i], &saved->queues[i]);
        if (why)
            return why;
    }
    virtio->driver_features = saved->driver_features;
    virtio->device_feature_select = saved->device_feature_select;
    virtio->driver_feature_select = saved->driver_feature_select;
    virtio->config_vector = saved->config_vector;
    virtio->queue_select = saved->queue_select;
    virtio->status = saved->status;
    virtio->isr = saved->isr;
    virtio->generation = saved->generation;
    virtio->resetting = saved->resetting;
    return NULL;
}
