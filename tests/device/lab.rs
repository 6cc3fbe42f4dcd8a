//! Devices without a phone: Android's own debug daemon in its own network and mount namespaces,
//! driven by the real adb. The daemon requires no key and listens on every interface, so it must
//! run only in there.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use tempfile::TempDir;

use crate::common;
pub use crate::common::until;
use crate::common::{PATIENCE, TimelyOutput, exit_status};

/// A device's own folder, with a separate file system.
pub const ROOT: &str = "/mnt/shutterbench";

/// A separate network, with an adb server in it.
pub struct Lab {
    network: Child,
    pub folder: TempDir,
    devices: Vec<Device>,
}

/// An ARM device's system.
#[derive(Clone, Copy)]
pub struct System {
    /// Its name in Rust.
    pub target: &'static str,
    /// Its name in Debian, and of the folder of its root.
    pub debian: &'static str,
    /// What runs its programs.
    pub qemu: &'static str,
    /// Its name in results.csv.
    pub arch: &'static str,
    /// What its TensorFlow Lite runs with.
    pub delegates: &'static str,
}

/// A daemon with its own file system.
pub struct Device {
    pub serial: String,
    port: u16,
    tools: PathBuf,
    mounts: Child,
    daemon: Option<Child>,
}

impl Lab {
    /// `None` after a skip if something is missing.
    pub fn open() -> Option<Self> {
        let missing = [
            (!runs("adb", &["version"]), "adb"),
            (!adbd().join("complete").is_file(), "build/adbd, which scripts/setup/adbd makes"),
            (!runs("unshare", &["--net", "--mount", "true"]), "root, for namespaces"),
        ];
        if let Some((_, what)) = missing.iter().find(|(is_missing, _)| *is_missing) {
            common::skip(&format!("devices need {what}"));
            return None;
        }
        let network = held(Command::new("unshare").args(["--net", "sh", "-c", HOLD_NETWORK]));
        Some(Self { network, folder: TempDir::new().unwrap(), devices: Vec::new() })
    }

