// SPDX-License-Identifier: MIT
//
// SQLite 3 (Debian's source package, unchanged) as a service. Serves Sql behind the port "sql", or the one that its setting "port" names. With a
// ring "disk", its buffer "window" and a port "disk-info" the database lies on that block device and lasts; without, it lies in memory and ends
// with the domain. When it dies in the middle of a transaction on a device, its next instance rolls that back.
#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

#include <bulkhead/domain.h>
#include <bulkhead/settings.h>

#include "disk.h"
#include "sql.h"
#include "vfs.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sqlite3 *database;

struct rows {
    char *text;
    uint32_t size;
    bool cut;
};

static void append(struct rows *rows, const char *text) {
    size_t length = strlen(text);
    if (length > BH_SQL_TEXT_MAX - rows->size) {
        rows->cut = true;
        return;
    }
    memcpy(rows->text + rows->size, text, length);
    rows->size += (uint32_t)length;
}

static int add_row(void *context, int count, char **values, char **names) {
    (void)names;
    for (int i = 0; i < count; i++) {
        append(context, i ? "|" : "");
        append(context, values[i] ? values[i] : "");
    }
    append(context, "\n");
    return 0;
}

static enum bh_error exec(void *object, const void *text, uint32_t size, uint32_t *failed, void *out, uint32_t *out_size) {
    char statements[BH_SQL_TEXT_MAX + 1], *message = NULL;
    struct rows rows = {.text = out};
    (void)object;
    memcpy(statements, text, size);
    statements[size] = 0;
    pthread_mutex_lock(&lock);
    int code = sqlite3_exec(database, statements, add_row, &rows, &message);
    pthread_mutex_unlock(&lock);
    if (code) {
        rows.size = 0;
        append(&rows, message ? message : sqlite3_errstr(code));
    }
    sqlite3_free(message);
    if (rows.cut && !code)
        return BH_EOVERFLOW;
    *failed = (uint32_t)code;
    *out_size = rows.size;
    return BH_OK;
}

static const char *open_database(void) {
    bool on_disk = true;
    enum bh_error error = disk_open("disk", "disk-info", "window");
    if (error == BH_ENOENT)
        on_disk = false;
    else if (!error)
        error = vfs_register();
    if (error && on_disk)
        return bh_strerror(error);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (sqlite3_open_v2(on_disk ? "database" : ":memory:", &database, flags, on_disk ? VFS_NAME : NULL))
        return sqlite3_errmsg(database);
    return NULL;
}

int main(void) {
    static const struct sql_methods methods = {.exec = exec};
    char port[BH_SETTING_SIZE] = "sql";
    const char *problem = open_database();
    if (problem)
        bh_panic("the database cannot be opened: %s", problem);
    (void)bh_setting("port", port, sizeof(port));
    enum bh_error error = sql_serve(port, &methods, NULL);
    if (error)
        bh_panic("cannot serve: %s", bh_strerror(error));
    bh_thread_exit();
}
