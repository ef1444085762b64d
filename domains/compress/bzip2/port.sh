# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
package=bzip2
library='blocksort.c huffman.c crctable.c randtable.c compress.c decompress.c bzlib.c'
flags='-I. -D_FILE_OFFSET_BITS=64'
headers=bzlib.h
programs='
bzip2 bzip2.c
'
