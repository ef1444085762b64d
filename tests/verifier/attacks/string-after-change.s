# rule: STRING
# Between check and use %rdi changes.
        .include "attack.inc"
        function bh_start
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        addq %rax, %rdi
        stosq
        ret
        end bh_start
