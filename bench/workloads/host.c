// SPDX-License-Identifier: MIT
//
// What the WebAssembly module imports: the file functions of wasi-libc. It has no files, so each says so; an exit is an end.
#include "bench/workloads/module.h"

#include <stdio.h>
#include <stdlib.h>

#include "wasm.h" // made by wasm2c

struct Z_wasi_snapshot_preview1_instance_t {
    int unused;
};

enum { WASI_EBADF = 8 };

typedef struct Z_wasi_snapshot_preview1_instance_t wasi;

uint32_t Z_wasi_snapshot_preview1Z_clock_time_get(wasi *w, uint32_t clock, uint64_t precision, uint32_t result) {
    (void)w, (void)clock, (void)precision, (void)result;
    return WASI_EBADF;
}
uint32_t Z_wasi_snapshot_preview1Z_fd_close(wasi *w, uint32_t file) {
    (void)w, (void)file;
    return WASI_EBADF;
}
uint32_t Z_wasi_snapshot_preview1Z_fd_fdstat_get(wasi *w, uint32_t file, uint32_t result) {
    (void)w, (void)file, (void)result;
    return WASI_EBADF;
}
uint32_t Z_wasi_snapshot_preview1Z_fd_fdstat_set_flags(wasi *w, uint32_t file, uint32_t flags) {
    (void)w, (void)file, (void)flags;
    return WASI_EBADF;
}
uint32_t Z_wasi_snapshot_preview1Z_fd_prestat_dir_name(wasi *w, uint32_t file, uint32_t path, uint32_t size) {
    (void)w, (void)file, (void)path, (void)size;
    return WASI_EBADF;
}
uint32_t Z_wasi_snapshot_preview1Z_fd_prestat_get(wasi *w, uint32_t file, uint32_t result) {
    (void)w, (void)file, (void)result;
    return WASI_EBADF;
}
uint32_t Z_wasi_snapshot_preview1Z_fd_read(wasi *w, uint32_t file, uint32_t parts, uint32_t count, uint32_t result) {
    (void)w, (void)file, (void)parts, (void)count, (void)result;
    return WASI_EBADF;
}
uint32_t Z_wasi_snapshot_preview1Z_fd_renumber(wasi *w, uint32_t from, uint32_t to) {
    (void)w, (void)from, (void)to;
    return WASI_EBADF;
}
uint32_t Z_wasi_snapshot_preview1Z_fd_seek(wasi *w, uint32_t file, uint64_t offset, uint32_t whence, uint32_t result) {
    (void)w, (void)file, (void)offset, (void)whence, (void)result;
    return WASI_EBADF;
}
uint32_t Z_wasi_snapshot_preview1Z_fd_write(wasi *w, uint32_t file, uint32_t parts, uint32_t count, uint32_t result) {
    (void)w, (void)file, (void)parts, (void)count, (void)result;
    return WASI_EBADF;
}
uint32_t Z_wasi_snapshot_preview1Z_path_open(wasi *w, uint32_t file, uint32_t flags, uint32_t path, uint32_t size, uint32_t how,
                                             uint64_t rights, uint64_t passed_on, uint32_t more, uint32_t result) {
    (void)w, (void)file, (void)flags, (void)path, (void)size, (void)how, (void)rights, (void)passed_on, (void)more, (void)result;
    return WASI_EBADF;
}
void Z_wasi_snapshot_preview1Z_proc_exit(wasi *w, uint32_t status) {
    (void)w;
    fprintf(stderr, "bench: the WebAssembly module exits with status %u\n", status);
    exit(1);
}

static Z_workloads_instance_t instance;

bool wasm_module_start(void) {
    static wasi files;
    wasm_rt_init();
    Z_workloads_init_module();
    Z_workloads_instantiate(&instance, &files);
    Z_workloadsZ__initialize(&instance);
    return true;
}

uint64_t wasm_module_run(uint32_t index, uint32_t rounds) {
    return Z_workloadsZ_run(&instance, index, rounds);
}
