"""Runs adb and curl for program_relay.exe, one process per connection: program_relay.py PORT_FILE PREFIX.

Writes its port on loopback to PORT_FILE. What is pushed, pulled and downloaded has Windows' paths,
which become this machine's: `Z:` is the root, `C:` a folder of the Wine prefix, and a relative path is
one of the folder that this runs in.
"""

import os
import re
import socket
import struct
import subprocess
import sys
import threading


def exactly(connection, count):
    parts = b""
    while len(parts) < count:
        part = connection.recv(count - len(parts))
        if not part:
            raise EOFError
        parts += part
    return parts


def number(connection):
    return struct.unpack("<I", exactly(connection, 4))[0]


def here(argument, prefix):
    drive = re.fullmatch(r"([A-Za-z]):([\\/].*)", argument)
    if not drive:
        return argument.replace("\\", "/")
    root = "" if drive[1].upper() == "Z" else os.path.join(prefix, "drive_c")
    return root + drive[2].replace("\\", "/")


def attend(connection, prefix):
    words = [exactly(connection, number(connection)).decode() for _ in range(number(connection))]
    program = re.split(r"[\\/]", words[0])[-1].lower().removesuffix(".exe")
    assert program in ("adb", "curl"), words[0]
    arguments = words[1:]
    if program == "curl" or {"push", "pull"} & set(arguments):
        arguments = [here(argument, prefix) for argument in arguments]
    running = subprocess.Popen(
        [program, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lock = threading.Lock()

    def frame(kind, content, value=None):
        with lock:
            connection.sendall(struct.pack("<BI", kind, len(content) if value is None else value) + content)

    def relay(pipe, kind):
        while part := pipe.read1(65536):
            try:
                frame(kind, part)
            except OSError:
                running.kill()  # The program at the other end was ended.
                return

    def feed():
        try:
            while part := connection.recv(65536):
                running.stdin.write(part)
                running.stdin.flush()
        except OSError:
            running.kill()
        try:
            running.stdin.close()
        except OSError:
            pass

    threading.Thread(target=feed, daemon=True).start()
    pipes = [threading.Thread(target=relay, args=it) for it in [(running.stdout, 1), (running.stderr, 2)]]
    for pipe in pipes:
        pipe.start()
    # adb's server, which the first client starts, holds the pipes for as long as it lives.
    code = running.wait()
    for pipe in pipes:
        pipe.join(timeout=5)
    try:
        frame(3, b"", code & 0xFFFFFFFF)
    except OSError:
        pass
    connection.close()


def main():
    port_file, prefix = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", 0))
    with open(port_file + ".new", "w") as file:
        file.write(str(listener.getsockname()[1]))
    os.rename(port_file + ".new", port_file)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=attend, args=(connection, prefix), daemon=True).start()


main()
