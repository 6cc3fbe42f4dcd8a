//! Sources of energy on trees as real machines have them.

use super::*;
use crate::host::captured::{phone, tree, virtual_machine};

/// A desktop of one package; values and the range as in a laptop's report of a counter that
/// begins again (https://github.com/amanusk/s-tui/issues/29).
const PACKAGE: [(&str, &str); 8] = [
    ("sys/class/powercap/intel-rapl/enabled", "1\n"),
    ("sys/class/powercap/intel-rapl:0/name", "package-0\n"),
    ("sys/class/powercap/intel-rapl:0/energy_uj", "134258672512\n"),
    ("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "137438953471\n"),
    ("sys/class/powercap/intel-rapl:0:0/name", "core\n"),
    ("sys/class/powercap/intel-rapl:0:0/energy_uj", "71742470720\n"),
    ("sys/class/powercap/intel-rapl:1/name", "psys\n"),
    ("sys/class/powercap/intel-rapl:1/energy_uj", "99999999999\n"),
];

fn found(files: &[(&str, &str)]) -> Result<(EnergySource, EnergyReading), String> {
    let (_folder, tree) = tree(files);
    let source = EnergySource::find(&tree, None, &PowerServices::default())?;
    let reading = source.read(&tree)?;
    Ok((source, reading))
}

#[test]
fn packages_count_and_their_parts_do_not() {
    let (source, reading) = found(&PACKAGE).unwrap();
    assert_eq!(source, EnergySource::Rapl(vec!["class/powercap/intel-rapl:0".into()]));
    let counter = (134_258_672_512, Some(137_438_953_471));
    assert_eq!(reading, EnergyReading::Counters(vec![counter]));
}

#[test]
fn counters_for_root_only_are_named() {
    let unreadable: Vec<_> =
        PACKAGE.into_iter().filter(|(path, _)| !path.ends_with("energy_uj")).collect();
    let sentence = found(&unreadable).unwrap_err();
    assert!(sentence.contains("root") && sentence.contains("energy_uj"), "{sentence}");
}

#[test]
fn a_machine_without_any_source_says_so_in_one_sentence() {
    let (_folder, tree) = virtual_machine();
    let sentence = EnergySource::find(&tree, None, &PowerServices::default()).unwrap_err();
    assert!(sentence.contains("--energy-meter") && !sentence.contains('\n'), "{sentence}");
}

/// The battery's folder of a Xiaomi Mi 8 (https://github.com/MatteCarra/AccA/issues/27), on
/// battery: the sign of the current is not what it should be there.
const MI_8: [(&str, &str); 6] = [
    ("sys/class/power_supply/battery/type", "Battery\n"),
    ("sys/class/power_supply/battery/status", "Discharging\n"),
    ("sys/class/power_supply/battery/voltage_now", "3888173\n"),
    ("sys/class/power_supply/battery/current_now", "-326171\n"),
    ("sys/class/power_supply/usb/type", "USB\n"),
    ("sys/class/power_supply/usb/online", "0\n"),
];

#[test]
fn a_battery_tells_watts_whatever_its_sign() {
    let (source, reading) = found(&MI_8).unwrap();
    assert_eq!(source, EnergySource::Battery(vec!["class/power_supply/battery".into()]));
    let EnergyReading::Watts(watts) = reading else { panic!("{reading:?}") };
    assert!((watts - 1.268_2).abs() < 1e-4, "{watts}");
}

#[test]
fn the_same_package_by_another_way_is_counted_once() {
    let mut files = PACKAGE.to_vec();
    files.extend([
        ("sys/class/powercap/intel-rapl-mmio:0/name", "package-0\n"),
        ("sys/class/powercap/intel-rapl-mmio:0/energy_uj", "134258672000\n"),
        ("sys/class/powercap/intel-rapl:2/name", "package-1\n"),
        ("sys/class/powercap/intel-rapl:2/energy_uj", "7\n"),
        ("sys/class/powercap/intel-rapl:2:0/name", "dram\n"),
        ("sys/class/powercap/intel-rapl:2:0/energy_uj", "3\n"),
    ]);
    let (source, _) = found(&files).unwrap();
    let folders = ["class/powercap/intel-rapl:0", "class/powercap/intel-rapl:2"];
    assert_eq!(source, EnergySource::Rapl(folders.map(str::to_owned).to_vec()));
}

#[test]
fn all_batteries_count_and_one_without_a_current_is_refused() {
    // A laptop's two batteries, of which the second one is discharged first.
    let laptop = |first: &'static str, second: &'static str| {
        found(&[
            ("sys/class/power_supply/BAT0/type", "Battery\n"),
            ("sys/class/power_supply/BAT0/status", "Unknown\n"),
            ("sys/class/power_supply/BAT0/power_now", first),
            ("sys/class/power_supply/BAT1/type", "Battery\n"),
            ("sys/class/power_supply/BAT1/status", "Discharging\n"),
            ("sys/class/power_supply/BAT1/power_now", second),
            ("sys/class/power_supply/mouse/type", "Battery\n"),
            ("sys/class/power_supply/mouse/scope", "Device\n"),
            ("sys/class/power_supply/mouse/power_now", "5000000\n"),
        ])
    };
    assert_eq!(laptop("0\n", "7500000\n").unwrap().1, EnergyReading::Watts(7.5));
    assert_eq!(laptop("1000000\n", "7500000\n").unwrap().1, EnergyReading::Watts(8.5));
    let sentence = laptop("0\n", "0\n").unwrap_err();
    assert!(sentence.contains("shows no current") && !sentence.contains('\n'), "{sentence}");
}

#[test]
fn a_charger_is_refused() {
    let mut plugged = MI_8;
    plugged[5].1 = "1\n";
    let sentence = found(&plugged).unwrap_err();
    assert!(sentence.contains("charger is plugged in"), "{sentence}");
    // One that is plugged in while something is measured.
    let (source, _) = found(&MI_8).unwrap();
    let (_folder, later) = tree(&plugged);
    assert!(source.read(&later).unwrap_err().contains("charger is plugged in"));
    let (_folder, tree) = tree(&MI_8);
    let powered = Battery { powered: true, ..Battery::default() };
    let services = PowerServices { battery: Some(powered), rails: Vec::new() };
    let sentence = EnergySource::find(&tree, None, &services).unwrap_err();
    assert!(sentence.contains("charger is plugged in"), "{sentence}");
}

#[test]
fn a_battery_without_a_gauge_is_named() {
    let (_folder, tree) = phone();
    let sentence = EnergySource::find(&tree, None, &PowerServices::default()).unwrap_err();
    assert!(sentence.contains("class/power_supply/battery/current_now"), "{sentence}");
}

#[test]
fn power_rails_come_before_the_battery() {
    let rails = crate::record::android::captured::PIXEL_6_ENERGY_VALUE;
    let mut files = MI_8.to_vec();
    files.push(("sys/bus/iio/devices/iio:device0/energy_value", rails));
    files.push(("sys/bus/iio/devices/iio:device1/name", "light\n"));
    let (source, reading) = found(&files).unwrap();
    let file = "bus/iio/devices/iio:device0/energy_value".to_owned();
    assert_eq!(source, EnergySource::Rails(vec![file]));
    let EnergyReading::Counters(counters) = reading else { panic!("{reading:?}") };
    let sum: u64 = counters.iter().map(|(energy, _)| energy).sum();
    assert_eq!(sum, 5_578_756 + 30_203_502 + 23_377_533 + 46_356_942 + 10_771_876 + 21_091_363);
}

#[test]
fn services_tell_what_files_for_root_do_not() {
    use crate::record::android::captured::{OLDER_SAMSUNG_BATTERY, POWER_STATS};
    let (_folder, tree) = virtual_machine();
    let rails = PowerRail::parse_service(POWER_STATS);
    let mut services = PowerServices { battery: None, rails };
    let found = |services: &PowerServices| EnergySource::find(&tree, None, services);
    assert_eq!(found(&services), Ok(EnergySource::RailService));
    // Rails of radios only are none of a model's.
    services.rails.retain(|rail| !rail.is_computing());
    assert!(found(&services).unwrap_err().contains("--energy-meter"));
    let battery = Battery::parse(OLDER_SAMSUNG_BATTERY).unwrap();
    services.battery = Some(battery.clone());
    assert!(found(&services).unwrap_err().contains("charger is plugged in"));
    services.battery = Some(Battery { powered: false, ..battery.clone() });
    assert_eq!(found(&services), Ok(EnergySource::BatteryService));
    // A phone whose files show a battery without its gauge.
    let (_folder, tree) = phone();
    assert_eq!(EnergySource::find(&tree, None, &services), Ok(EnergySource::BatteryService));
    services.battery = Some(Battery { powered: false, watts: None, ..battery });
    let sentence = EnergySource::find(&tree, None, &services).unwrap_err();
    assert!(sentence.contains("current_now"), "{sentence}");
}

#[test]
fn an_external_meter_prints_watts_or_is_refused() {
    let tree = Tree::default();
    let source =
        EnergySource::find(&tree, Some("echo warming up; echo 12.5 W"), &PowerServices::default())
            .unwrap();
    assert_eq!(source.read(&tree), Ok(EnergyReading::Watts(12.5)));
    for (command, part) in [("echo off", "printed 'off'"), ("exit 3", "failed"), ("true", "''")] {
        let sentence =
            EnergySource::find(&tree, Some(command), &PowerServices::default()).unwrap_err();
        assert!(sentence.contains(part) && sentence.contains("watts"), "{sentence}");
    }
}
