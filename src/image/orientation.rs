//! Turning an image upright, as the EXIF orientation of its file says.

use image::metadata::Orientation;

use crate::image::pixels::Pixels;

/// `pixels` upright, as Pillow's `ImageOps.exif_transpose` turns them.
#[must_use]
pub(crate) fn upright(pixels: Pixels, orientation: Orientation) -> Pixels {
    use Orientation::{
        FlipHorizontal, FlipVertical, NoTransforms, Rotate90, Rotate90FlipH, Rotate180, Rotate270,
        Rotate270FlipH,
    };
    if orientation == NoTransforms {
        return pixels;
    }
    // What was a row becomes a column; then columns or rows are taken from their end.
    let transposed = matches!(orientation, Rotate90FlipH | Rotate90 | Rotate270FlipH | Rotate270);
    let from_right = matches!(orientation, FlipHorizontal | Rotate180 | Rotate270FlipH | Rotate270);
    let from_below = matches!(orientation, Rotate180 | FlipVertical | Rotate90 | Rotate270FlipH);
    let Pixels { width, height, stride, data } = pixels;
    let (columns, rows) = if transposed { (height, width) } else { (width, height) };
    let mut turned = Vec::with_capacity(data.len());
    for row in 0..rows {
        for column in 0..columns {
            let (x, y) = if transposed { (row, column) } else { (column, row) };
            let x = if from_right { width - 1 - x } else { x };
            let y = if from_below { height - 1 - y } else { y };
            let at = (y * width + x) * stride;
            turned.extend_from_slice(&data[at..at + stride]);
        }
    }
    Pixels { width: columns, height: rows, stride, data: turned }
}
