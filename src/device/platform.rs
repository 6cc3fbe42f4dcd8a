//! What kind of system a device runs, and so which program it takes.

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::device::connection::Connection;

/// Asks for everything at once: one round trip. `getconf` is missing on Android,
/// `getprop` on boards.
const SCRIPT: &str = "uname -m; getconf LONG_BIT 2>/dev/null || echo 0; \
    [ -d /system/bin ] && echo android || echo linux; \
    getprop ro.product.cpu.abilist 2>/dev/null || echo";

/// A system as its own tools describe it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Platform {
    /// `uname -m`.
    pub machine: String,
    /// Width of the user programs' addresses; 0 if the system does not report it.
    pub bits: u32,
    /// Whether it is Android.
    pub android: bool,
    /// Android's ABIs, the preferred first.
    pub abis: Vec<String>,
}

impl Platform {
    /// Asks a device.
    ///
    /// # Errors
    /// A device that cannot be reached, or an answer that is none.
    pub(crate) fn of(connection: &Connection) -> Result<Self> {
        let text = connection.ask(SCRIPT)?;
        Self::parse(&text)
            .with_context(|| format!("device {} does not report its system", connection.device()))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        let machine = lines.next()?.to_owned();
        let bits = lines.next()?.parse().unwrap_or(0);
        let android = lines.next()? == "android";
        let abis = lines.next().unwrap_or_default().split(',').filter(|abi| !abi.is_empty());
        Some(Self { machine, bits, android, abis: abis.map(str::to_owned).collect() })
    }

    /// The target that its programs are built for, as Rust names it.
    ///
    /// # Errors
    /// A system for which there is no build.
    pub(crate) fn target(&self) -> Result<&'static str> {
        let known = if self.android {
            self.abis.iter().find_map(|abi| match abi.as_str() {
                "arm64-v8a" => Some("aarch64-linux-android"),
                "armeabi-v7a" => Some("armv7-linux-androideabi"),
                "x86_64" => Some("x86_64-linux-android"),
                _ => None,
            })
        } else {
            match (self.machine.as_str(), self.bits) {
                // A 64-bit kernel under a 32-bit system, as some boards have it.
                ("aarch64", 32) | ("armv7l" | "armv8l", _) => Some("armv7-unknown-linux-gnueabihf"),
                ("aarch64", _) => Some("aarch64-unknown-linux-gnu"),
                ("x86_64", 0 | 64) => Some("x86_64-unknown-linux-gnu"),
                _ => None,
            }
        };
        match known {
            Some(target) => Ok(target),
            None if self.android => bail!(
                "there is no build for Android's ABIs {}; known: arm64-v8a, armeabi-v7a, x86_64",
                self.abis.join(", ")
            ),
            None => bail!("there is no build for a {} Linux", self.machine),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Option<&'static str> {
        Platform::parse(text).unwrap().target().ok()
    }

    #[test]
    fn each_system_gets_its_build() {
        let phone = "aarch64\n0\nandroid\narm64-v8a,armeabi-v7a,armeabi\n";
        assert_eq!(target(phone), Some("aarch64-linux-android"));
        assert_eq!(
            target("armv8l\n0\nandroid\narmeabi-v7a,armeabi\n"),
            Some("armv7-linux-androideabi")
        );
        assert_eq!(target("x86_64\n0\nandroid\nx86_64,x86\n"), Some("x86_64-linux-android"));
        assert_eq!(target("aarch64\n64\nlinux\n\n"), Some("aarch64-unknown-linux-gnu"));
        assert_eq!(target("aarch64\n32\nlinux\n\n"), Some("armv7-unknown-linux-gnueabihf"));
        assert_eq!(target("x86_64\n64\nlinux\n\n"), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(target("riscv64\n64\nlinux\n\n"), None);
        assert_eq!(target("i686\n0\nandroid\nx86\n"), None);
    }
}
