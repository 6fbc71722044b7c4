"""Programs that mean no good do harm to nobody but themselves."""

import re
from pathlib import Path

import pytest


def clean(result):
    assert "every frame accounted for" in result.stderr, result.stderr
    return result


@pytest.fixture
def hostile(pagoda):
    """hostile("pointers", …): the program's output; the machine ends with its ledger."""

    def run(*words, status=0, timeout=100):
        options = ["--summary"]
        return clean(pagoda("/bin/hostile", *words, options=options, timeout=timeout).expect(status))

    return run


def test_bad_pointers_to_every_call(hostile):
    assert re.search(r"^hostile: [4-9]\d\d bad pointers .* 0 answers not", hostile("pointers").stdout, re.M)


def test_lengths_beyond_every_bound(hostile):
    assert "lengths, 0 answers not Linux's" in hostile("lengths").stdout


def test_random_calls(hostile, seeded):
    """More: tools/pagoda run -- /bin/hostile chaos SEED ROUNDS CALLS."""
    seed = seeded.getrandbits(48)
    assert "40 rounds of 300 random calls" in hostile("chaos", seed, 40, 300).stdout


def test_killed_in_the_middle_of_any_call(hostile, seeded):
    seed = seeded.getrandbits(48)
    killed = re.search(r"100 processes, (\d+) of them killed", hostile("killed", seed, 100).stdout)
    assert int(killed[1]) > 50


def test_a_storm_of_signals(hostile):
    assert "5000 signals, and the process lives" in hostile("storm", 5000).stdout


def test_a_fork_bomb_in_a_small_quota(pagoda):
    """The shell outside of it still answers, and has its memory."""
    script = """
        (echo 64M >/proc/self/pool && exec hostile bomb) 2>/dev/null &
        sleep 3
        echo outside is alive: $(seq 10 | wc -l)
        wait
        echo over
    """
    result = pagoda("/bin/sh", "-c", script, options=["--summary", "--memory", "256M"], timeout=110)
    assert re.search(r"outside is alive: 10\n(.*\n)*over", clean(result.expect(0)).stdout)


@pytest.mark.parametrize("damage", ["class", "phoff", "phnum", "align", "overlap", "cut", "huge"])
def test_programs_with_hostile_headers(pagoda, tmp_path, damage):
    """ENOEXEC (the shell then takes it for a script) or a death of their own; the shell goes on."""
    elf = bytearray(Path("build/userland/apps/hello.musl").resolve().read_bytes())
    header = int.from_bytes(elf[32:40], "little")
    match damage:
        case "class":
            elf[4] = 1
        case "phoff":
            elf[32:40] = (1 << 63).to_bytes(8, "little")
        case "phnum":
            elf[56:58] = (0xFFFF).to_bytes(2, "little")
        case "align":
            elf[header + 8 : header + 16] = (123).to_bytes(8, "little")
        case "overlap":
            elf[header + 56 : header + 112] = elf[header : header + 56]
        case "cut":
            del elf[len(elf) // 3 :]
        case "huge":
            elf[header + 40 : header + 48] = (1 << 62).to_bytes(8, "little")
    (tmp_path / "damaged").write_bytes(elf)
    (tmp_path / "damaged").chmod(0o755)
    result = pagoda(
        "/bin/sh", "-c", "/bin/damaged 2>/dev/null; echo status $?; ls /bin/damaged",
        options=["--summary", "--add", tmp_path / "damaged"],
    )  # fmt: skip
    assert re.search(r"^status (2|12[67]|13\d)$", clean(result.expect(0)).stdout, re.M), result.stdout
    assert result.stdout.endswith("/bin/damaged\n")
