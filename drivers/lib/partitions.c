#include "drivers/lib/partitions.h"

#define TABLE       446
#define ENTRY_BYTES 16
#define ENTRY_TYPE  4
#define ENTRY_FIRST 8
#define ENTRY_COUNT 12
#define SIGNATURE   510

static uint64_t little_endian(const uint8_t *bytes)
{
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint64_t)bytes[3] << 24;
}

static bool overlap(const struct partition *a, const struct partition *b)
{
    return a->first < b->first + b->sectors && b->first < a->first + a->sectors;
}

/* May there be this partition beside those before it? */
static bool fits(const struct partitions *partitions, unsigned number, const struct partition *new)
{
    uint64_t size = partitions->at[0].sectors;
    if (!new->first || new->first >= size || new->sectors > size - new->first)
        return false;
    for (unsigned i = 1; i < number; i++)
        if (overlap(&partitions->at[i], new))
            return false;
    return true;
}

void partitions_read(struct partitions *partitions, const uint8_t *mbr, uint64_t sectors)
{
    *partitions = (struct partitions){.at[0].sectors = sectors};
    if (!mbr || mbr[SIGNATURE] != 0x55 || mbr[SIGNATURE + 1] != 0xaa)
        return;
    for (unsigned i = 1; i <= BLOCK_PARTITIONS; i++) {
        const uint8_t *entry = mbr + TABLE + (i - 1) * ENTRY_BYTES;
        struct partition new = {little_endian(entry + ENTRY_FIRST),
                                little_endian(entry + ENTRY_COUNT)};
        if (!entry[ENTRY_TYPE] || !new.sectors)
            continue;
        if (fits(partitions, i, &new))
            partitions->at[i] = new;
        else
            partitions->wrong |= 1u << i;
    }
}

bool partitions_find(const struct partitions *partitions, uint64_t badge, uint64_t sector,
                     uint64_t sectors, uint64_t *first)
{
    if (badge > BLOCK_PARTITIONS || !sectors)
        return false;
    const struct partition *partition = &partitions->at[badge];
    if (sector >= partition->sectors || sectors > partition->sectors - sector)
        return false;
    *first = partition->first + sector;
    return true;
}
