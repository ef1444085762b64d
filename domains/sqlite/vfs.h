// SPDX-License-Identifier: MIT
//
// SQLite's files on a block device, which it has for itself (disk.h).
#ifndef DOMAINS_SQLITE_VFS_H
#define DOMAINS_SQLITE_VFS_H

#include "kernel/abi/error.h"

#define VFS_NAME "block"

// Make VFS_NAME known to SQLite, on the disk that was opened. A disk that begins with zeros is taken as new. BH_EIMAGE: it holds something else.
enum bh_error vfs_register(void);

#endif
