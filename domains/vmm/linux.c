// SPDX-License-Identifier: MIT
//
// A bzImage by the Linux boot protocol (Documentation/arch/x86/boot.rst): the 64-bit entry where the kernel has one, else
// the 32-bit entry. There is no real-mode code run: its work, the boot parameters, is done here.
#include <stddef.h>

#include "boot.h"
#include "bulkhead/log.h"

#define SETUP_HEADER 0x1f1
#define BOOT_FLAG 0xaa55
#define VERSION_MIN 0x020a // 2.10, Linux 2.6.31: preferred address and init_size
#define LOADED_HIGH 1u
#define CAN_USE_HEAP 0x80u
#define XLF_KERNEL_64 1u
#define LOADER_UNDEFINED 0xff
#define SECTOR 512u
#define ENTRY_64 0x200u

// Offsets in boot_params, the "zero page".
#define PARAMS_SIZE 4096u
#define PARAMS_RSDP 0x070
#define PARAMS_E820_COUNT 0x1e8
#define PARAMS_E820 0x2d0

struct setup_header {
    uint8_t setup_sects; // 0x1f1
    uint16_t root_flags;
    uint32_t syssize;
    uint16_t ram_size, vid_mode, root_dev, boot_flag;
    uint16_t jump; // 0x200; its second byte is the header's length
    uint32_t header;
    uint16_t version;
    uint32_t realmode_switch;
    uint16_t start_sys_seg, kernel_version;
    uint8_t type_of_loader, loadflags; // 0x210
    uint16_t setup_move_size;
    uint32_t code32_start, ramdisk_image, ramdisk_size, bootsect_kludge;
    uint16_t heap_end_ptr; // 0x224
    uint8_t ext_loader_ver, ext_loader_type;
    uint32_t cmd_line_ptr, initrd_addr_max, kernel_alignment;
    uint8_t relocatable_kernel, min_alignment; // 0x234
    uint16_t xloadflags;
    uint32_t cmdline_size, hardware_subarch;
    uint64_t hardware_subarch_data;
    uint32_t payload_offset, payload_length; // 0x248
    uint64_t setup_data, pref_address;
    uint32_t init_size, handover_offset; // 0x260
} __attribute__((packed));

static_assert(offsetof(struct setup_header, jump) + SETUP_HEADER == 0x200);
static_assert(offsetof(struct setup_header, type_of_loader) + SETUP_HEADER == 0x210);
static_assert(offsetof(struct setup_header, relocatable_kernel) + SETUP_HEADER == 0x234);
static_assert(offsetof(struct setup_header, pref_address) + SETUP_HEADER == 0x258);
static_assert(offsetof(struct setup_header, init_size) + SETUP_HEADER == 0x260);

static enum bh_error check(const struct boot *boot, const struct setup_header *header, uint64_t setup_size) {
    if (header->boot_flag != BOOT_FLAG || !(header->loadflags & LOADED_HIGH)) {
        bh_error_log("the guest kernel is a zImage or damaged (boot flag 0x%x): a bzImage is needed", header->boot_flag);
        return BH_EIMAGE;
    }
    if (header->version < VERSION_MIN) {
        bh_error_log("the guest kernel speaks boot protocol %u.%u, at least 2.10 is needed", header->version >> 8, header->version & 255);
        return BH_EIMAGE;
    }
    if (setup_size >= boot->kernel.size || header->syssize * 16ull > boot->kernel.size - setup_size + 15) {
        bh_error_log("the guest kernel is cut short: its header promises %llu bytes, the file has %llu",
                     (unsigned long long)(setup_size + header->syssize * 16ull), (unsigned long long)boot->kernel.size);
        return BH_EIMAGE;
    }
    uint64_t end = header->pref_address + header->init_size;
    if (header->pref_address < BOOT_HIGH || header->pref_address > boot->memory.size || end > boot->memory.size) {
        bh_error_log("the guest kernel needs memory up to 0x%llx, the guest has 0x%llx bytes: give it more",
                     (unsigned long long)end, (unsigned long long)boot->memory.size);
        return BH_ENOMEM;
    }
    return BH_OK;
}

static void fill_memory_map(const struct boot *boot, uint8_t *params) {
    struct boot_range ranges[BOOT_RANGES];
    uint32_t count = boot_memory_map(&boot->memory, ranges);
    for (uint32_t i = 0; i < count; i++) {
        struct {
            uint64_t start, size;
            uint32_t type;
        } __attribute__((packed)) entry = {ranges[i].start, ranges[i].size, ranges[i].type};
        memcpy(params + PARAMS_E820 + i * sizeof(entry), &entry, sizeof(entry));
    }
    params[PARAMS_E820_COUNT] = (uint8_t)count;
}

enum bh_error linux_load(const struct boot *boot, struct bh_vcpu_state *state) {
    struct setup_header header;
    gpa initrd = 0;
    if (boot->kernel.size < SETUP_HEADER + sizeof(header)) {
        bh_error_log("the guest kernel is cut short: %llu bytes", (unsigned long long)boot->kernel.size);
        return BH_EIMAGE;
    }
    memcpy(&header, boot->kernel.data + SETUP_HEADER, sizeof(header));
    uint64_t setup_size = ((header.setup_sects ? header.setup_sects : 4) + 1u) * SECTOR;
    enum bh_error error = check(boot, &header, setup_size);
    if (!error)
        error = boot_place_command_line(boot, (uint64_t)header.cmdline_size + 1);
    if (!error && boot->initrd.size)
        error = boot_place_initrd(boot, header.pref_address + header.init_size, (uint64_t)header.initrd_addr_max + 1, &initrd);
    if (error)
        return error;
    memory_write(&boot->memory, header.pref_address, boot->kernel.data + setup_size, boot->kernel.size - setup_size);

    bool entry_64 = header.xloadflags & XLF_KERNEL_64;
    header.type_of_loader = LOADER_UNDEFINED;
    header.loadflags &= (uint8_t)~CAN_USE_HEAP;
    header.code32_start = (uint32_t)header.pref_address;
    header.ramdisk_image = (uint32_t)initrd;
    header.ramdisk_size = initrd ? (uint32_t)boot->initrd.size : 0;
    header.cmd_line_ptr = BOOT_COMMAND_LINE;
    uint8_t *params = memory_at(&boot->memory, BOOT_PARAMS, PARAMS_SIZE);
    uint32_t header_size = (header.jump >> 8) + 2u + 0x200 - SETUP_HEADER; // as long as the kernel says
    memset(params, 0, PARAMS_SIZE);
    memcpy(params + SETUP_HEADER, boot->kernel.data + SETUP_HEADER, header_size);
    memcpy(params + SETUP_HEADER, &header, sizeof(header));
    memcpy(params + PARAMS_RSDP, &boot->rsdp, sizeof(boot->rsdp));
    fill_memory_map(boot, params);
    bh_info("Linux guest: boot protocol %u.%u, %llu KiB at 0x%llx, initramfs %llu KiB, memory %llu MiB", header.version >> 8,
            header.version & 255, (unsigned long long)(boot->kernel.size - setup_size) >> 10,
            (unsigned long long)header.pref_address, (unsigned long long)boot->initrd.size >> 10,
            (unsigned long long)boot->memory.size >> 20);
    if (entry_64)
        boot_enter_64(boot, state, header.pref_address + ENTRY_64, BOOT_PARAMS);
    else
        boot_enter_32(boot, state, header.pref_address, BOOT_PARAMS);
    return BH_OK;
}
