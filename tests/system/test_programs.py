"""Unmodified Linux programs, built by an ordinary compiler for two C libraries, run as on Linux."""

import re

import manifests
import pytest

FLAVOURS = ["musl", "musl-pie", "glibc", "glibc-pie"]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_seed_costs_exactly_256_faults(pagoda, flavour):
    """1 MiB is 256 pages: each costs one minor fault when first written, none afterwards."""
    result = pagoda(f"/bin/seed.{flavour}").expect(0)
    assert re.fullmatch(
        r"before main: \d+ minor faults, 0 major\n"
        r"malloc 1 MiB: [0-2] minor faults, 0 major\n"
        r"first fill: 256 minor faults, 0 major\n"
        r"second fill: 0 minor faults, 0 major\n",
        result.stdout,
    ), result.stdout


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_hello(pagoda, flavour):
    result = pagoda(f"/bin/hello.{flavour}", options=["--quiet"]).expect(0)
    assert result.stdout == "Hello from an unmodified Linux program.\n"
    assert result.stderr == ""


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_call_answers_as_linux(pagoda, flavour):
    """The program knows Linux's answers, right calls and wrong ones; it names those that differ."""
    result = pagoda(f"/bin/calls.{flavour}")
    last = result.stdout.splitlines()[-1]
    assert re.fullmatch(r"calls: [1-9]\d+ passed, 0 failed", last), result.stdout
    result.expect(0)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_arguments_and_environment_arrive(pagoda, flavour):
    words = ["a", "b  c", "", 'd"#\\\'$', "ä", "\t", "-x", "--"]
    environment = ["A=1", "EMPTY=", "BLANK= x y "]
    options = [word for variable in environment for word in ("--environment", variable)]
    lines = pagoda(f"/bin/args.{flavour}", *words, options=options).expect(0).stdout.splitlines()
    assert f"argc={1 + len(words)}" in lines
    assert f"argv[0]=/bin/args.{flavour}" in lines
    for number, word in enumerate(words, 1):
        assert f"argv[{number}]={word}" in lines
    for number, variable in enumerate(environment):
        assert f"envp[{number}]={variable}" in lines
    assert f"envc={len(environment)}" in lines
    assert "stack aligned=1" in lines
    assert f"auxv EXECFN=/bin/args.{flavour}" in lines
    assert "auxv PAGESZ(6)=0x1000" in lines


def test_thousands_of_arguments_arrive(pagoda, tmp_path):
    words = [f"word-{number:05}" for number in range(4000)]
    manifest = manifests.write(tmp_path, "run /bin/args " + " ".join(words))
    lines = pagoda(options=["--manifest", manifest]).expect(0).stdout.splitlines()
    assert "argc=4001" in lines and "argv[11]=word-00010" in lines
    assert f"argv bytes={len('/bin/args') + 1 + 4000 * 11} null=1" in lines


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_system_calls_bring_in_the_pages_they_need(pagoda, flavour):
    assert pagoda(f"/bin/fill.{flavour}", "300").expect(0).stdout == "fill: 300 pages\n"


@pytest.mark.parametrize("how", [(), ("--heap",)])
@pytest.mark.parametrize("flavour", ["musl", "glibc"])
def test_program_that_eats_all_memory_is_alone_in_it(pagoda, flavour, how):
    """ENOMEM, or it is killed; and what it had taken is there for the next program."""
    options = ["--pool-limit", "16M", "--summary"]
    result = pagoda(f"/bin/eat.{flavour}", *how, options=options)
    assert result.status in (0, 137)
    if result.status == 0:
        eaten = int(re.search(r"^eat: ENOMEM after (\d+) MiB$", result.stdout, re.M)[1])
        assert 12 <= eaten < 16
    assert f"exit status {result.status}" in result.stderr


def test_memory_of_one_program_is_there_for_the_next(pagoda, tmp_path):
    """Five times all the memory there is, then the seed program."""
    manifest = manifests.write(tmp_path, "pool-limit 8M", *["run /bin/eat"] * 5, "run /bin/seed")
    result = pagoda(options=["--manifest", manifest, "--summary"]).expect(0)
    eaten = re.findall(r"^eat: ENOMEM after (\d+) MiB$", result.stdout, re.M)
    assert len(eaten) == 5 and len(set(eaten)) == 1
    assert "first fill: 256 minor faults" in result.stdout


@pytest.mark.parametrize("status", [0, 1, 77, 255])
def test_exit_status_is_passed_through(pagoda, tmp_path, status):
    """By a program that ends itself in the first instructions it has."""
    program = tmp_path / "leave"
    program.write_bytes(manifests.program_that_exits(status))
    program.chmod(0o755)
    pagoda(str(program)).expect(status)


def test_strace_names_calls_arguments_and_results(pagoda):
    result = pagoda("/bin/hello.glibc", options=["--strace", "--summary"]).expect(0)
    assert result.stdout == "Hello from an unmodified Linux program.\n"
    assert re.search(r"write\(1, .*\) += 40$", result.stderr, re.M), result.stderr
    assert re.search(r"exit_group\(0\)", result.stderr), result.stderr


def test_unknown_program_fails_with_its_name(pagoda):
    result = pagoda("/bin/no-such-program").expect(125)
    assert result.stdout == ""
    assert "/bin/no-such-program is neither a file here nor a program in the guest" in result.stderr


def test_program_that_cannot_be_run_fails_with_a_reason(pagoda, tmp_path):
    """Not there: 127; no program at all: 126, as a shell says it. The next one runs all the same."""
    text = tmp_path / "text"
    text.write_text("just words\n")
    text.chmod(0o755)
    for program, status, reason in [("/bin/nothing", 127, "ENOENT"), ("/bin/text", 126, "ENOEXEC")]:
        manifest = manifests.write(tmp_path, "run /bin/hello", f"run {program}")
        options = ["--manifest", manifest, "--add", text]
        result = pagoda(options=options).expect(status)
        assert f"pagoda: {program} cannot start: {reason}" in result.stderr
    manifest = manifests.write(tmp_path, "run /bin/nothing", "run /bin/hello")
    assert pagoda(options=["--manifest", manifest]).expect(0).stdout.startswith("Hello")


def test_program_that_never_ends_is_ended(pagoda):
    result = pagoda("/bin/eat", "--map", timeout=3).expect(124)
    assert "no end after 3 s" in result.stderr


def test_run_lines_run_in_turn(pagoda, tmp_path):
    """The last one's status counts; each is told of, and each is PID 1 while it runs."""
    lines = ["run /bin/hello", "run /bin/misbehave read-null", "run /bin/seed", "run /bin/misbehave x"]
    manifest = manifests.write(tmp_path, *lines)
    result = pagoda(options=["--manifest", manifest, "--summary"]).expect(2)
    assert [(name, status) for name, status, _ in manifests.ends(result)] == [
        ("/bin/hello", 0),
        ("/bin/misbehave", 139),
        ("/bin/seed", 0),
        ("/bin/misbehave", 2),
    ]
    assert "4 process(es)" in result.stderr


def test_every_byte_arrives(pagoda):
    """Also those that the runner's line uses to tell the system's words from a program's."""
    assert pagoda("/bin/bytes").expect(0).data == bytes(range(256))
