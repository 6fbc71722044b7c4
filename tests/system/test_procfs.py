"""/proc: what programs compare themselves, and what BusyBox's and Debian's tools make of it."""

import re

import pytest


def whole(result):
    assert "every frame accounted for" in result.stderr, result.stderr
    assert not re.search(r"proc: .*not known", result.stderr), result.stderr


@pytest.mark.parametrize("flavour", ["musl", "glibc-pie"])
@pytest.mark.parametrize("program", ["procfs_memory", "procfs_process"])
def test_as_on_linux(pagoda, program, flavour):
    result = pagoda(f"/bin/{program}.{flavour}", options=["--summary"])
    last = result.stdout.splitlines()[-1]
    assert re.fullmatch(rf"{program}: [1-9]\d+ passed, 0 failed", last), result.stdout
    result.expect(0)
    whole(result)


def kilobytes(text, name):
    return int(re.search(rf"^{name}:? +(\d+)", text, re.M)[1])


def test_busybox_tools(pagoda):
    script = """
        sleep 100 & eaten=$!
        ps -o pid,ppid,stat,vsz,rss,comm
        echo ==; free -k
        echo ==; top -b -n1
        echo ==; uptime; pidof sleep; echo $eaten
        echo ==; echo through a pipe | cat /dev/stdin
        sysctl kernel.ostype; hostname other; cat /proc/sys/kernel/hostname
        df /tmp | tail -1; mount | head -1
        kill $eaten
    """
    options = ["--summary", "--memory", "256M"]
    result = pagoda("/bin/sh", "-c", script, options=options, timeout=110).expect(0)
    ps, free, top, found, rest = result.stdout.split("==\n")
    assert re.search(r"^ *1 +0 S .* sh$", ps, re.M) and re.search(r"^ *2 +1 S .* sleep$", ps, re.M)
    total, used, unused = map(int, re.search(r"^Mem: +(\d+) +(\d+) +(\d+)", free, re.M).groups())
    assert 0.9 * 256 * 1024 < total <= 256 * 1024 and used + unused <= total and unused > 150_000
    assert re.search(r"^ *1 +0 root +S ", top, re.M) and "Load average: 0." in top
    assert found.split()[-2:] == ["2", "2"] and "load average" in found
    assert rest.splitlines()[:3] == ["through a pipe", "kernel.ostype = Linux", "other"]
    assert "rootfs on / type tmpfs" in rest
    whole(result)


def test_all_of_it_can_be_read(pagoda):
    """Twice at once, while processes come and go; but for the two files that are as long as memory."""
    script = """
        walk() { find /proc /sys -type f ! -name pagemap ! -name mem ! -name clear_refs \
                     -exec cat {} + 2>&1 >/dev/null; }
        (while :; do (:); done) & busy=$!
        walk >/tmp/one & walk >/tmp/two; wait $!
        kill $busy
        cat /tmp/one /tmp/two
        echo === $(find /proc | wc -l)
    """
    options = ["--summary", "--memory", "256M"]
    result = pagoda("/bin/sh", "-c", script, options=options, timeout=110).expect(0)
    errors, count = result.stdout.split("=== ")
    gone = r"No such (file or directory|process)"
    strange = [line for line in errors.splitlines() if not re.search(gone, line)]
    assert not strange and int(count) > 100
    whole(result)


PROCPS = """
    ps -eo pid,ppid,stat,rss,vsz,tty,comm
    echo ==; vmstat -s
    echo ==; pmap -x 1
    echo ==; slabtop -o
    echo ==; top -b -n1 -p 1
    echo ==; free -b
"""


def test_procps(pagoda):
    options = ["--package", "procps", "--summary", "--memory", "512M"]
    script = "PATH=/usr/bin; " + PROCPS
    result = pagoda("/bin/sh", "-c", script, options=options, timeout=110).expect(0)
    whole(result)
    ps, vmstat, pmap, slabs, top, free = result.stdout.split("==\n")
    rss = int(re.search(r"^ *1 +0 Ss?\+? +(\d+) ", ps, re.M)[1])
    assert 500 < rss < 20_000
    total = int(re.search(r"^ *(\d+) K total memory", vmstat, re.M)[1])
    assert 400_000 < total <= 524_288
    assert re.search(r"^Mem: +(\d+)", free, re.M)[1] == str(total * 1024)
    sizes = re.search(r"^total kB +(\d+) +(\d+) +(\d+)", pmap, re.M)
    parts = [line.split() for line in pmap.splitlines() if re.match(r"[0-9a-f]{16} ", line)]
    for column in (1, 2, 3):
        assert int(sizes[column]) == sum(int(part[column]) for part in parts)
    assert abs(int(sizes[2]) - rss) < 100 and re.search(r"\[ stack \]$", pmap, re.M)
    assert re.search(r"^ *\d+ +\d+ +\d+% .* thread *$", slabs, re.M)
    assert re.search(r"^ *1 root .* sh$", top, re.M)
