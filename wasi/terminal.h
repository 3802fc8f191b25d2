// Standard input, as the prompt and input() use it.

#pragma once

#include <stdbool.h>

#include "py/mpconfig.h"
#include "py/misc.h"

// Whether it gives every key at once, and echoes nothing: between mp_hal_stdio_mode_raw() and
// mp_hal_stdio_mode_orig(), if the host can.
bool terminal_gives_keys(void);

// Waits until a read does not have to wait. False if the program is to be interrupted.
bool terminal_wait(void);

// Adds a line without its end, of any length, and reads nothing beyond it. Returns what
// MicroPython's readline() does: 0, Ctrl-C or Ctrl-D.
int terminal_read_line(vstr_t *line, const char *prompt);
