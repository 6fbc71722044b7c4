"""Files as programs see them: each program compares with Linux's answers, and runs there too."""

import re

import pytest


def whole(result):
    """All that a program took is given back, and the frames add up."""
    assert "exit status 0" in result.stderr
    assert not re.search(r"proc: .*not known", result.stderr), result.stderr


@pytest.mark.parametrize("flavour", ["musl", "glibc"])
@pytest.mark.parametrize("program", ["tree", "store", "between", "moves", "sockets", "mapped"])
def test_as_on_linux(pagoda, program, flavour):
    result = pagoda(f"/bin/{program}.{flavour}", options=["--summary"])
    last = result.stdout.splitlines()[-1]
    assert re.fullmatch(rf"{program}: [1-9]\d+ passed, 0 failed", last), result.stdout
    result.expect(0)
    whole(result)
