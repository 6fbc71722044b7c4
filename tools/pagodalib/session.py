"""One QEMU, from its start to its end: bytes in and out, a deadline, no leftovers."""

import ctypes
import errno
import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass, field

from .common import Failure
from .terminal import END_OF_INPUT, Keyboard, Terminal, escape

PR_SET_PDEATHSIG = 1  # prctl(2)
PATIENCE = 2.0  # seconds between asking QEMU to end and making it
HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # while QEMU is being started
PENDING_MOST = 1 << 16  # bytes of input that are read ahead of what QEMU takes


@dataclass
class Outcome:
    status: int  # as subprocess has it: negative for a signal
    timed_out: bool
    seconds: float
    errors: str = field(default="")  # what QEMU itself said
    left: bool = False  # the person at the terminal ended it


def _end_with_parent():
    """In the child: when the runner is killed, QEMU is too."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(command, own_session=False, **streams):
    """Starts QEMU; Failure when there is none."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)  # a signal must not find it half started

    def prepare():
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _end_with_parent()

    process = None
    try:
        process = subprocess.Popen(command, preexec_fn=prepare, start_new_session=own_session, **streams)
    except OSError as error:
        raise Failure(f"QEMU did not start: {command[0]}: {error.strerror}") from error
    finally:
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)  # what was held comes now
        except BaseException:
            if process:
                end(process)
            raise
    return process


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
    """Runs `command` for at most `timeout` seconds (None: any time); its output goes to
    demultiplexer.feed.

    The runner's own input is passed on from the moment the console driver takes it (the boot
    loader would see a wish to stop in it), and then its end.
    """

    def __init__(self, command, demultiplexer, timeout, source=0, terminal=None):
        self.command, self.demultiplexer, self.timeout = command, demultiplexer, timeout
        self.source = source  # file descriptor of the input, or None
        self.terminal = terminal or Terminal()
        self._keyboard = Keyboard(self.terminal.say) if self.terminal.present else None
        self._pending = bytearray()  # input that QEMU has not taken yet
        self._always_ready = False  # the input is a plain file
        self._listening = False  # the selector tells of input
        self._blocked = False  # the selector tells when QEMU takes more
        self._errors = bytearray()
        self._selector = selectors.DefaultSelector()

    def run(self):
        started = time.monotonic()
        pipe = subprocess.PIPE
        process = start(self.command, stdin=pipe, stdout=pipe, stderr=pipe)
        try:
            with self.terminal:
                timed_out = self._pump(process, started + (self.timeout or float("inf")))
        finally:
            end(process)
            self._selector.close()
        self.demultiplexer.finish()
        errors = self._errors.decode(errors="replace").strip()
        left = self._keyboard is not None and self._keyboard.leave
        return Outcome(process.returncode, timed_out, time.monotonic() - started, errors, left)

    def _pump(self, process, deadline):
        """Moves bytes until QEMU closes its output (False) or the deadline comes (True)."""
        started = self.source is None
        os.set_blocking(process.stdin.fileno(), False)
        self._selector.register(process.stdout, selectors.EVENT_READ, self._output)
        self._selector.register(process.stderr, selectors.EVENT_READ, self._error)
        open_streams = {process.stdout, process.stderr}
        while open_streams and not (self._keyboard and self._keyboard.leave):
            left = deadline - time.monotonic()
            if left <= 0:
                return True
            if not started and self.demultiplexer.kernel_started:
                started = True
                self.terminal.start()
            if started:
                self._pass_on(process.stdin)
            for key, _ in self._selector.select(None if left == float("inf") else left):
                if key.data is None:
                    continue
                data = self._read(key.fd)
                if not data and key.fileobj in open_streams:
                    open_streams.discard(key.fileobj)
                    self._selector.unregister(key.fileobj)
                key.data(data)
        if open_streams:
            return False
        try:
            process.wait(min(max(deadline - time.monotonic(), 0.1), 60))
        except subprocess.TimeoutExpired:
            return True
        return False

    def _output(self, data):
        self.demultiplexer.feed(data)

    def _error(self, data):
        self._errors += data

    def _read(self, descriptor):
        """What is there; nothing when a terminal has gone away."""
        try:
            return os.read(descriptor, 65536)
        except OSError as error:
            if error.errno == errno.EIO:
                return b""
            raise

    def _pass_on(self, stdin):
        """Input to QEMU, as far as it goes now."""
        self._listen()
        while self.demultiplexer.takes_input:
            self._offer(stdin)
            self._listen()
            if not self._always_ready or self._blocked or not self._pending:
                break

    def _listen(self):
        """Takes input while QEMU keeps up with it, and lets it wait otherwise."""
        wanted = self.source is not None and len(self._pending) < PENDING_MOST
        if self._always_ready and wanted:
            self._input(self._read(self.source))
        elif wanted and not self._listening:
            try:
                self._selector.register(self.source, selectors.EVENT_READ, self._input)
                self._listening = True
            except PermissionError:  # a plain file
                self._always_ready = True
                self._listen()
        elif self._listening and not wanted:
            self._selector.unregister(self.source)
            self._listening = False

    def _input(self, data):
        if not data:
            if self._listening:
                self._selector.unregister(self.source)
                self._listening = False
            self.source = None
            self._pending += END_OF_INPUT
        elif self._keyboard:
            self._pending += escape(self._keyboard.feed(data))
        else:
            self._pending += escape(data)

    def _offer(self, stdin):
        """Writes what QEMU takes now; asks to be woken when it takes more."""
        blocked = False
        try:
            while self._pending:
                del self._pending[: os.write(stdin.fileno(), self._pending[:4096])]
        except BlockingIOError:
            blocked = True
        except BrokenPipeError:
            self._pending.clear()
        if blocked and not self._blocked:
            self._selector.register(stdin, selectors.EVENT_WRITE, None)
        elif self._blocked and not blocked:
            self._selector.unregister(stdin)
        self._blocked = blocked
