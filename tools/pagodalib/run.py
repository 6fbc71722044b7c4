"""`pagoda run`: one program in one system, from the outside like a local command."""

import os
import signal
import sys
import tempfile
import time

from . import bundle as bundles
from .common import STATUS_FAILURE, STATUS_TIMEOUT, relative
from .machine import boot_arguments, machine_for
from .options import DEFAULT_TIMEOUT, add_bundle_options, add_machine_options, split_words
from .serial import Demultiplexer
from .session import Session
from .symbols import Symboliser
from .terminal import Terminal
from .trace import TraceCollector

DESCRIPTION = """\
Boots Pagoda in QEMU and runs PROGRAM: a file of this machine (it is put into the
system as /bin/NAME) or the guest path of a program that is in the system. Programs of
the project named in the command by their guest path (/bin/NAME) are put in as well.

The program's output goes to stdout, what the system says to stderr; input is passed on.
The exit status is the program's; 124: it did not end in time; 125: not the program but
the system, or this command, failed (stderr says why)."""


def add_arguments(parser):
    add_bundle_options(parser)
    add_machine_options(parser)
    parser.add_argument("words", nargs="*", metavar="-- PROGRAM ARGS…", help="what to run")


class Reporter:
    """Says on stderr what the system said, with source lines, and remembers how it ended."""

    def __init__(self, options, images, terminal):
        kernel = os.path.splitext(options.kernel)[0] + ".elf" if options.kernel else None
        self.symboliser = Symboliser(images, kernel)
        self.trace = TraceCollector()
        self.terminal = terminal

    def __call__(self, line):
        if self.trace.take(line):
            return
        end = self.terminal.line_end()
        sys.stderr.write("".join(text + end for text in [line, *self.symboliser.explain(line)]))
        sys.stderr.flush()

    @property
    def panicked(self):
        return self.symboliser.panicked


def write_all(data):
    """Program output, unbuffered and unchanged."""
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def describe_end(outcome, demultiplexer, reporter, timeout):
    """(status, reason or None) of an ended run."""
    if reporter.panicked:
        return STATUS_FAILURE, "the kernel panicked"
    if not demultiplexer.kernel_started:
        last = demultiplexer.chatter.decode(errors="replace").replace("\r", "")
        reason = "the boot loader did not start the kernel"
        if outcome.errors:
            reason = f"{reason}; QEMU says:\n{outcome.errors}"
        return STATUS_FAILURE, f"{reason}\n{last[-2000:].strip()}".rstrip()
    if outcome.left:
        return 0, None
    if outcome.timed_out:
        return STATUS_TIMEOUT, f"no end after {timeout:g} s"
    if outcome.status < 0:
        name = signal.Signals(-outcome.status).name
        return STATUS_FAILURE, f"QEMU was ended by {name}\n{outcome.errors}".rstrip()
    if outcome.status and "qemu" in outcome.errors.lower():
        return STATUS_FAILURE, f"QEMU failed with status {outcome.status}:\n{outcome.errors}"
    return outcome.status, None


def describe_moment(manifest, options, terminal):
    """Tells the guest what no bundle can know: the time, and the terminal of the person."""
    if options.seed is None and not options.icount:  # those runs are the same every time
        manifest.remove("time")
        manifest.add("time", str(int(time.time())))
    if not terminal.present:
        return
    manifest.remove("window")
    manifest.add("window", *(str(number) for number in terminal.size()))
    kind = os.environ.get("TERM")
    if kind and not any(item.startswith("TERM=") for item in options.environment):
        manifest.add("environment", f"TERM={kind}")
    if not options.quiet:
        print("pagoda: control-A x ends the machine", file=sys.stderr)


def main(options):
    options.words = split_words(options)
    terminal = Terminal()
    if options.timeout is None and not terminal.present:
        options.timeout = DEFAULT_TIMEOUT
    bundle = bundles.make(options, options.words)
    describe_moment(bundle.manifest, options, terminal)
    machine = machine_for(options)
    reporter = Reporter(options, bundle.images, terminal)
    demultiplexer = Demultiplexer(write_all, reporter, after_uboot=options.uboot)
    with tempfile.TemporaryDirectory(prefix="pagoda-") as folder:
        command = machine.command(bundle.write(), boot_arguments(options), folder)
        if options.verbose:
            print("pagoda:", " ".join(command), file=sys.stderr)
        source = None if options.no_input else 0
        outcome = Session(command, demultiplexer, options.timeout, source, terminal).run()
    if options.trace:
        reporter.trace.save(options.trace)
    status, reason = describe_end(outcome, demultiplexer, reporter, options.timeout)
    if reason:
        print(f"pagoda: {reason}", file=sys.stderr)
    elif options.verbose:
        print(f"pagoda: status {status} after {outcome.seconds:.2f} s", file=sys.stderr)
    if options.trace and not options.quiet:
        print(f"pagoda: trace in {relative(options.trace)}; "
              f"read it with tools/pagoda trace {options.trace}", file=sys.stderr)  # fmt: skip
    return status
