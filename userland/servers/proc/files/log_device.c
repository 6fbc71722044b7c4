/*
 * log_device.c: /dev/kmsg, as far as it is written to: lines of programs in the log.
 */
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"

#define LINE_MOST 256

/* Of an open file: a line that has not ended yet. */
struct line {
    size_t length;
    char text[LINE_MOST + 1];
};

static void put(struct line *line, char c)
{
    bool ends = c == '\n';
    if (!ends)
        line->text[line->length++] = c;
    if (line->length && (ends || line->length == LINE_MOST)) {
        line->text[line->length] = 0;
        log_print(LOG_WARNING, "%s\n", line->text);
        line->length = 0;
    }
}

static int64_t log_write(struct thread *thread, struct open_file *file,
                         const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    char block[256];
    uint64_t address, bytes;
    (void)offset;
    if (!file->state)
        file->state = wired_alloc(sizeof(struct line));
    if (!file->state)
        return -ENOMEM;
    while (vector_piece(vector, total, thread->progress, &address, &bytes)) {
        uint64_t done = 0;
        int64_t error = client_read_part(thread, address, block,
                                         bytes < sizeof block ? bytes : sizeof block, &done);
        for (uint64_t i = 0; i < done; i++)
            put(file->state, block[i]);
        thread->progress += done;
        if (error)
            return transfer_stopped(thread, error);
        error = client_pause(thread, thread->progress, done);
        if (error && thread->progress < total)
            return error;
    }
    return (int64_t)total;
}

static void log_release(struct open_file *file)
{
    if (file->state)
        put(file->state, '\n');
    wired_free(file->state);
}

const struct file_operations log_operations = {
    .stream = true, .write = log_write, .release = log_release};
