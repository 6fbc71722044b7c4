"""Programs on a card: its ext4 file system is the root, through vfs, the file pager and a block driver."""

import re
import shutil

import pytest
from conftest import PAGODA, execute

# What this ext4 has not: files without a name (O_TMPFILE); holes, and blocks behind the end.
LESS = {"tree": range(358, 373), "store": [*range(126, 145)]}


@pytest.fixture(scope="module", name="image")
def _image(tmp_path_factory):
    path = tmp_path_factory.mktemp("card") / "card.img"
    made = execute(PAGODA, "card", "make", path, "--size", "512M", "--every-app", timeout=120)
    made.expect(0)
    return path


@pytest.fixture(name="card")
def _card(pagoda, image, tmp_path):
    """Runs a shell's commands with a copy of the card as root, /tmp on it too; then it must be clean."""

    def run(commands, **more):
        copy = tmp_path / "card.img"
        if not copy.exists():
            shutil.copyfile(image, copy)
        options = ["--card", copy, "--virtio", "--summary"]
        before = "umount /tmp && chmod 1777 /tmp || exit 9\n"
        result = pagoda("/bin/sh", "-c", before + commands, options=options, **more)
        assert "not unmounted" not in result.stderr, result.stderr
        assert "every frame accounted for" in result.stderr, result.stderr
        checked = execute(PAGODA, "card", "check", copy, timeout=120)
        assert checked.status == 0, checked.stdout + checked.stderr
        return result

    return run


@pytest.mark.parametrize("program", ["tree", "store", "between", "moves", "sockets", "mapped"])
def test_as_on_linux(card, program):
    result = card(f"/bin/{program}.musl; exit 0", timeout=120).expect(0)
    differ = [int(line) for line in re.findall(rf"^userland/apps/{program}.c:(\d+):", result.stdout, re.M)]
    assert set(differ) <= set(LESS.get(program, [])), result.stdout
    assert re.search(rf"^{program}: [1-9]\d+ passed, \d+ failed$", result.stdout, re.M), result.stdout


def test_random_calls_against_a_model(card, seeded):
    result = card(f"/bin/model.musl {seeded.randrange(1 << 32)} 3000", timeout=120).expect(0)
    assert re.search(r"^model: [1-9]\d+ passed, 0 failed$", result.stdout, re.M), result.stdout


def test_what_was_written_is_there_after_the_next_start(card):
    """Bytes, names, links, modes, owners and times."""
    card(
        "cd /root; cp /bin/hello.musl h; mkdir -p a/b; echo one > a/b/f; ln a/b/f a/g; ln -s b/f a/l\n"
        "chmod 640 a/g; chown 7:8 a/g; touch -d '2001-02-03 04:05:06' a/g; dd if=/dev/urandom of=r bs=1000 count=300 2>/dev/null\n"
        "md5sum r > r.sum; mkfifo p; rm -f gone; echo x > gone; rm gone"
    ).expect(0)
    again = card(
        "cd /root; ./h; cat a/l; stat -c '%a %u %g %h %Y' a/g; md5sum -c r.sum; ls -1F; cmp h /bin/hello.musl && echo same"
    ).expect(0)
    assert again.stdout.splitlines() == [
        "Hello from an unmodified Linux program.",
        "one",
        "640 7 8 2 981173106",
        "r: OK",
        "a/",
        "h*",
        "p|",
        "r",
        "r.sum",
        "same",
    ]


def test_ten_thousand_names(card):
    result = card(
        "cd /root; mkdir d; cd d; i=0; while [ $i -lt 10000 ]; do : > $i; i=$((i+1)); done\n"
        "ls | sort -u | wc -l; ls -l | wc -l; rm *; ls | wc -l",
        timeout=120,
    ).expect(0)
    assert result.stdout.split() == ["10000", "10001", "0"], result.stdout


def test_processes_are_killed_at_their_work(card):
    """At any moment, several at a time: nothing is left of them that e2fsck would mind."""
    result = card(
        "cd /root; n=0; while [ $n -lt 30 ]; do\n"
        "  (while :; do mkdir a$n; dd if=/bin/busybox of=a$n/x bs=7000 count=20; mv a$n/x a$n/y; cat a$n/y; ln a$n/y z$n;\n"
        "   : > a$n/y; rm -r a$n z$n; done) >/dev/null 2>&1 &\n"
        "  p=$!; usleep $((n * 7001 % 90000)); [ $((n % 3)) = 0 ] || { kill -9 $p; wait $p; }; n=$((n+1)); done 2>/dev/null\n"
        "kill -9 $(jobs -p); wait; sync\n"  # what a killed shell had started may run on for a moment
        "for t in 1 2 3 4 5 6; do rm -r a* z* 2>/dev/null; [ $(ls | wc -l) = 0 ] && break; sleep 1; done; ls | wc -l",
        timeout=120,
    ).expect(0)
    assert result.stdout.split()[-1] == "0", result.stdout
