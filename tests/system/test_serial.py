"""The serial line is taken apart correctly however its bytes happen to arrive."""

from pagodalib.serial import UBOOT_LAST_WORDS, Demultiplexer


class Listener:
    """Collects what a demultiplexer hands out."""

    def __init__(self, **options):
        self.output, self.lines = bytearray(), []
        self.demultiplexer = Demultiplexer(self.output.extend, self.lines.append, **options)

    def hear(self, data, seeded=None):
        while data:
            size = seeded.randrange(1, 12) if seeded else len(data)
            self.demultiplexer.feed(data[:size])
            data = data[size:]
        self.demultiplexer.finish()
        return self


def escaped(data):
    """As the console driver sends a program's bytes."""
    out = bytearray()
    for byte in data:
        out += bytes([0x10, byte + 0x40]) if byte in (0x0E, 0x0F, 0x10) else bytes([byte])
    return bytes(out)


def test_any_mixture_in_any_pieces(seeded):
    for _ in range(300):
        stream, output, lines = bytearray(), bytearray(), []
        for _ in range(seeded.randrange(20)):
            if seeded.random() < 0.5:
                piece = seeded.randbytes(seeded.randrange(30))
                stream += escaped(piece)
                output += piece
            else:
                line = "".join(seeded.choices("ab =x0é", k=seeded.randrange(20)))
                cut = seeded.randrange(len(line) + 1)  # one line from two writes
                for part in (line[:cut], line[cut:] + "\n"):
                    stream += b"\x0e" + part.encode() + b"\x0f"
                lines.append(line)
        heard = Listener().hear(bytes(stream), seeded)
        assert heard.output == output
        assert heard.lines == lines


def test_a_last_line_without_end_is_not_lost():
    assert Listener().hear(b"\x0ekernel panic: half a li").lines == ["kernel panic: half a li"]


def test_escapes_that_are_none_pass():
    assert Listener().hear(b"\x10x\x10").output == b"\x10x\x10"


def test_uboot_is_not_the_program(seeded):
    chatter = b"\r\nU-Boot 2023.01\x0e\r\nHit any key\r\n" + UBOOT_LAST_WORDS
    heard = Listener(after_uboot=True).hear(chatter + b"\x0enews\n\x0foutput", seeded)
    assert heard.output == b"output" and heard.lines == ["news"]
    assert heard.demultiplexer.chatter == chatter


def test_uboot_that_never_starts_the_kernel():
    heard = Listener(after_uboot=True).hear(b"U-Boot\r\n=> ")
    assert not heard.output and not heard.demultiplexer.kernel_started
    assert heard.demultiplexer.chatter == b"U-Boot\r\n=> "
