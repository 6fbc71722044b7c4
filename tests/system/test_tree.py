"""The guest's file tree: layers over layers, what a host folder keeps, what is always there."""

import os
import socket
import stat

import pytest
from pagodalib import cpio, layers, listing, standard
from pagodalib.bundle import Bundle
from pagodalib.common import Failure
from pagodalib.manifest import Manifest
from pagodalib.tree import Tree, link_entry

FILE = cpio.file_entry("", b"text")
FOLDER = cpio.folder_entry("")


def named(*entries):
    tree = Tree()
    for path, entry in entries:
        tree.add(path, entry)
    return tree


def in_bundle(tree):
    """name -> entry, as they come out of the bundle made of the tree."""
    bundle = Bundle(Manifest(""))
    bundle.tree = tree
    return {entry.name: entry for entry, _ in cpio.read(bundle.write())}


# ---- Layers ----


def test_later_layers_lie_over_earlier_ones():
    tree = named(("/a/b", FILE), ("/a/b", cpio.file_entry("", b"new")), ("/c", FOLDER), ("/c", FILE))
    assert tree.find("/a/b").data == b"new" and stat.S_ISREG(tree.find("/c").mode)
    tree.add("/c/d", FILE)  # a file gives way to a folder
    assert tree.is_folder("/c") and tree.find("/c/d").data == b"text"
    tree.add("/c", cpio.Entry("", stat.S_IFDIR | 0o1777))
    assert tree.find("/c").mode == stat.S_IFDIR | 0o1777 and "/c/d" in tree


def test_a_path_through_a_link_goes_where_it_points():
    tree = named(("/usr/bin", FOLDER), ("/bin", link_entry("usr/bin")), ("/bin/a", FILE),
                 ("/bin", FOLDER), ("/x/y/up", link_entry("../../usr")), ("/x/y/up/bin/b", FILE),
                 ("/abs", link_entry("/usr/./bin/../bin")), ("/abs/c", FILE))  # fmt: skip
    assert tree.is_link("/bin") and {"/usr/bin/a", "/usr/bin/b", "/usr/bin/c"} <= set(tree.entries)
    assert tree.find("/abs/a").name == "root/usr/bin/a"
    entries = in_bundle(tree)
    assert entries["root/bin"].data == b"usr/bin" and entries["root/usr/bin/c"].data == b"text"


def test_a_link_in_the_place_of_a_folder_takes_what_was_there_along():
    tree = Tree()
    tree.layer = "first"
    tree.add("/var/run/daemon/pid", FILE)
    tree.layer = "second"
    tree.add("/var/run", link_entry("/run"))
    assert tree.find("/var/run/daemon/pid").name == "root/run/daemon/pid"
    assert tree.origins["/run/daemon/pid"] == "first" and tree.origins["/var/run"] == "second"


def test_a_link_to_nothing_is_made_true():
    tree = named(("/lib", link_entry("usr/lib")), ("/lib/x/y", FILE))
    assert tree.find("/usr/lib/x/y").data == b"text" and tree.is_folder("/usr/lib")


def test_what_cannot_be_is_refused():
    tree = named(("/a", link_entry("b")), ("/b", link_entry("a")))
    for path, entry in (("/a/c", FILE), ("/x/../y", FILE), ("/", FILE), ("/" + "n" * 256, FILE)):
        with pytest.raises(Failure):
            tree.add(path, entry)
    assert tree.find("/a") is None and set(tree.entries) == {"/", "/a", "/b"}


# ---- A folder of the host ----


ODD = ["two words", "line\nbreak", "ümläut", "-rf", "#", "TRAILER!!!", ".pad", "\udcff\udc80", "n" * 255, "\\e"]


def test_a_host_folder_is_kept_as_it_is(tmp_path):
    root = tmp_path / "root"
    (root / "empty/inner").mkdir(parents=True)
    (root / "empty").chmod(0o1777)
    for name in ODD:
        (root / name).write_bytes(name.encode(errors="surrogateescape"))
    (root / "set-uid").write_text("x")
    (root / "set-uid").chmod(0o4750)
    os.link(root / "set-uid", root / "empty/second")
    (root / "dangling").symlink_to("/no/where\n")
    (root / "to-folder").symlink_to("empty")
    with open(root / "hole", "wb") as file:
        file.truncate(100_000)
        file.seek(50_000)
        file.write(b"in the middle")
    os.utime(root / "hole", (1, 1_600_000_000))
    os.mkfifo(root / "pipe", 0o600)
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(root)  # the name of a socket is short
        server.bind("socket")
        os.chdir(here)
    tree = Tree()
    layers.add_host(tree, root, "/", keep=True)
    entries = in_bundle(tree)

    for name in ODD:
        assert entries[f"root/{name}"].data == name.encode(errors="surrogateescape")
    assert entries["root/empty"].mode == stat.S_IFDIR | 0o1777 and "root/empty/inner" in entries
    first, second = entries["root/set-uid"], entries["root/empty/second"]
    assert first.mode == second.mode == stat.S_IFREG | 0o4750 and first.data == second.data == b"x"
    assert first.link == second.link is not None and entries["root/hole"].link is None
    assert entries["root/dangling"].data == b"/no/where\n" and entries["root/to-folder"].data == b"empty"
    assert entries["root/hole"].data == bytes(50_000) + b"in the middle" + bytes(49_987)
    assert entries["root/hole"].time == 1_600_000_000
    assert stat.S_ISFIFO(entries["root/pipe"].mode) and "root/socket" not in entries
    assert all(entry.user == entry.group == 0 for entry in entries.values())


