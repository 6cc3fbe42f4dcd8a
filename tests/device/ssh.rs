//! Boards by ssh: a real sshd in the lab's network, with its own keys, settings, accounts and file
//! system. The user's settings are neither read nor written: `ssh` and `scp` are this machine's,
//! but wrappers make them use the lab's.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::common;
use crate::common::TimelyOutput;
use crate::faults::{LONG, assert_complete};
use crate::lab::{HOLD, Lab, Running, adbd, end, held, rows, runs, text, until};

pub const PORT: u16 = 5622;
pub const MODEL: [&str; 2] = ["--model", "fmnist_mobilenet_v1_0.25_f32"];

/// Mounts over the accounts, for what an installed sshd would find: its own account,
/// its folder, and one that may log in.
const ACCOUNTS: &str = "mount -t tmpfs -o size=300m tmpfs /mnt && \
    mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && \
    { grep -v '^sshd:' /etc/passwd; echo 'sshd:x:65533:65534::/run/sshd:/bin/false'; } >/run/passwd && \
    sed 's/^root:[^:]*/root:*/' /etc/shadow >/run/shadow && \
    mount --bind /run/passwd /etc/passwd && mount --bind /run/shadow /etc/shadow";

/// What a board's sshd is like.
pub struct Settings {
    /// Where it listens.
    pub address: &'static str,
    /// Whether it offers SFTP.
    pub sftp: bool,
}

/// A board that `ssh board` reaches in here.
pub struct Board<'a> {
    lab: &'a Lab,
    mounts: Child,
    sshd: Child,
}

impl<'a> Board<'a> {
    /// `None` after a skip if something is missing.
    fn start(lab: &'a Lab) -> Option<Self> {
        Self::with(lab, &Settings { address: "127.0.0.1", sftp: true })
    }

    /// The same, with settings of its own.
    pub fn with(lab: &'a Lab, settings: &Settings) -> Option<Self> {
        let missing = [
            (!runs("ssh", &["-V"]), "ssh (Debian: openssh-client)"),
            (!adbd().join("usr/sbin/sshd").is_file(), "sshd, which scripts/setup/adbd brings"),
        ];
        if let Some((_, what)) = missing.iter().find(|(is_missing, _)| *is_missing) {
            common::skip(&format!("boards need {what}"));
            return None;
        }
        let folder = lab.folder.path().join("ssh");
        write_settings(&folder, settings);
        let hold = format!("{ACCOUNTS} && {HOLD}");
        let mounts = held(lab.inside("unshare").args(["--mount", "sh", "-c", &hold]));
        let sshd = daemon(lab, &mounts, &folder);
        let board = Self { lab, mounts, sshd };
        until("a board that answers", || {
            let mut ssh = board.with_settings(lab.inside("ssh"));
            ssh.args(["board", "true"]).timely_output().status.success()
        });
        Some(board)
    }

    /// A command that finds the lab's settings for ssh.
    pub fn with_settings(&self, mut command: Command) -> Command {
        let programs = self.lab.folder.path().join("ssh/bin");
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", programs.display()));
        command
    }

    pub fn run(&self, host: &str, arguments: &[&str]) -> Command {
        self.with_settings(self.lab.run(&format!("ssh:{host}"), arguments))
    }

    /// A script's output on the board, past ssh.
    pub fn on(&self, script: &str) -> String {
        let mut command = Command::new("nsenter");
        command.arg(format!("--mount=/proc/{}/ns/mnt", self.mounts.id()));
        text(&command.args(["sh", "-c", script]).timely_output().stdout)
    }

    /// Ends every connection abruptly; new ones are accepted.
    fn cut(&self) {
        let parent = format!("{}", self.sshd.id());
        let output = Command::new("pkill").args(["-KILL", "--parent", &parent]).timely_output();
        assert!(output.status.success(), "there was a connection");
    }
}

impl Drop for Board<'_> {
    fn drop(&mut self) {
        end(&mut self.sshd);
        end(&mut self.mounts);
    }
}

