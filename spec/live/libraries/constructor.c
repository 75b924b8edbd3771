/*
 * A library that runs code when it is loaded: with WORD 66 it ends the process, with any other it
 * does nothing. Two that differ in WORD alone have the same layout, so halves of them fit together.
 */
#include <unistd.h>

__attribute__((constructor)) static void when_loaded(void)
{
	volatile int word = WORD;

	if (word == 66)
		_exit(66);
}

__attribute__((visibility("default"))) int the_word(void);
int the_word(void)
{
	volatile int word = WORD;

	return word;
}
