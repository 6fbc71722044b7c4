"""The bundle writer: what is in comes out, file data lies on page boundaries."""

import os
import shutil
import stat
import subprocess

import pytest
from pagodalib import archive, cpio
from pagodalib.bundle import Bundle
from pagodalib.common import Failure
from pagodalib.guest import default_guest_path
from pagodalib.manifest import Manifest, escape, server_name

TEMPLATE = """\
# comment
server anon
    image servers/anon
    level 4
    pool 64K 1M

server proc
    image servers/proc
    pager anon
run /bin/old
"""


def random_entries(seeded):
    """Folders, links and files of awkward sizes and name lengths."""
    entries = []
    for number in range(seeded.randrange(1, 40)):
        name = f"root/{number}" + "n" * seeded.randrange(200)
        kind = seeded.randrange(5)
        size = seeded.choice((0, 1, 3, 4, 4095, 4096, 4097, seeded.randrange(20000)))
        if kind == 0:
            entries.append(cpio.folder_entry(name))
        elif kind == 1:
            entries.append(cpio.Entry(name, stat.S_IFLNK | 0o777, b"/target"))
        elif kind == 4:
            mode, device = stat.S_IFCHR | 0o620, os.makedev(seeded.randrange(300), seeded.randrange(300))
            entries.append(cpio.Entry(name, mode, b"", 7, 8, seeded.randrange(1 << 32), device))
        else:
            entries.append(cpio.file_entry(name, seeded.randbytes(size), kind == 2))
    return entries


def test_round_trip_and_alignment(seeded):
    for _ in range(50):
        entries = random_entries(seeded)
        written = cpio.write(entries)
        found = cpio.read(written)
        assert [entry for entry, _ in found] == entries
        assert len(written) % cpio.PAGE == 0
        for entry, offset in found:
            if stat.S_ISREG(entry.mode) and entry.data:
                assert offset % cpio.PAGE == 0, entry.name
            assert written[offset : offset + len(entry.data)] == entry.data


def test_the_same_files_give_the_same_archive(seeded):
    entries = random_entries(seeded)
    assert cpio.write(entries) == cpio.write(entries)


@pytest.mark.skipif(not shutil.which("cpio"), reason="no cpio on this machine to compare with")
def test_cpio_reads_it(seeded):
    entries = random_entries(seeded)
    listed = subprocess.run(
        ["cpio", "-it", "--quiet"], input=cpio.write(entries), capture_output=True, check=True
    )
    names = [name for name in listed.stdout.decode().splitlines() if name != cpio.PAD]
    assert names == [entry.name for entry in entries]


def test_a_broken_archive_is_refused(seeded):
    written = cpio.write([cpio.file_entry("a", b"data"), cpio.folder_entry("b")])
    for _ in range(300):
        broken = bytearray(written[: seeded.randrange(len(written))])
        if broken:
            broken[seeded.randrange(len(broken))] ^= 1 << seeded.randrange(8)
        try:
            cpio.read(bytes(broken))
        except Failure:
            pass
    for end in (0, 5, 109, 112, 200):
        with pytest.raises(Failure):
            cpio.read(written[:end])


def test_extract_stays_in_its_folder(tmp_path):
    for entries in (
        [cpio.file_entry("../out", b"x")],
        [cpio.file_entry("/out", b"x")],
        [cpio.Entry("link", stat.S_IFLNK | 0o777, b"/tmp"), cpio.file_entry("link/out", b"x")],
    ):
        file = tmp_path / "archive"
        file.write_bytes(cpio.write(entries))
        with pytest.raises(Failure):
            archive.extract(file, tmp_path / "to")


def test_words_of_the_manifest():
    assert escape("plain") == "plain"
    assert escape("") == r"\e"
    assert escape("a b\t#\\ü") == r"a\x20b\x09\x23\x5c\xc3\xbc"
    assert server_name("/x/My.Pager.elf") == "my"
    assert len(server_name("x" * 100)) <= 23


def test_a_pager_takes_over_the_lines_of_anon():
    manifest = Manifest(TEMPLATE)
    assert manifest.servers() == ["anon", "proc"]
    assert manifest.unused_name("anon") == "anon-2"
    manifest.copy_server("anon", "mine", "servers/mine", 12)
    manifest.remove("run")
    manifest.add("run", "/bin/new", "a b")
    text = manifest.text()
    assert "server mine\n    image servers/mine\n    priority 12\n    level 4\n    pool 64K 1M\n" in text
    assert manifest.image("anon") == "servers/anon" and manifest.image("mine") == "servers/mine"
    assert text.endswith("run /bin/new a\\x20b\n") and "/bin/old" not in text
    with pytest.raises(Failure):
        manifest.copy_server("nobody", "x", "servers/x", 12)


def test_a_manifest_laid_over_another():
    manifest = Manifest("server a\n    image servers/a\n    level 1\n    use b\n\nserver b\n    image servers/b\n")
    manifest.lay("# more\nserver c\n    image servers/c\n\nserver a\n    level 2\n    use c\nsummary\n")
    stanzas = manifest.text().split("server ")
    assert [stanza.split() for stanza in stanzas] == [
        [],
        ["a", "image", "servers/a", "use", "b", "level", "2", "use", "c"],
        ["b", "image", "servers/b"],
        ["c", "image", "servers/c", "summary"],
    ]


def test_the_tree_gets_its_folders(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/file").write_text("text")
    (tmp_path / "sub/link").symlink_to("file")
    program = tmp_path / "program"
    program.write_text("#!")
    program.chmod(0o755)
    bundle = Bundle(Manifest(TEMPLATE))
    bundle.add_file(tmp_path / "sub", "/a/b/c")
    bundle.add_file(program, default_guest_path(str(program)))
    entries = {entry.name: entry for entry, _ in cpio.read(bundle.write())}
    for folder in ("root", "root/a", "root/a/b", "root/a/b/c", "root/bin"):
        assert stat.S_ISDIR(entries[folder].mode)
    assert entries["root/a/b/c/file"].data == b"text"
    link = entries["root/a/b/c/link"]
    assert (link.mode, link.data) == (stat.S_IFLNK | 0o777, b"file")
    assert entries["root/bin/program"].mode == stat.S_IFREG | 0o755
    names = list(entries)
    assert all(names.index(name.rpartition("/")[0]) < names.index(name) for name in names if "/" in name)


def test_what_cannot_be_added_is_named(tmp_path):
    bundle = Bundle(Manifest(TEMPLATE))
    for host, guest in ((tmp_path / "none", "/x"), (tmp_path, "/a/../b")):
        with pytest.raises(Failure):
            bundle.add_file(host, guest)
    (tmp_path / "text").write_text("no program")
    with pytest.raises(Failure):
        bundle.add_server("servers/x", tmp_path / "text")
