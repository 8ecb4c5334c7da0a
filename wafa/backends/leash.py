"""Started in front of a server: becomes its user, ties its life to the launcher's, and turns into the server.

Run by path, by the launcher's own Python, with the standard library only:
    leash.py LAUNCHER_PID UID GID PROGRAM [ARGUMENT…]          UID and GID are `-` to stay who we are

Why a program and not `preexec_fn`: the launcher may have threads, and Python code between fork and exec can then wait
forever for a lock that no thread will release (Python 3.12 warns of it, and warnings are errors here). Why in this
order: a change of user clears the death signal, and a launcher that has died before the signal was asked for would
never send it. Linux only; elsewhere a server outlives a killed launcher until the next start, which stops it.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(launcher: str, uid: str, gid: str, program: str, *arguments: str) -> None:
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != int(launcher):
        sys.exit("leash: the launcher has gone")
    # What the launcher's Python, its shell or nohup made of these must not reach the server.
    for each in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    os.umask(0o077)
    # The launcher's working folder may be closed to this user.
    os.chdir("/")
    os.execv(program, (program, *arguments))  # noqa: S606  there is no shell, and that is the point


if __name__ == "__main__":
    main(*sys.argv[1:])