    /// Starts a device whose own file system is mounted with `options`, and
    /// connects adb's server to it. `tools` are programs that it has besides
    /// the system's: name and what they print.
    pub fn device(&mut self, options: &str, tools: &[(&str, &str)]) -> String {
        let port = 5611 + u16::try_from(self.devices.len()).unwrap();
        let folder = self.folder.path().join(format!("tools-{port}"));
        fs::create_dir(&folder).unwrap();
        for (name, text) in tools {
            let (program, output) = (folder.join(name), folder.join(format!("{name}.txt")));
            fs::write(&output, text).unwrap();
            fs::write(&program, format!("#!/bin/sh\nexec cat {}\n", output.display())).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let hold = format!("mount -t tmpfs -o {options} tmpfs /mnt && {HOLD}");
        let mounts = held(self.inside("unshare").args(["--mount", "sh", "-c", &hold]));
        let serial = format!("127.0.0.1:{port}");
        let device = Device { serial: serial.clone(), port, tools: folder, mounts, daemon: None };
        self.devices.push(device);
        self.start_daemon(&serial);
        self.connect(&serial);
        serial
    }

    /// A process in the lab's network.
    pub fn network_id(&self) -> u32 {
        self.network.id()
    }

    /// Starts an ARM device: `None` after a skip if the kernel or the emulator does not allow it.
    pub fn arm_device(&mut self, system: System) -> Option<String> {
        let port = 5611 + u16::try_from(self.devices.len()).unwrap();
        let System { debian, qemu, .. } = system;
        if !runs(qemu, &["--version"]) {
            common::skip(&format!("an ARM device needs {qemu} (Debian: qemu-user-static)"));
            return None;
        }
        let mut command = self.inside("unshare");
        command.args(["--user", "--map-root-user", "--mount", "--pid", "--fork"]);
        command.args(["--kill-child=SIGKILL", "--uts"]);
        command.arg(common::repository().join("tests/device/arm-device"));
        command.arg(common::repository().join("build/adbd").join(debian));
        command.args([&port.to_string(), qemu]);
        let mut mounts = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let line = lines(mounts.stdout.take().unwrap()).recv_timeout(PATIENCE);
        if line.as_deref() != Ok("ready\n") {
            end(&mut mounts);
            common::skip("an ARM device needs Linux 6.7 or newer, for an interpreter of its own");
            return None;
        }
        let serial = format!("127.0.0.1:{port}");
        let tools = self.folder.path().to_owned();
        self.devices.push(Device { serial: serial.clone(), port, tools, mounts, daemon: None });
        self.connect(&serial);
        Some(serial)
    }

    /// Changes what one of a device's tools prints.
    pub fn says(&self, serial: &str, tool: &str, text: &str) {
        let device = self.devices.iter().find(|device| device.serial == serial).unwrap();
        let (new, output) = (device.tools.join("new"), device.tools.join(format!("{tool}.txt")));
        fs::write(&new, text).unwrap();
        fs::rename(new, output).unwrap();
    }

    fn start_daemon(&mut self, serial: &str) {
        let (folder, network) = (adbd(), self.network.id());
        let device = self.devices.iter_mut().find(|device| device.serial == serial).unwrap();
        let libraries = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"]
            .map(|part| folder.join(part).display().to_string())
            .join(":");
        let android = folder.join("usr/lib/x86_64-linux-gnu/android");
        let path = std::env::var("PATH").unwrap();
        let daemon = Command::new("nsenter")
            .arg(format!("--net=/proc/{network}/ns/net"))
            .arg(format!("--mount=/proc/{}/ns/mnt", device.mounts.id()))
            .arg(folder.join("lib64/ld-linux-x86-64.so.2"))
            .arg("--library-path")
            .arg(format!("{libraries}:{}", android.display()))
            .arg(folder.join("usr/lib/android-sdk/platform-tools/adbd"))
            .env("ADBD_PORT", device.port.to_string())
            .env("PATH", format!("{}:{path}", device.tools.display()))
            // What runs on the device must not find this machine's files.
            .env_remove("SHUTTERBENCH_RUNTIMES")
            .env("SHUTTERBENCH_MODELS", "/nowhere")
            .env("HOME", "/nowhere")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        device.daemon = Some(daemon);
    }

    /// Connects adb's server to a device, which may just be starting.
    pub fn connect(&self, serial: &str) {
        until("a device that is connected", || {
            self.adb(&["connect", serial]);
            let state = self.adb(&["-s", serial, "get-state"]);
            text(&state.stdout).trim() == "device"
        });
    }

    /// Pulls the plug: the connection ends, the device continues.
    pub fn disconnect(&self, serial: &str) {
        assert!(self.adb(&["disconnect", serial]).status.success());
    }

    /// Ends the daemon abruptly, as a crash does, and starts it again.
    pub fn restart_daemon(&mut self, serial: &str) {
        let device = self.devices.iter_mut().find(|device| device.serial == serial).unwrap();
        end(&mut device.daemon.take().unwrap());
        self.adb(&["disconnect", serial]);
        self.start_daemon(serial);
        self.connect(serial);
    }

    /// A script's output on a device, past adb.
    pub fn on(&self, serial: &str, script: &str) -> String {
        let device = self.devices.iter().find(|device| device.serial == serial).unwrap();
        let output = Command::new("nsenter")
            .arg(format!("--mount=/proc/{}/ns/mnt", device.mounts.id()))
            .args(["sh", "-c", script])
            .timely_output();
        text(&output.stdout)
    }

    /// Process ids of what runs from a device's folder.
    pub fn processes(&self) -> Vec<String> {
        let pids = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|e| e.unwrap().file_name().into_string().ok());
        let network = fs::read_link(format!("/proc/{}/ns/net", self.network.id())).unwrap();
        let is_ours = |pid: &String| {
            let exe = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
            let its = fs::read_link(format!("/proc/{pid}/ns/net")).unwrap_or_default();
            exe.starts_with(ROOT) && its == network
        };
        pids.filter(|pid| pid.bytes().all(|b| b.is_ascii_digit())).filter(is_ours).collect()
    }

