"""One QEMU, from its start to its end: bytes in and out, a deadline, no leftovers."""

import ctypes
import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass, field

from .common import Failure

PR_SET_PDEATHSIG = 1  # prctl(2)
PATIENCE = 2.0  # seconds between asking QEMU to end and making it
END_OF_FILE = b"\x04"  # what a terminal sends for "no more input"


@dataclass
class Outcome:
    status: int  # as subprocess has it: negative for a signal
    timed_out: bool
    seconds: float
    errors: str = field(default="")  # what QEMU itself said


def _end_with_parent():
    """In the child: when the runner is killed, QEMU is too."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(command, own_session=False, **streams):
    """Starts QEMU; Failure when there is none."""
    try:
        return subprocess.Popen(
            command, preexec_fn=_end_with_parent, start_new_session=own_session, **streams
        )
    except OSError as error:
        raise Failure(f"QEMU did not start: {command[0]}: {error.strerror}") from error


def end(process):
    """Ends a QEMU that is still there, gently first. Nothing is left when this returns."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


class Session:
    """Runs `command` for at most `timeout` seconds; its output goes to demultiplexer.feed.

    The runner's own input is passed on from the moment the kernel runs (the boot loader
    would take it for a wish to stop); its end becomes a control-D.
    """

    def __init__(self, command, demultiplexer, timeout, source=0):
        self.command, self.demultiplexer, self.timeout = command, demultiplexer, timeout
        self.source = source  # file descriptor of the input, or None
        self._pending = bytearray()  # input that QEMU has not taken yet
        self._errors = bytearray()
        self._selector = selectors.DefaultSelector()

    def run(self):
        started = time.monotonic()
        pipe = subprocess.PIPE
        process = start(self.command, stdin=pipe, stdout=pipe, stderr=pipe)
        try:
            timed_out = self._pump(process, started + self.timeout)
        finally:
            end(process)
            self._selector.close()
        self.demultiplexer.finish()
        errors = self._errors.decode(errors="replace").strip()
        return Outcome(process.returncode, timed_out, time.monotonic() - started, errors)

    def _pump(self, process, deadline):
        """Moves bytes until QEMU closes its output (False) or the deadline comes (True)."""
        listening = self.source is None
        os.set_blocking(process.stdin.fileno(), False)
        self._selector.register(process.stdout, selectors.EVENT_READ, self._output)
        self._selector.register(process.stderr, selectors.EVENT_READ, self._error)
        open_streams = {process.stdout, process.stderr}
        while open_streams:
            left = deadline - time.monotonic()
            if left <= 0:
                return True
            if not listening and self.demultiplexer.kernel_started:
                listening = True
                self._listen()
            self._offer(process.stdin)
            for key, _ in self._selector.select(left):
                if key.data is None:
                    continue
                data = os.read(key.fd, 65536)
                if not data and key.fileobj in open_streams:
                    open_streams.discard(key.fileobj)
                    self._selector.unregister(key.fileobj)
                key.data(data)
        try:
            process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            return True
        return False

    def _output(self, data):
        self.demultiplexer.feed(data)

    def _error(self, data):
        self._errors += data

    def _listen(self):
        try:
            self._selector.register(self.source, selectors.EVENT_READ, self._input)
        except PermissionError:  # a plain file: always ready, so take it all now
            with os.fdopen(os.dup(self.source), "rb") as file:
                self._pending += file.read()
            self._pending += END_OF_FILE

    def _input(self, data):
        self._pending += data
        if not data:
            self._selector.unregister(self.source)
            self._pending += END_OF_FILE

    def _offer(self, stdin):
        """Writes what QEMU takes now; asks to be woken when it takes more."""
        registered = stdin in self._selector.get_map()
        try:
            while self._pending:
                del self._pending[: os.write(stdin.fileno(), self._pending[:4096])]
        except BlockingIOError:
            if not registered:
                self._selector.register(stdin, selectors.EVENT_WRITE, None)
            return
        except BrokenPipeError:
            self._pending.clear()
        if registered:
            self._selector.unregister(stdin)
