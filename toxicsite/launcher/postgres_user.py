"""The ordinary account that runs Postgres when root starts toxicsite, since Postgres refuses to run as root."""

import os
import pwd
import shutil
import stat
import struct
import subprocess
from pathlib import Path

from toxicsite.launcher.errors import LauncherError

ACCOUNT = "toxicsite-postgres"

# The extended attribute behind POSIX access lists, see acl(5) and linux/posix_acl_xattr.h.
ACL_ATTRIBUTE = "system.posix_acl_access"
ACL_HEADER, ACL_ENTRY, ACL_NO_ID = struct.Struct("<I"), struct.Struct("<HHI"), 0xFFFFFFFF
ACL_OWNER, ACL_USER, ACL_GROUP, ACL_MASK, ACL_OTHER = 0x01, 0x02, 0x04, 0x10, 0x20


def postgres_user() -> pwd.struct_passwd | None:
    """Return the account to run Postgres under; None when this process is not root and needs none."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        pass
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is not None:
        subprocess.run(
            [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT],
            capture_output=True,
            check=False,
        )
    for name in (ACCOUNT, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LauncherError(
        "Postgres refuses to run as root, and no account to run it under could be made; "
        "start toxicsite as an ordinary user."
    )


def let_reach(path: Path, user: pwd.struct_passwd) -> None:
    """Let `user` pass through the folders above `path` (say /root), and see nothing more of them."""
    for folder in reversed(path.resolve().parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            _grant_passage(folder, user.pw_uid)


def _grant_passage(folder: Path, uid: int) -> None:
    """Add `user:uid:--x` to the folder's access list; where lists are not supported, let everyone pass."""
    mode = folder.stat().st_mode
    try:
        raw = os.getxattr(folder, ACL_ATTRIBUTE)
    except OSError:
        entries = [
            (ACL_OWNER, mode >> 6 & 7, ACL_NO_ID),
            (ACL_GROUP, mode >> 3 & 7, ACL_NO_ID),
            (ACL_OTHER, mode & 7, ACL_NO_ID),
        ]
    else:
        entries = list(ACL_ENTRY.iter_unpack(raw[ACL_HEADER.size :]))
    granted = any(tag == ACL_USER and owner == uid and permission & 1 for tag, permission, owner in entries)
    # The mask bounds what entries grant; a chmod of the group's bits sets it.
    if granted and any(tag == ACL_MASK and permission & 1 for tag, permission, _ in entries):
        return
    mask = 1
    for tag, permission, _ in entries:
        if tag in (ACL_GROUP, ACL_MASK):
            mask |= permission
    kept = [entry for entry in entries if entry[0] != ACL_MASK and (entry[0], entry[2]) != (ACL_USER, uid)]
    kept += [(ACL_USER, 1, uid), (ACL_MASK, mask, ACL_NO_ID)]
    kept.sort(key=lambda entry: (entry[0], entry[2]))
    try:
        os.setxattr(folder, ACL_ATTRIBUTE, ACL_HEADER.pack(2) + b"".join(ACL_ENTRY.pack(*e) for e in kept))
    except OSError:
        folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def own(path: Path, user: pwd.struct_passwd) -> None:
    """Give `path` and everything in it to `user`, touching only what is not theirs yet."""
    for item in (path, *path.rglob("*")):
        if item.lstat().st_uid != user.pw_uid:
            os.chown(item, user.pw_uid, user.pw_gid, follow_symlinks=False)
