//! A device is measured when it is cool and charged, not before.

use crate::lab::{Lab, Running, rows};

fn dumpsys(celsius: f64, percent: u32) -> String {
    format!(
        "Display Power: state=ON\n\
         Current Battery Service state:\n  AC powered: false\n  level: {percent}\n  scale: 100\n  \
         temperature: 305\nThermal Status: 0\nCurrent temperatures from HAL:\n\
         \tTemperature{{mValue={celsius:.1}, mType=0, mName=CPU0, mStatus=0}}\n\
         \tTemperature{{mValue=90.0, mType=4, mName=USB, mStatus=0}}\n"
    )
}

#[test]
fn a_hot_and_empty_device_is_waited_for() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[("dumpsys", &dumpsys(71.5, 12))]);
    let out = lab.folder.path().join("run");
    let arguments = ["--model", "fmnist_mobilenet_v1_0.25_f32", "--backend", "tract"];
    let mut running = Running::start(
        lab.run(&serial, &arguments)
            .args(["--max-temperature", "45", "--min-battery", "30", "--no-accuracy"])
            .args(["--runs", "5", "--out"])
            .arg(&out),
    );
    running.wait_for("hint: its screen is on");
    running.wait_for("waiting to cool from 71.5 to 45");
    lab.says(&serial, "dumpsys", &dumpsys(44.0, 12));
    running.wait_for("waiting for the battery to charge from 12% to 30%");
    lab.says(&serial, "dumpsys", &dumpsys(44.0, 30));
    let (code, said) = running.finish();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(rows(&out)[0]["runs"], "5");
}

#[test]
fn a_battery_that_a_device_does_not_tell_of_is_refused_and_not_waited_for() {
    let Some(mut lab) = Lab::open() else { return };
    let unplugged = dumpsys(30.0, 50).replace("level", "no_level");
    let serial = lab.device("size=300m", &[("dumpsys", &unplugged)]);
    // The device shares this machine's kernel, and so a laptop's battery.
    let hide = "! [ -d /sys/class/power_supply ] || mount -t tmpfs tmpfs /sys/class/power_supply";
    lab.on(&serial, &format!("({hide}) && echo hidden >/mnt/hidden"));
    assert_eq!(lab.on(&serial, "cat /mnt/hidden"), "hidden\n");
    let arguments = ["--model", "fmnist_mobilenet_v1_0.25_f32", "--backend", "tract"];
    let mut command = lab.run(&serial, &arguments);
    command.args(["--min-battery", "30", "--out"]).arg(lab.folder.path().join("run"));
    let (code, said) = Running::start(&mut command).finish();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--min-battery needs a battery"), "{said}");
}
