//! The tables of a history, and what is said of a file that is not one.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow, bail};
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// `SbHi`, by which SQLite's tools tell the file's kind.
const APPLICATION: i32 = 0x5362_4869;
/// The version of the tables.
const SCHEMA: i32 = 2;
/// How long another program may write before we give up.
const PATIENCE: Duration = Duration::from_secs(20);

const TABLES: &str = "
CREATE TABLE run (
    number INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, started INTEGER NOT NULL,
    scale TEXT, folder TEXT
) STRICT;
CREATE TABLE series (
    number INTEGER PRIMARY KEY, device TEXT NOT NULL, model TEXT NOT NULL, backend TEXT NOT NULL,
    delegate TEXT NOT NULL, options TEXT NOT NULL, threads INTEGER NOT NULL,
    batch INTEGER NOT NULL, affinity TEXT NOT NULL, metric TEXT NOT NULL,
    UNIQUE (metric, model, device, backend, delegate, options, threads, batch, affinity)
) STRICT;
CREATE TABLE value (
    series INTEGER NOT NULL REFERENCES series, run INTEGER NOT NULL REFERENCES run,
    value REAL NOT NULL, in_yardsticks REAL, PRIMARY KEY (series, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX value_of_run ON value (run);
";

/// What schema 1 lacks.
const SINCE_1: &str = "
ALTER TABLE run ADD COLUMN scale TEXT;
ALTER TABLE run ADD COLUMN folder TEXT;
ALTER TABLE value ADD COLUMN in_yardsticks REAL;
";

/// Opens the history at `path`; `create` makes one where nothing is.
///
/// # Errors
/// One sentence: nothing there, not a history, a damaged one, or one of a newer version.
pub(crate) fn open(path: &Path, create: bool) -> Result<Connection> {
    if !create && !path.exists() {
        bail!("there is no history at {}; 'history add RUN' starts one", path.display());
    }
    if let Some(folder) = path.parent().filter(|_| create) {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("could not make the folder {}", folder.display()))?;
    }
    let explain = |error: rusqlite::Error| explain(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let flags = if create { flags | OpenFlags::SQLITE_OPEN_CREATE } else { flags };
    let mut connection = Connection::open_with_flags(path, flags).map_err(explain)?;
    connection.busy_timeout(PATIENCE).map_err(explain)?;
    if create {
        begin(&mut connection).map_err(explain)?;
    }
    let number = |name: &str| {
        connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(explain)
    };
    if number("application_id")? != APPLICATION {
        bail!("{} is not a history of shutterbench; name another file", path.display());
    }
    let schema = number("user_version")?;
    if schema > SCHEMA {
        bail!(
            "{} has schema {schema} and this shutterbench knows {SCHEMA}; use the newer \
             shutterbench that wrote it",
            path.display()
        );
    }
    if schema < SCHEMA {
        raise(&mut connection).map_err(explain)?;
    }
    Ok(connection)
}

/// Gives the tables of an earlier version what they lack, once even if two programs come at the
/// same time.
fn raise(connection: &mut Connection) -> rusqlite::Result<()> {
    let write = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let schema: i32 = write.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if schema < SCHEMA {
        write.execute_batch(SINCE_1)?;
        write.pragma_update(None, "user_version", SCHEMA)?;
    }
    write.commit()
}

/// Makes the tables in an empty file, once even if two programs come at the same time.
fn begin(connection: &mut Connection) -> rusqlite::Result<()> {
    let write = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let tables: i64 =
        write.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let version: i32 = write.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if tables == 0 && version == 0 {
        write.execute_batch(TABLES)?;
        write.pragma_update(None, "application_id", APPLICATION)?;
        write.pragma_update(None, "user_version", SCHEMA)?;
    }
    write.commit()
}

/// An error of SQLite as a sentence with a remedy.
pub(crate) fn explain(path: &Path, error: &rusqlite::Error) -> Error {
    let path = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => anyhow!(
            "{path} is damaged or not a history; restore a copy, or begin a new one under another \
             name with 'history import FOLDER'"
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            anyhow!("another program has been writing to {path} for {PATIENCE:?}; try again later")
        }
        Some(ErrorCode::CannotOpen) => {
            anyhow!("could not open {path}; check that it may be read and written")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            anyhow!("{path} may not be written; check its permissions")
        }
        _ => anyhow!("could not use the history {path}: {error}"),
    }
}
