"""`pagoda run` from the outside: statuses, streams, time-outs. A stand-in for QEMU or for
the kernel takes the place of what is not under test here."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import PAGODA, ROOT, execute
from pagodalib import standard

STANDIN = ROOT / "tests/system/standin"
CROSS = os.environ.get("CROSS", "aarch64-linux-gnu-")
ENDS, PANICS, HANGS, ECHOES, SPEAKS_OF_A_PAGER = range(5)
FLAGS = """-std=gnu17 -O2 -Wall -Wextra -Werror -ffreestanding -mgeneral-regs-only -mstrict-align
    -fno-common -fpie -g -nostdlib -static-pie -Wl,--no-dynamic-linker,--build-id=none
    -Wl,-z,max-page-size=4096,--no-warn-rwx-segments""".split()
MANIFEST = """\
server anon
    image servers/anon
    level 4
    pool 64K 1M
server proc
    image servers/proc
"""


def build_standin(path, behaviour, status=0, pc="0x0"):
    """Makes the Image `path` (and path.elf with its symbols)."""
    elf = Path(f"{path}.elf")
    settings = [f"-DBEHAVIOUR={behaviour}", f"-DSTATUS={status}", f'-DPC="{pc}"']
    script = STANDIN / "standin.ld"
    execute(f"{CROSS}gcc", *FLAGS, *settings, "-T", script, STANDIN / "start.S",
            STANDIN / "standin.c", "-o", elf).expect()  # fmt: skip
    execute(f"{CROSS}objcopy", "-O", "binary", elf, path).expect()
    return path


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """A build folder with everything a bundle needs; its servers are never run."""
    build = tmp_path_factory.mktemp("build")
    for folder in ("virt", "userland/servers", "userland/apps"):
        (build / folder).mkdir(parents=True)
    image = build_standin(build / "virt/Image", ENDS, status=7)
    for name in ("servers/root.elf", "servers/anon.elf", "servers/proc.elf", "vdso.so", "apps/hello"):
        shutil.copy(f"{image}.elf", build / "userland" / name)
    (build / "userland/manifest").write_text(MANIFEST)
    (build / "sysroot/bin").mkdir(parents=True)
    shutil.copy(standard.busybox_path(), build / "sysroot/bin/busybox")
    return build


@pytest.fixture
def run(system, pagoda):
    """pagoda run with the stand-in system."""

    def with_standin(*words, environment=None, **more):
        environment = {"PAGODA_BUILD": str(system), **(environment or {})}
        return pagoda(*(words or ("/bin/hello",)), environment=environment, **more)

    return with_standin


@pytest.fixture
def fake_qemu(tmp_path):
    """fake_qemu("commands"): a shell script in QEMU's place; its pid goes to the file `pid`."""

    def make(commands):
        script = tmp_path / "qemu"
        script.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid\n{commands}\n")
        script.chmod(0o755)
        return {"PAGODA_QEMU": str(script)}

    return make


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("start", ["--direct", "--uboot"])
@pytest.mark.parametrize("gic, cpu", [(2, "cortex-a72"), (3, "max")])
def test_start_arguments_bundle_and_status(run, start, gic, cpu):
    options = [start, "--gic", gic, "--cpu", cpu, "--seed", 5, "--append", "linear=128M"]
    result = run(options=options).expect(7)
    assert result.stdout == "program output\n"
    assert "arguments console=runner semihosting loglevel=4 seed=5 linear=128M" in result.stderr
    assert "bundle found" in result.stderr


@pytest.mark.parametrize("memory", ["64M", "4G"])
@pytest.mark.parametrize("start", ["--direct", "--uboot"])
def test_memory_sizes(run, start, memory):
    assert "bundle found" in run(options=[start, "--memory", memory]).expect(7).stderr


def test_memory_grows_with_the_bundle(run, tmp_path):
    for name, size in (("one", 100), ("two", 41)):
        (tmp_path / name).mkdir()
        with open(tmp_path / name / "hole", "wb") as file:
            file.truncate(size << 20)
    result = run(options=["--root", tmp_path / "one"]).expect(7)
    assert re.search(r"512M of memory, for a bundle of 10\d MiB", result.stderr)
    assert "bundle found" in result.stderr
    assert "of memory" not in run(options=["-q", "--root", tmp_path / "one"]).expect(7).stderr
    result = run(options=["--root", tmp_path / "two", "--memory", "80M"]).expect(125)
    assert re.search(r"the bundle has 4\d MiB; --memory 80M has room for 36", result.stderr)
    assert "bundle found" in run(options=["--root", tmp_path / "two", "--memory", "100M"]).expect(7).stderr


