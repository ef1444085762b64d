// SPDX-License-Identifier: MIT
//
// Files in memory, for open() and all that builds on it: a list of names, each with its bytes; descriptors from 3 on. A name is whatever the
// program says, `./' and `/' in front aside; a folder is a name that was made by mkdir(), and holds nothing but names that begin with it. A file that is
// unlinked lives on while it is open. One lock for all: a file is as slow as a copy.

#include "bulkhead/stdio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "runtime/libc.h"

#define GROWTH_MIN 4096ull
#define SIZE_LIMIT (1ull << 30)

enum file_kind : uint32_t { FILE_PLAIN, FILE_FOLDER, FILE_PUBLISHED };

static struct file {
    struct file *next;
    char *name;     // NULL: unlinked
    char *new_name; // while it is being renamed
    enum file_kind kind;
    uint32_t number;
    uint32_t opened; // descriptors
    uint8_t *data;   // the publisher's for FILE_PUBLISHED
    uint64_t size, capacity;
} *files; // the newest first
static struct file top = {.name = "", .kind = FILE_FOLDER}; // the folder that everything is in
static struct descriptor {
    struct file *file; // NULL: free
    uint64_t position;
    int flags;
} descriptors[LIBC_DESCRIPTORS];
static uint32_t next_number;
static struct libc_lock lock;

long bh_file_syscall(long number, long a, long b, long c, long d, long e, long f);

static const char *plain(const char *path) {
    for (;;) {
        if (path[0] == '.' && path[1] == '/')
            path += 2;
        else if (path[0] == '/' && path[1])
            path++;
        else
            return path;
    }
}

// Without slashes at its end.
static size_t length_of(const char *path) {
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    return length;
}

static struct file *find(const char *path) {
    struct file *file = files;
    size_t length = length_of(path);
    while (file && (strncmp(file->name, path, length) != 0 || file->name[length]))
        file = file->next;
    return file;
}

static struct file *find_with_top(const char *path) {
    return strcmp(path, ".") == 0 || strcmp(path, "/") == 0 ? &top : find(path);
}

static struct file *create(const char *path, uint32_t kind) {
    struct file *file = calloc(1, sizeof(*file));
    char *name = strndup(path, length_of(path));
    if (!file || !name) {
        free(file);
        free(name);
        return NULL;
    }
    *file = (struct file){.name = name, .kind = kind, .number = ++next_number, .next = files};
    files = file;
    return file;
}

static void destroy_if_unused(struct file *file) {
    if (file->opened || file->name)
        return;
    if (file->kind != FILE_PUBLISHED)
        free(file->data);
    free(file);
}

// Take the name away.
static void forget(struct file *file) {
    struct file **place = &files;
    while (*place != file)
        place = &(*place)->next;
    *place = file->next;
    free(file->name);
    file->name = NULL;
    destroy_if_unused(file);
}

static long resize(struct file *file, uint64_t size) {
    if (size > SIZE_LIMIT)
        return -EFBIG;
    if (size > file->capacity) {
        uint64_t capacity = size + size / 2 < GROWTH_MIN ? GROWTH_MIN : size + size / 2;
        uint8_t *data = realloc(file->data, capacity);
        if (!data)
            return -ENOSPC;
        file->data = data;
        file->capacity = capacity;
    }
    if (size > file->size)
        memset(file->data + file->size, 0, size - file->size);
    file->size = size;
    return 0;
}

// NULL: there is no such number. Whether it is open is another question.
static struct descriptor *descriptor_at(long fd) {
    return fd >= FILES_FIRST && fd - FILES_FIRST < LIBC_DESCRIPTORS ? &descriptors[fd - FILES_FIRST] : NULL;
}

static long truncate_file(struct file *file, long size) {
    if (file->kind == FILE_FOLDER)
        return -EISDIR;
    if (size < 0)
        return -EINVAL;
    return file->kind == FILE_PUBLISHED ? -EROFS : resize(file, (uint64_t)size);
}

