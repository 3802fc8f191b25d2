// Standard input: keys where the host gives a terminal that hands on every key, lines elsewhere.

#include <errno.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/readline/readline.h"
#include "terminal.h"
#include "wait.h"

static bool keys; // the terminal gives every key
static bool fresh; // and has given none yet

bool terminal_gives_keys(void) {
    return keys;
}

void mp_hal_stdio_mode_raw(void) {
    keys = fresh = micropython_ssl_host_raw_terminal(true);
}

void mp_hal_stdio_mode_orig(void) {
    if (keys) {
        micropython_ssl_host_raw_terminal(false);
        keys = false;
    }
}

bool terminal_wait(void) {
    static pollable_t input;
    if (input.__handle == 0) {
        static wasi_cli_stdin_own_input_stream_t stream; // never dropped: the pollable belongs to it
        stream = wasi_cli_stdin_get_stdin();
        input = wasi_io_streams_method_input_stream_subscribe(wasi_io_streams_borrow_input_stream(stream));
    }
    while (!wait_for(input, -1)) {
        mp_wasi_check_interrupt();
        if (MP_STATE_MAIN_THREAD(mp_pending_exception) != MP_OBJ_NULL) {
            return false; // also when the wait has asked the host
        }
    }
    return true;
}

// The next byte, or a control character: Ctrl-C when the program is to be interrupted, Ctrl-D at
// the end of the input.
static int next(void) {
    unsigned char c;
    ssize_t count = read(STDIN_FILENO, &c, 1);
    if (count < 0 && errno == EINTR) {
        mp_handle_pending(false); // whoever gets the character decides what it means
        return CHAR_CTRL_C;
    }
    // A Ctrl-D that was typed just before the terminal gave every key arrives as NUL.
    bool ends = count != 1 || (fresh && c == 0);
    fresh = false;
    return ends ? CHAR_CTRL_D : c;
}

int mp_hal_stdin_rx_chr(void) {
    int c = next();
    return c == '\n' ? '\r' : c;
}

int terminal_read_line(vstr_t *line, const char *prompt) {
    size_t begin = line->len;
    mp_hal_stdout_tx_str(prompt);
    for (;;) {
        int c = next();
        if (c == '\n') {
            return 0;
        }
        if (c == CHAR_CTRL_C) {
            return c;
        }
        if (c == CHAR_CTRL_D) {
            return line->len > begin ? 0 : c;
        }
        vstr_add_byte(line, c);
    }
}
