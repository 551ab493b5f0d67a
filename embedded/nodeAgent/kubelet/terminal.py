"""Runs a program in a terminal of its own: terminal.py <program> [<argument>...].

Standard input and output are the terminal's. Descriptor 3 gives its size, a line for each change: "<rows> <columns>".
Ends with the exit code of the program, 128 plus the number of the signal that ended it, or 126 or 127 as a shell does.
"""

import errno
import fcntl
import os
import pty
import select
import struct
import sys
import termios

SIZES = 3


def main() -> int:
    os.set_inheritable(SIZES, False)
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            os.execvp(sys.argv[1], sys.argv[1:])
        except OSError as error:
            os.write(2, f"{sys.argv[1]}: {error.strerror}\r\n".encode())
            os._exit(127 if error.errno == errno.ENOENT else 126)
    if not copy(terminal):
        os.close(terminal)
    # Not closed before the program has ended by itself: it would get SIGHUP between its last output and its end.
    status = os.waitpid(pid, 0)[1]
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def copy(terminal: int) -> bool:
    """Until the program has closed the terminal, or nobody reads it any more, which is False."""
    sources = [0, SIZES, terminal]
    sizes = b""
    while True:
        for source in select.select(sources, [], [])[0]:
            try:
                data = os.read(source, 65536)
            except OSError:
                # Linux says so when the last process that had the terminal has ended.
                data = b""
            if source == terminal:
                if not data:
                    return True
                if not write(1, data):
                    return False
            elif source == SIZES:
                sizes += data
                *lines, sizes = sizes.split(b"\n")
                if lines:
                    resize(terminal, lines[-1])
            elif data:
                write(terminal, data)
            else:
                # What a person does who has no more input.
                write(terminal, b"\x04")
            if not data:
                sources.remove(source)


def write(descriptor: int, data: bytes) -> bool:
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        return True
    except OSError:
        return False


def resize(terminal: int, line: bytes) -> None:
    try:
        rows, columns = (int(word) for word in line.split())
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    except (ValueError, struct.error, OSError):
        pass


sys.exit(main())
