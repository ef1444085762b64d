# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
package=libzstd
library='lib/common/*.c lib/compress/*.c lib/decompress/*.c lib/dictBuilder/*.c'
flags='-Ilib -Ilib/common -Ilib/compress -Ilib/dictBuilder -Iprograms -DXXH_NAMESPACE=ZSTD_ -DZSTD_DISABLE_ASM=1 -DDYNAMIC_BMI2=0 -DZSTD_MULTITHREAD=1 -DZSTD_TRACE=0 -D_GNU_SOURCE'
headers='lib/zstd.h lib/zstd_errors.h'
programs='
fuzzer tests/fuzzer.c programs/timefn.c programs/datagen.c programs/util.c
zstreamtest tests/zstreamtest.c tests/seqgen.c tests/external_matchfinder.c programs/timefn.c programs/datagen.c programs/util.c
invalidDictionaries tests/invalidDictionaries.c
zstd programs/zstdcli.c programs/fileio.c programs/fileio_asyncio.c programs/dibio.c programs/util.c programs/timefn.c programs/datagen.c programs/zstdcli_trace.c -DZSTD_NOBENCH
'
