"""Random writes, mappings, resizes and names on a card, against a model: equal at once, after a remount,
after a reboot, and as the host reads them. PAGODA_CARD_STEPS says how many steps (600): 20,000 take minutes."""

import os
import re

import pytest
from conftest import ROOT, execute
from pagodalib import card_layout, ext4
from pagodalib.manifest import Manifest

STEPS = int(os.environ.get("PAGODA_CARD_STEPS", "600"))
TIMEOUT = 100 + STEPS // 20
VERIFIER = "/bin/verifier.musl"


@pytest.fixture(name="card")
def card_with_every_program(tmp_path):
    path = tmp_path / "card.img"
    execute(ROOT / "tools/pagoda", "card", "make", path, "--every-app", timeout=240).expect(0)
    return path


@pytest.fixture(name="verify")
def verify_on_card(pagoda, card):
    """verify(script, options): the shell's script on the card; what it said. The image is clean."""

    def run(script, options=()):
        options = ["--card", card, "--memory", "512M", "--summary", *options]
        result = pagoda("/bin/sh", "-c", script, options=options, timeout=TIMEOUT).expect(0)
        assert "every frame accounted for" in result.stderr, result.stderr
        clean, said = ext4.check(card, card_layout.root_of(card)[0])
        assert clean, said
        return result.stdout

    return run


def checksum(data):
    """FNV-1a, 64 bits, as the verifier makes it."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


@pytest.mark.parametrize("how", [[], ["--virtio"]], ids=["sdhci", "virtio"])
def test_what_was_written_is_there_again(verify, card, tmp_path, seeded, how):
    words = f"/root/model {seeded.randrange(1 << 32)} {STEPS}"
    said = verify(f"{VERIFIER} run {words} && {VERIFIER} check {words}", how)
    assert said.count(" 0 failed") == 2, said
    said = verify(f"{VERIFIER} check {words} && {VERIFIER} host {words}", how)
    assert said.count(" 0 failed") == 2, said
    files = re.findall(r"^file (\S+) (\d+) (\w+)$", said, re.M)
    assert len(files) > 5
    offset, out = card_layout.root_of(card)[0], tmp_path / "out"
    for path, size, expected in files:
        out.unlink(missing_ok=True)
        ext4.dump(card, offset, path, out)
        data = out.read_bytes()
        assert (len(data), f"{checksum(data):016x}") == (int(size), expected), path


@pytest.mark.parametrize("driver", ["sdhci", "virtio"])
def test_what_was_written_is_there_after_a_remount(pagoda, card, tmp_path, seeded, driver):
    """The system's root is the bundle, and the card is mounted beside it, twice."""
    whole, userland = Manifest((ROOT / "userland/manifest").read_text()), ROOT / "userland"
    whole.lay((userland / "manifest.card").read_text().replace("root card\n", ""))
    whole.lay((userland / f"manifest.{driver}").read_text())
    (tmp_path / "manifest").write_text(whole.text())
    device = "sd-card" if driver == "sdhci" else "virtio-blk-device"
    drive = ["-drive", f"if=none,id=d,format=raw,file={card}", "-device", "sdhci-pci", "-device", f"{device},drive=d"]
    words = f"/mnt/root/model {seeded.randrange(1 << 32)} {STEPS}"
    script = f"""{VERIFIER} run {words} && umount /mnt && [ ! -e /mnt/root ] && mount -t ext4 card /mnt &&
        {VERIFIER} check {words}"""
    options = ["--manifest", tmp_path / "manifest", "--every-app", *[f"--qemu={word}" for word in drive]]
    result = pagoda("/bin/sh", "-c", script, options=options, timeout=TIMEOUT).expect(0)
    assert result.stdout.count(" 0 failed") == 2, result.stdout
    clean, said = ext4.check(card, card_layout.root_of(card)[0])
    assert clean, said
