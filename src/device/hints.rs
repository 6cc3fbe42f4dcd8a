//! Hints on what the user could do for a device's figures before a run; nothing waits for them.

use crate::device::connection::Connection;
use crate::device::name::DeviceName;

/// Asks for the screen and for the governors, in one round trip; either may be missing.
const SCRIPT: &str = "dumpsys power 2>/dev/null | grep -e mWakefulness= -e 'Display Power: state='; \
    cat /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor 2>/dev/null; true";

/// The hints for a device; none if it does not report its state.
#[must_use]
pub(crate) fn of(connection: &Connection) -> Vec<String> {
    let told = connection.ask(SCRIPT).unwrap_or_default();
    read(&told, connection.device())
}

fn read(told: &str, device: &DeviceName) -> Vec<String> {
    let mut hints = Vec::new();
    if is_screen_on(told) {
        let how = match device {
            DeviceName::Adb(name) => {
                format!("'adb {} shell input keyevent 223'", name.options().join(" "))
            }
            DeviceName::Ssh(_) => "'input keyevent 223' there".to_owned(),
        };
        hints.push(format!(
            "hint: its screen is on, which produces heat and uses CPU time; switch it off with {how}"
        ));
    }
    let mut governors: Vec<&str> = told.lines().map(str::trim).filter(|l| is_name(l)).collect();
    governors.sort_unstable();
    governors.dedup();
    if governors.iter().any(|governor| *governor != "performance") {
        hints.push(format!(
            "hint: its frequency governor is {}, which changes frequency with load; as root (phones: rooted ones only), write 'performance' to /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
            governors.join(" and ")
        ));
    }
    hints
}

/// The display's own state, if it is reported: a phone that is awake may show nothing.
fn is_screen_on(told: &str) -> bool {
    let value = |name: &str| told.lines().find_map(|line| line.trim().strip_prefix(name));
    match value("Display Power: state=") {
        Some(state) => state.starts_with("ON"),
        None => value("mWakefulness=").is_some_and(|state| state == "Awake"),
    }
}

/// Whether a line is a governor's name and not one of Android's.
fn is_name(line: &str) -> bool {
    !line.is_empty() && line.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints(told: &str) -> Vec<String> {
        read(told, &"R58".parse().unwrap())
    }

    #[test]
    fn a_screen_and_a_governor_are_told_with_what_to_do() {
        let said = hints("  mWakefulness=Awake\nDisplay Power: state=ON\nschedutil\nschedutil\n");
        assert_eq!(said.len(), 2);
        assert!(said[0].contains("adb -s R58 shell input keyevent 223"), "{}", said[0]);
        assert!(said[1].contains("governor is schedutil,"), "{}", said[1]);
        assert!(hints("walt\nperformance\n")[0].contains("performance and walt"));
    }

    #[test]
    fn a_device_that_is_ready_or_tells_nothing_gets_no_hint() {
        assert_eq!(
            hints("  mWakefulness=Asleep\nDisplay Power: state=OFF\nperformance\n"),
            [""; 0]
        );
        assert_eq!(hints("  mWakefulness=Dozing\nDisplay Power: state=DOZE\n"), [""; 0]);
        assert_eq!(hints("  mWakefulness=Awake\nDisplay Power: state=OFF\n"), [""; 0]);
        assert_eq!(hints(""), [""; 0]);
        // Before Android reported the display's state.
        assert_eq!(hints("  mWakefulness=Awake\n").len(), 1);
    }
}