def test_of_hard_links_one_has_the_data():
    tree = named(*((f"/{i}", cpio.Entry("", stat.S_IFREG | 0o644, b"d" * 5000, link="same")) for i in range(3)))
    archive = cpio.write(tree.ordered())
    assert archive.count(b"d" * 5000) == 1
    assert len({entry.link for entry, _ in cpio.read(archive) if stat.S_ISREG(entry.mode)}) == 1


def test_what_cannot_be_read_is_named(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("x")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read everything
    with pytest.raises(Failure, match="secret: Permission denied"):
        layers.add_host(Tree(), tmp_path, "/", keep=True)


def test_a_file_that_shrinks_is_noticed(tmp_path):
    (tmp_path / "file").write_bytes(bytes(100))
    tree = Tree()
    layers.add_host(tree, tmp_path, "/", keep=True)
    (tmp_path / "file").write_bytes(bytes(99))
    with pytest.raises(Failure, match="became shorter"):
        cpio.write(tree.ordered())


def test_more_than_an_archive_holds_is_refused_before_it_is_read(tmp_path):
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(5 << 30)
    tree = Tree()
    layers.add_host(tree, tmp_path, "/", keep=True)
    with pytest.raises(Failure, match="root/huge has 5120 MiB"):
        cpio.write(tree.ordered())


# ---- What is always there ----


def test_busybox_s_own_list_of_applets():
    names = standard.applets(standard.busybox_path().read_bytes())
    assert {"ash", "awk", "cat", "ps", "top", "vi", "poweroff", "[", "[["} <= set(names)
    for broken in (b"", b"\0[\0[[\0ash\0\0", standard.busybox_path().read_bytes().replace(b"\0[[\0", b"\0[x\0")):
        with pytest.raises(Failure):
            standard.applets(broken)


def test_busybox_gives_way():
    tree = Tree()
    standard.add_folders(tree)
    standard.add_busybox(tree)
    tree.layer = "package"
    tree.add("/usr/sbin/ip", FILE)
    tree.add("/bin/ls", FILE)
    tree.add("/bin/mawk", FILE)
    tree.add("/etc/passwd", cpio.file_entry("", b"me"))
    standard.prefer_programs(tree)
    standard.add_defaults(tree)
    assert "/usr/bin/ip" not in tree and tree.find("/bin/ls").data == b"text"
    assert tree.target("/usr/bin/awk") == "mawk" and tree.target("/usr/bin/vi") == "busybox"
    assert tree.find("/etc/passwd").data == b"me" and standard.host_name(tree) == "pagoda"
    assert tree.find("/tmp").mode == stat.S_IFDIR | 0o1777


def test_a_name_is_looked_up_as_a_shell_does(command, tmp_path):
    root = tmp_path / "root"
    (root / "usr/sbin").mkdir(parents=True)
    (root / "usr/sbin/daemon").write_text("#!/bin/sh\nexit 9\n")
    made = tmp_path / "made"

    def lines(*words):
        command("bundle", "make", made, "--root", root, "--", *words).expect()
        text = made.read_bytes().split(b"\0", 50)
        return [line for part in text for line in part.split(b"\n") if line.startswith((b"run ", b"env"))]

    assert lines("daemon", "hello")[-1] == b"run /usr/sbin/daemon hello"
    assert lines("ls", "x")[-1] == b"run /usr/bin/ls x"
    assert lines("hello")[-1] == b"run /usr/bin/hello"
    assert b"environment HOME=/root" in lines("ls")
    made.unlink()
    assert "neither a file here" in command("bundle", "make", made, "--", "nobody").expect(125).stderr


def test_the_listing_shows_what_it_must(command, tmp_path):
    (tmp_path / "odd\nname").write_text("12345")
    text = command("tree", "--bare", "--root", tmp_path).expect().stdout
    (line,) = [line for line in text.splitlines() if "odd" in line]
    assert line.split()[:3] == ["-rw-r--r--", "0:0", "5"]
    assert line.split()[4:] == [r"/odd\x0aname", "--root", str(tmp_path)]
    sizes = command("tree", "--sizes").expect().stdout
    assert "BusyBox" in sizes and "Pagoda" in sizes
    assert listing.printable("a\x1b[b\udc80") == "a\\x1b[b\\x80"
