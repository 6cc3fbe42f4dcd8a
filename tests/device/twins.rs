//! Devices that share a serial, as boards of one batch do. Over TCP, adb's serials are
//! addresses, so what the real server says of two real devices is rewritten on its way to
//! the real client: their serials and ports. All else passes through.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use nix::sched::{CloneFlags, setns};

use crate::common::TimelyOutput;
use crate::lab::{Lab, rows, text};

const SERIAL: &str = "0123456789ABCDEF";
const USB: &str = "usb:1-4.2";
/// Where the real server listens, and where what stands before it does.
const SERVER: u16 = 5037;
const BEFORE: u16 = 5040;

/// Listens in the lab's network. `at_port` is the device that is shown with a USB port.
fn rewrite(lab: &Lab, at_port: &str) {
    let network = File::open(format!("/proc/{}/ns/net", lab.network_id())).unwrap();
    let at_port = at_port.to_owned();
    let (tell, told) = std::sync::mpsc::channel();
    // The listener belongs to the network that its thread is in, and so do its children.
    thread::spawn(move || {
        setns(network, CloneFlags::CLONE_NEWNET).unwrap();
        let listener = TcpListener::bind(("127.0.0.1", BEFORE)).unwrap();
        tell.send(()).unwrap();
        for client in listener.incoming() {
            let at_port = at_port.clone();
            // One that goes away early ends its own connection only.
            thread::spawn(move || drop(pass(client.unwrap(), &at_port)));
        }
    });
    told.recv().unwrap();
}

/// A message of adb's server: four hexadecimal digits of its length, and so much text.
fn message(from: &mut TcpStream) -> io::Result<String> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = usize::from_str_radix(&String::from_utf8_lossy(&length), 16);
    let mut text = vec![0; length.map_err(io::Error::other)?];
    from.read_exact(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn send(to: &mut TcpStream, text: &str) -> io::Result<()> {
    to.write_all(format!("{:04x}{text}", text.len()).as_bytes())
}

/// One connection: its first message chooses a device or asks for the list of them.
fn pass(mut client: TcpStream, at_port: &str) -> io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", SERVER))?;
    let request = message(&mut client)?;
    send(&mut server, &request.replace(USB, at_port))?;
    if request == "host:devices-l" {
        let mut okay = [0; 4];
        server.read_exact(&mut okay)?;
        let listed = message(&mut server)?;
        client.write_all(&okay)?;
        return send(
            &mut client,
            &listed.lines().map(|line| shown(line, at_port)).collect::<String>(),
        );
    }
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Both)
}

/// A line of the list with the serial that both have.
fn shown(line: &str, at_port: &str) -> String {
    let (serial, rest) = line.split_once(char::is_whitespace).unwrap();
    let usb = if serial == at_port { format!(" {USB}") } else { String::new() };
    format!("{SERIAL:<22} {}\n", rest.trim().replacen("device", &format!("device{usb}"), 1))
}

#[test]
fn devices_of_one_serial_are_told_apart() {
    let Some(mut lab) = Lab::open() else { return };
    let getprop = "[ro.build.version.release]: [14]\n[ro.product.model]: [Pixel 7]\n";
    let phone = lab.device("size=300m", &[("getprop", getprop)]);
    let plain = lab.device("size=300m", &[]);
    rewrite(&lab, &phone);
    let port = BEFORE.to_string();
    let real = text(&lab.adb(&["-s", &plain, "devices", "-l"]).stdout);
    let line = real.lines().find(|line| line.starts_with(&plain)).unwrap();
    let (_, id) = line.split_once("transport_id:").unwrap();
    let by_transport = format!("transport:{}", id.trim());

    let mut command = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
    command.args(["list", "devices", "--json", "--adb-port", &port]);
    let listed: Vec<serde_json::Value> =
        serde_json::from_slice(&command.timely_output().stdout).unwrap();
    let names: Vec<&str> = listed.iter().map(|device| device["name"].as_str().unwrap()).collect();
    assert_eq!(names, [USB, by_transport.as_str()]);
    assert!(listed.iter().all(|device| device["serial"] == SERIAL));

    let options = ["--model", "fmnist_mobilenet_v1_0.25_f32", "--backend", "tract", "--runs", "5"];
    let run = |devices: &str, out: &str| {
        let mut command = lab.run(devices, &options);
        command.args(["--images", "20", "--processes", "1", "--adb-port", &port, "--out"]);
        let out = lab.folder.path().join(out);
        (command.arg(&out).timely_output(), out)
    };
    let (output, out) = run(SERIAL, "refused");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(&format!("2 devices have the serial {SERIAL}")), "{said}");
    assert!(said.contains(&format!("{USB}, {by_transport}")), "{said}");
    assert!(!out.exists(), "nothing was started");

    let (output, out) = run("all", "both");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let (both, is_phone) = (rows(&out), |os: &str| os == "Android 14 on Pixel 7");
    assert_eq!(both.len(), 2);
    for row in &both {
        assert_eq!((row["status"].as_str(), row["images"].as_str()), ("ok", "20"));
        assert_eq!(is_phone(&row["os"]), row["device"] == USB, "{row:?}");
        assert!(row["device"] == USB || row["device"] == by_transport, "{row:?}");
    }
    let (output, out) = run(&by_transport, "one");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(!is_phone(&rows(&out)[0]["os"]));
}
