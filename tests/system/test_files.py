"""Files as programs see them: each program compares with Linux's answers, and runs there too."""

import re

import pytest


def whole(result):
    """All that a program took is given back, and the frames add up."""
    assert "exit status 0" in result.stderr
    assert not re.search(r"proc: .*not known", result.stderr), result.stderr


@pytest.mark.parametrize("flavour", ["musl", "glibc"])
@pytest.mark.parametrize("program", ["tree", "store", "between", "moves", "sockets", "loopback", "mapped"])
def test_as_on_linux(pagoda, program, flavour):
    result = pagoda(f"/bin/{program}.{flavour}", options=["--summary"])
    last = result.stdout.splitlines()[-1]
    assert re.fullmatch(rf"{program}: [1-9]\d+ passed, 0 failed", last), result.stdout
    result.expect(0)
    whole(result)


def test_random_calls_against_a_model(pagoda, seeded):
    """More: tools/pagoda run -- /bin/model SEED STEPS."""
    result = pagoda("/bin/model", str(seeded.randrange(1 << 32)), "6000", options=["--summary"])
    assert re.fullmatch(r"model: [1-9]\d+ passed, 0 failed", result.stdout.splitlines()[-1]), result.stdout
    whole(result.expect(0))


def test_files_of_the_bundle_are_written_to_against_a_model(pagoda, seeded, tmp_path):
    """Files that lie in the bundle until a page of them is written, of sizes around pages."""
    options = ["--summary"]
    for letter, size in zip("abcde", [100, 2017, 4096, 70001, 250000]):
        path = tmp_path / letter
        path.write_bytes(bytes(i * 31 % 256 for i in range(size)))
        options += ["--add", f"{path}:/tmp/model/{letter}"]
    result = pagoda("/bin/model", str(seeded.randrange(1 << 32)), "4000", options=options)
    assert len(re.findall(r"was there, (?:100|2017|4096|70001|250000) bytes", result.stdout)) == 5
    assert re.fullmatch(r"model: [1-9]\d+ passed, 0 failed", result.stdout.splitlines()[-1]), result.stdout
    whole(result.expect(0))


def test_all_the_room_for_files_is_there_again(pagoda):
    """Twice all of it in every way; proc keeps little of its own memory afterwards."""
    options = ["--summary", "--memory", "64M", "--pool-limit", "8M"]
    result = pagoda("/bin/full", options=options).expect(0)
    assert re.fullmatch(r"full: [1-9]\d+ passed, 0 failed", result.stdout.splitlines()[-1]), result.stdout
    used, most = map(int, re.search(r"proc (\d+) of (\d+)", result.stderr).groups())
    assert used < most / 2
    whole(result)
