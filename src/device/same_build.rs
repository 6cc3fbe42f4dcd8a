//! Whether the program for a device is of this very build: asked before anything is measured,
//! since what comes home is read, compared and merged as this program's own.

use anyhow::{Result, ensure};

use crate::device::connection::Connection;
use crate::device::remote_run::RemoteRun;
use crate::record::build;

/// Starts the program of a run on its device, and has it say which build it is.
///
/// # Errors
/// It does not start there, or was built from other sources.
pub(crate) fn check(connection: &Connection, remote_run: &RemoteRun, target: &str) -> Result<()> {
    let said = connection.shell(&remote_run.version_script())?;
    let device = connection.device();
    let told = build::told(&said.out).filter(|_| said.is_success());
    let Some(there) = told else {
        anyhow::bail!(
            "the program for {target} does not start on device {device}: {}; see that it was built for that system",
            said.last_line()
        )
    };
    let here = build::this();
    ensure!(
        there == here,
        "the program for {target} is another build ({there}) than this one ({here}); build both from the same sources: 'scripts/adb/build {target}'"
    );
    Ok(())
}
