#pragma once

#include "base/error.h"

/*
 * Runs busted inside this program, so that the interpreter is the Lua that policies run on. `words`
 * are busted's own arguments, NULL-terminated. Returns busted's exit status (0: all passed), or
 * -ENOENT with a sentence where busted is not installed. This state is an ordinary one, for specs:
 * no policy runs in it; T.load makes a closed one for each.
 */
int lua_busted_run(const char *const *words, struct error *err);
