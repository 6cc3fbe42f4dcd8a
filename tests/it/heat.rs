//! A machine that gets hot, through the program: its thermal zone and its clock are files of the
//! test, in place of the kernel's, and a delegate runs as fast as that clock says.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::common;

const ZONES: &str = "/sys/class/thermal";
const CPUS: &str = "/sys/devices/system/cpu";
const MODELS: [&str; 2] = ["fmnist_mobilenet_v1_0.25_f32", "fmnist_mobilenet_v1_0.5_f32"];
/// What a case has, however short its time is.
const WINDOWS: usize = 6;

/// The files in which a kernel shows heat.
struct Machine {
    folder: TempDir,
}

impl Machine {
    /// A cool one at full speed.
    fn cool() -> Self {
        let machine = Self { folder: TempDir::new().unwrap() };
        machine.write("thermal/thermal_zone0/type", "cpu-thermal");
        for file in ["online", "possible", "present"] {
            let value = fs::read_to_string(Path::new(CPUS).join(file)).unwrap();
            machine.write(&format!("cpu/{file}"), value.trim());
        }
        machine.heat(40_000, 2_000_000);
        machine
    }

    /// Readers find the file as it was or as it is, never empty.
    fn write(&self, file: &str, value: &str) {
        let path = self.folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let new = self.folder.path().join("new");
        fs::write(&new, format!("{value}\n")).unwrap();
        fs::rename(new, path).unwrap();
    }

    fn heat(&self, millidegrees: u32, khz: u32) {
        let cpus = fs::read_dir(CPUS).unwrap().map(|entry| entry.unwrap().file_name());
        for cpu in cpus.map(|name| name.into_string().unwrap()) {
            if cpu.strip_prefix("cpu").is_some_and(|number| number.parse::<u32>().is_ok()) {
                let file = format!("cpu/{cpu}/cpufreq/scaling_cur_freq");
                self.write(&file, &khz.to_string());
            }
        }
        self.write("thermal/thermal_zone0/temp", &millidegrees.to_string());
    }

    /// The program on this machine; `None` after a skip.
    fn shutterbench(&self) -> Option<Command> {
        let [thermal, cpu] = ["thermal", "cpu"].map(|part| self.folder.path().join(part));
        common::shutterbench_with_folders(&[(&thermal, ZONES), (&cpu, CPUS)])
    }
}

/// A run in progress, and what it has said so far.
struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
    out: PathBuf,
}

impl Running {
    fn start(command: &mut Command, out: &Path) -> Self {
        command.arg(out).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&said);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Self { child, said, out: out.to_owned() }
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// How many windows are in the journal.
    fn windows(&self) -> usize {
        let journal = fs::read_to_string(self.out.join("journal.jsonl")).unwrap_or_default();
        journal.lines().filter(|line| line.contains("\"entry\":\"sustained\"")).count()
    }

    fn until_windows(&mut self, count: usize) {
        common::until(&format!("window {count}"), || {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none_or(|it| it.success()), "{ended:?}: {}", self.said());
            self.windows() >= count
        });
    }
}

fn rows(out: &Path) -> Vec<Value> {
    let text = fs::read_to_string(out.join("run.json")).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    json["sustained"].as_array().unwrap().clone()
}

#[test]
fn slow_heat_throttles_a_case_and_the_next_one_waits_until_the_machine_has_cooled() {
    let Some(delegate) = common::softmax_delegate() else { return };
    let machine = Machine::cool();
    let clock = format!("{CPUS}/cpu0/cpufreq/scaling_cur_freq");
    let delegate = format!("external:{}?clock={clock}", delegate.display());
    let Some(mut command) = machine.shutterbench() else { return };
    command.args(["run", "--backend", "tflite", "--delegate", &delegate, "--no-accuracy"]);
    command.args(["--threads", "1", "--model", MODELS[0], "--model", MODELS[1]]);
    command.args(["--runs", "5", "--warmup", "1", "--processes", "1"]);
    command.args(["--sustained", "0.15", "--out"]);
    let folder = TempDir::new().unwrap();
    let mut running = Running::start(&mut command, &folder.path().join("run"));

    // The first case is slower from its fourth window on, by a clock of half the frequency.
    running.until_windows(3);
    machine.heat(80_000, 1_000_000);
    common::until("the cool-down", || running.said().contains("to cool from 80.0 to 41.0"));
    assert_eq!(running.windows(), WINDOWS, "{}", running.said());
    // Killed meanwhile, and begun again while it is hot, it still waits for where the run began.
    running.child.kill().unwrap();
    common::exit_status(&mut running.child);
    let mut command = machine.shutterbench().unwrap();
    let out = running.out;
    let mut running = Running::start(command.args(["run", "--resume"]), &out);
    common::until("the cool-down", || running.said().contains("to cool from 80.0 to 41.0"));
    // Cooler is not cool: more than once as long as the program waits between two readings.
    machine.heat(60_000, 2_000_000);
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(running.windows(), WINDOWS, "it began at 60 degrees: {}", running.said());
    machine.heat(40_400, 2_000_000);

    // The second one is slower in its last two windows only, which may be any disturbance.
    running.until_windows(WINDOWS + 4);
    machine.heat(80_000, 1_000_000);
    let status = common::exit_status(&mut running.child);
    assert!(status.success(), "{}", running.said());

    let rows = rows(&running.out);
    assert_eq!(rows.len(), 2 * WINDOWS, "{rows:?}");
    let first = &rows.iter().find(|row| row["throttled"] == true).expect("a throttled window");
    let of = |model: &Value| -> Vec<&Value> {
        rows.iter().filter(|row| row["model"] == *model).collect()
    };
    for (window, row) in of(&first["model"]).into_iter().enumerate() {
        let is_hot = window >= 3;
        assert_eq!(row["throttled"], is_hot, "{row}");
        assert_eq!(row["cpu_mhz"], if is_hot { 1000 } else { 2000 }, "{row}");
        assert_eq!(row["cpu_celsius"], if is_hot { 80.0 } else { 40.0 }, "{row}");
        assert_eq!(row["over_start"].as_f64().unwrap() > 1.5, is_hot, "{row}");
    }
    let other = rows.iter().find(|row| row["model"] != first["model"]).unwrap();
    let other = of(&other["model"]);
    assert_eq!(other[0]["cpu_celsius"], 40.4, "{}", other[0]);
    assert!(other.iter().all(|row| row["throttled"] == false), "{other:?}");
    let report = fs::read_to_string(running.out.join("report.md")).unwrap();
    let minutes = report.lines().filter(|line| line.contains("40 to 80")).collect::<Vec<_>>();
    assert_eq!(minutes.len(), 2, "{report}");
    let told = |word: &str| minutes.iter().filter(|line| line.contains(word)).count();
    assert_eq!((told("after 0.07"), told("| no")), (1, 1), "{minutes:?}");
    assert_eq!(told("began before it had cooled"), 0, "{minutes:?}");
    assert_eq!(told("2000 to 1000"), 2, "{minutes:?}");
}