def test_a_program_without_its_loader(run, tmp_path):
    (tmp_path / "x.c").write_text("int main(void) { return 0; }\n")
    execute(f"{CROSS}gcc", tmp_path / "x.c", "-o", tmp_path / "x").expect()
    result = run(tmp_path / "x").expect(125)
    assert "needs /lib/ld-linux-aarch64.so.1: link it with -static, or add --package libc6" in result.stderr


@pytest.mark.parametrize("start", ["--direct", "--uboot"])
def test_input_is_passed_on(run, tmp_path, start):
    image = build_standin(tmp_path / "echo", ECHOES)
    result = run(options=[start, "--kernel", image], data=b"to the guest\n").expect(0)
    assert result.stdout == "program output\nto the guest\n"
    assert run(options=[start, "--kernel", image]).expect(0).stdout == "program output\n\x10D"


def test_time_out(run, tmp_path):
    image = build_standin(tmp_path / "hang", HANGS)
    result = run(options=["--kernel", image], timeout=5).expect(124)
    assert result.stdout == "program output\n" and "no end after 5 s" in result.stderr


def test_panic(run, tmp_path):
    image = build_standin(tmp_path / "panic", PANICS)
    result = run(options=["--kernel", image]).expect(125)
    assert "kernel panic: as asked" in result.stderr and "the kernel panicked" in result.stderr


def test_a_pager_s_fault_is_shown_with_its_source_line(run, system, tmp_path):
    pager = tmp_path / "crash.elf"
    shutil.copy(system / "virt/Image.elf", pager)
    symbols = execute(f"{CROSS}nm", pager).expect().stdout.splitlines()
    address = next("0x" + line.split()[0] for line in symbols if line.endswith(" standin_main"))
    image = build_standin(tmp_path / "speaks", SPEAKS_OF_A_PAGER, status=1, pc=address)
    options = ["--kernel", image, "--pager", f"anon={pager}"]
    result = run(options=options).expect(1)
    assert "request=7 page=3 crashed" in result.stderr
    assert f"{address} is standin_main at" in result.stderr
    assert "tests/system/standin/standin.c:" in result.stderr


