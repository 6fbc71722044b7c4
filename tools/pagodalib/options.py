"""Options that several commands share."""

import argparse
import os

DEFAULT_TIMEOUT = 120.0


def positive(text):
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def seed(text):
    value = int(text)
    if not 0 < value < 1 << 64:
        raise argparse.ArgumentTypeError("must be from 1 to 2^64 - 1 (0 means: none)")
    return value


class Layer(argparse.Action):
    """--add, --package, --root FOLDER: one more layer of the guest's tree, in the order of the
    command line. --root FILE is another thing: it sets `root`."""

    def __call__(self, parser, namespace, value, option=None):
        kind = self.dest
        if kind == "root" and not os.path.isdir(value):
            if not os.path.isfile(value):
                parser.error(f"--root {value}: no such file or folder")
            namespace.root = value
            return
        layers = list(namespace.layers)
        if kind == "package" and layers and layers[-1][0] == "package":
            layers[-1] = (kind, [*layers[-1][1], value])  # chosen together
        else:
            layers.append((kind, [value] if kind == "package" else value))
        namespace.layers = layers


def add_bundle_options(parser):
    """What is in the system."""
    group = parser.add_argument_group("what is in the system (later ones lie over earlier ones)")
    parser.set_defaults(layers=[])
    group.add_argument(
        "--package", action=Layer, metavar="NAME",
        help="a Debian package for arm64 and what it depends on (downloaded once)",
    )
    group.add_argument(
        "--root", action=Layer, metavar="FOLDER",
        help="all that is in FOLDER, as the guest's / (a native program FILE instead: it takes the "
        "place of root and all servers)",
    )  # fmt: skip
    group.add_argument(
        "--add", action=Layer, metavar="HOSTFILE[:GUESTPATH]",
        help="a file or folder (programs to /bin, others to / unless GUESTPATH says)",
    )  # fmt: skip
    group.add_argument("--bare", action="store_true", help="no BusyBox, no usual files of /etc")
    group.add_argument(
        "--pager", action="append", default=[], metavar="NAME=FILE",
        help="put your own pager FILE behind the program, in the place of server NAME (anon)",
    )  # fmt: skip
    group.add_argument("--manifest", metavar="FILE", help="servers as FILE says, not the usual ones")
    group.add_argument("--environment", action="append", default=[], metavar="NAME=VALUE")
    group.add_argument("--pool-limit", metavar="SIZE", help="memory for programs, e.g. 8M")
    group.add_argument("--every-app", action="store_true", help="all programs of the project")
    group.add_argument("--strace", action="store_true", help="show each Linux system call")
    group.add_argument("--fixed-addresses", action="store_true", help="do not randomise programs")
    group.add_argument("--summary", action="store_true", help="say at the end what happened")


def add_machine_options(parser):
    """What it runs on, and how it is watched."""
    group = parser.add_argument_group("the machine")
    group.add_argument("--board", default="virt", help="virt (the default)")
    group.add_argument(
        "--memory", metavar="SIZE", help="e.g. 64M, 4G (256M, or what a large bundle needs)"
    )
    group.add_argument("--cpus", type=int, default=1, metavar="N")
    group.add_argument("--cpu", default="cortex-a72", metavar="MODEL", help="cortex-a72 or max")
    group.add_argument("--gic", type=int, choices=(2, 3), default=2, help="interrupt controller")
    start = group.add_mutually_exclusive_group()
    start.add_argument("--uboot", action="store_true", help="start through U-Boot, as on a board")
    start.add_argument(
        "--direct", dest="uboot", action="store_false", help="QEMU loads the kernel (default)"
    )
    group.add_argument("--el2", action="store_true", help="enter the kernel at EL2, not EL1")
    group.add_argument("--icount", action="store_true", help="1 instruction = 1 ns, repeatable")
    group.add_argument(
        "--no-input", action="store_true",
        help="pass nothing on, not even the end of input: with --icount a run then repeats exactly",
    )  # fmt: skip
    group.add_argument("--seed", type=seed, metavar="N", help="seed of all random numbers")
    group.add_argument(
        "--append", action="append", default=[], metavar="ARGUMENTS",
        help="further boot arguments, e.g. linear=128M",
    )  # fmt: skip
    group.add_argument(
        "--card", metavar="IMAGE", help="an SD card: its root file system is /, its changes stay"
    )
    group.add_argument("--virtio", action="store_true", help="the card as a virtio block device")
    group.add_argument("--snapshot", action="store_true", help="the card's changes are forgotten")
    group.add_argument(
        "--record", metavar="LOG", help="keep every write to the card in LOG (tests/powercut reads it)"
    )
    group.add_argument(
        "--qemu", action="append", default=[], metavar="ARGUMENT",
        help="one more word for QEMU, e.g. --qemu=-device --qemu=usb-kbd",
    )
    group.add_argument("--kernel", metavar="IMAGE", help="another kernel than build/virt/Image")
    watch = parser.add_argument_group("watching")
    watch.add_argument("--trace", metavar="FILE", help="keep the kernel's trace in FILE")
    watch.add_argument(
        "--timeout", type=positive, metavar="SECONDS",
        help=f"end it after that long ({DEFAULT_TIMEOUT:g}; with a person at a terminal: never)",
    )  # fmt: skip
    watch.add_argument("--quiet", "-q", action="store_true", help="of the system, errors alone")
    watch.add_argument("--verbose", "-v", action="count", default=0, help="more; -vv: all")
    parser.set_defaults(serial="stdio,signal=off")


def split_words(options):
    """PROGRAM ARGS: what stood behind `--`, or else the free words."""
    return options.words + options.after_dashes
