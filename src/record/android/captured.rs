//! What real phones print, cut down to lines that matter and without serial
//! numbers; each with the place where its owner published it.

/// A Xiaomi Redmi 8A (olivelite), Android 10: no `ro.soc.*` yet, and `ro.product`
/// by partition.
/// <https://github.com/getActivity/AndroidSystemPropertyCollect/issues/9>
pub(crate) const REDMI_8A_GETPROP: &str = "\
[ro.system.build.date.utc]: [1636096272]
[ro.system.build.fingerprint]: [Xiaomi/olivelite/olivelite:10/QKQ1.191014.001/V12.5.3.0.QCPCNXM:user/release-keys]
[ro.system.build.id]: [QKQ1.191014.001]
[ro.system.build.tags]: [release-keys]
[ro.system.build.type]: [user]
[ro.system.build.version.incremental]: [V12.5.3.0.QCPCNXM]
[ro.system.build.version.release]: [10]
[ro.system.build.version.sdk]: [29]
[ro.telephony.call_ring.multiple]: [false]
[ro.telephony.default_network]: [22,22]
[ro.treble.enabled]: [true]
[ro.vendor.build.date]: [Fri Nov  5 15:11:12 CST 2021]
[ro.vendor.build.fingerprint]: [Xiaomi/olivelite/olivelite:10/QKQ1.191014.001/V12.5.3.0.QCPCNXM:user/release-keys]
[ro.wifi.channels]: []
[ro.zygote]: [zygote32]
";

/// A Google Pixel 6 Pro (raven), Android 13.
/// <https://github.com/badabing2005/PixelFlasher/issues/60>
pub(crate) const PIXEL_6_PRO_GETPROP: &str = "\
[ro.product.system_ext.manufacturer]: [Google]
[ro.product.system_ext.model]: [Pixel 6 Pro]
[ro.product.system_ext.name]: [raven]
[ro.product.vendor.brand]: [google]
[ro.product.vendor.device]: [raven]
[ro.product.vendor.manufacturer]: [Google]
[ro.product.vendor.model]: [Pixel 6 Pro]
[ro.product.vendor.name]: [raven]
[ro.product.vndk.version]: [33]
[ro.property_service.version]: [2]
[ro.revision]: [MP1.0]
[ro.secure]: [1]
[ro.setupwizard.esim_cid_ignore]: [00000001]
[ro.sf.lcd_density]: [560]
[ro.soc.manufacturer]: [Google]
[ro.soc.model]: [Tensor]
[ro.storage_manager.enabled]: [false]
";

/// An LG Nexus 5 (hammerhead), Android 5.1, indented as a tool's log has it.
/// <https://github.com/flutter/flutter/issues/4009>
pub(crate) const NEXUS_5_GETPROP: &str = "          [rild.libpath]: [/system/lib/libril-qc-qmi-1.so]
          [ro.adb.secure]: [1]
          [ro.baseband]: [msm]
          [ro.board.platform]: [msm8974]
          [ro.boot.hardware.sku]: [D820]
          [ro.boot.hardware]: [hammerhead]
          [ro.build.date]: [Tue Jan  6 22:40:00 UTC 2015]
          [ro.build.description]: [hammerhead-userdebug 5.1 LMY06B 1666863 dev-keys]
          [ro.build.fingerprint]: [google/hammerhead/hammerhead:5.1/LMY06B/1666863:userdebug/dev-keys]
          [ro.build.product]: [hammerhead]
          [ro.build.tags]: [dev-keys]
";

/// A Huawei Nexus 6P (angler), Android 8.1.
/// <https://github.com/P1sec/QCSuper/issues/24>
pub(crate) const NEXUS_6P_GETPROP: &str = "\
[gsm.network.type]: [LTE]
[gsm.version.baseband]: [angler-03.88]
[gsm.version.ril-impl]: [Qualcomm RIL 1.0]
[ro.baseband]: [msm]
[ro.boot.baseband]: [msm]
[ro.boot.hardware]: [angler]
[ro.boot.hardware.revision]: [ANGLER-ROW-VN1]
[ro.bootimage.build.date]: [Fri Mar 22 10:41:56 UTC 2019]
[ro.build.description]: [angler-user 8.1.0 OPM7.181205.001 5080180 release-keys]
[ro.build.display.id]: [lineage_angler-userdebug 8.1.0 OPM7.181205.001 51a828909b]
[ro.build.fingerprint]: [google/angler/angler:8.1.0/OPM7.181205.001/5080180:user/release-keys]
[ro.build.id]: [OPM7.181205.001]
[ro.build.product]: [angler]
";