static long open_file(const char *path, int flags) {
    struct file *file = find_with_top(path);
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    int n = 0;
    while (n < LIBC_DESCRIPTORS && descriptors[n].file)
        n++;
    if (n == LIBC_DESCRIPTORS)
        return -EMFILE;
    if (file && (flags & O_CREAT) && (flags & O_EXCL))
        return -EEXIST;
    if (!file && !(flags & O_CREAT))
        return -ENOENT;
    if (file && file->kind != FILE_FOLDER && (flags & O_DIRECTORY))
        return -ENOTDIR;
    if (file && file->kind == FILE_FOLDER && writes)
        return -EISDIR;
    if (file && file->kind == FILE_PUBLISHED && writes)
        return -EROFS;
    if (!file)
        file = create(path, FILE_PLAIN);
    if (!file)
        return -ENOSPC;
    if ((flags & O_TRUNC) && writes)
        file->size = 0;
    file->opened++;
    descriptors[n] = (struct descriptor){file, 0, flags};
    return n + FILES_FIRST;
}

static void close_file(struct descriptor *descriptor) {
    struct file *file = descriptor->file;
    descriptor->file = NULL;
    file->opened--;
    destroy_if_unused(file);
}

static long read_at(const struct descriptor *descriptor, uint64_t position, void *data, size_t size) {
    const struct file *file = descriptor->file;
    if (file->kind == FILE_FOLDER)
        return -EISDIR;
    if ((descriptor->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    if (position >= file->size)
        return 0;
    if (size > file->size - position)
        size = file->size - position;
    memcpy(data, file->data + position, size);
    return (long)size;
}

static long write_at(const struct descriptor *descriptor, uint64_t position, const void *data, size_t size) {
    struct file *file = descriptor->file;
    if ((descriptor->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (position > SIZE_LIMIT || size > SIZE_LIMIT - position)
        return -EFBIG;
    long error = size && position + size > file->size ? resize(file, position + size) : 0;
    if (error)
        return error;
    memcpy(file->data + position, data, size);
    return (long)size;
}

static long transfer(struct descriptor *descriptor, bool writes, const struct iovec *vector, long count) {
    long total = 0;
    if (writes && (descriptor->flags & O_APPEND))
        descriptor->position = descriptor->file->size;
    for (long i = 0; i < count; i++) {
        long done = writes ? write_at(descriptor, descriptor->position, vector[i].iov_base, vector[i].iov_len)
                           : read_at(descriptor, descriptor->position, vector[i].iov_base, vector[i].iov_len);
        if (done < 0)
            return total ? total : done;
        descriptor->position += (uint64_t)done;
        total += done;
        if ((size_t)done < vector[i].iov_len)
            break;
    }
    return total;
}

static long seek(struct descriptor *descriptor, long offset, long whence) {
    long from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (long)descriptor->position : (long)descriptor->file->size;
    long position;
    if (whence < SEEK_SET || whence > SEEK_END || __builtin_add_overflow(from, offset, &position) || position < 0)
        return -EINVAL;
    descriptor->position = (uint64_t)position;
    return position;
}

static long duplicate(const struct descriptor *descriptor, long lowest) {
    for (long n = lowest > FILES_FIRST ? lowest - FILES_FIRST : 0; n < LIBC_DESCRIPTORS; n++)
        if (!descriptors[n].file) {
            descriptors[n] = *descriptor;
            descriptor->file->opened++;
            return n + FILES_FIRST;
        }
    return -EMFILE;
}

static long duplicate_as(const struct descriptor *descriptor, long fd) {
    struct descriptor *as = descriptor_at(fd);
    if (!as)
        return -EBADF;
    if (as == descriptor)
        return fd;
    if (as->file)
        close_file(as);
    *as = *descriptor;
    as->file->opened++;
    return fd;
}

static long control(struct descriptor *descriptor, long command, long argument) {
    switch (command) {
    case F_GETFL:
        return descriptor->flags;
    case F_SETFL:
        descriptor->flags = (descriptor->flags & O_ACCMODE) | ((int)argument & ~O_ACCMODE);
        return 0;
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return duplicate(descriptor, argument);
    default: // nobody else has these files: locks are free, and nothing is inherited
        if (command == F_GETLK)
            ((struct flock *)argument)->l_type = F_UNLCK;
        return command == F_GETFD || command == F_SETFD || (command >= F_GETLK && command <= F_SETLKW) ? 0 : -EINVAL;
    }
}

// What the system would fill in is what the program's struct stat is.
static long describe(const struct file *file, struct stat *status) {
    bool folder = file->kind == FILE_FOLDER;
    *status = (struct stat){.st_ino = file->number, .st_nlink = 1, .st_blksize = GROWTH_MIN,
                            .st_mode = folder ? S_IFDIR | 0755 : file->kind == FILE_PUBLISHED ? S_IFREG | 0444 : S_IFREG | 0644};
    status->st_size = (off_t)file->size;
    status->st_blocks = (blkcnt_t)((file->size + 511) / 512);
    return 0;
}

// The name of what is in this folder itself, NULL for others.
static const char *name_in(const struct file *folder, const struct file *file) {
    size_t length = strlen(folder->name);
    if (length && (strncmp(file->name, folder->name, length) != 0 || file->name[length++] != '/'))
        return NULL;
    return strchr(file->name + length, '/') ? NULL : file->name + length;
}

// The position is the number of the file listed last, so that a listing may go on while files are removed.
static long list(struct descriptor *descriptor, uint8_t *out, size_t size) {
    size_t used = 0;
    if (descriptor->file->kind != FILE_FOLDER)
        return -ENOTDIR;
    for (const struct file *file = descriptor->file->name ? files : NULL; file; file = file->next) { // a removed folder is empty
        const char *name = descriptor->position && file->number >= descriptor->position ? NULL : name_in(descriptor->file, file);
        if (!name)
            continue;
        size_t length = (offsetof(struct dirent, d_name) + strlen(name) + 8) & ~7ull;
        if (length > size - used)
            return used ? (long)used : -EINVAL;
        struct dirent *entry = (struct dirent *)(out + used);
        entry->d_ino = (ino_t)(entry->d_off = file->number);
        entry->d_reclen = (unsigned short)length;
        entry->d_type = file->kind == FILE_FOLDER ? DT_DIR : DT_REG;
        strcpy(entry->d_name, name);
        descriptor->position = file->number;
        used += length;
    }
    return (long)used;
}

static long descriptor_call(long number, struct descriptor *descriptor, long b, long c, long d) {
    struct iovec one = {(void *)b, (size_t)c};
    switch (number) {
    case SYS_read:
    case SYS_write:
        return transfer(descriptor, number == SYS_write, &one, 1);
    case SYS_readv:
    case SYS_writev:
        return transfer(descriptor, number == SYS_writev, (const struct iovec *)b, c);
    case SYS_pread64:
        return d < 0 ? -EINVAL : read_at(descriptor, (uint64_t)d, (void *)b, (size_t)c);
    case SYS_pwrite64:
        return d < 0 ? -EINVAL : write_at(descriptor, (uint64_t)d, (const void *)b, (size_t)c);
    case SYS_lseek:
        return seek(descriptor, b, c);
    case SYS_ftruncate:
        return truncate_file(descriptor->file, b);
    case SYS_fstat:
        return describe(descriptor->file, (struct stat *)b);
    case SYS_fcntl:
        return control(descriptor, b, c);
    case SYS_getdents64:
        return list(descriptor, (uint8_t *)b, (size_t)c);
    case SYS_dup:
        return duplicate(descriptor, 0);
    case SYS_dup2:
        return duplicate_as(descriptor, b);
    case SYS_fsync:
    case SYS_fdatasync:
        return 0;
    case SYS_close:
        close_file(descriptor);
        return 0;
    default:
        return number == SYS_ioctl ? -ENOTTY : -EINVAL;
    }
}

static long descriptor_door(long number, long fd, long b, long c, long d) {
    libc_lock(&lock);
    struct descriptor *descriptor = descriptor_at(fd);
    long result = descriptor && descriptor->file ? descriptor_call(number, descriptor, b, c, d) : -EBADF;
    libc_unlock(&lock);
    return result;
}

static long describe_path(const char *path, long fd, void *status, long flags) {
    const struct descriptor *descriptor = !*path && (flags & AT_EMPTY_PATH) ? descriptor_at(fd) : NULL;
    const struct file *file = descriptor ? descriptor->file : find_with_top(path);
    return file ? describe(file, status) : -ENOENT;
}

static bool is_inside(const char *path, const char *folder) {
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && path[length] == '/';
}

static bool has_inside(const char *folder) {
    for (const struct file *file = files; file; file = file->next)
        if (is_inside(file->name, folder))
            return true;
    return false;
}

static long remove_path(const char *path, bool folder) {
    struct file *file = find(path);
    if (!file)
        return -ENOENT;
    if (folder != (file->kind == FILE_FOLDER))
        return folder ? -ENOTDIR : -EISDIR;
    if (folder && has_inside(file->name))
        return -ENOTEMPTY;
    forget(file);
    return 0;
}

// New names for a file and all that is inside it, before the first is changed.
static bool prepare_names(const char *from, const char *to) {
    size_t length = strlen(from), to_length = length_of(to);
    for (struct file *file = files; file; file = file->next) {
        if (strcmp(file->name, from) != 0 && !is_inside(file->name, from))
            continue;
        file->new_name = malloc(to_length + strlen(file->name) - length + 1);
        if (!file->new_name)
            return false;
        strcpy(mempcpy(file->new_name, to, to_length), file->name + length);
    }
    return true;
}

static long rename_path(const char *from, const char *to) {
    struct file *file = find(from), *old = find(to);
    if (!file)
        return -ENOENT;
    if (file == old)
        return 0;
    if (old && (old->kind == FILE_FOLDER) != (file->kind == FILE_FOLDER))
        return old->kind == FILE_FOLDER ? -EISDIR : -ENOTDIR;
    if (file->kind == FILE_FOLDER && is_inside(to, file->name))
        return -EINVAL;
    if (old && has_inside(old->name))
        return -ENOTEMPTY;
    bool moved = prepare_names(file->name, to);
    if (moved && old)
        forget(old);
    for (file = files; file; file = file->next) {
        if (!file->new_name)
            continue;
        free(moved ? file->name : file->new_name);
        if (moved)
            file->name = file->new_name;
        file->new_name = NULL;
    }
    return moved ? 0 : -ENOSPC;
}

static long make_folder(const char *path) {
    if (find_with_top(path))
        return -EEXIST;
    return create(path, FILE_FOLDER) ? 0 : -ENOSPC;
}

// The calls that begin with a folder's descriptor: only the current folder exists.
static long path_call(long number, const char *path, long fd, long b, long c, long d) {
    struct file *file;
    switch (number) {
    case SYS_open:
        return open_file(path, (int)b);
    case SYS_stat:
        return describe_path(path, fd, (void *)b, d);
    case SYS_access:
        file = find_with_top(path);
        return file ? file->kind == FILE_PUBLISHED && (b & 2) ? -EROFS : 0 : -ENOENT;
    case SYS_unlink:
        return remove_path(path, b & AT_REMOVEDIR);
    case SYS_rename:
        return rename_path(path, plain((const char *)c));
    case SYS_mkdir:
        return make_folder(path);
    case SYS_truncate:
        file = find(path);
        return file ? truncate_file(file, b) : -ENOENT;
    default:
        return -ENOSYS;
    }
}

long bh_file_syscall(long number, long a, long b, long c, long d, long e, long f) {
    static const long forms[][3] = {{SYS_openat, SYS_open, 1}, {SYS_newfstatat, SYS_stat, 1}, {SYS_lstat, SYS_stat, 0},
                                    {SYS_faccessat, SYS_access, 1}, {SYS_unlinkat, SYS_unlink, 1}, {SYS_renameat, SYS_rename, 1},
                                    {SYS_mkdirat, SYS_mkdir, 1}};
    (void)e, (void)f;
    long fd = AT_FDCWD;
    if (number == SYS_rename)
        c = b;
    if (number == SYS_rmdir)
        number = SYS_unlink, b = AT_REMOVEDIR;
    else if (number == SYS_unlink)
        b = 0;
    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
        if (number == forms[i][0]) {
            number = forms[i][1];
            if (forms[i][2]) {
                fd = a, a = b, b = c;
                c = number == SYS_rename ? d : c;
            }
            break;
        }
    libc_lock(&lock);
    libc_files = descriptor_door;
    long result = path_call(number, plain((const char *)a), fd, b, c, d);
    libc_unlock(&lock);
    return result;
}

enum bh_error bh_file_publish(const char *path, const void *data, size_t size) {
    libc_lock(&lock);
    libc_files = descriptor_door;
    struct file *file = NULL;
    bool exists = find(plain(path)) != NULL;
    if (!exists)
        file = create(plain(path), FILE_PUBLISHED);
    if (file) {
        file->data = (uint8_t *)data;
        file->size = file->capacity = size;
    }
    libc_unlock(&lock);
    return exists ? BH_EEXIST : file ? BH_OK : BH_ENOMEM;
}
