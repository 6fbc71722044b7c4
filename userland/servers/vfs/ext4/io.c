/*
 * io.c: libext2fs's io_manager over the cache. Reads come in blocks of 1024 bytes until the
 * superblock is known, then in blocks; writes are whole blocks, and become dirty in the cache with
 * the class that file_system.writing says.
 */
#include "io.h"
#include <stdlib.h>
#include <string.h>

static struct file_system *opening;
static struct struct_io_manager manager;

static struct file_system *fs_of(io_channel channel)
{
    return channel->private_data;
}

static errcode_t io_open(const char *name, int flags, io_channel *channel)
{
    (void)flags;
    io_channel made = calloc(1, sizeof *made);
    char *copy = calloc(1, strlen(name) + 1);
    if (!made || !copy) {
        free(made);
        free(copy);
        return EXT2_ET_NO_MEMORY;
    }
    strcpy(copy, name);
    *made = (struct struct_io_channel){.magic = EXT2_ET_MAGIC_IO_CHANNEL,
                                       .manager = &manager,
                                       .name = copy,
                                       .block_size = 1024,
                                       .refcount = 1,
                                       .private_data = opening};
    *channel = made;
    return 0;
}

static errcode_t io_close(io_channel channel)
{
    if (--channel->refcount > 0)
        return 0;
    free(channel->name);
    free(channel);
    return 0;
}

static errcode_t io_set_block_size(io_channel channel, int bytes)
{
    if (bytes < 1024 || bytes > 65536)
        return EXT2_ET_UNEXPECTED_BLOCK_SIZE;
    channel->block_size = bytes;
    return 0;
}

/* `count` blocks, or -count bytes. */
static errcode_t io_read64(io_channel channel, unsigned long long block, int count, void *data)
{
    struct file_system *fs = fs_of(channel);
    uint64_t size = (uint64_t)channel->block_size;
    uint64_t bytes = count < 0 ? (uint64_t) - (int64_t)count : (uint64_t)count * size;
    if (block > UINT64_MAX / 65536 / 2)
        return EXT2_ET_BAD_BLOCK_NUM;
    uint64_t at = block * size;
    while (bytes) {
        struct cached *cached;
        uint64_t offset = at % BLOCK_BYTES;
        uint64_t step = BLOCK_BYTES - offset < bytes ? BLOCK_BYTES - offset : bytes;
        int64_t error = cache_get(&fs->cache, at / BLOCK_BYTES, &cached);
        if (error)
            return error == -ENOMEM   ? EXT2_ET_NO_MEMORY
                   : error == -EINVAL ? EXT2_ET_BAD_BLOCK_NUM
                                      : EIO;
        memcpy(data, cached->data + offset, step);
        data = (char *)data + step;
        at += step;
        bytes -= step;
    }
    return 0;
}

static errcode_t io_read(io_channel channel, unsigned long block, int count, void *data)
{
    return io_read64(channel, block, count, data);
}

static errcode_t io_write64(io_channel channel, unsigned long long block, int count,
                            const void *data)
{
    struct file_system *fs = fs_of(channel);
    if (channel->block_size != BLOCK_BYTES || count < 0)
        return EXT2_ET_UNIMPLEMENTED;
    for (int i = 0; i < count; i++) {
        struct cached *cached;
        int64_t error = cache_get(&fs->cache, block + (unsigned)i, &cached);
        if (!error)
            error = cache_dirty(&fs->cache, cached, fs->writing);
        if (error)
            return error == -ENOMEM ? EXT2_ET_NO_MEMORY : EIO;
        memcpy(cached->data, (const char *)data + (size_t)i * BLOCK_BYTES, BLOCK_BYTES);
    }
    return 0;
}

static errcode_t io_write(io_channel channel, unsigned long block, int count, const void *data)
{
    return io_write64(channel, block, count, data);
}

static errcode_t io_flush(io_channel channel)
{
    (void)channel;
    return 0; /* commit.c does */
}

static errcode_t io_readahead(io_channel channel, unsigned long long block,
                              unsigned long long count)
{
    struct file_system *fs = fs_of(channel);
    if (channel->block_size == BLOCK_BYTES)
        cache_prefetch(&fs->cache, block, count < 32 ? (uint32_t)count : 32);
    return 0;
}

static struct struct_io_manager manager = {
    .magic = EXT2_ET_MAGIC_IO_MANAGER,
    .name = "cache",
    .open = io_open,
    .close = io_close,
    .set_blksize = io_set_block_size,
    .read_blk = io_read,
    .write_blk = io_write,
    .flush = io_flush,
    .read_blk64 = io_read64,
    .write_blk64 = io_write64,
    .cache_readahead = io_readahead,
};

io_manager io_for(struct file_system *fs)
{
    opening = fs;
    return &manager;
}
