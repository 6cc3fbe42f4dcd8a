//! AARs made by the test, fetched from a folder and from servers on this machine.

use std::io::{BufRead, BufReader, Cursor, Write};
use std::process::{Child, Command, Stdio};

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

const TARGET: &str = "aarch64-linux-android";
const FILE: &str = "runtime-1.0.aar";
const FOLDER: &str = "org/example/runtime/1.0";
const CONTENT: &[u8] = b"a shared library for phones";

/// An AAR with the library for one ABI.
fn aar(abi: &str) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        ("AndroidManifest.xml".to_owned(), &b"<manifest/>"[..]),
        (format!("jni/{abi}/libjava.so"), CONTENT),
    ] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A manifest with that AAR, whose library's hash nobody published.
fn manifest(aar: &[u8]) -> Runtimes {
    let sha256 = format!("{:x}", Sha256::digest(aar));
    Runtimes::parse(&format!(
        r#"
        schema = 1
        python = "3.11"
        [[runtime]]
        name = "example"
        title = "Example"
        version = "2.0"
        licence = "Apache-2.0"
        package = "example"
        package_version = "2.0"
        [[runtime.archive]]
        target = "{TARGET}"
        version = "1.0"
        file = "{FILE}"
        repository = "http://127.0.0.1:9"
        folder = "{FOLDER}"
        sha256 = "{sha256}"
        [[runtime.archive.library]]
        file = "libc_name.so"
        member = "jni/arm64-v8a/libjava.so"
        "#
    ))
    .unwrap()
}

/// Python's own file server on a folder; ended when it goes out of scope.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn on(folder: &Path) -> Self {
        let mut process = Command::new("python3")
            .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        // Serving HTTP on 127.0.0.1 port 40123 (http://127.0.0.1:40123/) ...
        let address = line.split(['(', ')']).nth(1).unwrap().to_owned();
        Self { process, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn bring_into(
    root: &Path,
    manifest: &Runtimes,
    source: &PackageSource,
) -> Result<Vec<Fetched>, FetchError> {
    bring(manifest, &[], TARGET, root, source, &|_| {})
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn a_library_comes_out_of_an_aar_in_a_folder_once() {
    let root = TempDir::new().unwrap();
    let aar = aar("arm64-v8a");
    let manifest = manifest(&aar);
    fs::create_dir(root.path().join("mirror")).unwrap();
    fs::write(root.path().join("mirror").join(FILE), &aar).unwrap();
    let source = PackageSource::Folder(root.path().join("mirror"));
    let first = bring_into(root.path(), &manifest, &source).unwrap();
    let library = root.path().join(TARGET).join("libc_name.so");
    assert_eq!((first[0].outcome, first[0].version.as_str()), (FetchOutcome::Brought, "1.0"));
    assert_eq!(first[0].sha256, format!("{:x}", Sha256::digest(CONTENT)), "it is told");
    assert_eq!(fs::read(&library).unwrap(), CONTENT);
    assert_eq!(files(&root.path().join(TARGET)), ["libc_name.so", "libc_name.so.sha256"]);

    // It is recognised again without any source, but not once it was changed.
    let nowhere = PackageSource::Folder(root.path().join("nowhere"));
    let again = bring_into(root.path(), &manifest, &nowhere).unwrap();
    assert_eq!(
        (again[0].outcome, &again[0].sha256),
        (FetchOutcome::AlreadyThere, &first[0].sha256)
    );
    fs::write(&library, "damaged").unwrap();
    let error = bring_into(root.path(), &manifest, &nowhere).unwrap_err();
    assert!(matches!(error, FetchError::NotInMirror { .. }), "{error}");
    assert_eq!(
        bring_into(root.path(), &manifest, &source).unwrap()[0].outcome,
        FetchOutcome::Brought
    );
}

#[test]
fn an_aar_comes_from_a_server_as_a_repository_or_a_folder_has_it() {
    let aar = aar("arm64-v8a");
    let manifest = manifest(&aar);
    for folder in [FOLDER, "."] {
        let (root, served) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        fs::create_dir_all(served.path().join(folder)).unwrap();
        fs::write(served.path().join(folder).join(FILE), &aar).unwrap();
        let server = Server::on(served.path());
        let source = PackageSource::mirror(&server.address).unwrap();
        let fetched = bring_into(root.path(), &manifest, &source).unwrap();
        assert_eq!(fetched[0].outcome, FetchOutcome::Brought, "{folder}");
        assert_eq!(fs::read(&fetched[0].path).unwrap(), CONTENT);
    }
}

#[test]
fn a_server_without_the_file_is_told_from_one_that_is_away() {
    let (root, served) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let manifest = manifest(&aar("arm64-v8a"));
    let server = Server::on(served.path());
    let source = PackageSource::mirror(&server.address).unwrap();
    let error = bring_into(root.path(), &manifest, &source).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, FetchError::Refused { .. }) && text.contains("404"), "{text}");
    drop(server);
    for source in [source, PackageSource::default()] {
        let error = bring_into(root.path(), &manifest, &source).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, FetchError::Unreachable { .. }), "{text}");
        assert!(text.contains(FILE) && text.contains("--mirror"), "{text}");
    }
    assert_eq!(files(&root.path().join(TARGET)), Vec::<String>::new());
}

#[test]
fn another_aar_or_one_without_the_abi_installs_nothing() {
    let root = TempDir::new().unwrap();
    let mirror = root.path().join("mirror");
    fs::create_dir(&mirror).unwrap();
    let source = PackageSource::Folder(mirror.clone());
    let (whole, other) = (aar("arm64-v8a"), aar("armeabi-v7a"));

    fs::write(mirror.join(FILE), &other).unwrap();
    let error = bring_into(root.path(), &manifest(&whole), &source).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, FetchError::Hash { .. }) && text.contains(FILE), "{text}");

    let error = bring_into(root.path(), &manifest(&other), &source).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, FetchError::Archive { .. }), "{text}");
    assert!(text.contains("jni/arm64-v8a/libjava.so"), "{text}");
    assert_eq!(files(&root.path().join(TARGET)), Vec::<String>::new());
}
