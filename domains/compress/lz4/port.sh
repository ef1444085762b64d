# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
package=lz4
library='lib/lz4.c lib/lz4hc.c lib/lz4frame.c lib/xxhash.c'
flags='-Ilib -Iprograms -DXXH_NAMESPACE=LZ4_'
headers='lib/lz4.h lib/lz4frame.h'
programs='
fuzzer tests/fuzzer.c -DLZ4_STATIC_LINKING_ONLY
frametest tests/frametest.c
roundTripTest tests/roundTripTest.c
decompress-partial tests/decompress-partial.c
partial-usingDict tests/decompress-partial-usingDict.c
lz4 programs/lz4cli.c programs/lz4io.c programs/bench.c programs/datagen.c
'
