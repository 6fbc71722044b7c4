/*
 * main.c: `argument` names the parts, in this order: read write new size hole crowd bench; then the
 * file system is unmounted, or with `stay` left as a power cut would.
 */
#include "load.h"
#include <stdarg.h>

static _Noreturn void end_machine(int status)
{
    debug(startup_handle_needed("system"), DEBUG_EXIT, (uint64_t)status, 0);
    native_exit(status);
}

void fail(const char *file, int line, const char *what, const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    format_text_v(text, sizeof text, format, arguments);
    va_end(arguments);
    log_print(LOG_ERROR, "file-load: %s:%d: failed: %s: %s\n", file, line, what, text);
    end_machine(1);
}

void passed(const char *part)
{
    log_print(LOG_NOTICE, "file-load: %s: passed\n", part);
}

static bool wanted(const char *name)
{
    size_t length = strlen(name);
    for (const char *at = startup_argument(); *at; at++)
        if (!strncmp(at, name, length) && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

int main(const struct startup *startup)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {{"read", read_part},  {"write", write_part}, {"new", new_part},
                 {"size", size_part},  {"hole", hole_part},   {"crowd", crowd_part},
                 {"bench", bench_part}};
    (void)startup;
    client_open();
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
        if (wanted(parts[i].name))
            parts[i].run();
    if (!wanted("stay")) {
        int64_t error = ask_file(FILE_SYNC, 0, 0, 0, FILE_SYNC_METADATA, 0, NULL);
        WANT(!error, "sync: %s", error_name(error));
        error = client_unmount();
        passed(error ? error_name(error) : "unmount");
    }
    end_machine(0);
}
