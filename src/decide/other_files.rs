//! What two runs measured under the same names that is not the same: runtimes and models.

use crate::record::header::Header;

/// More names than this say nothing.
const MOST: usize = 3;

/// A sentence for each way in which the files differ, and one if both are the same run.
pub(crate) fn caveats(was: &Header, is: &Header) -> Vec<String> {
    let mut caveats = Vec::new();
    if was.run_id == is.run_id && was.device == is.device && was.started_at == is.started_at {
        caveats.push(format!(
            "{} is compared with itself, which finds no change; name another run",
            was.run_id
        ));
    }
    caveats.extend(runtimes(was, is));
    caveats.extend(models(was, is));
    caveats
}

/// Of each runtime that is of another version, or of the same version in another library.
fn runtimes<'a>(was: &'a Header, is: &'a Header) -> impl Iterator<Item = String> + 'a {
    was.runtimes.iter().filter_map(|runtime| {
        let other = is.runtimes.iter().find(|other| other.backend == runtime.backend)?;
        let (backend, version) = (runtime.backend, &runtime.version);
        if other.version != *version {
            return Some(format!("{backend} was {version}, now it is {}", other.version));
        }
        let libraries = runtime.sha256.as_ref().zip(other.sha256.as_ref());
        libraries.filter(|(then, now)| then != now).map(|_| {
            format!("{backend} is {version} in both runs, but its library is another file now")
        })
    })
}

/// The models of the same name in other files.
fn models(was: &Header, is: &Header) -> Option<String> {
    let is_other = |name: &str, sha256: &str| {
        is.models.iter().any(|model| model.name == name && model.sha256 != sha256)
    };
    let changed = was.models.iter().filter(|model| is_other(&model.name, &model.sha256));
    let names: Vec<&str> = changed.map(|model| model.name.as_str()).collect();
    let verb = if names.len() == 1 { "is another file" } else { "are other files" };
    let more = match names.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown = names.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    (!names.is_empty()).then(|| format!("{shown}{more} {verb} in the new run"))
}
