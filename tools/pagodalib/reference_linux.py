"""`pagoda linux`: the same program on Debian's Linux for arm64, under the same QEMU.

What this gives to others is `run`: several commands in one boot, each with its output and
its status. Linux starts from its own kernel package and an initial file tree of nothing
but the programs and userland/apps/linux_init.c.
"""

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import cpio
from .guest import app_of
from .common import ROOT, STATUS_TIMEOUT, Failure, build_folder, read_bytes
from .machine import qemu, size_bytes
from .options import positive, split_words
from .session import Session

DESCRIPTION = """\
Boots Debian's arm64 Linux in QEMU (fetching its kernel package when it is not there yet)
and runs PROGRAM, a static program: a file of this machine, or /bin/NAME for one of the
project's (userland/apps). Its output goes to stdout, its exit status is the command's;
124: it did not end in time; 125: Linux or this command failed."""

TIMEOUT = 180.0
# Said on every boot: the console, and nothing on it but the programs' words.
ALWAYS = ["console=ttyAMA0", "quiet", "loglevel=1", "panic=-1", "rdinit=/init"]
# What a kernel for this one purpose would leave out: tables of its own for programs,
# work-arounds for processors' faults, random addresses, the memory controller.
LEAN = ["nokaslr", "kpti=off", "mitigations=off", "cgroup_disable=memory", "audit=0",
        "transparent_hugepage=never", "randomize_kstack_offset=off", "init_on_alloc=0"]  # fmt: skip
MARK = re.compile(rb"\x01begin (\d+)\n(.*?)(?:\x01end \1 (\d+)\n|\Z)", re.DOTALL)


@dataclass
class Ended:
    """What one command did; status None: it had not ended when the machine stopped."""

    status: int | None
    output: str


@dataclass
class Boot:
    """How Linux is started."""

    icount: bool = False
    lean: bool = False
    cpu: str = "cortex-a72"
    memory: str = "512M"
    timeout: float = TIMEOUT
    append: tuple = ()


def add_arguments(parser):
    parser.add_argument("--icount", action="store_true", help="1 instruction = 1 ns, repeatable")
    parser.add_argument("--lean", action="store_true",
                        help=f"leanest boot: {' '.join(LEAN)}")  # fmt: skip
    parser.add_argument("--cpu", default="cortex-a72", metavar="MODEL")
    parser.add_argument("--memory", default="512M", metavar="SIZE", help="e.g. 256M, 2G (512M)")
    parser.add_argument("--append", action="append", default=[], metavar="ARGUMENTS",
                        help="further boot arguments")  # fmt: skip
    parser.add_argument("--add", action="append", default=[], metavar="HOSTFILE:GUESTPATH",
                        help="put a file in")  # fmt: skip
    parser.add_argument("--timeout", type=positive, default=TIMEOUT, metavar="SECONDS",
                        help=f"end it after that long ({TIMEOUT:g})")  # fmt: skip
    parser.add_argument("words", nargs="*", metavar="-- PROGRAM ARGS…", help="what to run")


def fetch():
    """Path of the kernel; downloads its package when it is not there yet."""
    path = build_folder() / "linux/vmlinuz"
    if not path.is_file():
        done = subprocess.run([ROOT / "tools/setup", "--linux"], stdout=sys.stderr, check=False)
        if done.returncode or not path.is_file():
            raise Failure("Debian's arm64 Linux could not be fetched (tools/setup --linux)")
    return path


def host_file(program):
    """The static program that a command names: a file here, or the project's /bin/NAME."""
    found = app_of(program) or Path(program)
    if not found.is_file():
        raise Failure(f"{program} is neither a file here nor a program of the project (make apps)")
    return found