/// A Google phone, Android 14 or later: 'level' also ends the last line's name,
/// and a number in it that is none of the charge.
/// <https://github.com/google/clusterfuzz/pull/4327>
pub(crate) const GOOGLE_BATTERY: &str = "\
Current Battery Service state:
  AC powered: true
  USB powered: false
  Wireless powered: false
  Dock powered: false
  Max charging current: 1500000
  Max charging voltage: 5000000
  Charge counter: 3376000
  status: 4
  health: 3
  present: true
  level: 80
  scale: 100
  voltage: 4200
  temperature: 180
  technology: Li-ion
  Charging state: 4
  Charging policy: 1
  Capacity level: 3
";

/// A Samsung Galaxy, with its maker's own sections.
/// <https://github.com/zebrunner/mcloud-device/issues/150>
pub(crate) const SAMSUNG_BATTERY: &str = "\
Current Battery Service state:
  AC powered: false
  USB powered: true
  Wireless powered: false
  Max charging current: 0
  Max charging voltage: 0
  Charge counter: 2967000
  status: 5
  health: 2
  present: true
  level: 100
  scale: 100
  voltage: 4312
  temperature: 309
  technology: Li-ion
  batterySWSelfDischarging: false
  batteryMiscEvent: 65536
  mSecPlugTypeSummary: 2
  LED Charging: true
  current now: 0
  charge counter: 2967000
USE_FAKE_BATTERY: false
SEC_FEATURE_BATTERY_SIMULATION: false
  mWasUsedWirelessFastChargerPreviously: false
LLB CAL: 20180831
LLB MAN:
LLB CURRENT: YEAR2023M8D9
BatteryInfoBackUp
  mSavedBatteryAsoc: 96
  mSavedBatteryMaxTemp: 534
  mSavedBatteryUsage: 132
";

/// An older Samsung Galaxy, whose section begins with a line of its own.
/// <https://gh0st.tistory.com/6>
pub(crate) const OLDER_SAMSUNG_BATTERY: &str = "\
Current Battery Service state:
  mBootCompleted: true
  AC powered: false
  USB powered: true
  Wireless powered: false
  Max charging current: 0
  Charge counter: 0
  status: 2
  health: 2
  present: true
  level: 84
  scale: 100
  voltage: 4063
  temperature: 326
  technology: Li-ion
  LED Low Battery: true
  current now: 321
USE_FAKE_BATTERY: false
BatteryInfoBackUp
  mSavedBatteryMaxTemp: 490
";

/// A Samsung Galaxy A52 5G, Android 12: sensors that are off read 0.0.
/// <https://android.stackexchange.com/questions/246774>
pub(crate) const GALAXY_A52_THERMAL: &str = "\
IsStatusOverride: false
ThermalEventListeners:
\tcallbacks: 1
\tkilled: false
\tbroadcasts count: -1
ThermalStatusListeners:
\tcallbacks: 4
\tkilled: false
\tbroadcasts count: -1
Thermal Status: 0
Cached temperatures:
\tTemperature{mValue=0.0, mType=2, mName=SUBBAT, mStatus=0}
\tTemperature{mValue=25.6, mType=0, mName=AP, mStatus=0}
\tTemperature{mValue=25.7, mType=5, mName=PA, mStatus=0}
\tTemperature{mValue=23.8, mType=2, mName=BAT, mStatus=0}
HAL Ready: true
HAL connection:
\tThermalHAL 2.0 connected: yes
Current temperatures from HAL:
\tTemperature{mValue=25.6, mType=0, mName=AP, mStatus=0}
\tTemperature{mValue=23.8, mType=2, mName=BAT, mStatus=0}
\tTemperature{mValue=24.7, mType=3, mName=LRB, mStatus=0}
\tTemperature{mValue=24.7, mType=3, mName=LRF, mStatus=0}
\tTemperature{mValue=24.7, mType=3, mName=LRP, mStatus=0}
\tTemperature{mValue=25.7, mType=5, mName=PA, mStatus=0}
\tTemperature{mValue=0.0, mType=2, mName=SUBBAT, mStatus=0}
\tTemperature{mValue=0.0, mType=4, mName=USB, mStatus=0}
Current cooling devices from HAL:
Temperature static thresholds from HAL:
";

