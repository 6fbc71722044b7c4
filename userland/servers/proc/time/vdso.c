/*
 * vdso.c: the vdso is mapped as a private file is, from the bundle in place, so that a debugger may
 * write to it; the page before it is one wired page that all programs read.
 */
#include "time/vdso.h"
#include "lib/cpio.h"
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "proc.h"
#include "vdso/data.h"

#define DATA_ADDRESS  (LAYOUT_WIRED_END + (1UL << 44)) /* in proc; beyond any bundle */
#define ELF_ENTRY     24                               /* offset of e_entry */
#define ELF_ENTRY_END 32

static struct {
    uint64_t pages, bundle_page, entry;
    handle data; /* readable only: no program can make it writable */
} vdso;
static struct vdso_data before_data; /* in case there is no page */
static volatile struct vdso_data *data = &before_data;

/* The page for the time. 0 or a negated errno. */
static int64_t make_data(void)
{
    int64_t object = create_wired(1, HANDLE_NONE);
    if (object < 0)
        return object;
    int64_t error = region_map(HANDLE_SPACE, DATA_ADDRESS, 1, MAP_READ | MAP_WRITE | MAP_POPULATE,
                               (handle)object, 0, 0, 0);
    int64_t readable = error ? error : handle_dup((handle)object, RIGHT_READ, 0, 0);
    handle_close((handle)object);
    if (readable < 0)
        return readable;
    vdso.data = (handle)readable;
    data = (volatile struct vdso_data *)DATA_ADDRESS;
    data->realtime = before_data.realtime;
    return 0;
}

void vdso_init(const void *archive, size_t bytes)
{
    struct cpio_entry entry;
    if (cpio_find(archive, bytes, "vdso", &entry) != 1 || entry.offset & (PAGE_SIZE - 1) ||
        entry.size < ELF_ENTRY_END) {
        log_print(LOG_ERROR, "proc: the bundle has no vdso\n");
        return;
    }
    int64_t error = make_data();
    if (error) {
        log_print(LOG_ERROR, "proc: no vdso: %s\n", error_name(error));
        return;
    }
    memcpy(&vdso.entry, (const char *)entry.data + ELF_ENTRY, sizeof vdso.entry);
    vdso.bundle_page = entry.offset >> PAGE_SHIFT;
    vdso.pages = (entry.size + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

int64_t vdso_map(struct memory *memory)
{
    struct layout *layout = &memory->layout;
    uint64_t code = layout->top - (vdso.pages << PAGE_SHIFT), before = code - PAGE_SIZE;
    if (!vdso.pages)
        return 0;
    int64_t error = region_map(memory->space, before, 1, MAP_READ | MAP_POPULATE | ADVICE_SHARED,
                               vdso.data, 0, 0, 0);
    if (!error)
        error =
            region_map(memory->space, code, vdso.pages, MAP_READ | MAP_EXEC | MAP_POPULATE,
                       memory->object, code >> PAGE_SHIFT, configuration.bundle, vdso.bundle_page);
    if (error)
        return error;
    layout->top = layout->next = layout->hole = layout->hole_end = before;
    layout->vdso = code;
    memory->pages += 1 + vdso.pages;
    return 0;
}

uint64_t vdso_sigreturn(const struct memory *memory)
{
    return memory->layout.vdso ? memory->layout.vdso + vdso.entry : 0;
}

int64_t clock_realtime(void)
{
    return data->realtime;
}

void clock_set_realtime(int64_t nanoseconds)
{
    data->realtime = nanoseconds;
}
