"""The person's side of the serial line: what is typed, passed on or taken as a wish to leave.

On the line DLE (0x10) is special in both directions (serial.py has the other one). To the
guest, DLE P is the byte DLE, and DLE D is the end of the input: the console driver takes
them apart (drivers/uart). Everything else goes as it is.

With a person at a terminal (input and output both are one) the terminal is switched to raw
mode: each key goes to the guest, whose own terminal echoes, edits and makes signals of ^C
and ^Z. control-A is for the runner: ^A x leaves, ^A ^A is a control-A for the guest.
"""

import os
import sys
import termios

DLE = b"\x10"
DLE_IN_INPUT = b"\x10P"
END_OF_INPUT = b"\x10D"
CONTROL_A = 0x01
LEAVE = b"xX"
HELP = b"\r\npagoda: ^A x ends the machine, ^A ^A types a control-A\r\n"


def escape(data):
    """Input bytes as they go over the line."""
    return data.replace(DLE, DLE_IN_INPUT)


class Keyboard:
    """Takes typed bytes apart: feed() gives what is for the guest; `leave`: the person wants out."""

    def __init__(self, say=lambda text: None):
        self.leave = False
        self._after_control_a = False
        self._say = say

    def feed(self, data):
        out = bytearray()
        for byte in data:
            if self.leave:
                break
            if self._after_control_a:
                self._after_control_a = False
                if byte in LEAVE:
                    self.leave = True
                elif byte == CONTROL_A:
                    out.append(byte)
                else:
                    self._say(HELP)
            elif byte == CONTROL_A:
                self._after_control_a = True
            else:
                out.append(byte)
        return bytes(out)


class Terminal:
    """The terminal of the person, if there is one: `with` makes sure that it is as before."""

    def __init__(self, descriptor=0, output=1):
        self.present = os.isatty(descriptor) and os.isatty(output)
        self.raw = False
        self._descriptor, self._output = descriptor, output
        self._before = None

    def size(self):
        """(rows, columns); 24 and 80 when the terminal does not say."""
        size = os.get_terminal_size(self._output)
        return (size.lines or 24, size.columns or 80)

    def __enter__(self):
        return self

    def start(self):
        """Raw mode: from now on every key goes to the guest."""
        if not self.present or self.raw:
            return
        self._before = termios.tcgetattr(self._descriptor)
        mode = termios.tcgetattr(self._descriptor)
        mode[0] &= ~(termios.BRKINT | termios.ICRNL | termios.IGNCR | termios.INLCR | termios.INPCK
                     | termios.ISTRIP | termios.IXON | termios.PARMRK)  # fmt: skip
        mode[1] &= ~termios.OPOST
        mode[2] = mode[2] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
        mode[3] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN | termios.ISIG)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, mode)
        self.raw = True

    def __exit__(self, *_):
        if self.raw:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)
            self.raw = False

    def say(self, text):
        """Words of the runner itself, on a line of their own."""
        sys.stderr.flush()
        os.write(2, text)

    def line_end(self):
        return "\r\n" if self.raw else "\n"