/// Keys of the board and of its user, both daemons' settings, and the wrappers.
fn write_settings(folder: &Path, Settings { address, sftp }: &Settings) {
    fs::create_dir_all(folder.join("bin")).unwrap();
    for key in ["board", "user", "stranger"] {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(folder.join(key))
            .timely_output();
        assert!(made.status.success());
    }
    let host_key = fs::read_to_string(folder.join("board.pub")).unwrap();
    fs::write(folder.join("known"), format!("[{address}]:{PORT} {host_key}")).unwrap();
    let here = folder.display();
    let subsystem = if *sftp { "Subsystem sftp internal-sftp\n" } else { "" };
    let server = format!(
        "Port {PORT}\nListenAddress {address}\nHostKey {here}/board\nPidFile none\n\
         AuthorizedKeysFile {here}/user.pub\nStrictModes no\nUsePAM no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         {subsystem}SetEnv HOME=/mnt SHUTTERBENCH_MODELS=/nowhere\n"
    );
    fs::write(folder.join("sshd_config"), server).unwrap();
    // The first value that is given for a host holds.
    let client = format!(
        "Host closed\n Port 9\nHost unseen\n UserKnownHostsFile /dev/null\n\
         Host stranger\n IdentityFile {here}/stranger\n\
         Host board closed unseen {address}\n IdentityFile {here}/user\n\
         Host board closed unseen stranger\n HostName {address}\n Port {PORT}\n User root\n\
         Host *\n IdentitiesOnly yes\n UserKnownHostsFile {here}/known\n\
         GlobalKnownHostsFile /dev/null\n"
    );
    fs::write(folder.join("ssh_config"), client).unwrap();
    for name in ["ssh", "scp"] {
        let program = folder.join("bin").join(name);
        let script =
            format!("#!/bin/sh\nPATH=${{PATH#*:}} exec {name} -F '{here}/ssh_config' \"$@\"\n");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Starts sshd with the libraries that it was built for.
fn daemon(lab: &Lab, mounts: &Child, folder: &Path) -> Child {
    let root = adbd();
    let libraries: Vec<PathBuf> = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"]
        .iter()
        .map(|part| root.join(part))
        .collect();
    Command::new("nsenter")
        .arg(format!("--net=/proc/{}/ns/net", lab.network_id()))
        .arg(format!("--mount=/proc/{}/ns/mnt", mounts.id()))
        .arg(root.join("lib64/ld-linux-x86-64.so.2"))
        .arg("--library-path")
        .arg(std::env::join_paths(libraries).unwrap())
        .arg(root.join("usr/sbin/sshd"))
        // In the foreground, and without starting itself anew for each connection.
        .args(["-D", "-r", "-f"])
        .arg(folder.join("sshd_config"))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_board_s_sweep_comes_home_by_ssh() {
    let Some(lab) = Lab::open() else { return };
    let Some(board) = Board::start(&lab) else { return };
    let out = lab.folder.path().join("run");
    let options = ["--backend", "tflite,tract", "--delegate", "none,xnnpack", "--runs", "20"];
    let output = board
        .run("board", &MODEL)
        .args(options)
        .args(["--images", "30", "--processes", "1", "--out"])
        .arg(&out)
        .timely_output();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("[ssh:board]") && said.contains("30 images"), "{said}");
    let there = rows(&out);
    assert_eq!(there.len(), 3);
    for row in &there {
        assert_eq!((row["device"].as_str(), row["status"].as_str()), ("ssh:board", "ok"));
        assert_eq!((row["runs"].as_str(), row["images"].as_str()), ("20", "30"));
    }

    let here = lab.folder.path().join("here");
    let mut command = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
    command.arg("run").args(MODEL).args(options).args(["--images", "30", "--no-latency"]);
    assert!(command.arg("--out").arg(&here).timely_output().status.success());
    let predictions = |folder: &Path| fs::read_to_string(folder.join("predictions.csv")).unwrap();
    assert_eq!(predictions(&out).replace("ssh:board", "local"), predictions(&here));

    let again = lab.folder.path().join("again");
    let mut command = board.run("board", &MODEL);
    command.args(["--backend", "tract", "--runs", "5", "--images", "30", "--device-clean"]);
    let output = command.arg("--out").arg(&again).timely_output();
    assert!(text(&output.stderr).contains(": 0 of "), "{}", text(&output.stderr));
    assert_eq!(board.on("ls -A /mnt"), "", "everything was removed");
}

#[test]
fn a_home_folder_survives_device_folder_and_device_clean() {
    let Some(lab) = Lab::open() else { return };
    let Some(board) = Board::start(&lab) else { return };
    board.on("mkdir -p /mnt/home/.ssh /mnt/home/model && echo mine >/mnt/home/model/mine.tflite \
        && echo key >/mnt/home/.ssh/id && echo x >/mnt/home/made-by-shutterbench");
    let listed = || board.on("cd /mnt/home && find . | sort && cat .ssh/id model/mine.tflite");
    let before = listed();
    let out = lab.folder.path().join("run");
    let mut command = board.run("board", &MODEL);
    command.args(["--backend", "tract", "--runs", "5", "--images", "30", "--device-clean"]);
    command.args(["--device-folder", "/mnt/home", "--out"]).arg(&out);
    let output = command.timely_output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(rows(&out).len(), 1);
    assert_eq!(listed(), before);
}

#[test]
fn a_folder_without_programs_and_another_c_library_are_named_before_anything_is_pushed() {
    let Some(lab) = Lab::open() else { return };
    let Some(board) = Board::start(&lab) else { return };
    board.on("mkdir /mnt/noexec && mount -t tmpfs -o noexec tmpfs /mnt/noexec");
    let out = lab.folder.path().join("run");
    let refused = |out: &Path| {
        let mut command = board.run("board", &MODEL);
        command.args(["--backend", "tract", "--no-accuracy", "--device-folder"]);
        let output = command.args(["/mnt/noexec/bench", "--out"]).arg(out).timely_output();
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    let said = refused(&out);
    assert!(said.contains("noexec") && said.contains("--device-folder"), "{said}");
    assert_eq!(board.on("ls -A /mnt/noexec/bench/program"), "", "nothing was pushed");

    board.on("printf '#!/bin/sh\\necho glibc 2.3\\n' >/mnt/getconf && chmod 755 /mnt/getconf \
        && mount --bind /mnt/getconf /usr/bin/getconf");
    let said = refused(&lab.folder.path().join("again"));
    assert!(said.contains("needs glibc 2.") && said.contains("has 2.3;"), "{said}");

    board.on("printf '#!/bin/sh\\nexit 1\\n' >/mnt/getconf; \
        printf '#!/bin/sh\\necho musl libc >&2; exit 1\\n' >/mnt/ldd && chmod 755 /mnt/ldd \
        && mount --bind /mnt/ldd /usr/bin/ldd");
    let said = refused(&lab.folder.path().join("musl"));
    assert!(said.contains("has musl; build for ") && said.contains("-linux-musl"), "{said}");
}

#[test]
fn a_case_that_crashes_on_a_board_costs_itself() {
    let Some(lab) = Lab::open() else { return };
    let Some(library) = common::softmax_delegate() else { return };
    let Some(board) = Board::start(&lab) else { return };
    let out = lab.folder.path().join("run");
    let delegates = format!("none,external:{}?fault=segv&at=5", library.display());
    let mut command = board.run("board", &MODEL);
    command.args(["--backend", "tflite", "--runs", "30", "--no-accuracy"]);
    let output = command.args(["--delegate", &delegates, "--out"]).arg(&out).timely_output();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let rows = rows(&out);
    assert_eq!((rows[0]["status"].as_str(), rows[0]["runs"].as_str()), ("ok", "30"));
    assert_eq!(rows[1]["status"], "crashed");
    assert!(rows[1]["error"].contains("SIGSEGV"), "{}", rows[1]["error"]);
}

#[test]
fn a_connection_that_is_cut_is_made_again() {
    let Some(lab) = Lab::open() else { return };
    let Some(board) = Board::start(&lab) else { return };
    let out = lab.folder.path().join("run");
    let mut command = board.run("board", &[]);
    command.args(LONG).arg(&out);
    let mut running = Running::start(&mut command);
    running.wait_for("parts pushed");
    until("a block", || {
        let journal = board.on("cat /mnt/shutterbench/runs/*/result/journal.jsonl 2>/dev/null");
        journal.contains("\"entry\":\"visit\"")
    });
    board.cut();
    running.wait_for("the connection broke");
    running.wait_for("continuing");
    let (code, said) = running.finish();
    assert_eq!(code, Some(0), "{said}");
    assert_complete(&out);
    assert_eq!(lab.processes(), Vec::<String>::new(), "nothing is left there");
}

#[test]
fn a_board_that_is_not_reached_is_one_clear_sentence() {
    let Some(lab) = Lab::open() else { return };
    let Some(board) = Board::start(&lab) else { return };
    let cases = [
        ("nobody.invalid", "Could not resolve hostname nobody.invalid"),
        ("closed", "Connection refused"),
        ("unseen", "Host key verification failed"),
        ("stranger", "Permission denied (publickey)"),
    ];
    for (host, words) in cases {
        let out = lab.folder.path().join(host);
        let output = board.run(host, &MODEL).arg("--out").arg(&out).timely_output();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("device ssh:{host} could not be reached")), "{said}");
        assert!(said.contains(words) && said.contains("'ssh"), "what, and what to do: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!out.exists(), "nothing was started");
    }
}
