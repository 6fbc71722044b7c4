/*
 * text.c: text that grows, and files whose contents are text made when they are read. What is
 * read at position 0 is made anew, so whoever keeps such a file open and reads it again from the
 * start sees what is true then.
 */
#include "lib/format.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"

#define FIRST_ROOM 256
#define WRITE_MOST PAGE_SIZE

/* Makes room for that many more bytes and a 0. */
static bool make_room(struct text *text, size_t count)
{
    size_t room = text->room ? text->room : FIRST_ROOM;
    if (text->failed)
        return false;
    while (room - text->length < count + 1)
        room *= 2;
    if (room == text->room)
        return true;
    char *larger = wired_resize(text->bytes, room);
    if (!larger) {
        text->failed = true;
        return false;
    }
    text->bytes = larger;
    text->room = room;
    return true;
}

void text_add(struct text *text, const char *format, ...)
{
    va_list arguments, again;
    if (!make_room(text, 0))
        return;
    va_start(arguments, format);
    va_copy(again, arguments);
    size_t room = text->room - text->length;
    size_t wanted = format_text_v(text->bytes + text->length, room, format, arguments);
    if (wanted >= room && make_room(text, wanted))
        format_text_v(text->bytes + text->length, wanted + 1, format, again);
    if (!text->failed)
        text->length += wanted;
    va_end(again);
    va_end(arguments);
}

void text_add_bytes(struct text *text, const void *bytes, size_t count)
{
    if (!make_room(text, count))
        return;
    memcpy(text->bytes + text->length, bytes, count);
    text->length += count;
}

void text_free(struct text *text)
{
    wired_free(text->bytes);
    *text = (struct text){0};
}

static int64_t make_text(struct thread *thread, struct open_file *file)
{
    struct text *text = file->state;
    if (!text)
        text = file->state = wired_alloc(sizeof *text);
    if (!text)
        return -ENOMEM;
    text_free(text);
    int64_t error = file->node->text->make(thread, file->node, text);
    if (!error && text->failed)
        error = -ENOMEM;
    if (error)
        text_free(text);
    return error;
}

static int64_t text_read(struct thread *thread, struct open_file *file,
                         const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    uint64_t address, bytes;
    if (!file->state || (offset == 0 && thread->progress == 0)) {
        int64_t error = make_text(thread, file);
        if (error)
            return error;
    }
    const struct text *text = file->state;
    if (offset >= text->length)
        return 0;
    if (total > text->length - offset)
        total = text->length - offset;
    while (vector_piece(vector, total, thread->progress, &address, &bytes)) {
        uint64_t done = 0;
        int64_t error = client_write_part(thread, address, text->bytes + offset + thread->progress,
                                          bytes, &done);
        thread->progress += done;
        if (error)
            return transfer_stopped(thread, error);
    }
    return (int64_t)total;
}

static int64_t text_write(struct thread *thread, struct open_file *file,
                          const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    uint64_t address, bytes;
    char *buffer;
    int64_t error = 0;
    (void)offset;
    if (!file->node->text->take || total >= WRITE_MOST)
        return -EINVAL;
    buffer = wired_alloc(total + 1);
    if (!buffer)
        return -ENOMEM;
    for (uint64_t at = 0; !error && vector_piece(vector, total, at, &address, &bytes); at += bytes)
        error = client_read(thread, address, buffer + at, bytes);
    if (!error)
        error = file->node->text->take(thread, file->node, buffer, total);
    wired_free(buffer);
    return error ? error : (int64_t)total;
}

static void text_release(struct open_file *file)
{
    if (file->state)
        text_free(file->state);
    wired_free(file->state);
}

const struct file_operations text_file_operations = {
    .read = text_read, .write = text_write, .release = text_release};
