// Room in memory, looked for before something needs it.

#pragma once

#include <stdbool.h>
#include <stddef.h>

// Is there room for what a host or the engine answers? Without it the answer would be a trap.
bool room_for_answer(void);

// Raises MemoryError unless the engine has room for arguments of so many bytes, too.
void room_for_engine(size_t bytes);

// Raises MemoryError unless the engine has room to make a text of so many bytes, and we to take it.
void room_for_text(size_t bytes);
