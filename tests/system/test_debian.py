"""Debian's own programs for arm64, straight from their packages."""

import hashlib
import re

import pytest

DIGEST = hashlib.sha256("".join(f"{i}\n" for i in range(1, 100_001)).encode()).hexdigest() + "  -"


@pytest.fixture
def debian(pagoda):
    """debian(["bash"], "/bin/bash", "-c", …): a program out of packages; status 0, ledger balanced."""

    def run(packages, *words, status=0, timeout=110, memory="512M", **more):
        options = [word for name in packages for word in ("--package", name)]
        options += ["--summary", "--memory", memory]
        result = pagoda(*words, options=options, timeout=timeout, **more).expect(status)
        assert "every frame accounted for" in result.stderr, result.stderr
        return result

    return run


def test_bash_and_coreutils(debian):
    script = """
        for i in {1..5}; do echo $((i * i)); done | tac | paste -sd,
        seq 1 100000 | sha256sum
        declare -A table=([one]=1 [two]=2); echo ${#table[@]} ${table[two]}
        mkdir -p /tmp/a/b && touch /tmp/a/b/{x,y,z} && ls /tmp/a/b | wc -l
        sort -R <(seq 200) | sort -n | tail -n 1
        timeout 0.3 sleep 10; echo timeout $?
        trap 'echo trapped' USR1; kill -USR1 $$
        dd if=/dev/zero of=/tmp/zeros bs=64k count=16 2>/dev/null; stat -c %s /tmp/zeros
        coproc cat; echo through >&${COPROC[1]}; read -u ${COPROC[0]} word; echo $word
    """
    lines = debian(["bash", "coreutils"], "/bin/bash", "-c", script).stdout.splitlines()
    assert lines == [
        "25,16,9,4,1",
        DIGEST,
        "2 2", "3", "200", "timeout 124", "trapped", "1048576", "through",
    ]  # fmt: skip


def test_lua(debian):
    script = """
        local t = {}
        for i = 1, 200000 do t[i] = {i} end
        t = nil; collectgarbage()
        print(select(2, pcall(error, 'caught')), string.rep('ab', 3), math.maxinteger)
        local f = io.popen('echo from a child'); print(f:read('a'))
    """
    out = debian(["lua5.4"], "/usr/bin/lua5.4", "-e", script).stdout
    assert "caught\tababab\t9223372036854775807" in out and "from a child" in out


def test_memtester(debian):
    out = debian(["memtester"], "/usr/sbin/memtester", "1M", "1", timeout=115).stdout
    assert "Done." in out and "FAILURE" not in out
    assert len(re.findall(r": *[^:]*ok$", out.replace("\b", ""), re.M)) >= 15


STRESS = (
    "--vm 2 --vm-bytes 16M --fork 2 --mmap 2 --mmap-bytes 8M --brk 2 --stack 2 --pthread 2 --futex 2"
)


def test_stress_ng(debian):
    """For longer: tools/pagoda run --package stress-ng -- /usr/bin/stress-ng … --timeout 600."""
    words = ["/usr/bin/stress-ng", *STRESS.split(), "--verify", "--timeout", "4", "--metrics-brief"]
    result = debian(["stress-ng"], *words, timeout=115)
    said = result.stdout + result.stderr
    assert "successful run completed" in said and "fail:" not in said, said


def test_python_and_sqlite(debian):
    program = "import os,sys; r,w=os.pipe(); p=os.fork()\n"
    program += "if p==0: os.write(w,b'child'); os._exit(7)\n"
    program += "print(os.read(r,9), os.waitstatus_to_exitcode(os.waitpid(p,0)[1]), sum(range(10**5)))"
    out = debian(["python3-minimal"], "/usr/bin/python3", "-c", program).stdout
    assert out.strip() == "b'child' 7 4999950000"
    sql = "create table t(a); insert into t values(1),(2),(39); select sum(a) from t;"
    assert debian(["sqlite3"], "/usr/bin/sqlite3", "/tmp/x.db", sql).stdout.strip() == "42"


def test_strace_sees_calls_and_signals(debian):
    script = "/usr/bin/strace -f -o /tmp/log sh -c 'echo hi | cat'; cat /tmp/log"
    out = debian(["strace"], "/bin/sh", "-c", script).stdout
    assert re.search(r'write\(1, "hi\\n", 3\) += 3', out), out
    assert re.search(r"clone\(|vfork\(", out) and "+++ exited with 0 +++" in out, out


def test_procps(debian):
    def run(*words):
        return debian(["procps"], *words).stdout

    assert re.search(r"^root +1 .*ps aux$", run("/usr/bin/ps", "aux"), re.M)
    total = re.search(r"^Mem: +(\d+) +(\d+)", run("/usr/bin/free", "-k"), re.M)
    assert 400_000 < int(total[1]) <= 524_288 and int(total[2]) < 200_000
    assert len(run("/usr/bin/vmstat").splitlines()) == 3
    assert re.search(r"^ *1 root .*top *$", run("/usr/bin/top", "-b", "-n1"), re.M)
    assert re.search(r"^total kB +\d+ +\d+ +\d+$", run("/usr/bin/pmap", "-x", "1"), re.M)
    assert re.search(r" region *$", run("/usr/bin/slabtop", "-o"), re.M)


def test_redis_over_loopback(debian):
    """Server and clients talk TCP inside the machine; the server's fork saves a copy of its memory."""
    script = """
        cd /tmp; redis-server --port 6379 --save '' --enable-debug-command local --dir /tmp >/tmp/log 2>&1 &
        until redis-cli ping 2>/dev/null | grep -q PONG; do sleep 0.2; done
        redis-cli --raw set greeting hello; redis-cli --raw get greeting; redis-cli --raw incrby n 42
        redis-cli --raw debug populate 2000 key 100
        redis-cli --raw bgsave
        until redis-cli info persistence | grep -q rdb_bgsave_in_progress:0; do sleep 0.2; done
        redis-cli info persistence | grep -o 'rdb_last_bgsave_status:[a-z]*'
        redis-benchmark -q -n 200 -c 5 -t set,get 2>&1 | tr '\\r' '\\n' | grep -c 'requests per second'
        redis-cli --raw dbsize
        redis-cli shutdown nosave; wait
        [ -s /tmp/dump.rdb ] && grep -c 'bye bye' /tmp/log
    """
    out = debian(["redis-server", "redis-tools"], "/bin/sh", "-c", script).stdout.splitlines()
    expected = ["OK", "hello", "42", "OK", "Background saving started", "rdb_last_bgsave_status:ok", "2"]
    assert out[:-2] == expected and out[-1] == "1" and int(out[-2]) > 2000
