//! How much of a file the system has in memory.

use std::fs::File;

/// Whom Linux names where a user is unknown in a namespace, of whose files root is not the master.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NO_USER: u32 = 65_534;

/// The bytes of a file that are in the page cache, in whole pages; `None` if the system does not
/// tell, as of files of others.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[must_use]
pub(crate) fn resident_bytes(file: &File) -> Option<u64> {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;
    use std::ptr;

    use nix::libc;
    use rustix::process::geteuid;

    let facts = file.metadata().ok()?;
    // Of files of others Linux says that all is in memory, since it tells nothing of them.
    let is_foreign = facts.uid() == NO_USER || !geteuid().is_root();
    if geteuid().as_raw() != facts.uid() && is_foreign {
        return None;
    }
    let length = usize::try_from(facts.len()).ok()?;
    if length == 0 {
        return Some(0);
    }
    // SAFETY: it takes no pointer and changes nothing.
    let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
    let mut pages = vec![0_u8; length.div_ceil(page)];
    let (protection, flags, handle) = (libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd());
    // SAFETY: a new mapping at an address of the system's choice; nothing reads from it, so that a
    // file which gets shorter meanwhile does no harm.
    let start = unsafe { libc::mmap(ptr::null_mut(), length, protection, flags, handle, 0) };
    if start == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the mapping above, and a byte for each of its pages.
    let asked = unsafe { libc::mincore(start, length, pages.as_mut_ptr()) };
    // SAFETY: the mapping above, to which nothing points.
    unsafe { libc::munmap(start, length) };
    let resident = pages.iter().filter(|page| **page & 1 == 1).count();
    (asked == 0).then_some((resident * page) as u64)
}

/// Other systems are not asked.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[must_use]
pub(crate) const fn resident_bytes(_: &File) -> Option<u64> {
    None
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_was_just_written_is_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, vec![7; 100_000]).unwrap();
        let resident = resident_bytes(&File::open(&path).unwrap()).unwrap();
        assert!((100_000..200_000).contains(&resident), "{resident}");
        fs::write(&path, "").unwrap();
        assert_eq!(resident_bytes(&File::open(&path).unwrap()), Some(0));
    }
}
