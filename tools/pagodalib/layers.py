"""Layers of the guest's tree: files and folders of the host, and archives of packages."""

import os
import stat
import tarfile
from pathlib import Path

from . import cpio
from .common import Failure


def host_entry(host, status, keep):
    """The entry for one thing of the host. `keep`: a link stays a link, and the exact mode is
    kept; otherwise a file is readable for all, and executable for all or nobody."""
    mode = status.st_mode
    if stat.S_ISLNK(mode):
        return cpio.Entry("", stat.S_IFLNK | 0o777, os.fsencode(os.readlink(host)), time=int(status.st_mtime))
    if not keep:
        permissions = 0o755 if stat.S_ISDIR(mode) or mode & 0o111 else 0o644
        mode = stat.S_IFMT(mode) | permissions
    data, device, link = b"", 0, None
    if stat.S_ISREG(mode):
        data = cpio.FilePart(str(host), 0, status.st_size) if status.st_size else b""
        if not os.access(host, os.R_OK):
            raise Failure(f"cannot read {host}: Permission denied")
        if keep and status.st_nlink > 1:
            link = (status.st_dev, status.st_ino)
    elif stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        device = status.st_rdev
    return cpio.Entry("", mode, data, time=int(status.st_mtime), device=device, link=link)


def add_host(tree, host, guest, keep=False):
    """Lays a file or folder of the host, with all below it, over the tree at `guest`.

    Links below it stay links; `host` itself may be one. Everything belongs to root. Sockets,
    which mean nothing elsewhere, are left out. Returns [(guest path, host path)] of programs.
    """
    host = Path(host)
    try:
        if host.is_symlink() and not host.exists():
            raise Failure(f"{host} points to nothing")
        programs = []
        _add_host(tree, host, guest, host.stat(), keep, programs)
        return programs
    except OSError as error:
        raise Failure(f"cannot add {error.filename or host}: {error.strerror}") from error


def _add_host(tree, host, guest, status, keep, programs):
    if stat.S_ISSOCK(status.st_mode):
        return
    tree.add(guest, host_entry(host, status, keep))
    if stat.S_ISDIR(status.st_mode):
        for child in sorted(os.listdir(host)):
            below = host / child
            _add_host(tree, below, f"{guest.rstrip('/')}/{child}", below.lstat(), keep, programs)
    elif stat.S_ISREG(status.st_mode) and status.st_mode & 0o111:
        programs.append((guest, host))


TAR_KINDS = {
    tarfile.DIRTYPE: stat.S_IFDIR,
    tarfile.CHRTYPE: stat.S_IFCHR,
    tarfile.BLKTYPE: stat.S_IFBLK,
    tarfile.FIFOTYPE: stat.S_IFIFO,
}


def tar_entry(path, member):
    """The entry for a member of the archive `path`; None: of a kind that is not known."""
    data, device, link = b"", 0, None
    if member.issym():
        kind, data = stat.S_IFLNK, os.fsencode(member.linkname)
    elif member.isreg():
        kind, link = stat.S_IFREG, (path, member.name)
        data = cpio.FilePart(path, member.offset_data, member.size) if member.size else b""
    elif member.type in TAR_KINDS:
        kind = TAR_KINDS[member.type]
    else:
        return None
    if kind in (stat.S_IFCHR, stat.S_IFBLK):
        device = os.makedev(member.devmajor, member.devminor)
    permissions = 0o777 if member.issym() else member.mode & 0o7777
    return cpio.Entry("", kind | permissions, data, member.uid, member.gid,
                      max(int(member.mtime), 0), device, link)  # fmt: skip


def add_tar(tree, path, wanted=lambda name: True):
    """Lays what an uncompressed tar archive holds over the tree, with its owners and times;
    only names ("/usr/bin/x") that are `wanted`."""
    path = str(path)
    try:
        with tarfile.open(path, "r:") as archive:
            members = archive.getmembers()
    except (OSError, tarfile.TarError) as error:
        raise Failure(f"cannot read {path}: {error}") from error
    known = {}
    for member in members:
        name = "/" + member.name.removeprefix("./").strip("/")
        if name in ("/", "/."):
            continue
        entry = known.get(member.linkname) if member.islnk() else tar_entry(path, member)
        if entry is None:
            continue
        known[member.name] = entry
        if wanted(name):
            tree.add(name, entry)
