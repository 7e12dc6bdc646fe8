"""Namespaces: a process that sees no other process, no network, and only the files it may read.

The new root is a tmpfs with the readable paths bound into it, read-only, and the scratch folder. There is no /proc in
it: what student code needs of it can be had otherwise, and what is not there cannot be attacked.
"""

import functools
import os
import socket
import stat
import struct
from pathlib import Path

from autograder.sandbox import syscalls

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000

MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV, ATTR_NOEXEC = 1, 2, 4, 8
AT_FDCWD, AT_RECURSIVE = -100, 0x8000

DEVICES = (Path("/dev/null"), Path("/dev/zero"), Path("/dev/urandom"))
SHARED_MEMORY = Path("/dev/shm")
SHARED_MEMORY_MB = 64


def enter_user_and_pid(as_root: bool) -> None:
    """Make the next child the first process of a new pid namespace.

    An ordinary user gets a user namespace too, in which it may make the others; ids mean in it what they mean outside.
    """
    if as_root:
        syscalls.unshare(NEWPID)
        return
    user, group = os.geteuid(), os.getegid()
    syscalls.unshare(NEWUSER | NEWPID)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def enter_the_others(read: tuple[Path, ...], write: Path) -> None:
    """Leave the network, the other processes' shared memory, the host's name, and every file but `read` and `write`."""
    syscalls.unshare(NEWNS | NEWNET | NEWIPC | NEWUTS | NEWCGROUP)
    socket.sethostname("sandbox")
    syscalls.mount("none", "/", None, MS_REC | MS_PRIVATE)
    build_root(read, write)


def build_root(read: tuple[Path, ...], write: Path) -> None:
    """Replace this mount namespace's root by one that holds only `read`, `write` and three devices."""
    sources = {path: os.open(path, os.O_PATH) for path in (*outermost(read), *DEVICES, write)}
    root = str(write)  # any existing folder will do: the descriptor of what it holds is open
    syscalls.mount("sandbox", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,nr_inodes=4096,mode=755")
    for path in outermost(read):
        bind(sources[path], root + str(path), ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV)
    for path in DEVICES:
        bind(sources[path], root + str(path), ATTR_RDONLY | ATTR_NOSUID | ATTR_NOEXEC)
    bind(sources[write], root + str(write), ATTR_NOSUID | ATTR_NODEV, recursive=False)
    os.mkdir(root + str(SHARED_MEMORY))
    options = f"size={SHARED_MEMORY_MB}m,nr_inodes=1024,mode=1777"
    syscalls.mount("sandbox", root + str(SHARED_MEMORY), "tmpfs", MS_NOSUID | MS_NODEV, options)
    for path in read:
        link_to_resolved(root, path)
    set_attributes(root, ATTR_RDONLY, recursive=False)
    for descriptor in sources.values():
        os.close(descriptor)
    os.chdir(root)
    syscalls.pivot_root(".", ".")
    syscalls.detach(".")
    os.chdir("/")


@functools.cache
def outermost(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """Resolve the paths and leave out those that lie below another one."""
    resolved = {Path(path).resolve() for path in paths}
    return tuple(sorted(path for path in resolved if not resolved & set(path.parents)))


def bind(source: int, target: str, attributes: int, recursive: bool = True) -> None:
    """Show what the descriptor `source` stands for at `target`, with at least these restrictions.

    Not recursive: without what is mounted in it, the new root among that. An ordinary user can bind a folder that
    others have mounted something in only recursively.
    """
    if stat.S_ISDIR(os.fstat(source).st_mode):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o644))
    syscalls.mount(f"/proc/self/fd/{source}", target, None, MS_BIND | (MS_REC if recursive else 0))
    set_attributes(target, attributes, recursive)


def set_attributes(target: str, attributes: int, recursive: bool) -> None:
    set_and_clear = struct.pack("QQQQ", attributes, 0, 0, 0)
    syscalls.syscall(
        syscalls.MOUNT_SETATTR, AT_FDCWD, os.fsencode(target), AT_RECURSIVE if recursive else 0,
        set_and_clear, len(set_and_clear), name=f"mount_setattr {target}",
    )  # fmt: skip


def link_to_resolved(root: str, path: Path) -> None:
    """Where a readable path goes through a symbolic link (/lib64), make a link of that name in the new root."""
    link = root + str(path)
    if path != path.resolve() and not os.path.lexists(link):
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(path.resolve(), link)
