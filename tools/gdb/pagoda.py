"""gdb: `source tools/gdb/pagoda.py` adds the command `pagoda` (`help pagoda`).

What each subcommand prints is made by one module of pagodagdb/; this file only
gives them their names.
"""

import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from pagodagdb import kernel, ledger, spaces, symbols, tables, trace  # noqa: E402

SUBCOMMANDS = {
    "spaces": (spaces.show_spaces, "", "every address space"),
    "threads": (spaces.show_threads, "", "every thread and what it waits for"),
    "regions": (spaces.show_regions, "SPACE", "regions of a space (id or name)"),
    "walk": (tables.show_walk, "SPACE VA", "the way of an address through the tables"),
    "ledger": (ledger.show_ledger, "", "frames by state, pools, and whether they agree"),
    "trace": (trace.show_trace, "[N]", "the last N records of the trace ring (20)"),
    "symbols": (symbols.load_server, "[NAME]", "symbols of a server instead of those loaded before"),
    "program": (symbols.load_program, "FILE [BASE]", "the same for a Linux program"),
}


class Pagoda(gdb.Command):
    """Looks into the stopped kernel (tools/gdb/README.md). Alone it lists the subcommands."""

    def __init__(self):
        super().__init__("pagoda", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)

    def invoke(self, argument, from_tty):
        del from_tty
        for name, (_, arguments, what) in SUBCOMMANDS.items():
            print(f"pagoda {name + ' ' + arguments:<22} {what}")
        if argument:
            raise gdb.GdbError(f"pagoda has no subcommand {argument.split()[0]}")


class Subcommand(gdb.Command):
    """One question. Errors of reading become one line, not a Python traceback."""

    def __init__(self, name, function, arguments, what):
        self.__doc__ = f"pagoda {name} {arguments}: {what}."
        super().__init__(f"pagoda {name}", gdb.COMMAND_DATA)
        self.function = function
        self.usage = f"usage: pagoda {name} {arguments}".rstrip()

    def invoke(self, argument, from_tty):
        del from_tty
        try:
            for line in self.function(*gdb.string_to_argv(argument)):
                print(line)
        except kernel.Unreadable as error:
            raise gdb.GdbError(str(error)) from None
        except TypeError as error:
            if "positional argument" not in str(error):
                raise
            raise gdb.GdbError(self.usage) from None


class RunningSpace(gdb.Function):
    """$pagoda_space(): the name of the space whose thread runs, for conditions of breakpoints."""

    def __init__(self):
        super().__init__("pagoda_space")

    def invoke(self):
        with kernel.access():
            return kernel.running_space()


Pagoda()
for _name, (_function, _arguments, _what) in SUBCOMMANDS.items():
    Subcommand(_name, _function, _arguments, _what)
RunningSpace()
