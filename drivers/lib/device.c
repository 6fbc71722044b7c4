#include "drivers/lib/device.h"
#include "lib/errors.h"
#include "lib/format.h"

int64_t device_map(const char *name, uintptr_t at, volatile void **registers, uint64_t *bytes)
{
    const struct startup_handle *given = startup_find(name);
    if (!given || !given->bytes)
        return -ENXIO;
    uint64_t pages = (given->offset + given->bytes + PAGE_SIZE - 1) / PAGE_SIZE;
    int64_t error =
        region_map(HANDLE_SPACE, at, pages, MAP_READ | MAP_WRITE, given->handle, 0, 0, 0);
    if (error < 0)
        return error;
    *registers = (volatile void *)(at + given->offset);
    if (bytes)
        *bytes = given->bytes;
    return 0;
}

int64_t device_bind_interrupt(const char *name, handle endpoint, uint64_t badge, uint64_t bits)
{
    char irq_name[STARTUP_NAME_BYTES];
    format_text(irq_name, sizeof irq_name, "%s.irq", name);
    handle irq = startup_handle(irq_name);
    if (!irq)
        return -ENXIO;
    int64_t notification = create_notification(badge, endpoint);
    if (notification < 0)
        return notification;
    int64_t error = irq_bind(irq, (handle)notification, bits);
    handle_close((handle)notification); /* the line keeps it */
    return error < 0 ? error : (int64_t)irq;
}
