//! A real HTTP server on loopback that is slow, cut off, wrong, elsewhere or busy
//! (tests/python/model_server.py).

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::common::repository;

/// A server, what it serves, and room beside that; ended when it goes out of scope.
pub struct Loopback {
    process: Child,
    /// `http://127.0.0.1:PORT`; the first part of a path is how the file is sent.
    pub address: String,
    pub root: TempDir,
}

impl Loopback {
    pub fn serving(files: &[(&str, &[u8])]) -> Self {
        let root = TempDir::new().unwrap();
        let served = root.path().join("served");
        fs::create_dir(&served).unwrap();
        for (name, content) in files {
            fs::write(served.join(name), content).unwrap();
        }
        let mut process = Command::new("python3")
            .arg(repository().join("tests/python/model_server.py"))
            .args([&served, &root.path().join("log")])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, address: line.trim().to_owned(), root }
    }

    pub fn served(&self, name: &str) -> PathBuf {
        self.root.path().join("served").join(name)
    }

    /// The ways and ranges of the requests so far.
    pub fn requests(&self) -> Vec<String> {
        let text = fs::read_to_string(self.root.path().join("log")).unwrap_or_default();
        text.lines().map(|line| line.trim().to_owned()).collect()
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
