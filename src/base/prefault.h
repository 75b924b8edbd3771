#pragma once

/*
 * Has the kernel put pages behind the heap and the program's own data, all at once. A page that is
 * touched for the first time costs an exception, and in a virtual machine that is 20 µs where the
 * page itself costs one: half of a start-up. Where it fails, everything works as it would have.
 */
void prefault(void);
