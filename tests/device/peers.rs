//! Devices that are attached and not ready. The daemon that we have requires no key, so the
//! device's side of that exchange is simulated here.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use nix::sched::{CloneFlags, setns};

use crate::common::TimelyOutput;
use crate::lab::{Lab, text, until};

/// What a device does after the host's greeting.
#[derive(Clone, Copy)]
enum Manner {
    /// Asks for a key, and for another whatever it gets: its user has not confirmed the dialog.
    AsksForKeys,
    /// Says nothing.
    Silent,
}

/// Listens in the lab's network; returns the serial.
fn peer(lab: &Lab, manner: Manner) -> String {
    let network = File::open(format!("/proc/{}/ns/net", lab.network_id())).unwrap();
    let (tell, told) = mpsc::channel();
    // The listener belongs to the network that its thread is in.
    thread::spawn(move || {
        setns(network, CloneFlags::CLONE_NEWNET).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        tell.send(listener.local_addr().unwrap().to_string()).unwrap();
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || converse(stream, manner));
        }
    });
    told.recv().unwrap()
}

/// The message format is that of adb's protocol.txt: six little-endian words
/// (command, two arguments, length, sum of the data's bytes, command inverted)
/// and the data.
fn converse(mut stream: TcpStream, manner: Manner) {
    let mut header = [0; 24];
    while stream.read_exact(&mut header).is_ok() {
        let length = u32::from_le_bytes(header[12..16].try_into().unwrap());
        let mut data = vec![0; length as usize];
        if stream.read_exact(&mut data).is_err() {
            return;
        }
        let public_key = header[..8] == *b"AUTH\x03\0\0\0";
        match manner {
            Manner::AsksForKeys if !public_key => {
                // AUTH, 1: here is a token to sign.
                let token = [7; 20];
                let command = u32::from_le_bytes(*b"AUTH");
                let sum: u32 = token.iter().map(|byte| u32::from(*byte)).sum();
                let words = [command, 1, 0, 20, sum, !command];
                let mut message: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
                message.extend_from_slice(&token);
                if stream.write_all(&message).is_err() {
                    return;
                }
            }
            Manner::AsksForKeys | Manner::Silent => {}
        }
    }
}

/// Attaches the peer and runs on it; returns the program's message. `None` after a skip.
fn refusal(manner: Manner, state: &str, selector: Option<&str>) -> Option<String> {
    let lab = Lab::open()?;
    let serial = peer(&lab, manner);
    let mut connecting = lab.inside("adb");
    // It waits for an answer that does not come.
    lab.adb(&["devices"]);
    let mut connecting = connecting.args(["connect", &serial]).spawn().unwrap();
    until(&format!("a device that is {state}"), || {
        text(&lab.adb(&["devices"]).stdout).contains(&format!("{serial}\t{state}"))
    });
    let arguments = ["--model", "fmnist_mobilenet_v1_0.25_f32", "--backend", "tract"];
    let mut command = lab.run(selector.unwrap_or(&serial), &arguments);
    let output = command.current_dir(lab.folder.path()).timely_output();
    assert_eq!(output.status.code(), Some(2));
    assert!(!lab.folder.path().join("results").exists(), "nothing was started");
    crate::lab::end(&mut connecting);
    Some(text(&output.stderr))
}

#[test]
fn an_unauthorised_device_says_what_to_do() {
    let Some(said) = refusal(Manner::AsksForKeys, "unauthorized", None) else { return };
    assert!(said.contains("confirm the dialog"), "{said}");
}

#[test]
fn an_offline_device_says_what_to_do() {
    let Some(said) = refusal(Manner::Silent, "offline", None) else { return };
    assert!(said.contains("is offline"), "{said}");
}

#[test]
fn all_leaves_out_what_is_not_ready_and_is_not_nothing() {
    let Some(said) = refusal(Manner::AsksForKeys, "unauthorized", Some("all")) else { return };
    assert!(said.contains("no device is ready"), "{said}");
    assert!(said.contains("left out"), "{said}");
}
