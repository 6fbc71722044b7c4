"""The boot bundle: servers, the guest's file tree and the manifest, for one run."""

import os
import stat
import subprocess
import tempfile
from pathlib import Path

from . import cpio
from .common import ROOT, Failure, build_folder, cross_tool, read_bytes, relative
from .manifest import Manifest, server_name

ELF_MAGIC = b"\x7fELF"
MACHINES = {3: "i386", 40: "32-bit Arm", 62: "x86-64", 183: "AArch64", 243: "RISC-V"}
# Of a user's own pager: above programs (10), below every server, so that one that never
# stops computing keeps nobody else from running.
OWN_PAGER_PRIORITY = 12
AARCH64 = 183


class Bundle:
    """Collects what goes in. Guest paths are absolute ("/bin/hello")."""

    def __init__(self, manifest):
        self.manifest = manifest
        self.tree = {}  # guest path -> cpio.Entry, named root/...
        self.images = {}  # name of a server or program -> host file with its symbols
        self.servers = {}  # server path in the bundle -> host file

    def add_file(self, host, guest):
        """A host file, symbolic link or folder (with all below it) at a guest path."""
        host, guest = Path(host), _guest_path(guest)
        name = "root" + guest
        try:
            mode = host.lstat().st_mode
            if stat.S_ISLNK(mode) and not host.exists():
                raise Failure(f"{host} points to nothing")
            if stat.S_ISDIR(host.stat().st_mode):
                self.tree.setdefault(guest, cpio.folder_entry(name))
                for child in sorted(os.listdir(host)):
                    self._add_child(host / child, f"{guest.rstrip('/')}/{child}")
                return
            executable = bool(host.stat().st_mode & 0o111)
            self.tree[guest] = cpio.file_entry(name, host.read_bytes(), executable)
        except OSError as error:
            raise Failure(f"cannot add {host}: {error.strerror}") from error
        self.images[os.path.basename(guest)] = host

    def _add_child(self, host, guest):
        """Below a folder links stay links."""
        if host.is_symlink():
            target = os.fsencode(os.readlink(host))
            self.tree[guest] = cpio.Entry("root" + guest, stat.S_IFLNK | 0o777, target)
        else:
            self.add_file(host, guest)

    def add_server(self, path, host):
        """A native program of the host at the bundle path `path` (servers/NAME)."""
        if not Path(host).is_file():
            raise Failure(f"server {path} is not there: {relative(host)} (run make)")
        if elf_machine(host) != AARCH64:
            raise Failure(f"{relative(host)} is not a program for AArch64")
        self.servers[path] = host
        self.images[os.path.basename(path)] = Path(host)

    def write(self):
        """The archive's bytes: manifest, servers, then the tree with all its folders."""
        entries = [cpio.file_entry("manifest", self.manifest.text().encode())]
        entries.append(cpio.folder_entry("servers"))
        for path, host in sorted(self.servers.items()):
            entries.append(cpio.file_entry(path, without_symbols(host), True))
        entries.append(cpio.folder_entry("root"))
        tree = dict(self.tree)
        tree.pop("/", None)
        for guest in self.tree:
            for parent in list(Path(guest).parents)[:-1]:
                tree.setdefault(str(parent), cpio.folder_entry(f"root{parent}"))
        entries += [tree[guest] for guest in sorted(tree)]
        return cpio.write(entries)


def _guest_path(path):
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Failure(f"guest path {path} must not contain ..")
    return "/" + "/".join(parts)


def elf_machine(path):
    """Machine number of an ELF file; None when it is no ELF file."""
    try:
        with open(path, "rb") as file:
            head = file.read(20)
    except OSError:
        return None
    return int.from_bytes(head[18:20], "little") if head[:4] == ELF_MAGIC else None


def without_symbols(path):
    """The ELF file without what is not loaded; symbols stay in the file on the host."""
    objcopy = cross_tool("objcopy")
    if not objcopy:
        return read_bytes(path, "server")
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small"
        done = subprocess.run(
            [objcopy, "--strip-all", path, small], capture_output=True, check=False, timeout=60
        )
        return read_bytes(path if done.returncode else small, "server")


def load_manifest(path=None):
    """The given manifest, or the project's: build/userland/manifest, userland/manifest."""
    places = [path] if path else [build_folder() / "userland/manifest", ROOT / "userland/manifest"]
    for place in places:
        if Path(place).is_file():
            return Manifest(read_bytes(place, "manifest").decode(errors="surrogateescape"))
    raise Failure(f"no manifest at {relative(places[-1])}")


