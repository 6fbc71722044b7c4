"""Lines `device NAME` of the manifest: each driver gets its own device, and nothing of another's."""

MEBIBYTE = 1 << 20
DRIVER = """
server {name}
    image servers/{image}
    level 0
    priority 28
    pool 512K 4M
    endpoint
    device {device}
"""
LAST = """
server load
    image servers/block-load
    level 2
    priority 20
    pool 1M 16M
    use {name}
    use disk
    system
    argument {argument}
"""
SD, VIRTIO = "pci:0805", "pci:1af4:1001"


def image(folder, name, mebibytes):
    path = folder / f"{name}.img"
    with path.open("wb") as file:
        file.truncate(mebibytes * MEBIBYTE)
    return ["-drive", f"if=none,id={name},format=raw,file={path}"]


def sd_host(folder, name, mebibytes, slot):
    """An SD host in this slot with a card."""
    words = ["-device", f"sdhci-pci,addr={slot}", *image(folder, name, mebibytes)]
    return [*words, "-device", f"sd-card,drive={name}"]


def start(pagoda, folder, drivers, words, argument="model", status=0, options=("--icount",)):
    """The drivers, {name: (image, device)}, and a client of the one named `disk`; the log."""
    text = "".join(DRIVER.format(name=name, image=image, device=device)
                   for name, (image, device) in drivers.items())  # fmt: skip
    other = next((name for name in drivers if name != "disk"), "disk")
    client = LAST.format(name=other, argument=argument)
    if other == "disk":
        client = client.replace("    use disk\n", "", 1)
    (folder / "manifest").write_text(text + client)
    options = ["-v", *options, "--manifest", folder / "manifest", *(f"--qemu={word}" for word in words)]
    return pagoda(options=options, timeout=100).expect(status).stderr


def test_two_hosts_for_two_drivers(pagoda, tmp_path):
    """In the order of the lines and the slots; firmware's addresses or ours."""
    words = sd_host(tmp_path, "a", 8, 2) + sd_host(tmp_path, "b", 16, 3)
    drivers = {"disk": ("sdhci", SD), "other": ("sdhci", SD)}
    for options in [("--icount",), ("--uboot",)]:
        text = start(pagoda, tmp_path, drivers, words, options=options)
        assert "disk: SDSC card of 8 MiB" in text and "other: SDSC card of 16 MiB" in text
        assert "block-load: model: passed" in text and "16384 sectors" in text


def test_different_drivers_beside_each_other(pagoda, tmp_path):
    words = sd_host(tmp_path, "a", 8, 2) + image(tmp_path, "b", 4)
    words += ["-device", "virtio-blk-pci,drive=b,addr=3"]
    text = start(pagoda, tmp_path, {"other": ("sdhci", SD), "disk": ("virtio-blk", VIRTIO)}, words)
    assert "other: SDSC card of 8 MiB" in text
    assert "block-load: model: passed" in text and "8192 sectors" in text


def test_a_device_is_given_once(pagoda, tmp_path):
    words = sd_host(tmp_path, "a", 8, 2)
    text = start(pagoda, tmp_path, {"disk": ("sdhci", SD), "other": ("sdhci", SD)}, words)
    assert "disk: SDSC card of 8 MiB" in text and "other: no SD host controller" in text
    assert f"this board has no {SD}" in text and "block-load: model: passed" in text


def test_an_interrupt_is_given_once(pagoda, tmp_path):
    """Slots 2 and 6 have the same line: the second driver must do without, and says so."""
    words = sd_host(tmp_path, "a", 8, 2) + sd_host(tmp_path, "b", 8, 6)
    text = start(pagoda, tmp_path, {"disk": ("sdhci", SD), "other": ("sdhci", SD)}, words)
    assert f"device {SD}: its interrupt 37 is another device's" in text
    assert "other: no SD host controller here: ENXIO" in text
    assert "block-load: model: passed" in text


def test_each_name_that_cannot_be_is_refused(pagoda, tmp_path):
    for name in ["disk", "pci", "pci:805", "pci:0805:", "pci:08g5", "virtio-mmio:", "virtio-mmio:x"]:
        text = start(pagoda, tmp_path, {"disk": ("sdhci", name)}, [], status=125)
        assert f'manifest:8: device "{name}": ' in text
