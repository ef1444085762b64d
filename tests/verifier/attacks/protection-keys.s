# rule: DECODE
# Opens pages that a key protects; the decoder does not even know it.
        .include "attack.inc"
        function bh_start
        wrpkru
        ret
        end bh_start