    /// adb with the server in here.
    pub fn adb(&self, arguments: &[&str]) -> Output {
        // The server that this may start must not hold our pipes.
        if !arguments.contains(&"kill-server") {
            let start = self
                .inside("adb")
                .arg("start-server")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            assert!(exit_status(&mut start.unwrap()).success());
        }
        self.inside("adb").args(arguments).timely_output()
    }

    /// The program under test, in here, with `run --device SERIAL` before the
    /// arguments.
    pub fn run(&self, serials: &str, arguments: &[&str]) -> Command {
        self.on_device("run", serials, arguments)
    }

    /// The same with another command than `run`.
    pub fn on_device(&self, what: &str, serials: &str, arguments: &[&str]) -> Command {
        let mut command = self.inside(env!("CARGO_BIN_EXE_shutterbench"));
        command.args([what, "--device", serials, "--device-folder", ROOT]).args(arguments);
        command
    }

    /// A command in this network.
    pub fn inside(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net=/proc/{}/ns/net", self.network.id()))
            .arg("--")
            .arg(program)
            .env("HOME", self.folder.path())
            // Else adb takes open ports near 5555 for emulators.
            .env("ADB_LOCAL_TRANSPORT_MAX_PORT", "5553")
            .env_remove("ANDROID_ADB_SERVER_PORT")
            .env_remove("ADB_SERVER_SOCKET");
        command
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.adb(&["kill-server"]);
        for device in &mut self.devices {
            if let Some(daemon) = &mut device.daemon {
                end(daemon);
            }
            end(&mut device.mounts);
        }
        end(&mut self.network);
    }
}

/// Holds a namespace open; the line says that it is ready.
pub const HOLD: &str = "echo ready && exec sleep 1000";
const HOLD_NETWORK: &str = "ip link set lo up && echo ready && exec sleep 1000";

/// Starts a process that holds a namespace, and waits until it is ready.
pub fn held(command: &mut Command) -> Child {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let line = lines(child.stdout.take().unwrap()).recv_timeout(PATIENCE);
    assert_eq!(line.as_deref(), Ok("ready\n"));
    child
}

/// The lines of a pipe, read by a thread of their own, so that they can be waited for
/// with a deadline.
fn lines(pipe: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = String::new();
        while pipe.read_line(&mut line).is_ok_and(|read| read > 0) {
            if tell.send(std::mem::take(&mut line)).is_err() {
                return;
            }
        }
    });
    told
}

/// Where the daemons are unpacked.
pub fn adbd() -> PathBuf {
    common::repository().join("build/adbd/amd64")
}

/// Whether a program can be started and succeeds.
pub fn runs(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .output_if_there()
        .is_some_and(|output| output.status.success())
}

pub fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// A running program whose lines of progress are waited for.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    pub said: String,
}

impl Running {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = lines(child.stderr.take().unwrap());
        Self { child, lines, said: String::new() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Reads until a line contains `words`.
    pub fn wait_for(&mut self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let line = self.next(deadline);
            let line = line.unwrap_or_else(|| panic!("'{words}' did not come: {}", self.said));
            if line.contains(words) {
                return;
            }
        }
    }

    /// Reads to the end; returns the exit code.
    pub fn finish(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + PATIENCE;
        while self.next(deadline).is_some() {}
        (exit_status(&mut self.child).code(), self.said)
    }

    /// The next line; `None` at the end. A program that says nothing till the deadline is
    /// killed, and the test fails.
    fn next(&mut self, deadline: Instant) -> Option<String> {
        match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                self.said += &line;
                Some(line)
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                end(&mut self.child);
                panic!("hung, killed after {PATIENCE:?}: {}", self.said);
            }
        }
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The rows of a run's `results.csv`, by column.
pub fn rows(folder: &Path) -> Vec<std::collections::HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join("results.csv")).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}