def make(options, words):
    """The bundle for `words` (program and arguments; none: the manifest's own run line).

    options: add, pager, manifest, strace, summary, environment, pool_limit, every_app.
    """
    if options.root:
        return _only_root(options)
    bundle = Bundle(load_manifest(options.manifest))
    manifest = bundle.manifest
    for name in ["root", *manifest.servers()]:
        path = "servers/root" if name == "root" else manifest.image(name)
        host = build_folder() / "userland/servers" / f"{os.path.basename(path)}.elf"
        bundle.add_server(path, host)
    if (build_folder() / "userland/root").is_dir():
        bundle.add_file(build_folder() / "userland/root", "/")
    for item in options.add:
        host, _, guest = item.partition(":")
        bundle.add_file(host, guest or default_guest_path(host))
    if words:
        manifest.remove("run")
        words = [find_program(bundle, words[0]), *words[1:]]
    add_apps(bundle, words or manifest.run_words(), options.every_app)
    _add_run_lines(bundle, options, words)
    return bundle


def _only_root(options):
    """One native program that the kernel starts as root, alone in the system."""
    bundle = Bundle(load_manifest(options.manifest) if options.manifest else Manifest(""))
    bundle.add_server("servers/root", options.root)
    for item in options.add:
        host, _, guest = item.partition(":")
        bundle.add_file(host, guest or default_guest_path(host))
    return bundle


def _add_run_lines(bundle, options, words):
    manifest = bundle.manifest
    for item in options.pager:
        add_pager(bundle, item)
    for setting in options.environment:
        manifest.add("environment", setting)
    if options.pool_limit:
        manifest.remove("pool-limit")
        manifest.add("pool-limit", options.pool_limit)
    for flag in ("strace", "summary"):
        if getattr(options, flag):
            manifest.remove(flag)
            manifest.add(flag)
    if words:
        manifest.add("run", *words)
    elif not manifest.has_run():
        raise Failure("no program given, and the manifest has no run line")


def add_pager(bundle, item):
    """--pager anon=FILE: a server of its own behind the program, with anon's level and pool."""
    role, equals, host = item.partition("=")
    if not equals or not role or not host:
        raise Failure(f"--pager needs NAME=FILE, not {item}")
    name = bundle.manifest.unused_name(server_name(host))
    bundle.manifest.copy_server(role, name, f"servers/{name}", OWN_PAGER_PRIORITY)
    bundle.add_server(f"servers/{name}", host)
    bundle.manifest.remove("pager")
    bundle.manifest.add("pager", f"{role}={name}")


def default_guest_path(host):
    """Programs go to /bin, everything else to /."""
    name = os.path.basename(os.path.abspath(host))
    program = os.path.isfile(host) and os.access(host, os.X_OK)
    return f"/bin/{name}" if program else f"/{name}"


def app_of(guest):
    """Host file of a program of the project whose guest path is /bin/NAME, or None.

    Each program exists in several forms (NAME.musl, NAME.glibc-pie, …); NAME alone is .musl.
    """
    folder, name = os.path.split(guest)
    if folder != "/bin" or not name:
        return None
    places = [build_folder() / "userland/apps" / form for form in (name, f"{name}.musl")]
    return next((place for place in places if place.is_file()), None)


def add_apps(bundle, words, every):
    """The project's programs that the command (or the manifest) names by their guest path (or all of them)."""
    apps = build_folder() / "userland/apps"
    if every and apps.is_dir():
        words = [*words, *(f"/bin/{path.name}" for path in sorted(apps.iterdir()))]
    for word in words:
        if word not in bundle.tree and app_of(word):
            bundle.add_file(app_of(word), word)


def find_program(bundle, program):
    """Guest path of PROGRAM: one that is in the bundle, or a host file, which is added."""
    if program in bundle.tree or app_of(program):
        return program
    if not os.path.isfile(program):
        raise Failure(f"{program} is neither a file here nor a program in the guest")
    machine = elf_machine(program)
    if machine not in (AARCH64, None):
        kind = MACHINES.get(machine, f"machine {machine}")
        raise Failure(f"{program} is a program for {kind}, not for AArch64")
    guest = f"/bin/{os.path.basename(program)}"
    bundle.add_file(program, guest)
    entry = bundle.tree[guest]
    bundle.tree[guest] = cpio.file_entry(entry.name, entry.data, True)
    return guest
