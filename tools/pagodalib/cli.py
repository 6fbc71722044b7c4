"""The commands of tools/pagoda, and what happens when one fails."""

import argparse
import importlib
import os
import signal
import sys

from .common import STATUS_FAILURE, Failure

# name -> (module, what it does). A module has DESCRIPTION, add_arguments, main.
COMMANDS = {
    "run": ("run", "run a program in Pagoda"),
    "doctor": ("doctor", "what is missing on this machine, and how to get it"),
    "image": ("image", "make a disk image that U-Boot starts"),
    "card": ("card", "make, check and read SD-card images"),
    "tree": ("listing", "list the file tree that a program would find"),
    "bundle": ("archive", "make, list or extract a boot bundle"),
    "gdb": ("debugger", "run a program under the debugger"),
    "bench": ("bench", "instructions per operation, beside those of others"),
    "compare": ("compare", "one program measured on Debian's Linux and on Pagoda"),
    "linux": ("reference_linux", "run a program in Debian's Linux instead, to compare"),
    "trace": ("trace", "the kernel's trace as text"),
    "reference": ("reference", "the table of all kernel calls"),
    "lint": ("lint", "the rules of the house"),
}


class Parser(argparse.ArgumentParser):
    """A wrong command line ends with 125, which no program's own status is mistaken for."""

    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(STATUS_FAILURE, f"pagoda: {message}\n")


def make_parser(wanted):
    parser = Parser(prog="pagoda", description="Runs, inspects and debugs Pagoda.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module_name, summary) in COMMANDS.items():
        if wanted and name != wanted:
            commands.add_parser(name, help=summary)
            continue
        module = importlib.import_module(f".{module_name}", __package__)
        command = commands.add_parser(
            name,
            help=summary,
            description=module.DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(main=module.main)
    return parser


def parse(arguments):
    """Everything behind the first `--` is the guest's, untouched."""
    after = []
    if "--" in arguments:
        cut = arguments.index("--")
        arguments, after = arguments[:cut], arguments[cut + 1 :]
    wanted = arguments[0] if arguments and arguments[0] in COMMANDS else None
    options = make_parser(wanted).parse_args(arguments)
    options.after_dashes = after
    return options


def _ended(number, _frame):
    raise SystemExit(128 + number)


def main(arguments):
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ended)  # so that `finally` ends QEMU
    options = parse(arguments)
    try:
        return options.main(options)
    except Failure as failure:
        print(f"pagoda: {failure}", file=sys.stderr)
        return STATUS_FAILURE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # whoever read our output is gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE
