// SPDX-License-Identifier: MIT
//
// The SQL service: tables, indices, aggregates, transactions, errors, text search; on a device also what is left after a restart.
#include "sql.h"

#include <stdio.h>
#include <string.h>

#include "customer.h"
#include "kernel.h"

static bh_cap service;

// While the service, or what it stands on, is being restarted, it is asked again.
static enum bh_error exec(const char *text, uint32_t *failed, char *rows, uint32_t *size) {
    enum bh_error error;
    AWAIT(error = sql_exec(service, text, (uint32_t)strlen(text), failed, rows, size));
    return error;
}

static void expect(const char *text, uint32_t failed_wanted, const char *wanted) {
    char rows[BH_SQL_TEXT_MAX];
    uint32_t size, failed;
    EXPECT_OK(exec(text, &failed, rows, &size));
    expect_answer(text, failed, rows, size, failed_wanted, wanted);
}

static void fill(void) {
    char text[BH_SQL_TEXT_MAX];
    expect("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price REAL); CREATE INDEX by_name ON item (name)", 0, "");
    for (int block = 0; block < 40; block++) {
        int length = sprintf(text, "BEGIN;");
        for (int i = 0; i < 40; i++)
            length += sprintf(text + length, "INSERT INTO item (name, price) VALUES ('thing %d', %d.5);", (block * 40 + i) * 7919 % 1600, i);
        sprintf(text + length, "COMMIT");
        expect(text, 0, "");
    }
}

static void use(void) {
    expect("SELECT 6 * 7, 'text', NULL, 1.5, x'4142'", 0, "42|text||1.5|AB\n");
    fill();
    expect("SELECT count(*), sum(price), max(name) FROM item", 0, "1600|32000.0|thing 999\n");
    expect("SELECT id FROM item WHERE name = 'thing 1000'", 0, "601\n");
    expect("BEGIN; DELETE FROM item; SELECT count(*) FROM item; ROLLBACK; SELECT count(*) FROM item", 0, "0\n1600\n");
    expect("SELECT colour FROM item", 1, "no such column: colour");
    expect("INSERT INTO item (id) VALUES (1)", 19, "UNIQUE constraint failed: item.id");
    expect("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT sum(i) FROM n", 0, "500500\n");
    expect("CREATE VIRTUAL TABLE page USING fts5(body); INSERT INTO page VALUES ('the kernel verifies code'), ('a slot of memory'); "
           "SELECT rowid FROM page WHERE page MATCH 'kernel OR slot' ORDER BY rowid", 0, "1\n2\n");
    expect("UPDATE item SET price = price * 2 WHERE id % 2 = 0; SELECT sum(price) FROM item; PRAGMA integrity_check", 0, "48400.0\nok\n");
    char rows[BH_SQL_TEXT_MAX];
    uint32_t size, failed;
    EXPECT_ERROR(exec("SELECT name FROM item", &failed, rows, &size), BH_EOVERFLOW);
}

void sql_scenario(void) {
    service = find("sql");
    use();
}

// The disk dies now and then, and then the service does: what was committed is there.
void sql_on_disk_scenario(void) {
    uint32_t id;
    service = find("sql-on-disk");
    use();
    expect("BEGIN; DELETE FROM item WHERE id < 50; SELECT count(*) FROM item", 0, "1551\n");
    EXPECT_OK(system_domain_find(find("system"), "sqlite-on-disk", &id));
    EXPECT_OK(system_kill(find("system"), id));
    expect("SELECT count(*), sum(price) FROM item; PRAGMA integrity_check", 0, "1600|48400.0\nok\n");
    expect("DELETE FROM item WHERE id > 100; VACUUM; SELECT count(*) FROM item; PRAGMA integrity_check", 0, "100\nok\n");
}
