"""What no program may do: each act ends its program, alone, with Linux's status."""

import re

import manifests
import pytest

SIGNALS = {132: "SIGILL", 133: "SIGTRAP", 134: "SIGABRT", 135: "SIGBUS", 139: "SIGSEGV"}
KERNEL = "0xffff000000080000"

# What the message says of some cases: address (a pattern), reason.
REASONS = {
    "read-kernel": (KERNEL, "no mapping, read"),
    "write-kernel": (KERNEL, "no mapping, write"),
    "jump-kernel": (KERNEL, "no mapping, execute"),
    "read-null": ("0x0", "no mapping, read"),
    "write-null": ("0x0", "no mapping, write"),
    "jump-null": ("0x0", "no mapping, execute"),
    "read-foreign": ("0x330000000000", "no mapping, read"),
    "write-foreign": ("0x330000000000", "no mapping, write"),
    "jump-noncanonical": ("0xff000000001000", "no mapping, execute"),
    "write-text": (r"0x\w+", "mapping does not allow it, write"),
    "write-rodata": (r"0x\w+", "mapping does not allow it, write"),
    "execute-data": (r"0x\w+", "mapping does not allow it, execute"),
    "execute-stack": (r"0xff\w{10}", "mapping does not allow it, execute"),
    "execute-heap": (r"0x\w+", "mapping does not allow it, execute"),
    "protect-none": (r"0xff\w{10}", "mapping does not allow it, read"),
    "write-read-only": (r"0xff\w{10}", "mapping does not allow it, write"),
    "after-unmap": (r"0xff\w{10}", "no mapping, write"),
    "stack-overflow": (r"0xff\w{10}", "no mapping, write"),
    "undefined": (r"0x\w+", "undefined or privileged instruction"),
    "privileged-tlb": (r"0x\w+", "undefined or privileged instruction"),
    "write-ttbr": (r"0x\w+", "undefined or privileged instruction"),
}


def cases(pagoda, flavour="musl"):
    """[(case, status)] as the program itself lists them."""
    text = pagoda(f"/bin/misbehave.{flavour}").expect(0).stdout
    return [(case, int(status)) for case, status in re.findall(r"^([\w-]+) (\d+)$", text, re.M)]


@pytest.mark.parametrize("flavour", ["musl", "musl-pie", "glibc", "glibc-pie"])
def test_each_forbidden_act_is_fatal_to_its_program_alone(pagoda, tmp_path, flavour):
    """All in one boot, each followed by a program that must not have noticed anything."""
    acts = cases(pagoda, flavour)
    assert len(acts) > 30 and {139, 132, 135, 133} <= {status for _, status in acts}
    program = f"/bin/misbehave.{flavour}"
    lines = [line for case, _ in acts for line in (f"run {program} {case}", "run /bin/hello")]
    manifest = manifests.write(tmp_path, *lines)
    result = pagoda(options=["--manifest", manifest, "--summary"]).expect(0)
    assert result.stdout == "Hello from an unmodified Linux program.\n" * len(acts)
    ended = [(name, status) for name, status, _ in manifests.ends(result)]
    assert len(ended) == 2 * len(acts)
    found = {case: status for (case, _), (_, status) in zip(acts, ended[::2])}
    assert found == dict(acts)
    assert set(ended[1::2]) == {("/bin/hello", 0)}
    assert f"exit status 0; " in result.stderr and f"{len(ended)} process(es)" in result.stderr


def test_message_says_what_was_done(pagoda, tmp_path):
    """Program, signal, address, kind of access, pc, and all registers."""
    acts = cases(pagoda)
    manifest = manifests.write(tmp_path, *(f"run /bin/misbehave {case}" for case, _ in acts))
    text = pagoda(options=["--manifest", manifest]).stderr
    deaths = re.finditer(r"^pagoda: /usr/bin/misbehave \(pid 1\) (\w+)(.*)$", text, re.M)
    for said, (case, status) in zip(deaths, acts, strict=True):
        assert said[1] == SIGNALS[status], case
        if case not in REASONS:
            continue
        address, reason = REASONS[case]
        assert re.fullmatch(rf" at {address} \({reason}\) pc 0x\w+", said[2]), f"{case}: {said[0]}"
        registers = text[said.end() :].split("pagoda:")[0]
        assert re.findall(r"\b(x\d+|sp|pc|pstate|tls) +[0-9a-f]{8,16}", registers) == [
            *(f"x{number}" for number in range(31)), "sp", "pc", "pstate", "tls",
        ], case  # fmt: skip
    assert set(REASONS) <= {case for case, _ in acts}


def test_status_of_a_killed_program_is_passed_through(pagoda):
    result = pagoda("/bin/misbehave", "write-null", options=["--summary"]).expect(139)
    assert "exit status 139" in result.stderr
    pagoda("/bin/misbehave", "privileged-mask").expect(132)


def test_native_calls_without_handles_are_all_refused(pagoda):
    """A Linux program may make the kernel's own calls, but authority is by handle alone."""
    result = pagoda("/bin/trespass", options=["--summary"]).expect(0)
    assert re.fullmatch(r"trespass: [1-9]\d{4,} refused, 0 allowed\n", result.stdout)


def test_stack_has_all_of_its_8_mib_and_no_more(pagoda, tmp_path):
    manifest = manifests.write(tmp_path, "run /bin/misbehave stack-overflow", "run /bin/hello")
    result = pagoda(options=["--manifest", manifest, "--summary"]).expect(0)
    (_, status, faults), _ = manifests.ends(result)
    # The topmost bytes, two pages at most, are left out by chance: where it begins is random.
    assert status == 139 and 2048 - 2 <= faults <= 2048 + 32


def test_frames_of_the_dead_come_back(pagoda, tmp_path):
    """Forty programs that each die with 8 MiB of stack, in a pool of 12 MiB."""
    lines = ["pool-limit 12M", *["run /bin/misbehave stack-overflow"] * 40, "run /bin/seed"]
    result = pagoda(options=["--manifest", manifests.write(tmp_path, *lines), "--summary"]).expect(0)
    assert [status for _, status, _ in manifests.ends(result)] == [139] * 40 + [0]
    assert "first fill: 256 minor faults" in result.stdout
