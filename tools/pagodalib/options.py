"""Options that several commands share."""

import argparse

DEFAULT_TIMEOUT = 120.0


def positive(text):
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def add_bundle_options(parser):
    """What is in the system."""
    group = parser.add_argument_group("what is in the system")
    group.add_argument(
        "--add", action="append", default=[], metavar="HOSTFILE[:GUESTPATH]",
        help="put a file or folder in (programs to /bin, others to / unless GUESTPATH says)",
    )  # fmt: skip
    group.add_argument(
        "--pager", action="append", default=[], metavar="NAME=FILE",
        help="put your own pager FILE behind the program, in the place of server NAME (anon)",
    )  # fmt: skip
    group.add_argument(
        "--root", metavar="FILE", help="the native program FILE in place of root and all servers"
    )
    group.add_argument("--manifest", metavar="FILE", help="servers as FILE says, not the usual ones")
    group.add_argument("--environment", action="append", default=[], metavar="NAME=VALUE")
    group.add_argument("--pool-limit", metavar="SIZE", help="memory for programs, e.g. 8M")
    group.add_argument("--every-app", action="store_true", help="all programs of the project")
    group.add_argument("--strace", action="store_true", help="show each Linux system call")
    group.add_argument("--summary", action="store_true", help="say at the end what happened")


def add_machine_options(parser):
    """What it runs on, and how it is watched."""
    group = parser.add_argument_group("the machine")
    group.add_argument("--board", default="virt", help="virt (the default)")
    group.add_argument("--memory", default="256M", metavar="SIZE", help="e.g. 64M, 4G (256M)")
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
    group.add_argument("--seed", type=int, metavar="N", help="seed of all random numbers")
    group.add_argument(
        "--append", action="append", default=[], metavar="ARGUMENTS",
        help="further boot arguments, e.g. linear=128M",
    )  # fmt: skip
    group.add_argument("--kernel", metavar="IMAGE", help="another kernel than build/virt/Image")
    watch = parser.add_argument_group("watching")
    watch.add_argument("--trace", metavar="FILE", help="keep the kernel's trace in FILE")
    watch.add_argument(
        "--timeout", type=positive, default=DEFAULT_TIMEOUT, metavar="SECONDS",
        help=f"end it after that long ({DEFAULT_TIMEOUT:g})",
    )  # fmt: skip
    watch.add_argument("--quiet", "-q", action="store_true", help="of the system, errors alone")
    watch.add_argument("--verbose", "-v", action="count", default=0, help="more; -vv: all")
    parser.set_defaults(serial="stdio,signal=off")


def split_words(options):
    """PROGRAM ARGS: what stood behind `--`, or else the free words."""
    return options.words + options.after_dashes
