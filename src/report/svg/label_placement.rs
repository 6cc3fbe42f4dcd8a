//! The positions of names on a plot, so that none hides another.

/// Mean width of a label's character, in pixels.
const CHARACTER: f64 = 7.1;
/// Height of a label's line.
const LINE: f64 = 15.0;
/// Of a line, below its baseline.
const DESCENT: f64 = 3.5;
/// Between a bubble's rim and its name.
const GAP: f64 = 5.0;

/// A rectangle by its corners.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    /// The square around a circle.
    pub(crate) fn around(x: f64, y: f64, radius: f64) -> Self {
        Self { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius }
    }

    fn shared_with(&self, other: &Self) -> f64 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        width.max(0.0) * height.max(0.0)
    }

    fn is_within(&self, frame: &Self) -> bool {
        self.left >= frame.left
            && self.right <= frame.right
            && self.top >= frame.top
            && self.bottom <= frame.bottom
    }
}

/// A bubble and its name.
pub(crate) struct Bubble {
    pub x: f64,
    pub y: f64,
    pub radius: f64,
    pub name: String,
}

/// Which end of a name is fixed, so that a font of another width keeps its
/// distance from the bubble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum TextAnchor {
    Start,
    Middle,
    End,
}

/// A name's place: its anchor on the baseline.
#[derive(Debug, PartialEq)]
pub(crate) struct PlacedLabel {
    pub x: f64,
    pub y: f64,
    pub anchor: TextAnchor,
    pub name: String,
}

/// Places names in their order beside their bubbles, inside `frame`: none over
/// another, and over `bubbles` as little as can be. Names without room are left
/// out.
pub(crate) fn place(named: Vec<Bubble>, bubbles: &[Area], frame: &Area) -> Vec<PlacedLabel> {
    let mut taken: Vec<Area> = Vec::new();
    let mut placed = Vec::new();
    for item in named {
        let free = spots(&item).into_iter().filter(|(_, spot)| {
            spot.is_within(frame) && taken.iter().all(|other| spot.shared_with(other) == 0.0)
        });
        let hidden =
            |spot: &Area| bubbles.iter().map(|bubble| spot.shared_with(bubble)).sum::<f64>();
        // Of equal spots the first: they are in the order of taste.
        if let Some((anchor, spot)) = free.min_by(|a, b| hidden(&a.1).total_cmp(&hidden(&b.1))) {
            let x = match anchor {
                TextAnchor::Start => spot.left,
                TextAnchor::Middle => (spot.left + spot.right) / 2.0,
                TextAnchor::End => spot.right,
            };
            taken.push(spot);
            placed.push(PlacedLabel { x, y: spot.bottom - DESCENT, anchor, name: item.name });
        }
    }
    placed
}

/// Left above, right below (where a rising front leaves room), then around.
fn spots(item: &Bubble) -> Vec<(TextAnchor, Area)> {
    let width = item.name.chars().count() as f64 * CHARACTER;
    let reach = item.radius + GAP;
    // On the diagonal the rim is nearer.
    let near = item.radius * 0.72 + GAP;
    let rows_away = |lines: f64| reach + lines * LINE;
    [
        (TextAnchor::End, -near, -near),
        (TextAnchor::Start, near, near),
        (TextAnchor::End, -reach, 0.0),
        (TextAnchor::Start, reach, 0.0),
        (TextAnchor::Middle, 0.0, -rows_away(0.5)),
        (TextAnchor::Middle, 0.0, rows_away(0.5)),
        (TextAnchor::Start, near, -near),
        (TextAnchor::End, -near, near),
        (TextAnchor::Middle, 0.0, -rows_away(1.5)),
        (TextAnchor::Middle, 0.0, rows_away(1.5)),
    ]
    .map(|(anchor, across, down)| {
        let before = match anchor {
            TextAnchor::Start => 0.0,
            TextAnchor::Middle => width / 2.0,
            TextAnchor::End => width,
        };
        let (left, top) = (item.x + across - before, item.y + down - LINE / 2.0);
        (anchor, Area { left, top, right: left + width, bottom: top + LINE })
    })
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_hides_another_or_leaves_the_frame() {
        let frame = Area { left: 0.0, top: 0.0, right: 600.0, bottom: 400.0 };
        let named: Vec<Bubble> = (0..60)
            .map(|i| Bubble {
                x: f64::from(i * 37 % 600),
                y: f64::from(i * 91 % 400),
                radius: f64::from(4 + i % 20),
                name: "n".repeat(4 + i as usize % 20),
            })
            .collect();
        let bubbles: Vec<Area> = named.iter().map(|n| Area::around(n.x, n.y, n.radius)).collect();
        let placed = place(named, &bubbles, &frame);
        let area = |p: &PlacedLabel| {
            let width = p.name.len() as f64 * CHARACTER;
            let left = match p.anchor {
                TextAnchor::Start => p.x,
                TextAnchor::Middle => p.x - width / 2.0,
                TextAnchor::End => p.x - width,
            };
            let bottom = p.y + DESCENT;
            Area { left, top: bottom - LINE, right: left + width, bottom }
        };
        assert!(placed.len() > 20, "{}", placed.len());
        for (i, one) in placed.iter().enumerate() {
            let slack = Area { left: -1e-9, top: -1e-9, right: 600.0 + 1e-9, bottom: 400.0 + 1e-9 };
            assert!(area(one).is_within(&slack));
            let others = placed.iter().skip(i + 1);
            assert!(others.map(area).all(|other| area(one).shared_with(&other) < 1e-9));
        }
    }
}
