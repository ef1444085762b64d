# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
package=sqlite3
library='sqlite3.c'
flags='-I. -Itest -Iext/recover -DSQLITE_THREADSAFE=1 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_WAL -DSQLITE_MAX_MMAP_SIZE=0 -DSQLITE_TEMP_STORE=3 -DSQLITE_ENABLE_MEMSYS5 -DSQLITE_OSS_FUZZ -DSQLITE_PRINTF_PRECISION_LIMIT=1000 -DSQLITE_ENABLE_FTS4 -DSQLITE_ENABLE_FTS3_PARENTHESIS -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_RTREE -DSQLITE_ENABLE_GEOPOLY -DSQLITE_ENABLE_DBSTAT_VTAB -DSQLITE_ENABLE_BYTECODE_VTAB'
headers='sqlite3.h'
confined='--call-as=agginfoFree:sqlite3DbFree --call-as=sqlite3DeleteReturning:sqlite3DbFree --call-as=sqlite3DeleteTable:sqlite3DbFree --call-as=sqlite3ExprDelete:sqlite3DbFree --call-as=sqlite3ExprListDelete:sqlite3DbFree --call-as=sqlite3SelectDelete:sqlite3DbFree --call-as=sqlite3WithDelete:sqlite3DbFree --call-as=jsonParseFree:sqlite3_free' # casts in its source
programs='
speedtest1 test/speedtest1.c
kvtest test/kvtest.c
fuzzcheck test/fuzzcheck.c test/ossfuzz.c test/fuzzinvariants.c ext/recover/dbdata.c ext/recover/sqlite3recover.c test/vt02.c
'
prepare() { # the one big file that the library is published as
    ./configure --disable-tcl --disable-readline --disable-load-extension
    make sqlite3.c
}
