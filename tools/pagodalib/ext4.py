"""An ext4 file system in an image, filled from a guest's tree, with e2fsprogs and without root.

No journal: the guest orders its writes itself. The same tree gives the same bytes.
"""

import os
import stat
import subprocess
import tempfile
import uuid
from pathlib import Path

from .common import Failure, find_program, run_quietly

BLOCK = 4096
FEATURES = "^has_journal"
INODES_LEAST = 4096
NAMESPACE = uuid.UUID("c2b1a6a5-3d0e-4b0e-9d4c-6d9a5f1f7c11")  # of UUIDs that are made from a label


def place(image, offset):
    """The file system at `offset` of an image, as e2fsprogs names it."""
    return f"{image}?offset={offset}" if offset else str(image)


def make(image, offset, size, tree, label):
    """Makes a file system of `size` bytes at `offset` in `image` with all of `tree`."""
    entries = tree.ordered() if tree else []
    newest = max((entry.time for entry in entries), default=0) or 1
    identity = uuid.uuid5(NAMESPACE, label)
    environment = {"E2FSPROGS_FAKE_TIME": str(newest), "MKE2FS_SYNC": "0"}
    with tempfile.TemporaryDirectory(prefix="pagoda-") as name:
        folder = Path(name) / "root"
        folder.mkdir()
        _lay_out(entries, folder)
        inodes = max(INODES_LEAST, len(entries) * 2, size // 16384)
        options = f"hash_seed={identity},offset={offset},lazy_itable_init=0,nodiscard,root_owner=0:0"
        command = [
            find_program("mke2fs"), "-q", "-F", "-t", "ext4", "-O", FEATURES, "-b", BLOCK, "-I", 256,
            "-m", 1, "-N", inodes, "-L", label, "-U", identity, "-E", options,
            *(["-d", folder] if entries else []), image, f"{size // 1024}k",
        ]  # fmt: skip
        run_quietly(command, "making the root file system", environment)
        _mend(image, offset, entries, Path(name), environment)


def _guest_path(entry):
    return entry.name.removeprefix("root").lstrip("/")


def _lay_out(entries, folder):
    """Files, folders and links as files of the host; what only root may make comes later."""
    links = {}
    for entry in entries:
        path = _guest_path(entry)
        if "\n" in path:
            raise Failure(f"no tool of the host puts a name with a line break on a card: {path!r}")
        host, kind = folder / path, stat.S_IFMT(entry.mode)
        if kind == stat.S_IFDIR:
            host.mkdir(exist_ok=True)
        elif entry.link is not None and entry.link in links:
            os.link(links[entry.link], host, follow_symlinks=False)
        elif kind == stat.S_IFREG:
            host.write_bytes(bytes(entry.data))
            os.chmod(host, stat.S_IMODE(entry.mode))
        elif kind == stat.S_IFLNK:
            os.symlink(os.fsdecode(bytes(entry.data)), host)
        if entry.link is not None:
            links.setdefault(entry.link, host)


DEVICES = {stat.S_IFCHR: "c", stat.S_IFBLK: "b", stat.S_IFIFO: "p"}  # letters of debugfs


def _quoted(path, above="/"):
    """A word of debugfs: in quotes, with each quote in it doubled."""
    return f'"{above}' + path.replace('"', '""') + '"'


def _mend(image, offset, entries, folder, environment):
    """Owners, modes and times, which are not the host's to give, and device files."""
    lines = []
    for entry in entries:
        name, kind = _quoted(_guest_path(entry)), stat.S_IFMT(entry.mode)
        if kind in DEVICES:
            numbers = "" if kind == stat.S_IFIFO else f" {os.major(entry.device)} {os.minor(entry.device)}"
            folder_of, _, last = _guest_path(entry).rpartition("/")
            lines += [f"cd {_quoted(folder_of)}", f"mknod {_quoted(last, '')} {DEVICES[kind]}{numbers}"]
        lines.append(f"sif {name} mode 0{entry.mode:o}")
        lines += [f"sif {name} {field} {value}" for field, value in (("uid", entry.user), ("gid", entry.group))]
        lines += [f"sif {name} {field} @{entry.time}" for field in ("atime", "ctime", "mtime", "crtime")]
    if not lines:
        return
    script = folder / "debugfs"
    script.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape")
    said = run_quietly([find_program("debugfs"), "-w", "-f", script, place(image, offset)],
                       "filling the root file system", environment)  # fmt: skip
    wrong = [line for line in said.decode(errors="replace").splitlines()
             if line and not line.startswith(("debugfs", "Allocated inode"))]  # fmt: skip
    if wrong:
        raise Failure("filling the root file system: debugfs says\n" + "\n".join(wrong[:10]))


def check(image, offset):
    """(clean, what e2fsck said) of a file system that is only looked at."""
    done = subprocess.run(
        [find_program("e2fsck"), "-f", "-n", place(image, offset)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        check=False, timeout=600,
    )  # fmt: skip
    return done.returncode == 0, done.stdout.decode(errors="replace").strip()


def dump(image, offset, path, host):
    """Copies a file of the file system out to the host."""
    said = run_quietly(
        [find_program("debugfs"), "-R", f"dump {_quoted(path.lstrip('/'))} {host}", place(image, offset)],
        "reading the card",
    ).decode(errors="replace")  # fmt: skip
    if "File not found" in said or not Path(host).is_file():
        raise Failure(f"the card has no file {path}")


def exists(image, offset, path):
    """Is there such a file?"""
    said = run_quietly(
        [find_program("debugfs"), "-R", f"stat {_quoted(path.lstrip('/'))}", place(image, offset)],
        "reading the card",
    )
    return b"Inode:" in said