def initial_tree(commands, files):
    """The archive that Linux unpacks as its root, and starts /init of."""
    init = host_file("/bin/linux_init")
    tree = {"init": cpio.file_entry("init", read_bytes(init, "init"), True)}
    for folder in ("dev", "proc", "sys", "tmp", "bin"):
        tree[folder] = cpio.folder_entry(folder)
    listed = bytearray()
    for words in commands:
        path = host_file(words[0])
        guest = f"bin/{path.name if app_of(words[0]) is None else Path(words[0]).name}"
        tree[guest] = cpio.file_entry(guest, read_bytes(path, "program"), True)
        for word in ["/" + guest, *words[1:]]:
            if not word:
                raise Failure("an empty argument cannot be passed to a program on Linux")
            listed += word.encode(errors="surrogateescape") + b"\0"
        listed += b"\0"
    for host, guest in files:
        name = guest.strip("/")
        for parent in reversed(list(Path(name).parents)[:-1]):
            tree.setdefault(str(parent), cpio.folder_entry(str(parent)))
        tree[name] = cpio.file_entry(name, read_bytes(host, "file"), True)
    tree["commands"] = cpio.file_entry("commands", bytes(listed))
    return cpio.write(list(tree.values()))


class Console:
    """Collects what the machine says; Session's input is not passed on."""

    kernel_started = takes_input = False

    def __init__(self, follow=None):
        self.data, self.follow = bytearray(), follow

    def feed(self, data):
        self.data += data
        if self.follow:
            self.follow(bytes(self.data))

    def finish(self):
        pass


def command_line(boot, tree):
    """QEMU's, for an archive in the file `tree`."""
    size_bytes(boot.memory, "--memory")
    words = ALWAYS + (LEAN if boot.lean else []) + list(boot.append)
    command = [
        qemu(), "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-nic", "none",
        "-M", "virt,gic-version=2", "-cpu", boot.cpu, "-smp", "1", "-m", boot.memory, "-serial",
        "stdio", "-kernel", str(fetch()), "-initrd", str(tree), "-append", " ".join(words),
    ]  # fmt: skip
    return command + (["-icount", "shift=0,sleep=off"] if boot.icount else [])


def parse(data, count):
    """The Ended of each of `count` commands, out of all that the console said."""
    found = {
        int(number): Ended(None if status is None else int(status), text.decode(errors="replace"))
        for number, text, status in (match.groups() for match in MARK.finditer(bytes(data)))
    }
    return [found.get(number, Ended(None, "")) for number in range(count)]


def run(commands, boot=None, files=(), follow=None):
    """Boots once and runs `commands` (lists of words); a list of Ended, one for each.

    Commands that did not come to their end within boot.timeout have status None. Failure
    when Linux did not reach the first.
    """
    boot = boot or Boot()
    console = Console(follow)
    with tempfile.TemporaryDirectory(prefix="pagoda-linux-") as folder:
        tree = Path(folder) / "tree"
        tree.write_bytes(initial_tree(commands, files))
        outcome = Session(command_line(boot, tree), console, boot.timeout, source=None).run()
    if commands and b"\x01begin 0\n" not in console.data:
        said = bytes(console.data[-2000:]).decode(errors="replace").strip()
        when = f"within {boot.timeout:g} s" if outcome.timed_out else "before the machine stopped"
        raise Failure(f"Linux did not come to its first program {when}\n{said}\n{outcome.errors}")
    return parse(console.data, len(commands))


def main(options):
    words = split_words(options)
    if not words:
        raise Failure("run what? pagoda linux [options] -- PROGRAM ARGS…")
    files = [item.partition(":")[::2] for item in options.add]
    if not all(guest for _, guest in files):
        raise Failure("--add needs HOSTFILE:GUESTPATH")
    boot = Boot(options.icount, options.lean, options.cpu, options.memory, options.timeout,
                tuple(options.append))  # fmt: skip
    ended = run([words], boot, files)[0]
    sys.stdout.write(ended.output)
    sys.stdout.flush()
    if ended.status is None:
        print(f"pagoda: no end after {boot.timeout:g} s", file=sys.stderr)
        return STATUS_TIMEOUT
    return ended.status
