//! The assignment problem: which column each row takes, so that the sum of the costs is least.
//!
//! By shortest augmenting paths with dual variables (Jonker & Volgenant 1987; Crouse 2016, whose algorithm SciPy has): rows enter one
//! after the other, each along the cheapest path that frees a column for it. The cost is `O(n³)`, and the result is exact: with the
//! duals `u` and `v`, every cost is at least `u_i + v_j`, and those that are chosen are equal to it.

/// The column of each row, for the costs of `count` rows of as many columns.
///
/// # Panics
/// If there are not `count²` costs. Costs that are no numbers give some assignment.
pub fn assignment(costs: &[f64], count: usize) -> Vec<usize> {
    assert_eq!(costs.len(), count * count, "a cost for each row and column");
    let mut duals = Duals { rows: vec![0.0; count], columns: vec![0.0; count] };
    let mut row_of: Vec<Option<usize>> = vec![None; count];
    let mut column_of: Vec<usize> = vec![0; count];
    for row in 0..count {
        let Path { end, before } = shortest_path(costs, &mut duals, &row_of, &column_of, row);
        let mut column = end;
        loop {
            let from = before[column];
            row_of[column] = Some(from);
            std::mem::swap(&mut column_of[from], &mut column);
            if from == row {
                break;
            }
        }
    }
    column_of
}

struct Duals {
    rows: Vec<f64>,
    columns: Vec<f64>,
}

/// A path that ends in a free column, by the row before each column on it.
struct Path {
    end: usize,
    before: Vec<usize>,
}

/// Dijkstra's algorithm on reduced costs from a new row to the nearest free column; the duals move so that the path costs nothing.
fn shortest_path(
    costs: &[f64],
    duals: &mut Duals,
    row_of: &[Option<usize>],
    column_of: &[usize],
    start: usize,
) -> Path {
    let count = row_of.len();
    let mut distance = vec![f64::INFINITY; count];
    let mut before = vec![start; count];
    let mut open: Vec<usize> = (0..count).collect();
    let (mut row, mut lowest) = (start, 0.0);
    let mut visited: Vec<usize> = Vec::new();
    let end = loop {
        for &column in &open {
            let through = lowest + costs[row * count + column] - duals.rows[row] - duals.columns[column];
            if through < distance[column] {
                (distance[column], before[column]) = (through, row);
            }
        }
        // Among equals a free column ends the search soonest.
        let key = |&(_, &column): &(usize, &usize)| (distance[column], row_of[column].is_some());
        let order =
            |a: &(usize, &usize), b: &(usize, &usize)| key(a).0.total_cmp(&key(b).0).then(key(a).1.cmp(&key(b).1));
        let (place, &column) = open.iter().enumerate().min_by(order).expect("there are as many columns as rows");
        lowest = distance[column];
        open.swap_remove(place);
        match row_of[column] {
            None => break column,
            Some(next) => {
                visited.push(column);
                row = next;
            }
        }
    };
    duals.rows[start] += lowest;
    for column in visited {
        let slack = lowest - distance[column];
        duals.columns[column] -= slack;
        if let Some(row) = row_of[column] {
            debug_assert_eq!(column_of[row], column);
            duals.rows[row] += slack;
        }
    }
    Path { end, before }
}

#[cfg(test)]
mod tests {
    use fokker_random::{Stream, normals};

    use super::*;

    fn total(costs: &[f64], columns: &[usize]) -> f64 {
        columns.iter().enumerate().map(|(row, &column)| costs[row * columns.len() + column]).sum()
    }

    /// The least sum over all orders of some columns, row after row.
    fn least(costs: &[f64], count: usize, row: usize, left: &mut Vec<usize>) -> f64 {
        if row == count {
            return 0.0;
        }
        let mut best = f64::INFINITY;
        for k in 0..left.len() {
            let column = left.remove(k);
            best = best.min(costs[row * count + column] + least(costs, count, row + 1, left));
            left.insert(k, column);
        }
        best
    }

    fn costs(count: usize, number: u64) -> Vec<f64> {
        normals(7, Stream::Test, number, count * count).into_iter().map(f64::from).collect()
    }

    #[test]
    fn no_order_of_few_columns_costs_less() {
        for count in 0..=7 {
            for number in 0..20 {
                let costs = costs(count, number);
                let found = assignment(&costs, count);
                let best = least(&costs, count, 0, &mut (0..count).collect());
                assert!((total(&costs, &found) - best).abs() < 1e-12 * (1.0 + best.abs()), "{count}");
            }
        }
    }

    /// On a line the cheapest pairs for squared distances are those in order.
    #[test]
    fn points_of_a_line_are_paired_in_order() {
        let count = 60;
        let (a, b) = (costs(8, 100), costs(8, 101));
        let (a, b) = (&a[..count], &b[..count]);
        let squares: Vec<f64> = a.iter().flat_map(|a| b.iter().map(move |b| (a - b).powi(2))).collect();
        let found = assignment(&squares, count);
        let rank = |values: &[f64], k: usize| values.iter().filter(|&&value| value < values[k]).count();
        assert!((0..count).all(|row| rank(a, row) == rank(b, found[row])));
    }

    #[test]
    fn equal_costs_and_numbers_that_are_none_give_some_assignment() {
        for value in [0.0, f64::NAN] {
            let mut found = assignment(&[value; 25], 5);
            found.sort_unstable();
            assert_eq!(found, [0, 1, 2, 3, 4]);
        }
    }
}
