"""Debian packages of architecture arm64 as layers of the guest's tree.

`tools/setup --fetch` chooses and downloads them, once, into build/packages. Each archive is
unpacked by dpkg-deb, once, to a tar file beside it, from which files are taken as they are:
owners, modes, times and hard links included. Maintainer scripts are not run.
"""

import os
import subprocess
import tarfile
from pathlib import Path

from .common import ROOT, Failure, build_folder, find_program
from .layers import add_tar

# What nobody runs or opens while a program works; it would only take memory.
LEFT_OUT = (
    "/usr/share/doc/",  # manuals, for people, in several languages
    "/usr/share/man/",
    "/usr/share/info/",
    "/usr/share/locale/",  # messages in other languages: programs speak English without them
    "/usr/share/lintian/",  # for those who make packages
    "/usr/share/bug/",
    "/usr/lib/aarch64-linux-gnu/gconv/",  # character sets other than UTF-8 and ASCII: 17 MiB
)


def fetch(names):
    """Paths of the archives for these packages and what they need, in order of dependency."""
    done = subprocess.run(
        [ROOT / "tools/setup", "--fetch", *names], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        text=True, check=False, env={**os.environ, "PAGODA_BUILD": str(build_folder().absolute())},
    )  # fmt: skip
    if done.returncode:
        raise Failure(f"no packages for the guest: {' '.join(names)}")
    return [Path(line) for line in done.stdout.splitlines()]


def unpacked(archive):
    """The tar file with what the package holds; made when it is not there yet."""
    tar = build_folder() / "packages/unpacked" / (archive.stem + ".tar")
    if not tar.is_file():
        tar.parent.mkdir(parents=True, exist_ok=True)
        new = tar.with_name(f"{tar.name}.{os.getpid()}")
        try:
            with open(new, "wb") as file:
                command = [find_program("dpkg-deb"), "--fsys-tarfile", archive]
                done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, check=False)
            if done.returncode:
                words = done.stderr.decode(errors="replace").strip()
                raise Failure(f"cannot unpack {archive.name}: {words}")
            new.replace(tar)
        finally:
            new.unlink(missing_ok=True)
    return tar


def file_of(name, path):
    """One file of a package that needs no others, on this machine; fetched once."""
    file = build_folder() / "packages/files" / name / os.path.basename(path)
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(unpacked(fetch([name])[-1])) as tar:
            data = tar.extractfile(f".{path}").read()
        new = file.with_name(f"{file.name}.{os.getpid()}")
        new.write_bytes(data)
        new.chmod(0o755)
        new.replace(file)
    return file


def wanted(path):
    return not f"{path}/".startswith(LEFT_OUT)


def add_packages(tree, names):
    """Lays the packages and all they depend on over the tree."""
    for archive in fetch(names):
        tree.layer = f"package {archive.name.partition('_')[0]}"
        add_tar(tree, unpacked(archive), wanted)
