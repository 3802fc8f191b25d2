// The line editor of the prompt and of input(): MicroPython's own, with characters of UTF-8. It
// edits bytes, and draws each byte as a column. Here its drawing is discarded, the bytes of a
// character are kept together, and the changed part of the line is drawn anew.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "py/mphal.h"
#include "py/runtime.h"
#include "py/unicode.h"
#include "terminal.h"

// What the terminal shows of the line, and where its cursor is.
static struct {
    char *text;
    size_t length;
    size_t cursor;
    bool gone; // the prompt was printed anew
} shown;

static void print_around(const char *text) {
    mp_hal_stdout_tx_str(text);
    shown.gone = true;
}

#define MICROPY_HAL_HAS_VT100 (0)
#define mp_hal_move_cursor_back(columns) ((void)0)
#define mp_hal_erase_line_from_cursor(columns) ((void)0)
#define mp_hal_stdout_tx_strn(text, length) ((void)0)
#define mp_hal_stdout_tx_str(text) print_around(text) // the prompt, or the end of the line
#define unichar_isalnum(c) ((c) & 0x80 || unichar_isalnum(c))
#define readline edit_bytes
#include "shared/readline/readline.c"
#undef mp_hal_stdout_tx_strn
#undef mp_hal_stdout_tx_str
#undef readline

static char *line_text(void) {
    return rl.line->buf + rl.orig_line_len;
}

static size_t line_length(void) {
    return rl.line->len - rl.orig_line_len;
}

static size_t line_cursor(void) {
    return rl.cursor_pos - rl.orig_line_len;
}

static bool is_inside(char byte) {
    return (byte & 0xc0) == 0x80; // of a character, not its first byte
}

/* Drawing */

static size_t columns(const char *text, size_t length) {
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        if (!is_inside(text[i])) {
            int width = wcwidth(utf8_get_char((const byte *)text + i));
            count += width < 0 ? 1 : width;
        }
    }
    return count;
}

static void move_back(const char *text, size_t length) {
    size_t count = columns(text, length);
    char command[24];
    if (count > 0) {
        mp_hal_stdout_tx_strn(command, snprintf(command, sizeof(command), count == 1 ? "\b" : "\x1b[%uD", (unsigned)count));
    }
}

// Moves the cursor from one place of the shown text to another.
static void move(const char *text, size_t from, size_t to) {
    if (from > to) {
        move_back(text + to, from - to);
    } else if (from < to) {
        mp_hal_stdout_tx_strn(text + from, to - from);
    }
}

static void draw(void) {
    const char *text = line_text();
    size_t length = line_length(), same = 0;
    while (same < length && same < shown.length && text[same] == shown.text[same]) {
        same++;
    }
    while (same > 0 && ((same < length && is_inside(text[same])) || (same < shown.length && is_inside(shown.text[same])))) {
        same--;
    }
    if (same < length || same < shown.length) {
        move(shown.text, shown.cursor, same);
        mp_hal_stdout_tx_strn(text + same, length - same);
        if (columns(shown.text + same, shown.length - same) > columns(text + same, length - same)) {
            mp_hal_stdout_tx_str("\x1b[K");
        }
        shown.cursor = length;
    }
    move(text, shown.cursor, line_cursor());
    shown.cursor = line_cursor();
    shown.length = length;
    char *larger = realloc(shown.text, length + 1);
    if (larger == NULL) {
        m_malloc_fail(length + 1);
    }
    shown.text = memcpy(larger, text, length);
}

/* Keys */

// A key has moved the cursor or removed a byte: does the same for the rest of the character.
static void complete(void) {
    size_t length = line_length(), cursor = line_cursor();
    if (length == shown.length) {
        bool back = cursor < shown.cursor;
        while (cursor < length && is_inside(line_text()[cursor])) {
            cursor += back ? -1 : 1;
        }
        rl.cursor_pos = rl.orig_line_len + cursor;
    } else if (length < shown.length) {
        size_t end = cursor + shown.length - length;
        for (; end < shown.length && is_inside(shown.text[end]); end++) {
            vstr_cut_out_bytes(rl.line, rl.cursor_pos, 1);
        }
        for (; cursor > 0 && is_inside(shown.text[cursor]); cursor--) {
            vstr_cut_out_bytes(rl.line, --rl.cursor_pos, 1);
        }
    }
}

// Returns what readline() is to return, or -1.
static int press(int c) {
    int entry = rl.hist_cur;
    int end = readline_process_char(c);
    if (end < 0 && rl.hist_cur == entry) {
        complete();
    }
    return end;
}

// A character that is not ASCII, of which this is the first byte.
static int insert(int c) {
    char bytes[4] = { c };
    size_t count = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    for (size_t i = 1; i < count; i++) {
        c = mp_hal_stdin_rx_chr();
        if (!is_inside(c)) {
            return press(c); // the terminal does not speak UTF-8
        }
        bytes[i] = c;
    }
    for (size_t i = 0; i < count; i++) {
        vstr_ins_byte(rl.line, rl.cursor_pos++, bytes[i]);
    }
    return -1;
}

static int edit(vstr_t *line, const char *prompt) {
    readline_init(line, prompt);
    for (;;) {
        if (shown.gone) {
            shown.length = shown.cursor = 0;
            shown.gone = false;
        }
        draw();
        int c = mp_hal_stdin_rx_chr();
        int end = c >= 0xc0 ? insert(c) : press(c);
        if (end >= 0) {
            return end;
        }
    }
}

int readline(vstr_t *line, const char *prompt) {
    return terminal_gives_keys() ? edit(line, prompt) : terminal_read_line(line, prompt);
}
