//! A bounds-checked reader of flatbuffer tables, for schemas too small to bring generated code for.
//! Every accessor returns `None` if the bytes do not hold what was requested.
//!
//! Encoding: <https://flatbuffers.dev/internals/>.

/// Maximum elements of a vector that are read: a large model has thousands of buffers.
const MAX_ELEMENTS: usize = 1 << 16;

/// A table at a position in a buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FlatTable<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> FlatTable<'a> {
    /// The root table of a buffer.
    #[must_use]
    pub(crate) fn root(bytes: &'a [u8]) -> Option<Self> {
        Some(Self { bytes, at: follow(bytes, 0)? })
    }

    /// Position of field `index`, if the table has it.
    fn field(&self, index: usize) -> Option<usize> {
        let back = i32::from_le_bytes(array(self.bytes, self.at)?);
        let vtable = usize::try_from(i64::try_from(self.at).ok()? - i64::from(back)).ok()?;
        let size = usize::from(u16::from_le_bytes(array(self.bytes, vtable)?));
        let entry = 4 + 2 * index;
        if entry + 2 > size {
            return None;
        }
        let offset = usize::from(u16::from_le_bytes(array(self.bytes, vtable + entry)?));
        (offset != 0).then_some(self.at + offset)
    }

    /// A scalar of one byte.
    #[must_use]
    pub(crate) fn byte(&self, index: usize) -> Option<u8> {
        self.bytes.get(self.field(index)?).copied()
    }

    /// A scalar of eight bytes.
    #[must_use]
    pub(crate) fn long(&self, index: usize) -> Option<u64> {
        Some(u64::from_le_bytes(array(self.bytes, self.field(index)?)?))
    }

    /// A table.
    #[must_use]
    pub(crate) fn table(&self, index: usize) -> Option<Self> {
        Some(Self { bytes: self.bytes, at: follow(self.bytes, self.field(index)?)? })
    }

    /// A vector of tables.
    #[must_use]
    pub(crate) fn tables(&self, index: usize) -> Option<Vec<Self>> {
        let (start, len) = self.vector(index)?;
        (0..len)
            .map(|i| Some(Self { bytes: self.bytes, at: follow(self.bytes, start + 4 * i)? }))
            .collect()
    }

    /// A vector of 32-bit floats.
    #[must_use]
    pub(crate) fn floats(&self, index: usize) -> Option<Vec<f32>> {
        let (start, len) = self.vector(index)?;
        (0..len).map(|i| Some(f32::from_le_bytes(array(self.bytes, start + 4 * i)?))).collect()
    }

    /// A string.
    #[must_use]
    pub(crate) fn text(&self, index: usize) -> Option<String> {
        let (start, len) = self.vector(index)?;
        let bytes = self.bytes.get(start..start.checked_add(len)?)?;
        std::str::from_utf8(bytes).ok().map(str::to_owned)
    }

    /// Start and length of a vector.
    fn vector(&self, index: usize) -> Option<(usize, usize)> {
        let at = follow(self.bytes, self.field(index)?)?;
        let len = u32::from_le_bytes(array(self.bytes, at)?) as usize;
        (len <= MAX_ELEMENTS).then_some((at + 4, len))
    }
}

/// The position that the offset at `at` points to.
fn follow(bytes: &[u8], at: usize) -> Option<usize> {
    let offset = u32::from_le_bytes(array(bytes, at)?) as usize;
    at.checked_add(offset).filter(|target| *target < bytes.len())
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}
