// sources: tests/unit/device_tree.c userland/servers/root/board.c kernel/boot/tree.c
// sources: kernel/boot/fdt.c kernel/boot/memory.c kernel/boot/arguments.c
// sources: kernel/debug/console.c kernel/debug/printf.c platform/platform.c
// flags: -lfdt -Iuserland
/*
 * Where root finds devices: in QEMU's own tree, and in the same with one property spoilt.
 */
#include "device_tree.h"
#include "servers/root/board.h"
#include <stdio.h>

#define PCI_NODE "/pcie@10000000"

static struct pci_host host;

/* QEMU's tree with room for changes, or NULL where there is no QEMU; for the caller to free. */
static void *virt(const char *gic)
{
    char command[256];
    size_t size;
    if (system("command -v qemu-system-aarch64 >/dev/null") != 0) {
        printf("# qemu-system-aarch64 is missing: its tree was not read\n");
        return NULL;
    }
    snprintf(command, sizeof command,
             "f=$(mktemp) && timeout 30 qemu-system-aarch64 -M virt,gic-version=%s,dumpdtb=$f "
             "-cpu cortex-a72 -m 256M -nic none 2>/dev/null && cat $f && rm $f",
             gic);
    void *tree = output_of(command, &size), *roomy = malloc(size + 4096);
    CHECK_EQUAL(fdt_open_into(tree, roomy, (int)size + 4096), 0);
    free(tree);
    return roomy;
}

static void check_virt(void *tree)
{
    struct range registers;
    uint32_t intid;
    CHECK(board_pci_host(tree, &host));
    check_range(host.ecam, 0x4010000000, 1 << 20);
    check_range(host.window, 0x10000000, 0x2eff0000);
    CHECK_EQUAL(host.window_pci, 0x10000000);
    for (unsigned device = 0; device < 32; device++)
        for (unsigned pin = 1; pin <= 4; pin++)
            CHECK_EQUAL(board_pci_interrupt(tree, device, 0, pin), 35 + (device + pin - 1) % 4);
    CHECK_EQUAL(board_pci_interrupt(tree, 1, 7, 1), 36);
    for (unsigned i = 0; i < 32; i++) {
        CHECK(board_device(tree, "virtio,mmio", i, &registers, &intid));
        CHECK_EQUAL(registers.size, 0x200);
        CHECK_EQUAL(intid, 48 + (registers.start - 0xa000000) / 0x200);
    }
    CHECK(!board_device(tree, "virtio,mmio", 32, &registers, &intid));
    CHECK(!board_device(tree, "brcm,bcm2711-emmc2", 0, &registers, &intid));
}

TEST(virt_has_pci_and_virtio_whatever_its_interrupt_controller)
{
    for (const char *gic = "2"; gic; gic = *gic == '2' ? "3" : NULL) {
        void *tree = virt(gic);
        if (tree)
            check_virt(tree);
        free(tree);
    }
}

TEST(a_host_that_is_disabled_or_spoilt_is_none)
{
    void *tree = virt("2");
    if (!tree)
        return;
    set_string(tree, PCI_NODE, "status", "disabled");
    CHECK(!board_pci_host(tree, &host));
    set_string(tree, PCI_NODE, "status", "okay");
    CHECK(board_pci_host(tree, &host));
    set_cells(tree, PCI_NODE, "#size-cells", 1, (uint32_t[]){1});
    CHECK(!board_pci_host(tree, &host));
    set_cells(tree, PCI_NODE, "#size-cells", 1, (uint32_t[]){2});
    set_cells(tree, PCI_NODE, "ranges", 6,
              (uint32_t[]){0x02000000, 0, 0x10000000, 0, 0x10000000, 0});
    CHECK(!board_pci_host(tree, &host)); /* cut short */
    set_cells(tree, PCI_NODE, "ranges", 7,
              (uint32_t[]){0x02000000, 0, 0xf0000000, 0, 0x10000000, 0, 0x20000000});
    CHECK(!board_pci_host(tree, &host)); /* reaches beyond 4 GiB on the bus */
    set_cells(tree, PCI_NODE, "ranges", 7,
              (uint32_t[]){0x02000000, 0, 0, 1, 0x10000000, 0, 0x20000000});
    CHECK(board_pci_host(tree, &host));
    check_range(host.window, 0x110000000, 0x20000000);
    CHECK_EQUAL(host.window_pci, 0);
    remove_property(tree, PCI_NODE, "reg");
    CHECK(!board_pci_host(tree, &host));
    free(tree);
}

TEST(an_interrupt_map_that_is_spoilt_gives_no_interrupt)
{
    void *tree = virt("2");
    if (!tree)
        return;
    set_cells(tree, PCI_NODE, "interrupt-map-mask", 3, (uint32_t[]){0x1800, 0, 0});
    CHECK_EQUAL(board_pci_interrupt(tree, 1, 0, 1), 0);
    set_cells(tree, PCI_NODE, "interrupt-map-mask", 4, (uint32_t[]){0x1800, 0, 0, 7});
    CHECK_EQUAL(board_pci_interrupt(tree, 1, 0, 1), 36);
    CHECK_EQUAL(board_pci_interrupt(tree, 1, 0, 5), 0);
    uint32_t phandle = fdt_get_phandle(tree, node_at(tree, "/intc@8000000"));
    const uint32_t entry[] = {0x800, 0, 0, 1, phandle, 0, 0, 0, 77, 4};
    for (unsigned cells = 1; cells <= 10; cells++) {
        set_cells(tree, PCI_NODE, "interrupt-map", cells, entry);
        CHECK_EQUAL(board_pci_interrupt(tree, 1, 0, 1), cells == 10 ? 109 : 0);
    }
    set_cells(tree, PCI_NODE, "interrupt-map", 10,
              (uint32_t[]){0x800, 0, 0, 1, phandle, 0, 0, 1, 7, 4}); /* a PPI */
    CHECK_EQUAL(board_pci_interrupt(tree, 1, 0, 1), 0);
    set_cells(tree, PCI_NODE, "interrupt-map", 10,
              (uint32_t[]){0x800, 0, 0, 1, 0x7777, 0, 0, 0, 77, 4}); /* nobody */
    CHECK_EQUAL(board_pci_interrupt(tree, 1, 0, 1), 0);
    free(tree);
}
