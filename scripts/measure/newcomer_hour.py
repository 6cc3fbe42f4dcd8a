"""What scripts/measure/newcomer-hour does inside its namespaces: mounts what a system needs, serves
the mirror, runs each step by chroot, and writes the log and the summary."""

import argparse
import functools
import http.server
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

import newcomer_commands as commands

# The wheel's way must take less (seconds).
LIMIT = 120
HOME = "/root"
CODE = f"{HOME}/shutterbench"
MODEL = "mobilenet_v2_1.0_224_quant"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("system", "origin", "wheel", "shared", "rust", "log", "summary"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--source", action="store_true")
    parser.add_argument("--only", default="")
    return parser.parse_args()


class System:
    """A base system that is entered by chroot."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.root = given.system
        self.log = given.log.open("w")
        self.environment = {
            "HOME": HOME, "LANG": "C.UTF-8", "TERM": "dumb", "DEBIAN_FRONTEND": "noninteractive",
            "PATH": f"{HOME}/venv/bin:{HOME}/.cargo/bin:/opt/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "shared": "/opt/shared", "code": CODE,
        }  # fmt: skip
        for name in ("proc", "sys", "dev"):
            self.mount(Path("/") / name, name)
        self.mount(given.rust, "opt/rust", "ro")
        self.mount(given.shared, "opt/shared", "ro")
        self.mount(given.origin, "opt/origin.git", "ro")
        self.mount(given.wheel.parent, "opt/wheels", "ro")
        for name in ("etc/resolv.conf", "etc/hosts"):
            shutil.copyfile(f"/{name}", self.root / name)
        # The certificates that this machine trusts, if it names them: it may reach registries
        # through a proxy of its own.
        trusted = os.environ.get("SSL_CERT_FILE")
        if trusted:
            shutil.copyfile(trusted, self.root / "etc/ssl/trusted.crt")
            for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO"):
                self.environment[name] = "/etc/ssl/trusted.crt"
        # Not the server of this machine's devices.
        self.environment["ADB_SERVER_SOCKET"] = "tcp:localhost:15037"
        for name in ("http_proxy", "https_proxy", "no_proxy", "OPENBLAS_CORETYPE"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def mount(self, source: Path, name: str, *options: str) -> None:
        target = self.root / name
        target.mkdir(parents=True, exist_ok=True)
        if name == "proc":
            subprocess.run(["mount", "-t", "proc", "proc", target], check=True)
            return
        subprocess.run(["mount", "--rbind", source, target], check=True)
        if options:
            subprocess.run(["mount", "-o", ",".join(("remount", "bind", *options)), target], check=True)

    def run(self, what: str, folder: str = HOME, limit: float = 600, **more: str) -> subprocess.CompletedProcess[str]:
        """Runs a line of shell; its `seconds` are an attribute of what is returned."""
        variables = [f"{name}={value}" for name, value in (self.environment | more).items()]
        script = f"cd {folder} && {what}"
        line = ["chroot", str(self.root), "env", "-i", *variables, "bash", "-c", script]
        begin = time.monotonic()
        try:
            done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            done = subprocess.CompletedProcess(line, 124, "", f"took longer than {limit:.0f} s")
        done.seconds = time.monotonic() - begin
        return done

    def note(self, text: str) -> None:
        print(text, file=self.log, flush=True)
        print(text, flush=True)


def serve(folder: Path) -> str:
    """A mirror on loopback: the files of a folder by their names."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def ends(text: str, lines: int) -> str:
    return "".join(f"    {line}\n" for line in text.strip().splitlines()[-lines:])


class Hour:
    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.system = System(given)
        self.mirror = serve(given.shared / "models")
        self.steps: list[tuple[str, float]] = []
        self.failures: list[str] = []

    def step(self, line: str, shown: str = "", ends_in: str = "", **options: object) -> float:
        """Runs a step and returns its seconds; what it prints must contain `ends_in`."""
        done = self.system.run(line, **options)  # type: ignore[arg-type]
        self.system.note(f"{done.seconds:7.1f} s  exit {done.returncode}  {shown or line}")
        self.steps.append((shown or line, done.seconds))
        # Tables are worth keeping, the words of package managers are not.
        said = ends(done.stdout, 60) if ends_in else ""
        if done.returncode != 0 or ends_in not in done.stdout:
            self.failures.append(shown or line)
            said = ends(done.stdout + done.stderr, 30)
        if said:
            self.system.note(said.rstrip("\n"))
        return done.seconds

    def wheel(self) -> float:
        """From nothing to the first table; what apt brings is not counted into the limit."""
        name = self.given.wheel.name
        self.system.note("\n# The wheel")
        self.step("apt-get -qq update && apt-get -qq install -y --no-install-recommends python3-venv curl", "apt-get install python3-venv curl")
        total = self.step("python3 -m venv venv")
        total += self.step(f"venv/bin/pip install --quiet '/opt/wheels/{name}[runtimes]'", f"venv/bin/pip install '{name}[runtimes]'")
        total += self.step("venv/bin/shutterbench run --quiet", "venv/bin/shutterbench run", ends_in="Fastest: ")
        self.system.note(f"{total:7.1f} s  from nothing to the first table (at most {LIMIT} s)")
        if total > LIMIT:
            self.failures.append(f"the wheel took {total:.0f} s")
        return total

    def hosted(self) -> None:
        self.system.note("\n# A hosted model, from a mirror on loopback that serves the published file")
        self.step(f"shutterbench run --quiet --model {MODEL} --yes", ends_in=MODEL, limit=300, SHUTTERBENCH_MIRROR=self.mirror)

    def checkout(self) -> None:
        self.step("apt-get -qq update && apt-get -qq install -y --no-install-recommends git", "apt-get install git")
        self.step(f"git clone --quiet /opt/origin.git {CODE}", "git clone")

    def pages(self) -> tuple[int, int]:
        root = self.system.root / CODE.lstrip("/")
        self.system.note("\n# The command lines of README.md and docs/")
        ran = listed = 0
        for page in ["README.md", *sorted(str(path.relative_to(root)) for path in root.glob("docs/*.md"))]:
            lines = commands.of_page(root, page)
            if not lines or (self.given.only and page != self.given.only):
                continue
            self.system.note(f"\n## {page}")
            if any(not line.reason for line in lines):
                self.prepare(page)
            for line in lines:
                ran, listed = (ran, listed + 1) if line.reason else (ran + 1, listed)
                self.page_line(line)
        return ran, listed

    def prepare(self, page: str) -> None:
        done = self.system.run(f"rm -rf work base ~/.local/share/shutterbench/history.sqlite && mkdir work && cd work && {commands.PREPARATION}\n{commands.PAGE_PREPARATION.get(page, '')}")
        if done.returncode != 0:
            self.failures.append(f"what {page} needs could not be laid out")
            self.system.note(ends(done.stdout + done.stderr, 10))

    def page_line(self, line: commands.Line) -> None:
        at = f"{line.number:4}"
        if line.reason:
            self.system.note(f"{at}  not run     {line.printed}\n      {line.reason}")
            return
        # Models and datasets come from the mirror, runtimes from where they are published.
        fetches_runtimes = line.runs.startswith(("shutterbench fetch --all", "shutterbench fetch openvino"))
        mirror = {} if fetches_runtimes else {"SHUTTERBENCH_MIRROR": self.mirror}
        done = self.system.run(line.runs, folder=f"{HOME}/work", limit=300, **mirror)
        self.system.note(f"{at}  {done.seconds:5.1f} s  {done.returncode}  {line.printed}")
        if line.is_replaced:
            self.system.note(f"      as: {line.runs}")
        if not line.is_answer(done.returncode):
            self.failures.append(f"{line.page}:{line.number} {line.printed}")
            self.system.note(ends(done.stdout + done.stderr, 10).rstrip("\n"))

    def source(self) -> None:
        self.system.note("\n# From source, with Rust and an empty package cache")
        # Without the environment of the wheel, which a newcomer of this way has not made.
        path = self.system.environment["PATH"].replace(f"{HOME}/venv/bin:", "")
        self.step("scripts/bench", ends_in="Fastest: ", folder=CODE, limit=5400, PATH=path)
        self.step("cargo package --quiet --no-verify", folder=CODE, limit=600, PATH=path)
        self.step("cargo install --quiet --path .", folder=CODE, limit=3600, PATH=path)
        self.step("~/.cargo/bin/shutterbench run --quiet --backend tract", ends_in="Fastest: ", PATH=path)


def main() -> None:
    given = arguments()
    hour = Hour(given)
    name = subprocess.run(["chroot", given.system, "sh", "-c", ". /etc/os-release; echo $PRETTY_NAME"], capture_output=True, text=True).stdout.strip()
    hour.system.note(f"{name}, {os.cpu_count()} CPUs, {time.strftime('%Y-%m-%d')}")
    first_table, ran, listed = 0.0, 0, 0
    if given.only != "source":
        first_table = hour.wheel()
        hour.hosted()
    hour.checkout()
    if given.only != "source":
        ran, listed = hour.pages()
    if given.source and given.only in ("", "source"):
        hour.source()
    hour.system.note("\n# Failures\n" + ("\n".join(hour.failures) or "none"))
    rows = "\n".join(f"| `{what}` | {seconds:.0f} s |" for what, seconds in hour.steps)
    left_out = "" if given.source else " The build from source was left out (`--no-source`)."
    broken = "every one works" if not hour.failures else f"what failed: {'; '.join(hour.failures)}"
    given.summary.write_text(
        f"{name}, {os.cpu_count()} CPUs, {time.strftime('%Y-%m-%d')}; the wheel from nothing to the first table: {first_table:.0f} s.\n\n"
        f"| step | time |\n|---|---|\n{rows}\n\n"
        f"Of the command lines of README.md and docs/, {ran} ran and {listed} are listed with the reason why they cannot; {broken}.{left_out}"
    )
    raise SystemExit(bool(hour.failures))


main()
