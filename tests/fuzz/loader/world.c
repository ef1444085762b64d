// SPDX-License-Identifier: MIT
//
// What stands below and beside the loader: physical memory in a memory file, slots as mappings of it at their real addresses (so that a stray
// write faults), and as much of threads, log and interfaces as links.
#include "tests/fuzz/loader/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "interfaces.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/loader.h"
#include "kernel/domain/mechanism.h"
#include "kernel/domain/resources.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/stacks.h"
#include "kernel/platform/device.h"
#include "kernel/sched/thread.h"

#define MEMORY_SIZE (8ull << 20)
#define FIRST_FRAME BH_PAGE_SIZE
#define PAGES 4096u // places in the table of mappings, a power of two
#define BLOCKS 4096u

extern uint8_t __start_kernel_bss[], __stop_kernel_bss[], __start_kernel_data[], __stop_kernel_data[];

static int memory_fd = -1;
static uint8_t *memory, *data_at_boot;
static struct mapped_page pages[PAGES];
static size_t page_count, block_count;
static void *blocks[BLOCKS];
uint32_t world_threads;

void require(bool holds) {
    if (!holds)
        abort();
}

// ---- the kernel's heap and variables ---------------------------------------------------------------------------------------

void *world_calloc(size_t count, size_t size);
void *world_malloc(size_t size);
void world_free(void *pointer);

void *world_calloc(size_t count, size_t size) {
    require(block_count < BLOCKS);
    return blocks[block_count++] = calloc(count, size);
}

void *world_malloc(size_t size) {
    require(block_count < BLOCKS);
    return blocks[block_count++] = malloc(size);
}

void world_free(void *pointer) {
    for (size_t i = block_count; pointer && i-- > 0;)
        if (blocks[i] == pointer) {
            blocks[i] = blocks[--block_count];
            free(pointer);
            return;
        }
    require(!pointer);
}

// Between the variables there are the sanitizer's red zones: memcpy() would be stopped at them.
__attribute__((no_sanitize("address"))) static void copy_variables(uint8_t *to, const uint8_t *from, size_t size) {
    for (size_t i = 0; i < size; i++)
        ((volatile uint8_t *)to)[i] = from ? from[i] : 0;
}

static void start(void) {
    memory_fd = memfd_create("memory", MFD_CLOEXEC);
    require(memory_fd >= 0 && ftruncate(memory_fd, MEMORY_SIZE) == 0);
    memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
    size_t size = (size_t)(__stop_kernel_data - __start_kernel_data);
    data_at_boot = malloc(size);
    require(memory != MAP_FAILED && data_at_boot);
    copy_variables(data_at_boot, __start_kernel_data, size);
}

void world_reset(void) {
    if (!memory)
        start();
    for (size_t i = 0; i < PAGES && page_count; i++)
        if (pages[i].va)
            munmap((void *)pages[i].va, BH_PAGE_SIZE);
    memset(pages, 0, sizeof(pages));
    while (block_count)
        free(blocks[--block_count]);
    page_count = world_threads = 0;
    copy_variables(__start_kernel_data, data_at_boot, (size_t)(__stop_kernel_data - __start_kernel_data));
    copy_variables(__start_kernel_bss, NULL, (size_t)(__stop_kernel_bss - __start_kernel_bss));
    frames_init();
}

// ---- mappings ----------------------------------------------------------------------------------------------------------------

static struct mapped_page *place_of(uint64_t va) {
    for (size_t i = va / BH_PAGE_SIZE * 0x9e3779b97f4a7c15ull >> 52;; i = (i + 1) % PAGES)
        if (pages[i].va == va || !pages[i].va)
            return &pages[i];
}

static int protection(enum map_flags flags) {
    return (flags & MAP_READ ? PROT_READ : 0) | (flags & MAP_WRITE ? PROT_WRITE : 0); // nothing is executed here
}

enum bh_error platform_map(uint64_t va, hpa frame, uint64_t size, enum map_flags flags) {
    for (uint64_t at = 0; at < size; at += BH_PAGE_SIZE) {
        struct mapped_page *page = place_of(va + at);
        require(page_count < PAGES / 2 && frame + at < MEMORY_SIZE && (!page->va || !page->flags)); // nothing is mapped over
        page_count += !page->va;
        *page = (struct mapped_page){va + at, frame + at, flags};
        require(mmap((void *)(va + at), BH_PAGE_SIZE, protection(flags), MAP_SHARED | MAP_FIXED, memory_fd, (off_t)(frame + at)) != MAP_FAILED);
    }
    return BH_OK;
}

// A page that was unmapped keeps its place in the table, without flags.
void platform_unmap(uint64_t va, uint64_t size) {
    for (uint64_t at = 0; at < size; at += BH_PAGE_SIZE) {
        struct mapped_page *page = place_of(va + at);
        if (page->va && page->flags)
            munmap((void *)(va + at), BH_PAGE_SIZE);
        page->flags = 0;
    }
}

void platform_drop_table(uint64_t va) {
    (void)va; // there are no tables here
}

enum bh_error platform_protect(uint64_t va, uint64_t size, enum map_flags flags) {
    for (uint64_t at = 0; at < size; at += BH_PAGE_SIZE) {
        struct mapped_page *page = place_of(va + at);
        require(page->va && page->flags);
        page->flags = flags;
        require(mprotect((void *)(va + at), BH_PAGE_SIZE, protection(flags)) == 0);
    }
    return BH_OK;
}

