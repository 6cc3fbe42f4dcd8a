//! A decoded image.

use std::borrow::Cow;

/// 8-bit pixels in rows without gaps: grey, or red, green, blue and a byte
/// without meaning (four bytes a pixel fit the machine's vectors).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Bytes per pixel: 1 or 4.
    pub stride: usize,
    /// `width * height * stride` bytes.
    pub data: Vec<u8>,
}

impl Pixels {
    /// Grey pixels.
    #[must_use]
    pub(crate) fn grey(width: usize, height: usize, data: Vec<u8>) -> Self {
        debug_assert_eq!(data.len(), width * height);
        Self { width, height, stride: 1, data }
    }

    /// Red, green, blue and a byte without meaning.
    #[must_use]
    pub(crate) fn rgbx(width: usize, height: usize, data: Vec<u8>) -> Self {
        debug_assert_eq!(data.len(), width * height * 4);
        Self { width, height, stride: 4, data }
    }

    /// Whether there is one channel.
    #[must_use]
    pub const fn is_grey(&self) -> bool {
        self.stride == 1
    }

    /// The bytes of a row of `window`.
    ///
    /// # Panics
    /// If the window or the row is outside.
    #[must_use]
    pub(crate) fn row(&self, window: Window, row: usize) -> &[u8] {
        let start = ((window.top + row) * self.width + window.left) * self.stride;
        &self.data[start..start + window.width * self.stride]
    }

    /// This image as luma, weighted by ITU-R BT.601 in 16-bit fixed point, as
    /// Pillow's `convert("L")` does.
    #[must_use]
    pub(crate) fn to_grey(&self) -> Cow<'_, Self> {
        if self.is_grey() {
            return Cow::Borrowed(self);
        }
        let luma = |pixel: &[u8; 4]| {
            let [r, g, b, _] = pixel.map(u32::from);
            ((r * 19_595 + g * 38_470 + b * 7_471 + 0x8000) >> 16) as u8
        };
        let data = self.data.as_chunks::<4>().0.iter().map(luma).collect();
        Cow::Owned(Self::grey(self.width, self.height, data))
    }
}

/// The nearest byte to a value, halves to the even one. In vectors, which saturating casts
/// are not: beyond 2^23 a float has no fraction, and whole numbers are its last bits.
#[inline(always)]
pub(crate) fn nearest_byte(value: f32) -> u8 {
    const LAST_FRACTION: f32 = 8_388_608.0;
    (value.clamp(0.0, 255.0) + LAST_FRACTION).to_bits() as u8
}

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First column.
    pub left: usize,
    /// First row.
    pub top: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}
