//! Where a worker ran: what the system lets its process have.
//!
//! An application's process may have more or less than this, as on Android, where a shell's
//! processes are in other control groups than those of the application in the foreground.

use serde::{Deserialize, Serialize};

/// What Linux says of a process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessPlace {
    /// The CPUs that it may run on, such as `0-3,7`.
    pub cpus: Option<String>,
    /// Its nice value; 0 unless somebody changed it.
    pub nice: Option<i32>,
    /// Its control groups, each as `controllers:path`; those of version 2 without controllers.
    pub cgroups: Vec<String>,
    /// The least and most utilisation that the scheduler takes it to have, 0 to 1024 (uclamp), where
    /// the kernel reports it.
    pub uclamp: Option<[u32; 2]>,
    /// How many CPUs' time its control groups leave it, where that is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<f64>,
    /// The task profile of Android's that it was put under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_profile: Option<String>,
}
