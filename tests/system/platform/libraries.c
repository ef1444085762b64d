// SPDX-License-Identifier: MIT
//
// Checks of the kernel's libraries (musl, capstone, libunwind) and of PCI, inside the platform's test kernel.
#include <capstone/capstone.h>
#include <libunwind.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/debug/log.h"
#include "kernel/mm/frames.h"
#include "kernel/platform/device.h"
#include "tests/system/platform/checks.h"

enum { BLOCKS = 400, ROUNDS = 4000 };

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static bool malloc_holds(void) {
    static uint8_t *blocks[BLOCKS];
    static size_t sizes[BLOCKS];
    uint32_t state = 1;
    for (int round = 0; round < ROUNDS; round++) {
        state = state * 1664525u + 1013904223u;
        unsigned i = (state >> 8) % BLOCKS;
        for (size_t n = 0; blocks[i] && n < sizes[i]; n += 61)
            if (blocks[i][n] != (uint8_t)i)
                return false;
        sizes[i] = (state >> 16) % (round % 50 ? 3000 : 300000) + 1;
        blocks[i] = realloc(blocks[i], sizes[i]);
        if (!blocks[i])
            return false;
        memset(blocks[i], (int)i, sizes[i]);
    }
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    return true;
}

static int none(unw_addr_space_t space, unw_word_t *address, void *context) {
    (void)space, (void)address, (void)context;
    return -UNW_ENOINFO;
}

void check_libraries(void) {
    char text[64];
    uint32_t numbers[100];
    snprintf(text, sizeof(text), "%s %5d %llx %-4u|", "abc", -42, 0xfeedfaceull, 7u);
    check(strcmp(text, "abc   -42 feedface 7   |") == 0, "snprintf works");
    for (uint32_t i = 0; i < 100; i++)
        numbers[i] = i * 7919 % 101;
    qsort(numbers, 100, sizeof(numbers[0]), by_value);
    bool sorted = true;
    for (int i = 1; i < 100; i++)
        sorted &= numbers[i - 1] <= numbers[i];
    check(sorted, "qsort works");
    size_t before = frames_free_count();
    check(malloc_holds(), "malloc, realloc and free keep their blocks apart");
    check(before - frames_free_count() < 512, "free gives memory back");

    csh handle;
    cs_insn *instruction = NULL;
    bool opened = cs_open(CS_ARCH_X86, CS_MODE_64, &handle) == CS_ERR_OK;
    size_t count = opened ? cs_disasm(handle, (const uint8_t *)"\x65\x67\x48\x8b\x01", 5, 0x1000, 1, &instruction) : 0;
    check(count == 1 && strcmp(instruction->op_str, "rax, qword ptr gs:[ecx]") == 0, "capstone disassembles");
    if (count)
        cs_free(instruction, count);
    if (opened)
        cs_close(&handle);

    static unw_accessors_t accessors = {.get_dyn_info_list_addr = none};
    unw_addr_space_t space = unw_create_addr_space(&accessors, 0);
    check(space != NULL, "libunwind makes an address space");
    if (space)
        unw_destroy_addr_space(space);
}

static unsigned calls;
static void count_call(void *context) {
    (void)context;
    calls++;
}

void check_pci(void) {
    uint32_t index, value = 0, vector;
    check(platform_pci_find(0xabcd, 0xef01, 0, &index) == BH_ENOENT, "a device that is not there is not found");
    if (platform_pci_find_class(0x060000, 0xffff00, 0, &index) != BH_OK) {
        check(false, "the host bridge is found by its class");
        return;
    }
    check(platform_pci_config_read(index, 0, 2, &value) == BH_OK && value == platform_pci_info(index)->vendor,
          "configuration space can be read");
    check(platform_pci_config_read(index, 2, 4, &value) == BH_ERANGE && platform_pci_config_read(index, 4096, 4, &value) == BH_ERANGE,
          "a crooked read of configuration space is refused");
    if (platform_pci_find(0x1af4, 0x1042, 0, &index) != BH_OK && platform_pci_find(0x1af4, 0x1001, 0, &index) != BH_OK)
        return;
    const struct platform_pci_info *info = platform_pci_info(index);
    check(info->vectors > 0 && info->bars[4].address && info->bars[4].size >= 4096, "virtio-blk has vectors and a memory window");
    platform_pci_enable(index, true, true);
    check(irq_allocate(count_call, NULL, &vector) == BH_OK && platform_pci_bind(index, 0, vector) == BH_OK &&
              platform_pci_bind(index, info->vectors, vector) == BH_ERANGE,
          "MSI-X vectors can be bound, but not past the last");
    check(platform_pci_reset(index) == BH_OK, "virtio-blk can be reset");
    check(platform_pci_config_read(index, 4, 2, &value) == BH_OK && !(value & 6), "after a reset the device masters nothing");
    irq_release(vector);
}
