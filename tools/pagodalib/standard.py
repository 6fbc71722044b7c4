"""What every guest tree has beside what it was asked to hold: the usual folders, BusyBox with
a link for each of its applets, and files that programs expect when no layer brought them."""

import re
import stat

from . import cpio
from .common import Failure, build_folder, read_bytes, relative
from .tree import link_entry

APPLETS_LEAST = 100  # fewer names: that was not the list
USUAL = {"ash", "busybox", "cat", "init", "ls", "sh", "vi"}

# Debian's layout: /bin, /lib and /sbin are links into /usr.
MERGED = ("bin", "lib", "sbin")
FOLDERS = {
    "/usr/bin": 0o755, "/usr/sbin": 0o755, "/usr/lib": 0o755, "/etc": 0o755, "/dev": 0o755,
    "/dev/shm": 0o1777, "/proc": 0o555, "/sys": 0o555, "/run": 0o755, "/tmp": 0o1777,
    "/var/tmp": 0o1777, "/root": 0o700, "/mnt": 0o755,
}  # fmt: skip

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
}

FILES = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"
                   "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    "/etc/group": "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
    "/etc/hostname": "pagoda\n",
    "/etc/hosts": "127.0.0.1 localhost\n127.0.1.1 pagoda\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files\n",
    "/etc/shells": "/bin/sh\n/bin/ash\n/bin/bash\n",
    "/etc/profile": f"export PATH={ENVIRONMENT['PATH']}\n"
                    "export PS1='\\u@\\h:\\w\\$ '\n"
                    "umask 022\n",
    # For BusyBox's init, where somebody runs that.
    "/etc/inittab": "::respawn:-/bin/sh\n::shutdown:/bin/umount -a -r\n::ctrlaltdel:/bin/poweroff\n",
}  # fmt: skip

# Names that Debian's update-alternatives would make: the first that is there.
ALTERNATIVES = {
    "/usr/bin/awk": ("gawk", "mawk", "original-awk", "busybox"),
    "/usr/bin/vi": ("vim.basic", "vim.tiny", "nvi", "busybox"),
    "/usr/bin/vim": ("vim.basic", "vim.tiny"),
    "/usr/bin/editor": ("nano", "vi"),
    "/usr/bin/pager": ("less", "more"),
    "/usr/bin/lua": ("lua5.4", "lua5.3", "lua5.1"),
    "/usr/bin/nc": ("nc.openbsd", "nc.traditional", "busybox"),
    "/usr/bin/which": ("which.debianutils", "busybox"),
    "/usr/bin/sh": ("dash", "busybox", "bash"),
}


def add_folders(tree):
    """The skeleton, below all other layers."""
    for name in MERGED:
        tree.add(f"/usr/{name}", cpio.folder_entry(""))
        tree.add_link(f"/{name}", f"usr/{name}")
    for path, mode in FOLDERS.items():
        tree.add(path, cpio.Entry("", stat.S_IFDIR | mode))


def busybox_path():
    """Debian's busybox-static for arm64, as set-up unpacked it."""
    places = [build_folder() / "sysroot" / place for place in ("bin/busybox", "usr/bin/busybox")]
    for place in places:
        if place.is_file():
            return place
    raise Failure(f"no BusyBox at {relative(places[0])}; tools/setup gets it")


def applets(program):
    """Names of the applets in a BusyBox binary: its own table, names in order, each with a 0
    behind it, an empty one at the end."""
    for start in re.finditer(rb"\0\[\0\[\[\0", program):
        names = program[start.start() + 1 : program.find(b"\0\0", start.start() + 1)].split(b"\0")
        found = [name.decode(errors="replace") for name in names]
        if found == sorted(found) and len(found) >= APPLETS_LEAST and USUAL <= set(found):
            return found
    raise Failure("BusyBox has no table of applets where it should be")


def add_busybox(tree):
    """BusyBox, and a link to it for every applet."""
    path = busybox_path()
    program = read_bytes(path, "BusyBox")
    tree.layer = "BusyBox"
    time = int(path.stat().st_mtime)
    tree.add("/bin/busybox", cpio.Entry("", stat.S_IFREG | 0o755, program, time=time))
    for name in applets(program):
        if name != "busybox":
            tree.add(f"/bin/{name}", link_entry("busybox"))


def prefer_programs(tree):
    """An applet gives way to a program of the same name in the other folder of PATH."""
    for path in [path for path, layer in tree.origins.items() if layer == "BusyBox"]:
        name = path.rpartition("/")[2]
        if tree.is_link(path) and f"/usr/sbin/{name}" in tree.entries:
            tree.remove(path)


def add_defaults(tree):
    """What no layer brought: names that people and programs expect, and files of /etc."""
    tree.layer = "default"
    for path, names in ALTERNATIVES.items():
        name = next((name for name in names if f"/usr/bin/{name}" in tree), None)
        taken = path in tree.entries and tree.origins.get(path) != "BusyBox"
        if name and not taken and (name != "busybox" or path not in tree.entries):
            tree.add_link(path, name)
    for path, text in FILES.items():
        tree.add_default(path, cpio.file_entry("", text.encode()))
    tree.add_default("/etc/mtab", link_entry("../proc/self/mounts"))


def host_name(tree):
    """First line of the tree's /etc/hostname, or None."""
    entry = tree.find("/etc/hostname")
    lines = bytes(entry.data).decode(errors="replace").split() if entry else []
    return lines[0] if lines else None
