use super::*;

fn resize(from: &Pixels, window: Window, filter: Filter, width: usize, height: usize) -> Pixels {
    let mut data = vec![1; 3];
    // The second time with what the first one left behind.
    let mut resampler = Resampler::default();
    let request = ResampleRequest::whole(window, (width, height));
    resampler.resize(from, &request, filter, Passes::RowsFirst, &mut data);
    resampler.resize(from, &request, filter, Passes::RowsFirst, &mut data);
    Pixels { width, height, stride: from.stride, data }
}

fn whole(pixels: &Pixels) -> Window {
    Window { left: 0, top: 0, width: pixels.width, height: pixels.height }
}

const TRIANGLE: [u8; 12] = [58, 71, 124, 203, 74, 95, 176, 211, 117, 142, 73, 172];
const CUBIC: [u8; 12] = [58, 67, 123, 209, 68, 96, 185, 213, 116, 146, 63, 178];

#[test]
fn an_equal_size_changes_nothing() {
    let image = Pixels::grey(5, 4, (0..20).map(|v| v * 12).collect());
    for filter in [Filter::Bilinear, Filter::Bicubic] {
        assert_eq!(resize(&image, whole(&image), filter, 5, 4), image);
    }
}

#[test]
fn values_are_those_of_pillow() {
    // Pillow 13: Image.frombytes("L", (7, 5), bytes(i * i * 7 % 256 for i
    // in range(35))).resize((4, 3), filter).
    let image = Pixels::grey(7, 5, (0..35_u32).map(|i| (i * i * 7 % 256) as u8).collect());
    let triangle = resize(&image, whole(&image), Filter::Bilinear, 4, 3);
    let cubic = resize(&image, whole(&image), Filter::Bicubic, 4, 3);
    assert_eq!(triangle.data, TRIANGLE);
    assert_eq!(cubic.data, CUBIC);
}

#[test]
fn colour_and_grey_agree() {
    // As many rows as a band has, fewer and more; runs of weights at every edge.
    for (width, height) in [(9, 7), (10, BAND), (11, BAND + 1), (12, 3 * BAND - 1), (1, 1)] {
        let grey = (0..width * height).map(|i| (i * 37 % 251) as u8);
        let quads = grey.clone().flat_map(|v| [v, 255 - v, v, 0]).collect();
        let quads = Pixels::rgbx(width, height, quads);
        let grey = Pixels::grey(width, height, grey.collect());
        let inner = |side: usize| (usize::from(side > 2), side - side.min(4) / 2);
        let ((left, inner_width), (top, inner_height)) = (inner(width), inner(height));
        let window = Window { left, top, width: inner_width, height: inner_height };
        for (window, filter) in [(window, Filter::Bicubic), (whole(&grey), Filter::Bilinear)] {
            let (a, b) =
                (resize(&grey, window, filter, 5, 9), resize(&quads, window, filter, 5, 9));
            let agree = |(g, q): (&u8, &[u8; 4])| *g == q[0] && *g == q[2] && q[3] == 0;
            assert!(a.data.iter().zip(b.data.as_chunks::<4>().0).all(agree), "{window:?}");
        }
    }
}

#[test]
fn a_part_is_cut_out_of_the_whole() {
    let data = (0..23 * 31 * 4).map(|i| (i * i % 253) as u8).collect();
    let image = Pixels::rgbx(23, 31, data);
    for passes in [Passes::RowsFirst, Passes::FewerFirst] {
        for filter in [Filter::Bilinear, Filter::Lanczos, Filter::Area] {
            let mut resampler = Resampler::default();
            let mut of = |request| {
                let mut to = Vec::new();
                resampler.resize(&image, &request, filter, passes, &mut to);
                to
            };
            let request = ResampleRequest::whole(whole(&image), (17, 12));
            let all = Pixels::rgbx(17, 12, of(request));
            let seen = Window { left: 3, top: 2, width: 9, height: 5 };
            let rows: Vec<u8> = (0..5).flat_map(|row| all.row(seen, row).to_vec()).collect();
            assert_eq!(of(ResampleRequest { seen, ..request }), rows);
        }
    }
}
