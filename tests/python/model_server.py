"""An HTTP server on loopback whose paths misbehave in one way each. Usage: python
model_server.py FOLDER LOG; prints its address. The first part of a path is how the file is sent:

whole       all of it, or from where the client asks
norange     all of it, whatever the client asks
cut         the first half, then the connection ends; later requests as whole
slow        in twenty pieces
redirect    it is elsewhere: at whole
busy        503 the first time, then as whole
wrong       as many other bytes
"""

import http.server
import pathlib
import sys
import time

folder, log = map(pathlib.Path, sys.argv[1:])
seen = set()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        way, _, name = self.path.strip("/").partition("/")
        asked = self.headers.get("Range", "")
        with log.open("a") as lines:
            lines.write(f"{way} {asked}\n")
        path = folder / name
        if not path.is_file():
            return self.send_error(404)
        content = path.read_bytes()
        first = (way, name) not in seen
        seen.add((way, name))
        if way == "redirect":
            self.send_response(302)
            self.send_header("Location", f"/whole/{name}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if way == "busy" and first:
            return self.send_error(503)
        if way == "wrong":
            content = bytes(byte ^ 1 for byte in content)
        begin = 0
        if asked.startswith("bytes=") and way != "norange":
            begin = int(asked.removeprefix("bytes=").split("-")[0])
            if begin >= len(content):
                return self.send_error(416)
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        rest = content[begin:]
        if way == "cut" and first:
            self.wfile.write(rest[: len(rest) // 2])
            self.close_connection = True
        elif way == "slow":
            piece = len(rest) // 20 + 1
            for at in range(0, len(rest), piece):
                self.wfile.write(rest[at : at + piece])
                self.wfile.flush()
                time.sleep(0.05)
        else:
            self.wfile.write(rest)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
