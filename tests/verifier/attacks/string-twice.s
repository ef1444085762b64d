# rule: STRING
# A second string instruction behind the first, with %rdi moved on.
        .include "attack.inc"
        function bh_start
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        stosq
        stosq
        ret
        end bh_start
