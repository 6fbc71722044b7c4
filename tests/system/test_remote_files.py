"""Files whose names and bytes live in other servers, that answer late and in any order: as on Linux."""

import re

import pytest
from manifests import ROOT

# Where Linux's ext4 can do more: files without a name (O_TMPFILE), holes; `full` is another matter.
LESS = {
    "tree": range(358, 373),
    "store": [*range(119, 120), *range(126, 145), *range(355, 374)],
}


def manifest(folder, seed, *lines, more=""):
    """The standard system with the late storage as vfs and file."""
    text = (ROOT / "userland/manifest").read_text(encoding="utf-8")
    servers = "".join(
        f"server {name}\n    image servers/late\n    level {level}\n    priority 25\n    pool 1M {pool}%\n"
        f"    endpoint\n{uses}    argument {name} {seed} {more}\n\n"
        for name, level, pool, uses in (("vfs", 2, 10, ""), ("file", 3, 40, "    use vfs\n"))
    )
    text = text.replace("server anon\n", f"{servers}server anon\n")
    text = text.replace("    pager anon\n", "    pager anon\n    use vfs\n    pager file\n")
    path = folder / "manifest"
    path.write_text(text + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return ["--manifest", path]


@pytest.fixture(name="late")
def _late(pagoda, tmp_path, seeded):
    """Runs a shell's commands with the late storage at /tmp."""

    def run(commands, more="", **rest):
        options = manifest(tmp_path, seeded.randrange(1 << 30), more=more)
        before = "m() { mount -t ext4 card /tmp; }; (umount /mnt; m || m || m; chmod 1777 /tmp) 2>/dev/null\n"
        options += ["--every-app", "--summary"]
        result = pagoda("/bin/sh", "-c", before + commands, options=options, **rest)
        assert "not unmounted" not in result.stderr, result.stderr
        return result

    return run


@pytest.mark.parametrize("program", ["tree", "store", "between", "moves", "sockets", "mapped"])
def test_as_on_linux(late, program):
    result = late(f"/bin/{program}.musl; exit 0").expect(0)
    differ = [int(line) for line in re.findall(rf"^userland/apps/{program}.c:(\d+):", result.stdout, re.M)]
    assert set(differ) <= set(LESS.get(program, [])), result.stdout
    assert re.search(rf"^{program}: [1-9]\d+ passed, \d+ failed$", result.stdout, re.M), result.stdout
    assert not re.search(r"proc: .*not known", result.stderr), result.stderr


def test_random_calls_against_a_model(late, seeded):
    result = late(f"/bin/model.musl {seeded.randrange(1 << 32)} 3000").expect(0)
    assert re.search(r"^model: [1-9]\d+ passed, 0 failed$", result.stdout, re.M), result.stdout


def test_programs_start_from_it(late):
    """By demand paging, and through scripts."""
    result = late(
        "cd /tmp; cp /bin/hello.musl /bin/seed.glibc-pie .; ./hello.musl; ./seed.glibc-pie\n"
        "printf '#!/tmp/hello.musl\\n' > s; chmod +x s; ./s; echo status $?"
    ).expect(0)
    assert result.stdout.count("Hello") >= 2, result.stdout
    assert "256 minor faults" in result.stdout and "status 0" in result.stdout


def test_many_names(late):
    """More than proc keeps; each is there, listed once, and what was written can be read again."""
    result = late(
        "cd /tmp; mkdir d; i=0; while [ $i -lt 5000 ]; do echo $i > d/$i; i=$((i+1)); done\n"
        "ls d | sort -u | wc -l; cat d/17 d/4999; cat d/* | sort -u | wc -l; rm -r d; ls | wc -l\n",
        timeout=120,
    ).expect(0)
    assert result.stdout.split() == ["5000", "17", "4999", "5000", "0"], result.stdout


def test_it_is_unmounted(late):
    result = late("echo x > /tmp/x; umount /tmp; ls /tmp; mount -t ext4 card /mnt; cat /mnt/x").expect(0)
    assert result.stdout == "x\n"


def test_is_the_root(pagoda, tmp_path, seeded):
    """An empty one: nothing can be run from it, and that is said."""
    result = pagoda("/bin/hello", options=manifest(tmp_path, seeded.randrange(1 << 30), "root card"))
    assert "cannot start" in result.stderr
    result.expect(127)


def test_errors_are_told(late):
    """One request in twenty fails: programs hear of it, and nothing hangs or breaks."""
    result = late(
        "cd /tmp; bad=0; i=0; while [ $i -lt 60 ]; do\n"
        "  (mkdir d$i && echo $i > d$i/f && mv d$i/f d$i/g && cat d$i/g && ls -l d$i && rm -r d$i) >/dev/null 2>&1 || bad=$((bad+1))\n"
        "  i=$((i+1)); done; echo $bad; sync; cp /bin/model.musl m && ./m 5 200; exit 0\n",
        more="20 0",
        timeout=120,
    ).expect(0)
    assert re.search(r"^[1-9]\d*$", result.stdout, re.M), result.stdout
    assert "every frame accounted for" in result.stderr


@pytest.mark.parametrize("ends", [40, 150, 400])
def test_a_server_that_ends(late, ends):
    """Whatever is under way, and all after, answers EIO; the system goes on."""
    result = late(
        "cd /tmp; i=0; while [ $i -lt 200 ]; do mkdir d; echo $i > d/f; cat d/f; rm -r d; i=$((i+1)); done\n"
        "cd /; echo alive; exit 0\n",
        more=f"0 {ends}",
        timeout=120,
    ).expect(0)
    assert "has ended: its files answer EIO" in result.stderr
    assert result.stdout.splitlines()[-1] == "alive", result.stdout


def test_processes_are_killed_while_they_wait(late):
    """At any moment, by SIGKILL: what they wanted is done or not, and nothing is left of them."""
    result = late(
        "cd /tmp; n=0; while [ $n -lt 40 ]; do\n"
        "  (while :; do mkdir a$n; echo x > a$n/x; mv a$n/x a$n/y; cat a$n/y; ls a$n; rm -r a$n; done) >/dev/null 2>&1 &\n"
        "  p=$!; usleep $((n * 701 % 9000)); kill -9 $p; wait $p; n=$((n+1)); done 2>/dev/null\n"
        "sleep 1; rm -r a* 2>/dev/null; ls | wc -l\n",
        timeout=120,
    ).expect(0)
    assert result.stdout.split()[-1] == "0", result.stdout
    assert "every frame accounted for" in result.stderr


def test_a_dead_server_is_an_error(pagoda, tmp_path):
    """A vfs that is another program than that: EIO at the start, and the bundle serves on."""
    options = manifest(tmp_path, 1)
    path = options[1]
    text = path.read_text(encoding="utf-8").replace("argument vfs 1 ", "argument file 1 ")
    path.write_text(text, encoding="utf-8")
    result = pagoda("/bin/hello", options=options).expect(0)
    assert "cannot be mounted" in result.stderr
