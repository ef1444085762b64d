// SPDX-License-Identifier: MIT
//
// For Lua as WebAssembly: its source includes this header, whose functions it is told not to use. wasi-libc has none.
#ifndef WORKLOADS_WASM_SETJMP_H
#define WORKLOADS_WASM_SETJMP_H
typedef int jmp_buf[1];
#endif