enum bh_error platform_lookup(uint64_t va, hpa *frame) {
    const struct mapped_page *page = place_of(va);
    if (!page->va || !page->flags)
        return BH_EFAULT;
    *frame = page->frame;
    return BH_OK;
}

void world_each_page(void (*visit)(const struct mapped_page *page, void *context), void *context) {
    for (size_t i = 0; i < PAGES && page_count; i++)
        if (pages[i].va && pages[i].flags)
            visit(&pages[i], context);
}

static void count_page(const struct mapped_page *page, void *context) {
    (void)page;
    ++*(size_t *)context;
}

size_t world_page_count(void) {
    size_t count = 0;
    world_each_page(count_page, &count);
    return count;
}

size_t platform_memory(struct platform_range *ranges, size_t max) {
    require(max > 0);
    ranges[0] = (struct platform_range){FIRST_FRAME, MEMORY_SIZE - FIRST_FRAME};
    return 1;
}

void *platform_direct(hpa address) {
    require(address < MEMORY_SIZE);
    return memory + address;
}

// ---- the rest of the kernel ----------------------------------------------------------------------------------------------------

void proxy_left_out(void);
void proxy_left_out(void) {
}

static void *const six[6] = {(void *)0x1000, (void *)0x1100, (void *)0x1200, (void *)0x1300, (void *)0x1400, (void *)0x1500};
static const uint32_t six_labels[6] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66};
const struct interface interfaces[] = {
    {1, 3, 0x1111111111111111ull, "First", false, six, six, six_labels, NULL, 0},
    {2, 1, 0x2222222222222222ull, "Second", false, six, six, six_labels, NULL, 0},
    {40, 6, 0x4040404040404040ull, "System", true, six, six, six_labels, NULL, 0},
};
const size_t interface_count = 3;
const struct ring_type ring_types[] = {{0x1234, "WorldRing"}};
const size_t ring_type_count = 1;
void *const fixed_calls[BH_CALLS_FIXED] = {(void *)0x2000, (void *)0x2100}, *const fixed_calls_traced[BH_CALLS_FIXED] = {(void *)0x2000, (void *)0x2100};
const uint8_t none_methods[1], none_enter[1], none_door[1];
uint32_t trace_classes; // nothing is recorded

void trace_record(enum bh_trace_event event, uint32_t domain, uint32_t a, uint64_t b) {
    (void)event, (void)domain, (void)a, (void)b;
}

enum bh_error platform_isolate(struct domain *domain, enum bh_isolation isolation) {
    (void)domain;
    require(isolation != BH_ISOLATION_SFI && isolation <= BH_ISOLATION_PROCESS);
    return BH_ENOTSUP;
}

enum bh_error platform_isolation_start(struct domain *domain) {
    require(!domain->mechanism || domain->mechanism == &mechanism_none);
    return BH_OK;
}

void platform_isolation_end(struct domain *domain) {
    (void)domain;
}

void bad_call(void) {
}

enum bh_error refuse(enum bh_error error, const char *format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    require(vsnprintf(line, sizeof(line), format, arguments) > 0);
    va_end(arguments);
    return error;
}

uint64_t clock_now_ns(void) {
    return 0;
}

void log_write(enum bh_log_level level, const char *source, const char *format, ...) {
    (void)level, (void)source, (void)format;
}

void copy_name(char *to, size_t capacity, const char *from) {
    size_t size = strnlen(from, capacity - 1);
    memcpy(to, from, size);
    memset(to + size, 0, capacity - size);
}

[[noreturn]] void panic(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    abort();
}

enum bh_error resources_object(const char *selector, struct domain *holder, uint64_t *object) {
    require(holder && object);
    *object = strlen(selector);
    return selector[0] == '!' ? BH_ENOENT : BH_OK;
}

// There are no devices here.
bool resources_stuck(const struct domain *domain) {
    (void)domain;
    return false;
}

enum bh_error resources_domain_starts(const struct domain *domain) {
    (void)domain;
    return BH_OK;
}

enum bh_error platform_dma_map(uint32_t space, hpa start, uint64_t size, enum map_flags flags) {
    (void)space, (void)start, (void)size, (void)flags;
    return BH_OK;
}

void platform_dma_unmap(uint32_t space, hpa start, uint64_t size) {
    (void)space, (void)start, (void)size;
}

bool stacks_make_room(struct domain *domain, uint64_t size) {
    return size <= domain_room(domain);
}

enum bh_error thread_create(const char *name, struct domain *home, uint64_t entry, uint64_t argument, uint32_t priority, struct thread **out) {
    (void)name, (void)argument, (void)out;
    require(verified_is_function(&home->image->verified, entry - home->base) && priority < THREAD_PRIORITIES);
    world_threads++;
    return BH_OK;
}

void cpus_stop(void) {
}

struct thread *sched_current(void) {
    return NULL; // early boot
}

void thread_wake(struct thread *thread, enum bh_error result) {
    (void)thread, (void)result;
}

bool event_raise(struct event *event) {
    event->signalled = 1;
    return false;
}
