# The exception that longjmp throws; libc and the compiler refer to it, and neither defines it.
    .globl __c_longjmp
    .tagtype __c_longjmp i32
__c_longjmp:
