"""Takes the guest's serial line apart: what the program wrote, and what the system says.

With `console=runner` every write of the kernel and the servers is bracketed by SO and
SI; everything outside is the program's. A program's own SO, SI and DLE come from the
console driver as DLE and the letter 0x40 above (N, O, P); DLE R is the driver's own word:
it takes input from now on. Before the kernel runs, U-Boot speaks: that is neither.
"""

import re

SHIFT_OUT, SHIFT_IN, ESCAPE = 0x0E, 0x0F, 0x10
UBOOT_LAST_WORDS = b"Starting kernel ...\r\n\r\n"
_ESCAPED = re.compile(rb"\x10([NOPR])")
_CUT = re.compile(rb"([\x0e\x0f])")


class Demultiplexer:
    """feed() bytes as they come, in pieces of any size; finish() at the end.

    program(bytes) gets the program's output at once. system(str) gets each whole line of
    the system, without its end. `chatter` keeps what came before the kernel started.
    """

    def __init__(self, program, system, after_uboot=False):
        self.program, self.system = program, system
        self.kernel_started = not after_uboot
        self.takes_input = False
        self.chatter = bytearray()
        self._inside = False
        self._line = bytearray()
        self._held = b""  # a DLE whose letter has not come yet

    def feed(self, data):
        if not self.kernel_started:
            self.chatter += data
            end = self.chatter.find(UBOOT_LAST_WORDS)
            if end < 0:
                return
            self.kernel_started = True
            end += len(UBOOT_LAST_WORDS)
            data = bytes(self.chatter[end:])
            del self.chatter[end:]
        for piece in _CUT.split(data):
            if piece == b"\x0e":
                self._inside = True
            elif piece == b"\x0f":
                self._inside = False
            elif self._inside:
                self._system_bytes(piece)
            elif piece:
                self._program_bytes(piece)

    def _system_bytes(self, piece):
        self._line += piece
        *lines, rest = bytes(self._line).split(b"\n")
        self._line = bytearray(rest)
        for line in lines:
            self.system(line.rstrip(b"\r").decode(errors="replace"))

    def _program_bytes(self, piece):
        piece = self._held + piece
        self._held = b""
        if piece.endswith(b"\x10"):
            piece, self._held = piece[:-1], b"\x10"
        piece = _ESCAPED.sub(self._escaped, piece)
        if piece:
            self.program(piece)

    def _escaped(self, found):
        if found[1] == b"R":
            self.takes_input = True
            return b""
        return bytes([found[1][0] - 0x40])

    def finish(self):
        """No more bytes will come: hand over what was held back."""
        if self._held:
            self.program(self._held)
            self._held = b""
        if self._line:
            self.system(self._line.decode(errors="replace"))
            self._line.clear()
