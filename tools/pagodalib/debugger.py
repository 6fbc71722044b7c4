"""`pagoda gdb`: QEMU, halted at its first instruction, with gdb on it."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from . import bundle as bundles
from .common import ROOT, Failure, build_folder, find_program, relative
from .machine import boot_arguments, machine_for
from .options import DEFAULT_TIMEOUT, add_bundle_options, add_machine_options, split_words
from .session import end, start

DESCRIPTION = """\
Starts the system halted and gdb on it, with the kernel's symbols and the commands of
tools/gdb/pagoda.py (`pagoda` in gdb lists them). What the guest's serial line says goes
to a file that is named at the start."""


def add_arguments(parser):
    parser.add_argument(
        "--command", "-x", action="append", default=[], metavar="GDBCOMMAND",
        help="do this in gdb at the start; may be repeated",
    )  # fmt: skip
    parser.add_argument("--batch", action="store_true", help="end after the commands")
    parser.add_argument("--output", metavar="FILE", help="serial line; default build/gdb.log")
    add_bundle_options(parser)
    add_machine_options(parser)
    parser.add_argument("words", nargs="*", metavar="-- PROGRAM ARGS…", help="what to run")


def gdb_command(socket, images, options):
    """gdb with symbols of the kernel; those of servers and programs are listed for
    tools/gdb/pagoda.py, since all of them are linked to the same addresses."""
    kernel = build_folder() / "virt/kernel.elf"
    if options.kernel:
        kernel = Path(os.path.splitext(options.kernel)[0] + ".elf")
    if not kernel.is_file():
        raise Failure(f"no kernel with symbols at {relative(kernel)} (run make)")
    listed = ";".join(f"{name}={path}" for name, path in sorted(images.items()))
    commands = ["set confirm off", "set pagination off", f"target remote {socket}"]
    script = ROOT / "tools/gdb/pagoda.py"
    if script.is_file():
        commands.append(f"source {script}")
    command = [find_program("gdb-multiarch"), "-q", "-nx"]
    if options.batch:
        command.append("-batch")
    for line in commands + options.command:
        command += ["-ex", line]
    return command + [str(kernel)], {**os.environ, "PAGODA_IMAGES": listed}


def main(options):
    log = Path(options.output or build_folder() / "gdb.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    options.serial = f"file,path={log}"
    options.fixed_addresses = True  # symbols are loaded before the program is
    bundle = bundles.make(options, split_words(options))
    with tempfile.TemporaryDirectory(prefix="pagoda-") as folder:
        socket = f"{folder}/gdb"
        command = machine_for(options).command(bundle.write(), boot_arguments(options), folder)
        command += ["-S", "-chardev", f"socket,id=gdb,path={socket},server=on,wait=off",
                    "-gdb", "chardev:gdb"]  # fmt: skip
        gdb, environment = gdb_command(socket, bundle.images, options)
        # In a session of its own QEMU does not get the ^C that is meant for gdb.
        with open(f"{folder}/errors", "wb") as errors:
            qemu = start(command, own_session=True, stdin=subprocess.DEVNULL, stderr=errors)
        try:
            wait_for(socket, qemu, Path(folder) / "errors")
            print(f"pagoda: the guest's serial line is in {relative(log)}", file=sys.stderr)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            limit = (options.timeout or DEFAULT_TIMEOUT) if options.batch else None
            return subprocess.run(gdb, env=environment, check=False, timeout=limit).returncode
        except subprocess.TimeoutExpired as error:
            raise Failure(f"gdb did not end within {limit:g} s") from error
        finally:
            end(qemu)


def wait_for(socket, qemu, errors):
    """Until QEMU listens; Failure when it ended instead."""
    while not os.path.exists(socket):
        try:
            status = qemu.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        words = errors.read_text(errors="replace").strip()
        raise Failure(f"QEMU ended with status {status} before gdb came\n{words}".rstrip())
