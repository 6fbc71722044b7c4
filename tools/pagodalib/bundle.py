"""The boot bundle: servers, the guest's file tree and the manifest, for one run."""

import os
import subprocess
import tempfile
from pathlib import Path

from . import cpio, guest, layers, packages, standard
from .common import (
    AARCH64, ROOT, Failure, build_folder, cross_tool, elf_machine, read_bytes, relative,
)  # fmt: skip
from .manifest import Manifest, server_name
from .tree import Tree

FIRST_PROGRAM = "/sbin/init"  # when nobody names one
CHECK = ("e2fsck-static", "/sbin/e2fsck.static")  # of an unclean card: package and file
# Of a user's own pager: above programs (10), below every server, so that one that never
# stops computing keeps nobody else from running.
OWN_PAGER_PRIORITY = 12


class Bundle:
    """Collects what goes in. Guest paths are absolute ("/bin/hello")."""

    def __init__(self, manifest):
        self.manifest = manifest
        self.tree = Tree()
        self.programs = {}  # name of a program -> host file with its symbols
        self.servers = {}  # server path in the bundle -> host file
        self.vdso = None  # host file of the code that proc maps into every program

    @property
    def images(self):
        """Name of a server or program -> host file with its symbols; servers' names come first."""
        servers = {os.path.basename(path): Path(host) for path, host in self.servers.items()}
        return {**self.programs, **servers}

    def add_file(self, host, guest):
        """A host file, symbolic link or folder (with all below it) at a guest path."""
        for path, program in layers.add_host(self.tree, host, guest):
            self.programs[os.path.basename(path)] = program

    def add_server(self, path, host):
        """A native program of the host at the bundle path `path` (servers/NAME)."""
        if not Path(host).is_file():
            raise Failure(f"server {path} is not there: {relative(host)} (run make)")
        if elf_machine(host) != AARCH64:
            raise Failure(f"{relative(host)} is not a program for AArch64")
        self.servers[path] = host

    def write(self):
        """The archive's bytes: manifest, servers, then the tree with all its folders."""
        entries = [cpio.file_entry("manifest", self.manifest.text().encode())]
        entries.append(cpio.folder_entry("servers"))
        for path, host in sorted(self.servers.items()):
            entries.append(cpio.file_entry(path, without_symbols(host), True))
        if self.vdso:
            entries.append(cpio.file_entry("vdso", without_symbols(self.vdso)))
        return cpio.write(entries + self.tree.ordered())


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


def make(options, words, complete=True):
    """The bundle for `words` (program and arguments; none: the manifest's own run line, or the
    first program of an interactive system).

    `complete` False: only to look at, it need not have that first program.
    options: layers, pager, manifest, strace, summary, fixed_addresses, environment, pool_limit,
    every_app, bare.
    """
    if options.root:
        return _only_root(options)
    bundle = Bundle(load_manifest(options.manifest))
    if getattr(options, "card", None):
        return _for_card(bundle, options, words)
    manifest = bundle.manifest
    add_servers(bundle)
    if not words and not manifest.has_run():
        words = [FIRST_PROGRAM]
    whole = guest.fill(bundle, options, words or manifest.run_words())
    if words == [FIRST_PROGRAM] and FIRST_PROGRAM not in bundle.tree:
        if not complete:
            return bundle
        raise Failure(f"no program given, and the guest has no {FIRST_PROGRAM} (run make)")
    if words:
        manifest.remove("run")
        words = [guest.find_program(bundle, words[0]), *words[1:]]
    if whole:
        for name, value in standard.ENVIRONMENT.items():
            if not any(setting.startswith(f"{name}=") for setting in options.environment):
                manifest.add("environment", f"{name}={value}")
    _add_run_lines(bundle, options, words)
    return bundle


def add_servers(bundle):
    """All that the manifest names."""
    for name in ["root", *bundle.manifest.servers()]:
        path = "servers/root" if name == "root" else bundle.manifest.image(name)
        host = build_folder() / "userland/servers" / f"{os.path.basename(path)}.elf"
        bundle.add_server(path, host)
    bundle.vdso = build_folder() / "userland/vdso.so"


def _for_card(bundle, options, words):
    """The servers alone: files are the card's, but for a program of this machine, at /run."""
    manifest = bundle.manifest
    if options.layers:
        kind, _ = options.layers[0]
        raise Failure(f"with --card the files are the card's: give --{kind} to tools/pagoda card make")
    if not options.manifest:
        for name in ("card", "virtio" if options.virtio else "sdhci"):
            manifest.lay(read_bytes(ROOT / f"userland/manifest.{name}", "manifest").decode())
    add_servers(bundle)
    if manifest.has("check"):
        bundle.tree.layer = "the check of the card"
        bundle.add_file(packages.file_of(*CHECK), "/sbin/e2fsck")
    words = words or (None if manifest.has_run() else [FIRST_PROGRAM])
    if words:
        manifest.remove("run")
        words = [guest.on_card(bundle, words[0], options.card), *words[1:]]
    for name, value in standard.ENVIRONMENT.items():
        if not any(setting.startswith(f"{name}=") for setting in options.environment):
            manifest.add("environment", f"{name}={value}")
    _add_run_lines(bundle, options, words)
    return bundle


def _only_root(options):
    """One native program that the kernel starts as root, alone in the system."""
    bundle = Bundle(load_manifest(options.manifest) if options.manifest else Manifest(""))
    bundle.add_server("servers/root", options.root)
    guest.add_layers(bundle, options.layers)
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
    for flag in ("strace", "summary", "fixed-addresses"):
        if getattr(options, flag.replace("-", "_")):
            manifest.remove(flag)
            manifest.add(flag)
    if words:
        manifest.add("run", *words)
    name = standard.host_name(bundle.tree)
    if name:
        manifest.remove("hostname")
        manifest.add("hostname", name)


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
