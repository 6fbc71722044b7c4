"""Addresses to source lines, in what the system says."""

import re
import subprocess
from pathlib import Path

from .common import ROOT, build_folder, cross_tool

_IMAGE = re.compile(r"\bimage=([^\s,;]+)")
_PC = re.compile(r"\bpc=(0x[0-9a-fA-F]+)")
_KERNEL_ADDRESS = re.compile(r"\b0x(ffff[0-9a-fA-F]{12})\b")
_PANIC = re.compile(r"\bkernel panic:")


def source_line(elf, address):
    """ "function at file:line" (inlined callers joined), or None when the file does not say."""
    tool = cross_tool("addr2line")
    if not tool or not Path(elf).is_file():
        return None
    try:
        done = subprocess.run(
            [tool, "-f", "-i", "-p", "-e", str(elf), address],
            capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = " ".join(done.stdout.split())
    text = text.replace(f"{ROOT}/", "").replace("(inlined by)", "<")
    return None if done.returncode or not text or text.startswith("??") else text


class Symboliser:
    """Adds source lines below lines of the system that carry addresses.

    images: name -> host file with symbols, for lines with `image=NAME` and `pc=0x…`.
    From a kernel panic on, every kernel address of a line is looked up.
    """

    def __init__(self, images, kernel=None):
        self.kernel = kernel or build_folder() / "virt/kernel.elf"
        self.images = {"kernel": self.kernel, **images}
        self.panicked = False

    def explain(self, line):
        """The further lines to print below `line` (often none)."""
        if _PANIC.search(line):
            self.panicked = True
        found = []
        image, pc = _IMAGE.search(line), _PC.search(line)
        if image and pc and image[1] in self.images:
            found.append((self.images[image[1]], pc[1]))
        elif self.panicked:
            found += [(self.kernel, "0x" + address) for address in _KERNEL_ADDRESS.findall(line)]
        lines = []
        for elf, address in found:
            place = source_line(elf, address)
            if place:
                lines.append(f"    {address} is {place}")
        return lines
