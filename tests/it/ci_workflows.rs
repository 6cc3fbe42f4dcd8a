//! The workflows in docs/ci: their commands are run as the runner's shell would, with a repository
//! and its remote as folders. Only the installation is left out.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use crate::common::{TimelyOutput, printed, repository, said, shutterbench_in};

const PROGRAM: &str = env!("CARGO_BIN_EXE_shutterbench");
const SMALL: &str = "fmnist_mobilenet_v1_0.25_f32.tflite";
const LARGE: &str = "fmnist_mobilenet_v1_1.0_f32.tflite";
const DAY: i64 = 86_400;

fn workflow(name: &str) -> Value {
    let text = fs::read_to_string(repository().join("docs/ci").join(name)).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

/// A repository with a model and a remote, as a workflow finds it.
struct Checkout {
    root: TempDir,
}

impl Checkout {
    fn new(model: &str) -> Self {
        let checkout = Self { root: TempDir::new().unwrap() };
        fs::create_dir(checkout.path("bin")).unwrap();
        std::os::unix::fs::symlink(PROGRAM, checkout.path("bin/shutterbench")).unwrap();
        // The step that comments needs GitHub; what it would send is kept.
        let gh = "#!/bin/sh\nfor last; do :; done\ncp \"$last\" ../comment.md\n";
        fs::write(checkout.path("bin/gh"), gh).unwrap();
        checkout.succeeds("chmod +x bin/gh; git init --quiet --bare origin.git");
        checkout.succeeds("git init --quiet --initial-branch main code");
        checkout.has_model("code", model);
        checkout.succeeds(
            "cd code; git remote add origin ../origin.git; git add model
             git -c user.name=t -c user.email=t@localhost commit --quiet --message Begin
             git push --quiet origin main",
        );
        checkout
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Puts a model and its suite into `folder`.
    fn has_model(&self, folder: &str, model: &str) {
        let folder = self.path(folder).join("model");
        let family = repository().join("models/fashion-mnist");
        fs::create_dir_all(&folder).unwrap();
        fs::copy(family.join(model), folder.join("model.tflite")).unwrap();
        let suite = format!(
            "models = [\"model.tflite\"]\nbackends = [\"tract\"]\nthreads = [1]\nruns = \"100\"\n\
             processes = \"2\"\nmax_seconds = 3.0\nimages = 20\ndataset = \"{}\"\n",
            family.join("validation").display()
        );
        fs::write(folder.join("benchmark.toml"), suite).unwrap();
    }

    fn shell(&self, folder: &str, script: &str, variables: &[(&str, &str)]) -> Output {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        Command::new("bash")
            .args(["-e", "-o", "pipefail", "-c", script])
            .current_dir(self.path(folder))
            .env("PATH", path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .envs(variables.iter().copied())
            .timely_output()
    }

    fn succeeds(&self, script: &str) {
        let output = self.shell("", script, &[]);
        assert!(output.status.success(), "{script}: {}", said(&output));
    }

    /// The steps of a job on GitHub, with the exit code of each that ran.
    fn on_github(&self, folder: &str, job: &Value, run: &str) -> Vec<(String, i32)> {
        let mut ran = Vec::new();
        for step in job["steps"].as_array().unwrap() {
            let (Some(name), Some(script)) = (step["name"].as_str(), step["run"].as_str()) else {
                continue;
            };
            let always = step["if"].as_str().is_some_and(|it| it.starts_with("always()"));
            let failed = ran.iter().any(|(_, code)| *code != 0);
            if name.starts_with("Install") || (failed && !always) {
                continue;
            }
            assert!(!script.contains("${{"), "{name} would need GitHub to fill it in");
            let variables =
                [("GITHUB_RUN_ID", run), ("GITHUB_RUN_ATTEMPT", "1"), ("GITHUB_SHA", "abc")];
            let output = self.shell(folder, script, &variables);
            let code = output.status.code().unwrap();
            assert!(code < 2, "{name}: {}{}", printed(&output), said(&output));
            ran.push((name.to_owned(), code));
        }
        ran
    }

    /// The exit code of a job on GitLab.
    fn on_gitlab(&self, job: &Value, run: &str) -> i32 {
        let lines = job["script"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
        let variables = [
            ("CI_JOB_ID", run),
            ("CI_COMMIT_SHA", "abc"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ("HISTORY_REMOTE", "../origin.git"),
        ];
        let output = self.shell("code", &lines.collect::<Vec<_>>().join("\n"), &variables);
        let code = output.status.code().unwrap();
        assert!(code < 2, "{}{}", printed(&output), said(&output));
        code
    }

    /// Brings the history out of its branch; returns how many runs it holds.
    fn kept_runs(&self) -> u64 {
        self.succeeds("git -C origin.git show benchmark-history:history.sqlite > kept.sqlite");
        let arguments = ["history", "--history", "kept.sqlite", "show", "--json"];
        let output = shutterbench_in(self.root.path(), &arguments);
        let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
        shown["runs"].as_u64().unwrap()
    }

    /// Puts twelve days with a millionth of the only run's values before it, so that this run and
    /// the next one are beyond what is usual.
    fn was_faster(&self) {
        let file = Connection::open(self.path("kept.sqlite")).unwrap();
        for day in 1..=12_i64 {
            file.execute(
                "INSERT INTO run (run_id, started)
                 SELECT 'day ' || ?1, started - ?1 * ?2 FROM run WHERE number = 1",
                [day, DAY],
            )
            .unwrap();
            file.execute(
                "INSERT INTO value (series, run, value) SELECT series, ?1, value / 1e6 FROM value WHERE run = 1",
                [file.last_insert_rowid()],
            )
            .unwrap();
        }
        drop(file);
        self.succeeds(
            "git clone --quiet --branch benchmark-history origin.git put
             cp kept.sqlite put/history.sqlite; cd put
             git -c user.name=t -c user.email=t@localhost commit --all --quiet --message Put
             git push --quiet origin benchmark-history; cd ..; rm -rf put code/kept code/runs",
        );
    }
}

fn git_is_there() -> bool {
    let there = Command::new("git").arg("--version").output_if_there().is_some();
    if !there {
        crate::common::skip("this test needs git");
    }
    there
}

/// Whatever the machine does, the small model is faster and smaller, and the large one is larger.
#[test]
fn github_gates_a_pull_request() {
    if !git_is_there() {
        return;
    }
    let workflow = workflow("github-actions.yml");
    for (base, new, code) in [(LARGE, SMALL, 0), (SMALL, LARGE, 1)] {
        let checkout = Checkout::new(base);
        checkout.has_model("base", base);
        checkout.has_model("new", new);
        let ran = checkout.on_github("", &workflow["jobs"]["benchmark"], "1");
        let expected = [("Measure both, interleaved", 0), ("Gate", code), ("Comment", 0)];
        assert_eq!(ran, expected.map(|(name, code)| (name.to_owned(), code)));
        let comment = fs::read_to_string(checkout.path("comment.md")).unwrap();
        let of_new = |line: &str| line.starts_with("### shutterbench: ") && line.ends_with("-new");
        assert!(comment.contains("| case | base | new |"), "{comment}");
        assert!(comment.lines().any(of_new), "{comment}");
    }
}

#[test]
fn gitlab_gates_a_merge_request() {
    if !git_is_there() {
        return;
    }
    let workflow = workflow("gitlab-ci.yml");
    for (base, new, code) in [(LARGE, SMALL, 0), (SMALL, LARGE, 1)] {
        let checkout = Checkout::new(base);
        checkout.has_model("code", new);
        assert_eq!(checkout.on_gitlab(&workflow["benchmark"], "1"), code);
        assert!(checkout.path("code/compare.html").is_file());
    }
}

/// `run` runs the job once under a name and returns its exit code.
fn keeps_a_history(run: impl Fn(&Checkout, &str) -> i32) {
    if !git_is_there() {
        return;
    }
    let checkout = Checkout::new(SMALL);
    assert_eq!(run(&checkout, "1"), 0);
    assert_eq!(checkout.kept_runs(), 1);
    checkout.was_faster();
    assert_eq!(run(&checkout, "2"), 1);
    assert_eq!(checkout.kept_runs(), 14, "a red run is kept too");
}

#[test]
fn github_keeps_a_history_on_a_branch() {
    let workflow = workflow("github-history.yml");
    keeps_a_history(|checkout, run| {
        let ran = checkout.on_github("code", &workflow["jobs"]["history"], run);
        let failed: Vec<_> = ran.iter().filter(|(_, code)| *code != 0).collect();
        assert!(failed.iter().all(|(name, _)| name == "Gate"), "{failed:?}");
        failed.first().map_or(0, |(_, code)| *code)
    });
}

#[test]
fn gitlab_keeps_a_history_on_a_branch() {
    let workflow = workflow("gitlab-ci.yml");
    keeps_a_history(|checkout, run| checkout.on_gitlab(&workflow["history"], run));
}

/// A workflow that is added needs a test of its own.
#[test]
fn every_workflow_is_run_here() {
    let mut names: Vec<String> = fs::read_dir(repository().join("docs/ci"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["github-actions.yml", "github-history.yml", "gitlab-ci.yml"]);
}