def test_qemu_that_ignores_requests_to_end_is_ended(run, fake_qemu, tmp_path):
    environment = fake_qemu("trap '' TERM\nwhile :; do sleep 1; done")
    run(environment=environment, timeout=1).expect(124)
    assert not alive(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupting_the_runner_ends_qemu(system, fake_qemu, tmp_path, number):
    environment = {**os.environ, "PAGODA_BUILD": str(system), **fake_qemu("exec sleep 60")}
    with subprocess.Popen([PAGODA, "run", "--", "/bin/hello"], env=environment, cwd=ROOT,
                          stdin=subprocess.DEVNULL) as runner:  # fmt: skip
        while not (pid := tmp_path / "pid").exists() or not pid.read_text():
            time.sleep(0.02)
        runner.send_signal(number)
        assert runner.wait(60) == 128 + number
    until = time.monotonic() + 10  # where the runner dies first, the kernel ends QEMU, a moment later
    while alive(int(pid.read_text())) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(int(pid.read_text()))


@pytest.mark.parametrize(
    "commands, reason",
    [
        ("echo 'qemu: no such machine' >&2; exit 1", "no such machine"),
        ("kill -SEGV $$", "SIGSEGV"),
        ("exit 127 # qemu gone", None),
    ],
)
def test_qemu_that_fails(run, fake_qemu, commands, reason):
    result = run(environment=fake_qemu(commands))
    if reason:
        assert reason in result.expect(125).stderr
    else:
        result.expect(127)  # without a word from QEMU it is the guest's status


def test_uboot_that_stops(run, fake_qemu):
    environment = fake_qemu("printf 'U-Boot\\r\\nBad Image\\r\\n'; exit 0")
    result = run(environment=environment, options=["--uboot"]).expect(125)
    assert "did not start the kernel" in result.stderr and "Bad Image" in result.stderr


def test_what_is_asked_for_reaches_qemu_and_the_manifest(run, fake_qemu, system):
    result = run("/bin/hello", "a b", environment=fake_qemu('echo "$@"; cat "$(echo "$@" | '
                 "sed 's/.*-initrd \\([^ ]*\\).*/\\1/')\""),
                 options=["--icount", "--cpus", 2, "--seed", 9, "--el2", "--strace", "--summary",
                          "--environment", "A=1", "--pool-limit", "8M"])  # fmt: skip
    for words in ("-icount shift=0,sleep=off", "-smp 2", "-seed 9", "virtualization=on", "-m 256M",
                  "\nrun /bin/hello a\\x20b\n", "\nstrace\n", "\nsummary\n", "\nenvironment A=1\n",
                  "\npool-limit 8M\n"):  # fmt: skip
        assert words in result.stdout, words


@pytest.mark.parametrize(
    "options, words, reason",
    [
        ((), (), "no program given"),
        ((), ("/bin/no-such-program",), "neither a file here nor a program in the guest"),
        ((), (sys.executable,), "not for AArch64"),
        (("--memory", "12"), ("/bin/hello",), "--memory needs a size"),
        (("--board", "toaster"), ("/bin/hello",), "no board toaster"),
        (("--gic", "4"), ("/bin/hello",), "--gic"),
        (("--icount", "--uboot"), ("/bin/hello",), "--icount"),
        (("--timeout", "0"), ("/bin/hello",), "must be above 0"),
        (("--seed", "0"), ("/bin/hello",), "from 1 to 2^64 - 1"),
        (("--seed", "x"), ("/bin/hello",), "invalid seed value"),
        (("--kernel", "/no/such/Image"), ("/bin/hello",), "/no/such/Image"),
        (("--kernel", "/dev/null", "--uboot"), ("/bin/hello",), "no kernel"),
        (("--add", "/no/such/file"), ("/bin/hello",), "/no/such/file"),
        (("--root", "/no/such/folder"), ("/bin/hello",), "/no/such/folder: no such file or folder"),
        (("--root", "/etc/passwd"), ("/bin/hello",), "not a program for AArch64"),
        (("--package", "../etc"), ("/bin/hello",), "no name of a package"),
        (("--pager", "anon"), ("/bin/hello",), "NAME=FILE"),
        (("--pager", "nobody=/bin/sh"), ("/bin/hello",), "no server named nobody"),
        (("--pager", "anon=/no/such.elf"), ("/bin/hello",), "/no/such.elf"),
        (("--manifest", "/no/such"), ("/bin/hello",), "/no/such"),
        (("--unknown",), ("/bin/hello",), "--unknown"),
    ],
)
def test_mistakes_end_with_125_and_a_reason(system, options, words, reason):
    if words == (sys.executable,) and os.uname().machine == "aarch64":
        pytest.skip("the host's own programs are for AArch64")
    tail = ["--", *words] if words else []
    environment = {"PAGODA_BUILD": str(system)}
    result = execute(PAGODA, "run", *options, *tail, environment=environment).expect(125)
    assert reason in result.stderr and "Traceback" not in result.stderr


def test_no_qemu_and_no_uboot(run):
    result = run(environment={"PAGODA_QEMU": "/no/such/qemu"}).expect(125)
    assert "/no/such/qemu" in result.stderr
    result = run(environment={"PAGODA_UBOOT": "/no/such/boot"}, options=["--uboot"]).expect(125)
    assert "/no/such/boot" in result.stderr


def test_image_starts(system, tmp_path, command):
    disk = tmp_path / "disk.img"
    environment = {"PAGODA_BUILD": str(system)}
    command("image", "--output", disk, "--", "/bin/hello", environment=environment).expect()
    listed = execute("mdir", "-b", "-i", f"{disk}@@1M", "::/").expect().stdout.split()
    assert sorted(listed) == ["::/Image", "::/boot.scr", "::/bundle"]


def test_gdb_stops_at_the_first_instruction(system, tmp_path, command):
    options = ["--batch", "--timeout", 30, "--output", tmp_path / "log",
               "--kernel", system / "virt/Image", "-x", "info registers pc"]  # fmt: skip
    environment = {"PAGODA_BUILD": str(system)}
    result = command("gdb", *options, "--", "/bin/hello", environment=environment).expect()
    assert "pc " in result.stdout and "0x40000000" in result.stdout


# ---- On the real system ----


@pytest.mark.parametrize("form", ["musl", "glibc-pie"])
def test_a_seed_fixes_all_that_is_random(pagoda, form):
    def lines(*options):
        return pagoda(f"/bin/chance.{form}", options=options).expect(0).stdout.splitlines()

    first, again, other, free = lines("--seed", 5), lines("--seed", 5), lines("--seed", 6), lines()
    assert first == again and len(first) == 6
    for line in first[:2]:
        assert line not in other and line not in free


def test_processes_exhaust_their_own_pool_alone(pagoda):
    """… and not that of proc or of the pager, which then could not serve anybody."""
    options = ["--pool-limit", "64M", "--summary"]
    result = pagoda("/bin/crowd", options=options, timeout=120).expect(0)
    first, second = re.findall(r"^(\d+) processes", result.stdout, re.M)
    assert int(first) > 500 and int(second) > 500
    pools = re.search(r"^  pools +(.*) KiB$", result.stderr, re.M)[1]
    for name, used, limit in re.findall(r"(\w+) (\d+) of (\d+)", pools):
        assert name == "programs" or int(used) < int(limit) / 2, pools
    assert "programs 0 of 65536" in pools and "every frame accounted for" in result.stderr
