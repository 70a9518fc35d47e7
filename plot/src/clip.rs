//! Lines cut where they leave a panel.

/// The parts of a line that lie inside of a panel, cut where they leave it.
pub(crate) fn inside(points: &[(f64, f64)], x: (f64, f64), y: (f64, f64)) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if !(a.0.is_finite() && a.1.is_finite() && b.0.is_finite() && b.1.is_finite()) {
            continue;
        }
        // The part of the segment that is inside, from 0 to 1 (Liang & Barsky 1984).
        let (mut from, mut to) = (0.0f64, 1.0f64);
        for (start, end, (low, high)) in [(a.0, b.0, x), (a.1, b.1, y)] {
            let step = end - start;
            if step == 0.0 {
                if start < low || start > high {
                    to = -1.0;
                }
                continue;
            }
            let (enter, leave) = ((low - start) / step, (high - start) / step);
            from = from.max(enter.min(leave));
            to = to.min(enter.max(leave));
        }
        if from > to {
            continue;
        }
        let at = |part: f64| (a.0 + part * (b.0 - a.0), a.1 + part * (b.1 - a.1));
        match pieces.last_mut() {
            Some(piece) if from == 0.0 && piece.last() == Some(&a) => piece.push(if to == 1.0 { b } else { at(to) }),
            _ => pieces.push(vec![if from == 0.0 { a } else { at(from) }, if to == 1.0 { b } else { at(to) }]),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_where_they_leave_the_panel() {
        let points = [(0.0, 0.5), (1.0, 2.5), (2.0, 0.5), (3.0, 0.5), (4.0, f64::NAN)];
        let pieces = inside(&points, (0.0, 2.5), (0.0, 1.0));
        assert_eq!(pieces, [vec![(0.0, 0.5), (0.25, 1.0)], vec![(1.75, 1.0), (2.0, 0.5), (2.5, 0.5)]]);
    }
}
