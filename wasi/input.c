// Lines from standard input, for the prompt and for input(): of any length, and without reading ahead of what sys.stdin reads.

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "py/mphal.h"
#include "input.h"

#define FIRST_SIZE (128)

// A line without its end; nothing at the end of the input. The caller frees it.
char *prompt(char *p) {
    size_t size = FIRST_SIZE, length = 0;
    char *line = malloc(size);
    char c = 0;
    mp_hal_stdout_tx_str(p);
    while (line != NULL && read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
        line[length++] = c;
        if (length == size) {
            char *larger = realloc(line, size *= 2);
            if (larger == NULL) {
                free(line);
            }
            line = larger;
        }
    }
    if (line == NULL) {
        return NULL;
    }
    if (length == 0 && c != '\n') {
        free(line);
        return NULL;
    }
    line[length] = 0;
    return line;
}

void prompt_read_history(void) {
    // the terminal's own line editing has none
}

void prompt_write_history(void) {
}