/// An NVIDIA Shield TV Pro under load, as far as it was published: what is
/// cached is 30 degrees too low, but nothing newer follows here.
/// <https://github.com/bryanroscoe/shield_optimizer/issues/6>
pub(crate) const SHIELD_THERMAL: &str = "\
IsStatusOverride: false  \r
ThermalEventListeners:  \r
        callbacks: 1  \r
Thermal Status: 0  \r
Cached temperatures:  \r
        Temperature{mValue=36.0, mType=1, mName=GPU, mStatus=0}  \r
        Temperature{mValue=37.0, mType=0, mName=CPU0, mStatus=0}  \r
        Temperature{mValue=37.0, mType=0, mName=CPU1, mStatus=0}  \r
HAL Ready: true  \r
HAL connection:\r
";

/// Names of the thermal zones of a Sony Xperia X Compact (kugo), from zone 0.
/// <https://github.com/sonyxperiadev/device-sony-kugo/pull/28>
pub(crate) const XPERIA_X_COMPACT_ZONES: [&str; 11] = [
    "bms",
    "battery",
    "pa_therm1",
    "xo_therm",
    "xo_therm_buf",
    "case_therm",
    "flash_therm",
    "tsens_tz_sensor0",
    "tsens_tz_sensor1",
    "tsens_tz_sensor2",
    "tsens_tz_sensor3",
];

/// A Google Pixel 6: `cat /sys/bus/iio/devices/iio:device0/energy_value`, microwatt-seconds per
/// rail. From the comment of a script that reads it (`energy_commands`, by P. Burk, in the
/// repository google/oboe).
pub(crate) const PIXEL_6_ENERGY_VALUE: &str = "\
t=349894
CH0(T=349894)[S10M_VDD_TPU], 5578756
CH1(T=349894)[VSYS_PWR_MODEM], 29110940
CH2(T=349894)[VSYS_PWR_RFFE], 3166046
CH3(T=349894)[S2M_VDD_CPUCL2], 30203502
CH4(T=349894)[S3M_VDD_CPUCL1], 23377533
CH5(T=349894)[S4M_VDD_CPUCL0], 46356942
CH6(T=349894)[S5M_VDD_INT], 10771876
CH7(T=349894)[S1M_VDD_MIF], 21091363
";

/// The same rails as `dumpsys android.hardware.power.stats.IPowerStats/default` writes them. Not taken
/// from a phone: the form is that of the service's source (`PowerStats.cpp` of hardware/google/pixel in
/// the Android Open Source Project).
pub(crate) const POWER_STATS: &str = "
============= PowerStats HAL 2.0 state residencies ==============
            Entity                State         Total time     Total entries   Last entry tstamp
               AoC               MONITOR            100 ms                 3               20 ms
========== End of PowerStats HAL 2.0 state residencies ==========

============= PowerStats HAL 2.0 energy consumers ==============
CPUCL0       :       46356.94 mWs
       10123 -         100.00 mWs
========== End of PowerStats HAL 2.0 energy consumers ==========

============= PowerStats HAL 2.0 energy meter ==============
                           Channel    Cumulative Energy
                [S10M_VDD_TPU]:TPU          5578.76 mWs
            [VSYS_PWR_MODEM]:Modem         29110.94 mWs
     [VSYS_PWR_RFFE]:RadioFrontend          3166.05 mWs
         [S2M_VDD_CPUCL2]:CPU(BIG)         30203.50 mWs
         [S3M_VDD_CPUCL1]:CPU(MID)         23377.53 mWs
      [S4M_VDD_CPUCL0]:CPU(LITTLE)         46356.94 mWs
                 [S5M_VDD_INT]:SoC         10771.88 mWs
              [S1M_VDD_MIF]:Memory         21091.36 mWs
========== End of PowerStats HAL 2.0 energy meter ==========
";
