"""The guest's tree for one run: the project's programs, BusyBox, the layers of the command
line, what is usual; and which of it is to run."""

import os
import stat
from dataclasses import replace
from pathlib import Path

from . import card_layout as card
from . import ext4, layers, standard
from .common import AARCH64, Failure, build_folder, elf_interpreter, elf_machine
from .packages import add_packages

MACHINES = {3: "i386", 40: "32-bit Arm", 62: "x86-64", 183: "AArch64", 243: "RISC-V"}
LOADERS = {"ld-linux-aarch64.so.1": "libc6", "ld-musl-aarch64.so.1": "musl"}


def fill(bundle, options, words):
    """Everything below / for a run of `words`. True: with BusyBox and what is usual."""
    tree = bundle.tree
    standard.add_folders(tree)
    whole = not options.bare and not is_alone(options, words)
    if whole:
        standard.add_busybox(tree)
    tree.layer = "Pagoda"
    if whole and app_of("/bin/init"):
        bundle.add_file(app_of("/bin/init"), "/sbin/init")
    add_apps(bundle, words, options.every_app)
    add_layers(bundle, options.layers)
    if whole:
        standard.prefer_programs(tree)
        standard.add_defaults(tree)
    return whole


def is_alone(options, words):
    """Are all `words` programs of the project and their arguments? They need no BusyBox."""
    apps = (build_folder() / "userland/apps").resolve()

    def own(word):
        return app_of(word) or (os.path.isfile(word) and Path(word).resolve().parent == apps)

    paths = [word for word in words if word.startswith(("/bin/", "/sbin/", "/usr/", "/etc/"))]
    others = {kind for kind, _ in options.layers} - {"add"}
    return not others and bool(own(words[0])) and all(map(own, paths))


def add_layers(bundle, items):
    """The layers of the command line, in their order: [(kind, argument)]."""
    for kind, item in items:
        if kind == "package":
            add_packages(bundle.tree, item)
            continue
        bundle.tree.layer = f"--{kind} {item}"
        if kind == "root":
            layers.add_host(bundle.tree, item, "/", keep=True)
        else:
            host, _, path = item.partition(":")
            bundle.add_file(host, path or default_guest_path(host))


def default_guest_path(host):
    """Programs go to /bin, everything else to /."""
    name = os.path.basename(os.path.abspath(host))
    program = os.path.isfile(host) and os.access(host, os.X_OK)
    return f"/bin/{name}" if program else f"/{name}"


def app_of(guest):
    """Host file of a program of the project whose guest path is /bin/NAME (or NAME where no
    file here is called so), or None.

    Each program exists in several forms (NAME.musl, NAME.glibc-pie, …); NAME alone is .musl.
    """
    folder, name = os.path.split(guest)
    if folder not in ("", "/bin") or not name or os.path.isfile(guest) and not folder:
        return None
    places = [build_folder() / "userland/apps" / form for form in (name, f"{name}.musl")]
    return next((place for place in places if place.is_file()), None)


def add_apps(bundle, words, every):
    """The project's programs that are run, or named by their guest path in the command or the
    manifest; or all of them."""
    apps = build_folder() / "userland/apps"
    if every and apps.is_dir():
        words = [*words, *(f"/bin/{path.name}" for path in sorted(apps.iterdir()))]
    words = [*words[:1], *(word for word in words[1:] if "/" in word)]
    for word in words:
        if app_of(word) and f"/bin/{os.path.basename(word)}" not in bundle.tree:
            bundle.add_file(app_of(word), f"/bin/{os.path.basename(word)}")


def on_card(bundle, program, image):
    """Guest path of PROGRAM where the files are those of a card: a host file is added to /run; a
    word without / is looked for in the card's PATH."""
    if program.startswith("/") and not os.path.isfile(program):
        return program
    offset = card.root_of(image)[0]
    if "/" not in program:
        for folder in standard.ENVIRONMENT["PATH"].split(":"):
            if ext4.exists(image, offset, f"{folder}/{program}"):
                return f"{folder}/{program}"
    elif ext4.exists(image, offset, program):
        return program
    if not os.path.isfile(program):
        raise Failure(f"{program} is neither a file here nor a program on the card")
    path = f"/run/{os.path.basename(program)}"
    bundle.tree.layer = "the program to run"
    bundle.add_file(program, path)
    entry = bundle.tree.find(path)
    bundle.tree.add(path, replace(entry, mode=stat.S_IFREG | 0o755))
    return path


def find_program(bundle, program):
    """Guest path of PROGRAM: one that is in the tree, or a host file, which is added to /bin, or
    to /tmp when /bin has another program of that name."""
    if program.startswith("/") and program in bundle.tree:
        return program
    if not os.path.isfile(program):
        for folder in standard.ENVIRONMENT["PATH"].split(":"):
            if "/" not in program and f"{folder}/{program}" in bundle.tree:
                return f"{folder}/{program}"
        raise Failure(f"{program} is neither a file here nor a program in the guest")
    machine = elf_machine(program)
    if machine not in (AARCH64, None):
        kind = MACHINES.get(machine, f"machine {machine}")
        raise Failure(f"{program} is a program for {kind}, not for AArch64")
    loader = elf_interpreter(program)
    if loader and loader not in bundle.tree:
        package = LOADERS.get(os.path.basename(loader))
        hint = f", or add --package {package}" if package else ""
        raise Failure(f"{program} needs {loader}: link it with -static{hint}")
    name = os.path.basename(program)
    taken = f"/bin/{name}" in bundle.tree
    path = f"/tmp/{name}" if taken else f"/bin/{name}"
    bundle.tree.layer = "the program to run"
    bundle.add_file(program, path)
    entry = bundle.tree.find(path)
    bundle.tree.add(path, replace(entry, mode=stat.S_IFREG | 0o755))
    return path
