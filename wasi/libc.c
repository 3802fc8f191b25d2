// What the unix port asks of libc, where libc for WASI differs.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "py/mpprint.h"
#include "py/unicode.h"
#include "bindings/interpreter.h"
#include "terminal.h"

// The Makefile gives these the names of ours in all units.
#undef chdir
#undef fsync
#undef mkdir
#undef open
#undef opendir
#undef read
#undef rename
#undef rmdir
#undef stat
#undef unlink
int chdir(const char *path);
int fsync(int file);
int mkdir(const char *path, mode_t mode);
int open(const char *path, int flags, ...);
DIR *opendir(const char *path);
ssize_t read(int file, void *buffer, size_t length);
int rename(const char *from, const char *to);
int rmdir(const char *path);
int stat(const char *restrict path, struct stat *restrict status);
int unlink(const char *path);

extern char *__wasilibc_cwd; // from malloc as soon as libc's chdir has been called

// libc's realpath looks at every folder of a path, but a program cannot look at those above the
// folders that it was granted. This one looks at the file only, and leaves symbolic links as they
// are.
//
// The absolute path of a file that exists, without `.`, `..` and repeated slashes. `resolved` has
// to be NULL; the caller frees the path.
char *realpath(const char *restrict path, char *restrict resolved) {
    struct stat status;
    if (mp_wasi_stat(path, &status) != 0) {
        return NULL;
    }
    char *folder = path[0] == '/' ? calloc(1, 1) : getcwd(NULL, 0);
    char *result = folder == NULL ? NULL : malloc(strlen(folder) + strlen(path) + 3);
    if (result == NULL) {
        free(folder);
        return NULL;
    }
    size_t length = strlen(folder);
    memcpy(result, folder, length);
    free(folder);
    if (length == 1) {
        length = 0; // the root, whose slash comes with what follows
    }
    while (*path) {
        size_t part = strcspn(path, "/");
        if (part == 2 && path[0] == '.' && path[1] == '.') {
            while (length > 0 && result[--length] != '/') {
            }
        } else if (part > 0 && !(part == 1 && path[0] == '.')) {
            result[length++] = '/';
            memcpy(result + length, path, part);
            length += part;
        }
        path += part + (path[part] == '/');
    }
    if (length == 0) {
        result[length++] = '/';
    }
    result[length] = 0;
    return result;
}

// After libc's chdir to `..` the current folder is `/sub/..`. It would end with `/sub`.
int mp_wasi_chdir(const char *path) {
    char *folder = realpath(path, NULL);
    if (folder == NULL) {
        return -1;
    }
    if (chdir(folder) != 0) {
        free(folder);
        return -1;
    }
    free(__wasilibc_cwd);
    __wasilibc_cwd = folder;
    return 0;
}

// To libc an empty path is the current folder. To the host one that is not UTF-8 is a trap.
static bool is_path(const char *path) {
    errno = path[0] == 0 ? ENOENT : EILSEQ;
    return path[0] != 0 && utf8_check((const byte *)path, strlen(path));
}

// Linux reads where neither reading nor writing was asked for, as in open(path, "b").
int mp_wasi_open(const char *path, int flags, ...) {
    if (!is_path(path)) {
        return -1;
    }
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open(path, flags & O_RDWR ? flags : flags | O_RDONLY, mode);
}

DIR *mp_wasi_opendir(const char *path) {
    return is_path(path) ? opendir(path) : NULL;
}

int mp_wasi_mkdir(const char *path, mode_t mode) {
    return is_path(path) ? mkdir(path, mode) : -1;
}

int mp_wasi_rename(const char *from, const char *to) {
    return is_path(from) && is_path(to) ? rename(from, to) : -1;
}

int mp_wasi_rmdir(const char *path) {
    return is_path(path) ? rmdir(path) : -1;
}

int mp_wasi_stat(const char *restrict path, struct stat *restrict status) {
    return is_path(path) ? stat(path, status) : -1;
}

int mp_wasi_unlink(const char *path) {
    return is_path(path) ? unlink(path) : -1;
}

// The standard streams are not buffered here, so their flush() does nothing. In wasmtime libc's
// would fail.
int mp_wasi_fsync(int file) {
    return file <= STDERR_FILENO ? 0 : fsync(file);
}

// wasmtime reports that a folder is no open file. Standard input is waited for here, so that the
// wait can be interrupted.
ssize_t mp_wasi_read(int file, void *buffer, size_t length) {
    if (file == STDIN_FILENO && !terminal_wait()) {
        errno = EINTR;
        return -1;
    }
    ssize_t count = read(file, buffer, length);
    struct stat status;
    if (count < 0 && errno == EBADF && fstat(file, &status) == 0 && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
    }
    return count;
}

// Relative paths begin at the host's initial folder if it is granted, else at the root.
__attribute__((constructor)) static void enter_first_folder(void) {
    interpreter_string_t folder;
    if (wasi_cli_environment_initial_cwd(&folder)) {
        char *path = strndup((char *)folder.ptr, folder.len);
        if (path != NULL) {
            mp_wasi_chdir(path);
        }
        free(path);
        interpreter_string_free(&folder);
    }
}

// libc ends a program by the first preview's proc_exit, whose adapter keeps success and failure
// apart only.
static int exit_code;

static void exit_with_code(void) {
    fflush(NULL);
    wasi_cli_exit_exit_with_code(exit_code);
}

// exit() and main() of the unix port's main.c, which the Makefile gives these names.
_Noreturn void mp_wasi_exit(int code) {
    exit_code = code;
    exit(code);
}

int mp_wasi_main(int argc, char **argv);

extern const mp_print_t mp_stderr_print; // of the unix port's main.c

// malloc() of the unix port's main.c, which does not look at what it gets: the heap.
void *mp_wasi_malloc(size_t size) {
    void *memory = malloc(size);
    if (memory == NULL) {
        mp_printf(&mp_stderr_print, "micropython: there is no memory for %u bytes\n", (unsigned)size);
        mp_wasi_exit(1);
    }
    return memory;
}

static char *text_of(const interpreter_string_t *string) {
    char *text = mp_wasi_malloc(string->len + 1);
    memcpy(text, string->ptr, string->len);
    text[string->len] = 0;
    return text;
}

// libc asks the first preview's adapter for arguments and environment, which traps where there are
// more than 64 KB of them. So they come from the host here.
char **__wasilibc_environ;

static void get_environment(void) {
    interpreter_list_tuple2_string_string_t variables;
    wasi_cli_environment_get_environment(&variables);
    for (size_t i = 0; i < variables.len; i++) {
        char *name = text_of(&variables.ptr[i].f0);
        char *value = text_of(&variables.ptr[i].f1);
        setenv(name, value, true);
        free(name);
        free(value);
    }
    interpreter_list_tuple2_string_string_free(&variables);
}

int main(void) {
    atexit(exit_with_code); // the first that is registered is the last that is called
    get_environment();
    interpreter_list_string_t arguments;
    wasi_cli_environment_get_arguments(&arguments);
    char **argv = mp_wasi_malloc((arguments.len + 1) * sizeof(char *));
    for (size_t i = 0; i < arguments.len; i++) {
        argv[i] = text_of(&arguments.ptr[i]);
    }
    argv[arguments.len] = NULL;
    interpreter_list_string_free(&arguments);
    mp_wasi_exit(mp_wasi_main(arguments.len, argv));
}
