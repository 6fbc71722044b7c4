"""The guest's file tree while it is put together, layer upon layer.

A layer lies over what came before as a package that is unpacked over a system: a file or
link replaces what has its name; a folder joins a folder; a path that leads through a
symbolic link goes where the link points, so that `/bin/x` of one layer lands in `/usr/bin`
when another made `/bin` a link to it.
"""

import stat
from dataclasses import replace
from pathlib import PurePosixPath

from . import cpio
from .common import Failure

LINKS_MOST = 40  # as Linux: then a path is a loop
NAME_MOST = 255  # bytes of one name


def guest_path(path):
    """An absolute path without empty parts and dots; Failure for one with `..`."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Failure(f"guest path {path} must not contain ..")
    return "/" + "/".join(parts)


def parent_of(path):
    return path.rpartition("/")[0] or "/"


class Tree:
    """Entries by guest path. Every path here is the true one: no part of it but the last is a link."""

    def __init__(self):
        self.entries = {"/": cpio.folder_entry("root")}
        self.origins = {}  # path -> the layer it is from, in words
        self.layer = "Pagoda"  # what is added now is from this one

    def __contains__(self, path):
        return self.find(path) is not None

    def is_folder(self, path):
        entry = self.entries.get(path)
        return entry is not None and stat.S_ISDIR(entry.mode)

    def is_link(self, path):
        entry = self.entries.get(path)
        return entry is not None and stat.S_ISLNK(entry.mode)

    def resolve(self, path, last=True):
        """The true path of `path`, whether there is something or not. `last`: a link at its end
        is followed, too. None: a loop."""
        todo = [part for part in path.split("/") if part][::-1]
        at, links = "/", 0
        while todo:
            part = todo.pop()
            if part == ".":
                continue
            if part == "..":
                at = parent_of(at)
                continue
            child = f"{at.rstrip('/')}/{part}"
            if not self.is_link(child) or not (todo or last):
                at = child
                continue
            links += 1
            if links > LINKS_MOST:
                return None
            target = self.target(child)
            at = "/" if target.startswith("/") else at
            todo += [part for part in target.split("/") if part][::-1]
        return at

    def target(self, path):
        """What a link says."""
        return bytes(self.entries[path].data).decode(errors="surrogateescape")

    def find(self, path):
        """The entry a program finds under that path, links followed, or None."""
        return self.entries.get(self.resolve(path))

    def add(self, path, entry):
        """Lays one thing over the tree; its name becomes that of `path`."""
        path = guest_path(path)
        if any(len(part.encode(errors="surrogateescape")) > NAME_MOST for part in path.split("/")):
            raise Failure(f"a name longer than {NAME_MOST} bytes: {path}")
        true = self.resolve(path, last=False)
        if true is None:
            raise Failure(f"{path} goes through a loop of symbolic links")
        below = []
        if stat.S_ISDIR(entry.mode):
            if self.is_link(true) and self.is_folder(self.resolve(true)):
                return
        elif self.is_folder(true):
            if true == "/":
                raise Failure("the guest's / must be a folder")
            below = self._take(true)
        self._folders_above(true)
        self.entries[true] = replace(entry, name=f"root{true}".rstrip("/"))
        self.origins[true] = self.layer
        if stat.S_ISLNK(entry.mode):  # what lay below the folder goes where the link points
            for old, (kept, layer) in below:
                here, self.layer = self.layer, layer
                self.add(old, kept)
                self.layer = here

    def _take(self, folder):
        """Removes a folder with all below it: [(path, (entry, layer))] of what was below."""
        taken = [path for path in self.entries if path.startswith(folder + "/")]
        found = [(path, (self.entries.pop(path), self.origins.pop(path, ""))) for path in taken]
        del self.entries[folder]
        return found

    def _folders_above(self, path):
        """Makes the folders of a path that are missing; a file in their place gives way."""
        for parent in [str(parent) for parent in PurePosixPath(path).parents][::-1]:
            if not self.is_folder(parent):
                self.entries[parent] = cpio.folder_entry(f"root{parent}")
                self.origins[parent] = self.layer

    def remove(self, path):
        del self.entries[path]

    def add_default(self, path, entry):
        """The same where nothing has that path yet."""
        if self.find(path) is None and not self.is_link(self.resolve(path, last=False)):
            self.add(path, entry)

    def add_link(self, path, target):
        self.add(path, link_entry(target))

    def ordered(self):
        """All entries, folders before what is in them. What has no time of its own has the newest."""
        newest = max(entry.time for entry in self.entries.values())
        return [
            replace(entry, time=entry.time or newest) for _, entry in sorted(self.entries.items())
        ]


def link_entry(target):
    data = target.encode(errors="surrogateescape")
    return cpio.Entry("", stat.S_IFLNK | 0o777, data)
