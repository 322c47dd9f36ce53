//! The setting that somebody may have meant.

use super::table::Table;

/// The known setting whose name differs in the fewest letters, if these are few.
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    let keys = Table::Broker.keys().iter().chain(Table::Own.keys());
    let (letters, known) = keys.map(|key| (distance(name, key.name), key.name)).min()?;
    (letters <= 1 + name.len() / 8).then_some(known)
}

/// The number of letters to insert, delete or replace (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, of_a) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, of_b) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            *cell = (diagonal + usize::from(of_a != *of_b)).min(above + 1).min(left + 1);
            (diagonal, left) = (above, *cell);
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_slip_is_recognized() {
        for (name, expected) in [
            ("num.partition", Some("num.partitions")),
            ("log.retention.hour", Some("log.retention.hours")),
            ("advertised.listner", Some("advertised.listeners")),
            ("metrics.listenr", Some("metrics.listener")),
            ("zookeeper.connect", None),
            ("x", None),
        ] {
            assert_eq!(nearest(name), expected, "{name}");
        }
        assert_eq!((distance("kitten", "sitting"), distance("", "ab"), distance("ab", "")), (3, 2, 2));
    }
}
